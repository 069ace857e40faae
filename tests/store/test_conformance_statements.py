"""What every store promises of its cost: a fixed number of statements for an operation on any number of schedules.

A statement that is given many rows (`executemany`) counts once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arco_sched.core import events
from arco_sched.core.definitions import Definition, Wanted
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import parse_instant
from arco_sched.service.schedules import record
from arco_sched.service.workspace import Workspace
from tests.store.drafting import OTHER, version
from tests.store.stores import Kind, Statements

DAY = parse_instant("2025-03-04T00:00:00Z")
HOUR = 3600
MINUTELY = Definition(
    cron_expression="* * * * *", max_catchup_ticks=1, catchup_policy="latest", request=normal_content(command="a")
)
EVEN_HOURS = Definition(cron_expression="0 */2 * * *")


def wanted(count: int, definition: Definition = MINUTELY) -> list[Wanted]:
    """So many schedules, half of them paused."""
    return [Wanted(f"s{number}", definition, number % 2 == 0, DAY) for number in range(count)]


Act = Callable[[Workspace], object]


@contextmanager
def counted(kind: Kind, path: Path, zone_rules: str | None = None) -> Iterator[tuple[Workspace, Statements]]:
    """A new database, and how many statements are asked of it."""
    (kind.new(path) if zone_rules is None else kind.create(path, "test", zone_rules)).close()
    statements = Statements()
    with Workspace(kind.counting(path, statements)) as workspace:
        yield workspace, statements


def cost(kind: Kind, folder: Path, count: int, prepare: Act, do: Act, zone_rules: str | None = None) -> int:
    """The statements that something takes with so many schedules."""
    with counted(kind, folder / f"{count}.db", zone_rules) as (workspace, statements):
        workspace.apply(wanted(count), now=DAY)
        prepare(workspace)
        statements.reset()
        do(workspace)
        assert statements.count > 0
        return statements.count


def nothing(_: Workspace) -> None:
    """The schedules are there, and nothing has happened."""


def an_hour(workspace: Workspace) -> None:
    """An hour was caught up, most of which lapsed."""
    workspace.evaluate(DAY + HOUR)
    assert len(workspace.ticks(limit=10_000)) == len(workspace.lapses(limit=10_000)) == len(workspace.schedules())


def a_wrong_clock(workspace: Workspace) -> None:
    """The clock was wrong by an hour, and a definition changed meanwhile."""
    an_hour(workspace)
    workspace.apply(wanted(len(workspace.schedules()), EVEN_HOURS), now=DAY + 60)


def a_rewind(workspace: Workspace) -> None:
    """A rewind after that, which cuts a lapse of every schedule."""
    rewound = workspace.rewind(now=DAY + 120)
    assert [len(each.lapses) for each in rewound] == [1] * len(rewound)
    assert len(rewound) >= 10


def a_lost_zone(workspace: Workspace) -> None:
    """No schedule can be evaluated."""
    with workspace._store.write() as transaction:
        ids = [schedule.version.schedule_id for schedule in transaction.definitions.schedules(deleted=False)]
        record(transaction, [version(schedule_id, 2, zone="No/Where") for schedule_id in ids])


def failures(workspace: Workspace, *, dry_run: bool) -> None:
    """An evaluation in which all fail."""
    assert workspace.evaluate(DAY, dry_run=dry_run).failed == len(workspace.schedules())


def by_name(workspace: Workspace) -> None:
    """An evaluation of schedules that are all named."""
    names = [schedule.version.schedule_id for schedule in workspace.schedules()]
    assert workspace.evaluate(DAY, schedules=names).evaluated == len(names)


OPERATIONS: dict[str, tuple[Act, Act]] = {
    "a due minute": (nothing, lambda it: it.evaluate(DAY)),
    "a due minute, by name": (nothing, by_name),
    "a due hour": (nothing, lambda it: it.evaluate(DAY + HOUR)),
    "a rehearsal": (nothing, lambda it: it.evaluate(DAY + HOUR, dry_run=True)),
    "failures": (a_lost_zone, lambda it: failures(it, dry_run=False)),
    "a rehearsal of failures": (a_lost_zone, lambda it: failures(it, dry_run=True)),
    "applying the same": (nothing, lambda it: it.apply(wanted(len(it.schedules())), now=DAY)),
    "applying another": (an_hour, lambda it: it.apply(wanted(len(it.schedules()), EVEN_HOURS), now=DAY + 2 * HOUR)),
    "ending all": (an_hour, lambda it: it.apply([], now=DAY + 2 * HOUR, prune=True)),
    "a rewind": (a_wrong_clock, a_rewind),
    "status": (an_hour, lambda it: it.status(now=DAY + 2 * HOUR)),
    "a timeline": (an_hour, lambda it: it.timeline([DAY, DAY + 600, DAY + HOUR], now=DAY + 2 * HOUR)),
    "ticks": (an_hour, lambda it: it.ticks(limit=10_000)),
    "lapses": (an_hour, lambda it: it.lapses(limit=10_000)),
    "runs": (an_hour, lambda it: it.runs(limit=10_000)),
    "schedules": (an_hour, lambda it: it.schedules()),
    "verify": (an_hour, lambda it: it.verify()),
}


@pytest.mark.parametrize("what", OPERATIONS)
def test_statements_do_not_depend_on_the_number_of_schedules(kind: Kind, tmp_path: Path, what: str) -> None:
    """10 schedules and 100 take the same statements."""
    prepare, do = OPERATIONS[what]
    few, many = (cost(kind, tmp_path, count, prepare, do) for count in (10, 100))
    assert few == many


def test_other_zone_rules(kind: Kind, tmp_path: Path) -> None:
    """Replanning 100 schedules under other zone rules takes the statements of replanning 10."""
    few, many = (cost(kind, tmp_path, count, nothing, lambda it: it.evaluate(DAY - 1), "2001a") for count in (10, 100))
    assert few == many


def test_a_due_minute_of_a_thousand_schedules(kind: Kind, tmp_path: Path) -> None:
    """A minute in which 1,000 schedules are due takes the statements of one in which 10 are."""
    few, many = (cost(kind, tmp_path, count, nothing, lambda it: it.evaluate(DAY)) for count in (10, 1_000))
    assert few == many < 30


@pytest.mark.slow
def test_applying_ten_thousand_schedules(kind: Kind, tmp_path: Path) -> None:
    """A file of 10,000 schedules takes the statements of one of 10, new and changed."""
    taken = []
    for count in (10, 10_000):
        with counted(kind, tmp_path / f"{count}.db") as (workspace, statements):
            workspace.apply(wanted(count), now=DAY)
            new = statements.count
            statements.reset()
            workspace.apply(wanted(count, EVEN_HOURS), now=DAY + HOUR)
            taken.append((new, statements.count))
    assert taken[0] == taken[1]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_backfill(kind: Kind, tmp_path: Path, dry_run: bool) -> None:
    """Backfilling 1,000 occurrences takes the statements of backfilling 10."""

    def statements(count: int) -> int:
        def do(workspace: Workspace) -> None:
            done = workspace.backfill("s0", start=DAY - 60 * count, stop=DAY, now=DAY + 1, limit=count, dry_run=dry_run)
            assert done.created == count

        return cost(kind, tmp_path, count, nothing, do)

    assert statements(10) == statements(1_000)


def test_conflicts_of_a_page_of_runs(kind: Kind, tmp_path: Path) -> None:
    """A page of 100 runs, each with conflicts, is read with the statements of a page of 10."""

    def conflicts(workspace: Workspace) -> None:
        with workspace._store.write() as transaction:
            number = transaction.content_numbers([OTHER])[OTHER]
            transaction.append(
                [
                    events.request("test", f"key {key}", None, content, DAY)
                    for key in range(100)
                    for content in (number, 1)
                ]
            )

    def statements(limit: int) -> int:
        def do(workspace: Workspace) -> None:
            page = workspace.runs(limit=limit)
            assert [len(run.conflicts) for run in page] == [1] * limit

        return cost(kind, tmp_path, limit, conflicts, do)

    assert statements(10) == statements(100)


def test_pruning_looks_at_what_has_history(kind: Kind, tmp_path: Path) -> None:
    """A pruning takes statements for the schedules that have history to remove, and none for the others."""

    def one(workspace: Workspace) -> None:
        workspace.evaluate(DAY + HOUR, schedules=["s0"])

    few, many = (
        cost(kind, tmp_path, count, one, lambda it: it.prune(before=DAY + HOUR, now=DAY + HOUR)) for count in (10, 100)
    )
    assert few == many

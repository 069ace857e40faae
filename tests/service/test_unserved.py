"""What a backfill makes and counts is what looking at each occurrence says, and costs what it makes."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.cron.occurrences import timetable
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import ArcoError
from arco_sched.core.evaluate import count_each, each_occurrence
from arco_sched.core.events import BACKFILLED, SCHEDULED
from arco_sched.core.ports import Transaction
from arco_sched.core.skipping import skip_reason
from arco_sched.service.backfill import Backfill
from arco_sched.service.unserved import Unserved
from tests.database import sql

HOUR = 3600
BEGIN = 1_736_899_200  # 2025-01-15T00:00:00Z
EXPRESSIONS = ("*/10 * * * *", "0 * * * *", "7,19,40 */2 * * *", "*/20 * * * * *", "0 9 * * *")
YEAR_1 = -62_135_596_800


def each_looked_at(transaction: Transaction, schedule: int, span: tuple[int, int], limit: int) -> tuple[object, ...]:
    """The oracle: one occurrence after the other."""
    state, terms = transaction.definitions.state(schedule), transaction.definitions.terms(schedule)
    starts = {term.version: term.start_at for term in terms}
    there = transaction.history.statuses(schedule, *span)
    ran = existing = waits = excluded = remaining = 0
    chosen = []
    for at, term in each_occurrence(terms, *span):
        if there.get((at, SCHEDULED)) == "triggered":
            ran += 1
        elif at > state.cursor and at >= starts[term.version] and at not in state.ahead:
            waits += 1
        elif (at, BACKFILLED) in there:
            existing += 1
        elif skip_reason(term._replace(enabled=True), at) == "excluded":
            excluded += 1
        elif len(chosen) == limit:
            remaining += 1
        else:
            chosen.append((at, term.version))
    return chosen, ran, existing, waits, excluded, remaining


def lived(workspace: Workspace, chance: random.Random) -> int:
    """A random history of the schedule `a`; returns the clock at its end."""
    now = BEGIN + chance.randrange(HOUR)

    def definition() -> Definition:
        return Definition(
            cron_expression=chance.choice(EXPRESSIONS),
            timezone=chance.choice(["UTC", "America/New_York"]),
            catchup_window_minutes=chance.choice([60, 600, 10_000]),
            max_catchup_ticks=chance.choice([1, 5, 200]),
            excluded_days=chance.choice([(), (), ("2025-01-16",), ("2024-12-20..2025-01-20", "2025-01-25")]),
            catchup_policy=chance.choice(["latest", "oldest-first"]),
        )

    workspace.create_schedule("a", definition(), now=now, start_at=now + chance.choice([0, 0, -20, 30]) * HOUR)
    for _ in range(chance.randrange(3, 25)):
        now += chance.choice([0, 61, HOUR, 5 * HOUR, 30 * HOUR])
        try:
            match chance.randrange(10):
                case 0:
                    workspace.update_schedule("a", {"cron_expression": chance.choice(EXPRESSIONS)}, now=now)
                case 1:
                    workspace.set_enabled("a", chance.random() < 0.6, now=now)
                case 2:
                    workspace.evaluate(now + chance.choice([0, 40]) * HOUR)
                case 3:
                    workspace.rewind(now=now)
                case 4:
                    workspace.delete_schedule("a", now=now)
                    workspace.create_schedule("a", definition(), now=now + HOUR)
                case 5 | 6:
                    first, last = sorted(now - chance.randrange(60 * HOUR) for _ in range(2))
                    workspace.backfill("a", start=first, stop=last, now=now, limit=chance.choice([1, 7, 100]))
                case _:
                    workspace.evaluate(now)
        except ArcoError:
            pass
    return now


@pytest.mark.parametrize("seed", range(120))
def test_counting_says_what_looking_says(path: Path, seed: int) -> None:
    """In random histories with pauses, lapses, rewinds, backfills and versions, whatever is passed over."""
    chance = random.Random(seed)
    with Workspace.create(path) as workspace:
        now = lived(workspace, chance)
        with workspace._store.read() as transaction:
            for _ in range(12):
                start = BEGIN + chance.randrange(-40, 60) * HOUR + chance.randrange(HOUR)
                span = start, min(start + chance.choice([1, 100, HOUR, 20 * HOUR, 500 * HOUR]), now + 1)
                if span[0] >= span[1]:
                    continue
                limit = chance.choice([1, 3, 50, 10_000])
                found = Unserved(transaction, 1, span, limit, few=chance.choice([1, 4, 30, 2000]))
                said = (
                    [(at, term.version) for at, term in found.chosen],
                    found.ran,
                    found.existing,
                    found.waiting,
                    found.excluded,
                    found.remaining,
                )
                assert said == each_looked_at(transaction, 1, span, limit), (seed, span, limit)
                terms = transaction.definitions.terms(1)
                assert count_each(terms, *span) == sum(1 for _ in each_occurrence(terms, *span))


def test_other_zone_rules_are_looked_at(path: Path) -> None:
    """Once zone rules changed, ticks may be no occurrences any more: then two equal numbers say nothing."""
    with Workspace.create(path) as workspace:
        definition = Definition(
            cron_expression="0 9 * * *", timezone="Europe/Berlin", catchup_window_minutes=90_000, max_catchup_ticks=100
        )
        workspace.create_schedule("a", definition, now=BEGIN)
        workspace.evaluate(BEGIN + 30 * 86_400)
    # One tick an hour beside its occurrence.
    sql(path, f"UPDATE tick_rows SET instant = instant + 3600 WHERE instant < {BEGIN + 86_400}")
    sql(path, "UPDATE workspace SET zone_rules = '1999a'")
    with Workspace.open(path) as workspace:
        workspace.evaluate(BEGIN + 30 * 86_400)
        with workspace._store.read() as transaction:
            found = Unserved(transaction, 1, (BEGIN, BEGIN + 86_400 * 20), 5, few=1)
    assert [at for at, _ in found.chosen] == [BEGIN + 8 * HOUR]


@pytest.fixture
def each_second(path: Path) -> Iterator[Workspace]:
    """A schedule of every second and one of every minute, with some ticks."""
    with Workspace.create(path) as workspace:
        for name, expression in (("second", "* * * * * *"), ("minute", "* * * * *")):
            definition = Definition(cron_expression=expression, timezone="America/New_York", max_catchup_ticks=3000)
            workspace.create_schedule(name, definition, now=BEGIN, start_at=BEGIN)
        workspace.evaluate(BEGIN + 3 * HOUR)
        yield workspace


@pytest.mark.parametrize("name", ["second", "minute"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_from_the_year_1(each_second: Workspace, name: str, dry_run: bool) -> None:
    """64 thousand million occurrences are counted, and the first few of them made, at once."""

    def filled() -> Backfill:
        return each_second.backfill(
            name, start=YEAR_1, stop=BEGIN + 3 * HOUR, now=BEGIN + 3 * HOUR, limit=3, dry_run=dry_run
        )

    answer = filled()
    times = timetable("* * * * * *" if name == "second" else "* * * * *", "America/New_York")
    every = times.count(YEAR_1 + 1, BEGIN + 3 * HOUR)  # nothing is due in the first second of time
    assert (answer.created, answer.existing) == (3, 0)
    assert answer.created + answer.ran + answer.waiting + answer.remaining == every
    assert [tick.scheduled_for for tick in answer.ticks] == times.take(YEAR_1 + 1, BEGIN, 3)
    again = filled()
    assert (again.existing, again.remaining) == ((0, answer.remaining) if dry_run else (3, answer.remaining - 3))


def test_a_discard_of_many(path: Path) -> None:
    """What waits since the year 1 lapses at once, with its exact count."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="* * * * * *"), now=BEGIN, start_at=YEAR_1)
        (lapse,) = workspace.discard("a", now=BEGIN)
        assert lapse.missed == BEGIN - YEAR_1  # nothing is due in the first second of time


def test_nobody_waits_while_it_is_counted(path: Path) -> None:
    """Looking happens without the right to write: only what is made is made in a transaction that writes."""
    with Workspace.create(path) as workspace:
        workspace.create_schedule("a", Definition(cron_expression="*/7 * * * *"), now=BEGIN)
        store = workspace._store
        order: list[str] = []
        begin = store._begin_writing  # type: ignore[attr-defined]
        terms = store.__class__.read

        def write() -> None:
            order.append("write")
            begin()

        def read(self: object) -> object:
            order.append("read")
            return terms(self)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(store, "_begin_writing", write)
            patched.setattr(store.__class__, "read", read)
            workspace.backfill("a", start=BEGIN - 864_000, stop=BEGIN, now=BEGIN, limit=5)
        assert order == ["read", "write"]

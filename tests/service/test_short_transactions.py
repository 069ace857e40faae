"""However much is asked, a transaction that writes holds what it records, and no more than a batch of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition, RequestContent, Wanted
from arco_sched.core.errors import Conflict
from arco_sched.service import apply, life, schedules, zone_rules
from arco_sched.service.workspace import Workspace as Service
from arco_sched.store.sqlite.transaction import Transaction
from tests.database import sql

BEGIN = 1_736_899_200
HOUR = 3600


@contextmanager
def seen() -> Iterator[list[int]]:
    """How many drafts each transaction appends."""
    sizes: list[int] = []
    append = Transaction.append

    def counted(self: Transaction, drafts: list[object]) -> object:
        sizes.append(len(drafts))
        return append(self, drafts)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Transaction, "append", counted)
        yield sizes


def wanted(count: int, text: str) -> list[Wanted]:
    """So many schedules of a file."""
    definition = Definition(cron_expression="0 9 * * *", request=RequestContent(command=text))
    return [Wanted(f"s{number}", definition, None, None) for number in range(count)]


def test_discarding_many_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule that is disabled with all that waits is disabled at once; its runs are skipped in parts."""
    monkeypatch.setattr(schedules, "BATCH", 20)
    with Workspace.create(path) as workspace:
        definition = Definition(
            cron_expression="* * * * *", request=RequestContent(command="true"), max_catchup_ticks=100
        )
        workspace.create_schedule("a", definition, now=BEGIN)
        workspace.evaluate(BEGIN + 3 * HOUR)
        with seen() as sizes:
            answer = workspace.set_enabled("a", False, now=BEGIN + 3 * HOUR, discard_waiting=True)
        assert (answer.runs_waiting, answer.runs_discarded) == (100, 100)
        assert max(sizes) <= 22
        assert not workspace.chosen_runs("a", "requested")
        assert workspace.verify().ok


def test_changing_many_runs_by_hand(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts too; where one is refused, none is changed."""
    monkeypatch.setattr(life, "BATCH", 7)
    with Workspace.create(path) as workspace:
        definition = Definition(
            cron_expression="* * * * *", request=RequestContent(command="true"), max_catchup_ticks=30
        )
        workspace.create_schedule("a", definition, now=BEGIN)
        workspace.evaluate(BEGIN + HOUR)
        runs = workspace.chosen_runs("a", "requested")
        workspace.start_run(runs[-1], external_id="x", now=BEGIN + HOUR)
        with seen() as sizes, pytest.raises(Conflict):
            workspace.skip(*runs, now=BEGIN + HOUR)
        assert not sizes
        with seen() as sizes:
            answer = workspace.skip(*runs[:-1], now=BEGIN + HOUR)
        assert ([each.run.run_id for each in answer.runs], answer.change) == (runs[:-1], "changed")
        assert max(sizes) == 7
        assert workspace.verify().ok


def test_a_file_is_planned_before_anybody_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is planned others write; a plan that they made stale is made anew, and at last while they wait."""
    with Workspace.create(path) as workspace, Workspace.open(path) as other:
        service = Service(workspace._store)
        service.apply(wanted(20, "first"), now=BEGIN)
        made, disturbances = apply.plan, 0

        def disturbed(*arguments: object, **named: object) -> apply.Plan:
            nonlocal disturbances
            planned = made(*arguments, **named)  # type: ignore[arg-type]
            if not workspace._store._connection.in_transaction:  # type: ignore[attr-defined]
                raise AssertionError
            if disturbances < 2:
                disturbances += 1
                other.update_schedule("s3", {"max_catchup_ticks": disturbances + 1}, now=BEGIN + 60)
            return planned

        monkeypatch.setattr(apply, "plan", disturbed)
        answer = service.apply(wanted(20, "second"), now=BEGIN + 120)
        assert [change.change for change in answer.changes] == ["updated"] * 20
        assert answer.changes[3].version.definition_version == 4
        assert "max_catchup_ticks" in answer.changes[3].changed
        assert workspace.verify().ok


def test_other_zone_rules(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schedules are planned anew in parts."""
    with Workspace.create(path) as workspace:
        Service(workspace._store).apply(wanted(50, "x"), now=BEGIN)
    sql(path, "UPDATE workspace SET zone_rules = '1999a'")
    sizes: list[int] = []
    replan = zone_rules._replan_under_others

    def counted(transaction: Transaction, numbers: list[int], already: dict[str, list[int]]) -> None:
        sizes.append(len(numbers))
        replan(transaction, numbers, already)

    monkeypatch.setattr(zone_rules, "_replan_under_others", counted)
    with Workspace.open(path) as workspace:
        zone_rules.catch_up(workspace._store, BEGIN + 60, batch=20)
        assert sizes == [20, 20, 10, 0]
        assert workspace.verify().ok

"""`why` against the tables: random histories, asked about every occurrence and about instants at random.

The oracle reads the tables with plain SQL and decides by docs/semantics/answers.md; it shares nothing with
`service/why.py` but the reading of cron expressions, which has tests of its own.
"""

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from arco_sched.api import Workspace
from arco_sched.core.cron import timetable_from
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.errors import ArcoError
from arco_sched.core.instants import parse_instant

if TYPE_CHECKING:
    from arco_sched.core.cron import AnyTimetable

pytestmark = pytest.mark.slow

BASE = parse_instant("2025-03-08T12:00:00Z")
"""19 hours before the clocks of New York go forward."""
CRONS = (
    "*/20 * * * *",
    "7,37 * * * *",
    "0 */3 * * *",
    "30 2 * * *",
    "0 0 * * *",
    "15 */2 8-10 * MON",
    "@every 50m",
    "@once",
)
ZONES = ("UTC", "America/New_York")
DEFINITIONS = st.builds(
    Definition,
    cron_expression=st.sampled_from(CRONS),
    timezone=st.sampled_from(ZONES),
    excluded_days=st.sampled_from([(), ("2025-03-09",)]),
    catchup_window_minutes=st.sampled_from([30, 90, 360, 10_000]),
    max_catchup_ticks=st.sampled_from([1, 2, 5, 1000]),
    catchup_policy=st.sampled_from(["oldest-first", "latest"]),
    end_at=st.sampled_from([None, None, None, BASE + 90_000]),
    dst_overlap=st.sampled_from(["first", "both"]),
    request=st.just(RequestContent()),
    code_version=st.none(),
)


class Step(NamedTuple):
    """What is asked `later` seconds after the step before (or before it: clocks go backwards too)."""

    later: int
    what: str
    definition: Definition
    number: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 60, 600, 3600, 7200, 20_000, 50_000, -3600]),
        st.sampled_from(
            [
                *["evaluate", "evaluate", "evaluate", "update", "disable", "enable", "delete", "create", "discard"],
                *["evaluate-ahead", "rewind", "prune", "backfill", "trigger", "conflict"],
            ]
        ),
        DEFINITIONS,
        st.integers(0, 100_000),
    ),
    min_size=3,
    max_size=14,
)


def do(workspace: Workspace, step: Step, now: int) -> None:
    """One step of a history; what the rules refuse is simply not done."""
    with suppress(ArcoError):
        match step.what:
            case "evaluate":
                workspace.evaluate(now)
            case "evaluate-ahead":
                workspace.evaluate(now + step.number)
            case "update":
                values = {"cron_expression": step.definition.cron_expression, "timezone": step.definition.timezone}
                workspace.update_schedule("a", values, now=now)
            case "disable" | "enable":
                until = now + step.number if step.what == "disable" and step.number % 3 == 0 else None
                workspace.set_enabled("a", step.what == "enable", now=now, until=until)
            case "delete":
                workspace.delete_schedule("a", now=now, discard_waiting=step.number % 2 == 0)
            case "create":
                workspace.create_schedule("a", step.definition, now=now, start_at=now + step.number % 7200)
            case "discard":
                workspace.discard("a", now=now)
            case "rewind":
                workspace.rewind(now=now)
            case "prune":
                workspace.prune(before=now - step.number // 3, now=now)
            case "backfill":
                workspace.backfill("a", start=BASE - 7200, stop=now, now=now, limit=3)
            case "trigger":
                workspace.trigger("a", now=now)
            case "conflict":
                at = (now // 1200 + 1) * 1200
                workspace.request_run(f"sched:a:{at}", RequestContent(command="x"), now=now)


class Tables:
    """What the tables say, read by SQL alone."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            ask = "SELECT * FROM definitions WHERE schedule_id = 'a' ORDER BY definition_version"
            self.versions = connection.execute(ask).fetchall()
            ask = "SELECT scheduled_for, status FROM ticks WHERE tick_id = 'a:' || scheduled_for"
            self.ticks = dict(map(tuple, connection.execute(ask)))
            self.lapses = [tuple(row) for row in connection.execute("SELECT after, before, missed FROM lapses")]
            ask = "SELECT cursor, pruned_through, rewound_from FROM schedule_rows"
            self.cursor, self.pruned, self.rewound = connection.execute(ask).fetchone()
            self.runs = {row[0] for row in connection.execute("SELECT run_key FROM runs")}

    def in_force(self, at: int) -> Any:
        """The highest-numbered version whose `effective_from` is not after the instant."""
        return next((row for row in reversed(self.versions) if row["effective_from"] <= at), None)

    def outside(self, at: int) -> str | None:
        """Why the instant is no occurrence; None where it is one."""
        row = self.in_force(at)
        if row is None:
            return "not-started"
        if row["deleted"]:
            return "deleted"
        if at < row["start_at"]:
            return "not-started"
        if row["end_at"] is not None and at >= row["end_at"]:
            return "ended"
        times = self.times(row)
        return None if times.matches(at) else "no-occurrence"

    @staticmethod
    def times(row: Any) -> "AnyTimetable":
        """The occurrences that a version names."""
        texts = (row["cron_expression"], row["timezone"], row["dst_gap"], row["dst_overlap"])
        return timetable_from(*texts, row["start_at"])

    def verdict(self, at: int, now: int) -> str:
        """What `why` must answer."""
        if at in self.ticks:
            return str(self.ticks[at])
        outside = self.outside(at)
        if outside is not None:
            return outside
        if any(after < at < before for after, before, _ in self.lapses):
            return "lapsed"
        if at > self.cursor:
            return "waiting" if at <= now else "future"
        return "pruned" if self.pruned is not None and at <= self.pruned else "unaccounted"

    def occurrences(self, start: int, stop: int) -> list[int]:
        """Every occurrence under the version in force at it."""
        candidates = set()
        for row in self.versions:
            candidates |= set(self.times(row).between(start, stop))
        return sorted(at for at in candidates if self.outside(at) is None)


@settings(max_examples=60)
@given(
    first=DEFINITIONS,
    steps=STEPS,
    others=st.lists(st.integers(BASE - 90_000, BASE + 300_000), max_size=20),
    look=st.booleans(),
)
def test_the_verdict_is_that_of_the_tables(first: Definition, steps: list[Step], others: list[int], look: bool) -> None:
    """For every occurrence of a random history, and for other instants, `why` answers what the tables hold."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        path = Path(folder) / "a.db"
        with Workspace.create(path) as workspace:
            workspace.create_schedule("a", first, now=BASE)
            now = BASE
            for step in steps:
                now += step.later
                do(workspace, step, now)
            if look:
                now += 3600
            tables = Tables(path)
            known = tables.occurrences(BASE - 7200, max(now, tables.cursor) + 20_000)
            edges = [edge for after, before, _ in tables.lapses for edge in (after, before - 1, before)]
            versions = [row["effective_from"] + delta for row in tables.versions for delta in (-1, 0)]
            seen: Counter[str] = Counter()
            for at in dict.fromkeys([*known, *tables.ticks, *edges, *versions, now, tables.cursor, *others]):
                answer = workspace.why("a", at, now=now)
                note(f"at {at}, now {now}: {answer.verdict}, {answer.reasons}")
                expected = tables.verdict(at, now)
                assert answer.verdict == expected
                assert expected != "unaccounted"
                assert (answer.tick is not None) == (at in tables.ticks)
                if at in set(known):
                    seen[expected] += 1
                version = tables.in_force(at)
                assert (answer.version and answer.version.definition_version) == (
                    version and version["definition_version"]
                )
            assert seen["triggered"] + seen["skipped"] <= len(tables.ticks)
            if tables.rewound is None:
                assert seen["triggered"] + seen["skipped"] == len(tables.ticks)
                assert seen["lapsed"] == sum(missed for _, _, missed in tables.lapses)
            first_, stop = BASE - 7200, max(now, tables.cursor) + 20_000
            during = workspace.why_during("a", first_, stop, now=now).occasions
            expected_all = sorted({*known, *(at for at in tables.ticks if first_ <= at < stop)})
            for at in expected_all:
                (group,) = (each for each in during if each.first <= at <= each.last)
                assert group.verdict == tables.verdict(at, now)
            assert sum(each.count or 0 for each in during) == len(expected_all)
            without = workspace.why("a", now=now)
            assert without.verdict == tables.verdict(without.at, now)
            assert workspace.verify().ok

"""Whole stories on a real database, after every step compared with a naive reading of docs/semantics/.

A story is a list of commands, each some seconds after the one before (or before it: clocks go backwards too).
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from arco_sched.api import Workspace
from arco_sched.core import errors
from arco_sched.core.definitions import Definition
from arco_sched.core.evaluate import agenda
from arco_sched.core.fields import normal_content
from arco_sched.service.zone_rules import replan
from arco_sched.store.sqlite.append import last_seq
from arco_sched.store.sqlite.fold import fold_again
from tests.database import path_of
from tests.service.oracle import BASE, MINUTE, Oracle, Refused, Schedule

pytestmark = pytest.mark.slow

NAMES = ("a", "b.2")
FOLDED = ("schedule_rows", "definition_rows", "tick_rows", "lapse_rows", "run_rows", "conflict_rows")
CRONS = (
    "*/5 * * * *",
    "* * * * *",
    "*/20 * * * *",
    "7,37 * * * *",
    "0 */3 * * *",
    "30 2 * * *",
    "15 1-2 * * *",
    "0 0 * * *",
    "@every 7m",
    "@every 5000s",
    "@once",
)
DAYS = st.sampled_from([(), (), (), ("2025-03-09",), ("2025-03-08", "2025-03-10")])
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")


class Command(NamedTuple):
    """What is asked `later` seconds after the command before."""

    later: int
    what: str
    name: str
    values: Mapping[str, Any]


WINDOWS = st.sampled_from([1, 3, 30, 90, 360, 1440, 10_000])
BOUNDS = st.sampled_from([1, 2, 3, 10, 1000])
OFFSETS = st.sampled_from([-7200, -3600, -90, -1, 0, 1, 60, 1800, 7200, 20_000])
LATER = st.one_of(
    st.sampled_from([0, 0, 1, 30, 60, 60, 300, 600, 1200]),
    st.integers(0, 6 * 3600),
    st.sampled_from([-1, -60, -1800, -20_000]),
)
DEFINITIONS = st.fixed_dictionaries(
    {
        "cron_expression": st.sampled_from(CRONS),
        "timezone": st.sampled_from(ZONES),
        "excluded_days": DAYS,
        "paused_until": st.sampled_from([None, None, None, BASE + 1800, BASE + 30_000]),
        "catchup_window_minutes": WINDOWS,
        "max_catchup_ticks": BOUNDS,
        "catchup_policy": st.sampled_from(["oldest-first", "latest"]),
        "end_at": st.sampled_from([None, None, None, BASE + 3600, BASE + 40_000, BASE + 90_000]),
        "asset": st.sampled_from(["x", "y"]),
    }
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "cron_expression": st.sampled_from(CRONS),
        "timezone": st.sampled_from(ZONES),
        "excluded_days": DAYS,
        "paused_until": st.sampled_from([None, None, None, BASE + 1800, BASE + 30_000]),
        "catchup_window_minutes": WINDOWS,
        "max_catchup_ticks": BOUNDS,
        "catchup_policy": st.sampled_from(["oldest-first", "latest"]),
        "end_at": st.sampled_from([None, BASE - 600, BASE + 3600, BASE + 40_000, BASE + 90_000]),
        "asset": st.sampled_from(["x", "y"]),
    },
)
NAME = st.sampled_from([*NAMES, NAMES[0], NAMES[0]])


@st.composite
def commands(draw: st.DrawFn, later: st.SearchStrategy[int] = LATER, *, discard: bool = True) -> Command:
    """Any command."""
    what = draw(
        st.sampled_from(
            ["evaluate"] * 5
            + ["update"] * 3
            + ["create", "create", "enable", "disable", "delete", "trigger", "start"]
            + ["request"] * 2
        )
    )
    name = draw(NAME)
    values: dict[str, Any] = {}
    if what == "create":
        values = {
            "fields": draw(DEFINITIONS),
            "start": draw(st.one_of(st.none(), OFFSETS)),
            "enabled": draw(st.sampled_from([None, None, True, False])),
        }
    elif what == "evaluate":
        values = {"names": draw(st.sampled_from([[], [], [name], ["b.2", "a"], ["a", "a"]]))}
        values["ahead"] = draw(st.sampled_from([0, 0, 0, 0, 59, -60, -4000]))
    elif what == "request":
        # Under a run key of a schedule, some of them occurrences to come, past or never; and under a free key.
        origin = draw(st.sampled_from(["", "", "", "manual:"]))
        minute = draw(st.integers(-4, 12)) * 20 * MINUTE + BASE
        values = {
            "key": draw(st.sampled_from([f"sched:{name}:{origin}{minute}"] * 2 + ["free"])),
            "asset": draw(st.sampled_from(["x", "y", "z"])),
        }
    elif what != "trigger":
        if what == "update":
            values = {"values": draw(CHANGES)}
        if what == "start":
            values = {"start": draw(OFFSETS)}
        if discard:
            values["discard"] = draw(st.sampled_from([False, False, True]))
        if what == "disable":
            values["until"] = draw(st.sampled_from([None, None, -60, 0, 60, 5000, 40_000]))
        values["expect"] = draw(st.sampled_from([None, None, None, 1, 2]))
    return Command(draw(later), what, name, values)


@st.composite
def stories(draw: st.DrawFn) -> list[Command]:
    """A schedule or two, and then anything."""
    opening = [
        Command(0, "create", name, {"fields": draw(DEFINITIONS), "start": draw(OFFSETS), "enabled": None})
        for name in NAMES[: draw(st.integers(1, 2))]
    ]
    return opening + draw(st.lists(commands(), min_size=1, max_size=14))


def definition(fields: dict[str, Any]) -> Definition:
    """The fields as the service takes them."""
    rest = {key: value for key, value in fields.items() if key != "asset"}
    return Definition(**rest, request=normal_content(asset_selection=[fields["asset"]]))


def do(workspace: Workspace, command: Command, now: int, **evaluating: Any) -> Any:
    """One command on the real thing; what it answers, or the name of the error's type."""
    name, values = command.name, command.values
    options = {"now": now, "expect_version": values.get("expect"), "discard_waiting": values.get("discard", False)}
    try:
        match command.what:
            case "create":
                start = None if values["start"] is None else now + values["start"]
                answer = workspace.create_schedule(
                    name, definition(values["fields"]), now=now, start_at=start, enabled=values["enabled"]
                )
                return answer.change
            case "update":
                given_ = dict(values["values"])
                if "asset" in given_:
                    given_["asset_selection"] = (given_.pop("asset"),)
                answer = workspace.update_schedule(name, given_, **options)
            case "start":
                answer = workspace.update_schedule(name, {}, start_at=now + values["start"], **options)
            case "enable" | "disable":
                until = None if values.get("until") is None else now + values["until"]
                answer = workspace.set_enabled(name, command.what == "enable", until=until, **options)
            case "delete":
                answer = workspace.delete_schedule(name, **options)
            case "trigger":
                return workspace.trigger(name, now=now).change
            case "request":
                return workspace.request_run(
                    values["key"], normal_content(asset_selection=[values["asset"]]), now=now
                ).change
            case _:
                return workspace.evaluate(now + values["ahead"], schedules=values["names"], **evaluating)
    except (errors.Conflict, errors.InvalidInput, errors.NotFound) as refusal:
        return type(refusal).__name__
    return answer.change, answer.waiting, answer.discarded


def ask(oracle: Oracle, command: Command, now: int) -> Any:
    """The same command on the oracle."""
    name, values = command.name, command.values
    differences: dict[str, dict[str, Any]] = {
        "update": values.get("values", {}),
        "enable": {"enabled": True},
        "disable": {"enabled": False, "until": None if values.get("until") is None else now + values["until"]},
        "delete": {"deleted": True},
        "start": {"start": now + values.get("start", 0) if command.what == "start" else 0},
    }
    try:
        match command.what:
            case "create":
                start = None if values["start"] is None else now + values["start"]
                return oracle.create(name, values["fields"], now, start, values["enabled"])
            case "trigger":
                return oracle.trigger(name, now)
            case "request":
                return oracle.request(values["key"], values["asset"])
            case "evaluate":
                return oracle.evaluate(values["names"], now + values["ahead"])
            case what:
                discard = values.get("discard", False)
                change, waiting = oracle.change(name, now, differences[what], values.get("expect"), discard=discard)
                return change, waiting, waiting if discard else 0
    except Refused as refusal:
        return refusal.kind


def play(workspace: Workspace, story: list[Command], **evaluating: Any) -> Iterator[tuple[Command, int, Any]]:
    """Each command of the story, its instant, and what it answered."""
    now = BASE
    for command in story:
        now += command.later
        yield command, now, do(workspace, command, now, **evaluating)


@contextmanager
def fresh() -> Iterator[Workspace]:
    """A new database in a folder of its own; in memory where the machine has such folders, since each commit syncs."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        Workspace.create(Path(folder) / "arco.db") as workspace,
    ):
        yield workspace


def rows(workspace: Workspace, question: str) -> list[tuple[Any, ...]]:
    """What SQL says about the file, through another connection."""
    with closing(sqlite3.connect(path_of(workspace))) as connection:
        return connection.execute(question).fetchall()


def compare(workspace: Workspace, oracle: Oracle, now: int) -> None:
    """Everything that people can ask is what the oracle has."""
    ticks = {
        tick_id: (at, version, status, None if asset is None else asset[2:-2])
        for tick_id, at, version, status, asset in rows(
            workspace,
            "SELECT tick_id, scheduled_for, definition_version, status || coalesce(' ' || skip_reason, ''), "
            "json_extract(c.body, '$.asset_selection') "
            "FROM ticks LEFT JOIN contents c ON c.fingerprint = request_fingerprint",
        )
    }
    assert ticks == {
        tick_id: tick for schedule in oracle.schedules.values() for tick_id, tick in schedule.ticks.items()
    }
    lapses = rows(workspace, "SELECT schedule_id, after, before, missed, reason FROM lapses ORDER BY schedule, lapse")
    assert sorted(lapses) == sorted((name, *lapse) for name, it in oracle.schedules.items() for lapse in it.lapses)
    runs = rows(workspace, "SELECT run_key, json_extract(asset_selection, '$[0]'), tick_id FROM runs")
    assert {key: asset for key, asset, _ in runs} == oracle.runs
    assert len(runs) == len(oracle.runs)
    for key, _, tick_id in runs:  # a run names the tick that has its run key, whoever asked first
        assert tick_id == (key[6:] if ticks.get(key[6:], (0, 0, ""))[2] == "triggered" else None)
    conflicts = rows(
        workspace,
        "SELECT run_key, json_extract(c.body, '$.asset_selection[0]') FROM conflicts "
        "JOIN contents c ON c.fingerprint = requested_fingerprint",
    )
    assert sorted(conflicts) == sorted(oracle.conflicts)
    for name, schedule in oracle.schedules.items():
        compare_schedule(workspace, name, schedule, now)


def compare_schedule(workspace: Workspace, name: str, schedule: Schedule, now: int) -> None:
    """One schedule: its versions, its cursor, what waits and what comes next."""
    versions = [change.version for change in workspace.versions(name)]
    assert [
        (it.definition_version, it.effective_from, it.start_at, it.enabled, it.deleted, it.definition)
        for it in versions
    ] == [(it.number, it.since, it.start, it.enabled, it.deleted, definition(it.fields)) for it in schedule.versions]
    detail = workspace.schedule(name, now=now)
    assert detail.schedule.version == versions[-1]
    assert detail.schedule.cursor == schedule.cursor
    assert detail.waiting == len(schedule.between(schedule.cursor + 1, now + 1))
    ahead = schedule.between(schedule.cursor + 1, BASE + 3 * 86_400)
    assert (detail.schedule.next_due_at or 1 << 60) >= BASE + 3 * 86_400 if not ahead else ahead[0]
    if ahead:
        assert detail.schedule.next_due_at == ahead[0]
    later = [at for at in ahead if at > now]
    assert list(detail.next_occurrences[: len(later)]) == later[:5]
    own = sorted(tick[0] for tick_id, tick in schedule.ticks.items() if tick_id == f"{name}:{tick[0]}")
    run = [tick[0] for tick_id, tick in schedule.ticks.items() if tick[2] == "triggered" and "manual" not in tick_id]
    assert detail.schedule.last_scheduled_for == (own[-1] if own else None)
    assert detail.schedule.last_tick_id == (f"{name}:{own[-1]}" if own else None)
    assert detail.schedule.last_run_key == (f"sched:{name}:{max(run)}" if run else None)
    # Nothing is silently lost: from version 1's start through the cursor, occurrences = scheduled ticks + lapses.
    accounted = schedule.between(schedule.first, schedule.cursor + 1)
    lapsed = [at for after, before, _, _ in schedule.lapses for at in schedule.between(after + 1, before)]
    assert sorted(own + lapsed) == accounted
    assert sum(missed for _, _, missed, _ in schedule.lapses) == len(lapsed)


def check_agenda(workspace: Workspace) -> None:
    """The agenda is `agenda(terms, cursor)` of every schedule, and nothing else."""
    with workspace._store.read() as transaction:
        expected = []
        for state in transaction.definitions.states(transaction.definitions.numbers()):
            when = agenda(state.terms, state.cursor, state.ahead)
            if when is not None:
                expected.append((state.schedule, when.due_at, int(when.failing)))
    assert rows(workspace, "SELECT schedule, due_at, failing FROM agenda ORDER BY schedule") == expected


def check_fold(workspace: Workspace) -> None:
    """Folding the events again from nothing, at once or by pieces, gives the same tables."""
    for step in (1 << 40, 7):
        with closing(sqlite3.connect(path_of(workspace), isolation_level=None)) as connection:
            connection.execute("ATTACH ':memory:' AS fresh")
            for (sql,) in connection.execute(
                "SELECT sql FROM main.sqlite_master WHERE type = 'table' OR sql LIKE 'CREATE UNIQUE%' ORDER BY rowid"
            ).fetchall():
                for what in ("CREATE TABLE ", "CREATE UNIQUE INDEX "):
                    if sql.startswith(what):
                        connection.execute(f"{what}fresh.{sql.removeprefix(what)}")
            last = last_seq(connection)
            for after in range(0, last, step):
                fold_again(connection, after, min(last, after + step), to="fresh.")
            for table in FOLDED:
                for one, other in (("main", "fresh"), ("fresh", "main")):
                    question = f"SELECT * FROM {one}.{table} EXCEPT SELECT * FROM {other}.{table}"
                    assert connection.execute(question).fetchall() == [], (table, one)
                assert connection.execute(
                    f"SELECT (SELECT count(*) FROM main.{table}) - (SELECT count(*) FROM fresh.{table})"
                ).fetchone() == (0,)


def check_events(workspace: Workspace) -> None:
    """The idempotency keys of the events are unique, and the evaluator's own answers are in the events."""
    keys = [key for (key,) in rows(workspace, "SELECT idempotency_key FROM events")]
    assert None not in keys
    assert len(keys) == len(set(keys))
    assert workspace.verify().differences == ()


def compare_answer(answer: Any, expected: Any) -> None:
    """What the command said is what the oracle says; of an evaluation, the counts."""
    if not hasattr(answer, "triggered"):
        assert answer == expected
        return
    for count in ("triggered", "skipped", "lapsed", "deferred", "conflicts", "evaluated"):
        assert (count, getattr(answer, count)) == (count, getattr(expected, count))
    assert answer.failed == 0
    assert len(list(answer.ticks)) == answer.triggered + answer.skipped
    assert sum(lapse.missed or 0 for lapse in answer.lapses) == answer.lapsed


def tell(story: list[Command]) -> None:
    """The story in the report of a failure."""
    for command in story:
        note(repr(tuple(command)))


@settings(max_examples=100)
@given(stories())
def test_stories(story: list[Command]) -> None:
    """After every command, whatever came before, the database is what a naive reading of the rules says."""
    tell(story)
    oracle = Oracle()
    with fresh() as workspace:
        for command, now, answer in play(workspace, story):
            compare_answer(answer, ask(oracle, command, now))
            compare(workspace, oracle, now)
            check_agenda(workspace)
        check_fold(workspace)
        check_events(workspace)


def dump(workspace: Workspace) -> list[str]:
    """The whole content of the file."""
    with closing(sqlite3.connect(path_of(workspace))) as connection:
        return list(connection.iterdump())


@settings(max_examples=40)
@given(stories(), st.sampled_from([1, 2, 3, 7]))
def test_same_commands_same_content(story: list[Command], batch: int) -> None:
    """The same commands at the same instants give the same database content, however small the transactions."""
    tell(story)
    with fresh() as one, fresh() as two, fresh() as three:
        answers = [[answer for _, _, answer in play(one, story)], [answer for _, _, answer in play(two, story)]]
        small = [answer for _, _, answer in play(three, story, batch=batch)]
        assert dump(one) == dump(two)
        assert dump(one) == dump(three)
        for first, second, third in zip(*answers, small, strict=True):
            assert as_values(first) == as_values(second) == as_values(third)


def as_values(answer: Any) -> Any:
    """An answer with its ticks and lapses read out."""
    if not hasattr(answer, "triggered"):
        return answer
    return replace(answer, ticks=list(answer.ticks), lapses=list(answer.lapses))


@settings(max_examples=60)
@given(stories())
def test_rehearsal_says_what_happens(story: list[Command]) -> None:
    """`--dry-run` shows what an evaluation would write, writes nothing; evaluating the same `now` again adds nothing
    when nothing waits."""
    tell(story)
    now = BASE
    with fresh() as workspace:
        for command in story:
            now += command.later
            if command.what != "evaluate":
                do(workspace, command, now)
                continue
            before = dump(workspace)
            rehearsed = as_values(do(workspace, command, now, dry_run=True))
            assert dump(workspace) == before
            done = as_values(do(workspace, command, now))
            assert rehearsed == (done if isinstance(done, str) else replace(done, dry_run=True))
            if not isinstance(done, str) and not done.deferred:
                after = dump(workspace)
                again = do(workspace, command, now)
                assert (again.triggered, again.skipped, again.lapsed, list(again.ticks)) == (0, 0, 0, [])
                assert dump(workspace) == after


WIDE = {"catchup_window_minutes": 100_000, "max_catchup_ticks": 100_000}


@st.composite
def wide_stories(draw: st.DrawFn) -> list[Command]:
    """Changes at distinct even seconds of a clock that goes forward, under windows and bounds that never bind."""
    later = st.integers(1, 10_000).map(lambda half: 2 * half)
    story = [Command(0, "create", "a", {"fields": draw(DEFINITIONS), "start": draw(OFFSETS), "enabled": None})]
    story += [
        command
        for command in draw(st.lists(commands(later, discard=False), min_size=1, max_size=10))
        if command.what not in {"evaluate", "request", "trigger", "start"}  # whether a start can change depends on them
    ]
    return [command._replace(values=widened(command.values)) for command in story]


def widened(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a command, with a window and a bound that never bind."""
    return {
        key: {name: WIDE.get(name, one) for name, one in value.items()} if key in {"fields", "values"} else value
        for key, value in values.items()
    }


def ticks_at_a_cadence(story: list[Command], gaps: list[int]) -> list[tuple[Any, ...]]:
    """The scheduled ticks when the evaluator visits after these numbers of half-minutes, again and again."""
    now, visit, turn = BASE, BASE + 1, 0
    with fresh() as workspace:
        for command in story:
            while gaps and visit < now + command.later:
                workspace.evaluate(visit)
                visit += gaps[turn % len(gaps)] * 60
                turn += 1
            now += command.later
            do(workspace, command, now)
        assert workspace.evaluate(now + 80_001).deferred == 0
        return rows(
            workspace,
            "SELECT tick_id, scheduled_for, definition_version, status, skip_reason, run_key, run_id, "
            "request_fingerprint FROM ticks ORDER BY tick_id",
        )


@settings(max_examples=40)
@given(wide_stories(), st.lists(st.integers(1, 300), min_size=1, max_size=4))
def test_any_cadence_gives_the_same_ticks(story: list[Command], gaps: list[int]) -> None:
    """While no bound binds, the same changes give the same ticks whenever the evaluator came: once, or often."""
    tell(story)
    assert ticks_at_a_cadence(story, gaps) == ticks_at_a_cadence(story, [])


# Clocks that were far ahead, cursors brought back, and stored zones that are lost: held by what must be true after any
# step, since a second reading of all this would be as long as the first.


@st.composite
def mishaps(draw: st.DrawFn) -> list[Command]:
    """A story with rewinds, discards, lost zones and evaluations far in the future between its commands."""
    story = []
    for command in draw(stories()):
        story.append(command)
        what = draw(st.sampled_from(["", "", "rewind", "discard", "break", "ahead"]))
        if what == "ahead":
            values = {"names": [], "ahead": draw(st.integers(0, 40_000))}
            story.append(Command(draw(LATER), "evaluate", "a", values))
        elif what:
            story.append(Command(draw(LATER), what, draw(NAME), {}))
    return story


def lose_zone(workspace: Workspace, name: str) -> None:
    """Replace the zone of the newest version by one that there is not, in the tables and in the event alike."""
    with closing(sqlite3.connect(path_of(workspace))) as connection, connection:
        of = "schedule = (SELECT schedule FROM schedule_ids WHERE schedule_id = ?)"
        newest = f"version = (SELECT version FROM schedule_rows WHERE {of})"
        connection.execute(f"UPDATE definition_rows SET timezone = 'No/Where' WHERE {of} AND {newest}", (name, name))
        connection.execute(
            "UPDATE event_log SET payload = json_set(payload, '$.timezone', 'No/Where') "
            f"WHERE type = 1 AND {of} AND {newest}",
            (name, name),
        )


class Seen:
    """What was there after the steps so far, and what must still be so."""

    def __init__(self) -> None:
        self.ticks: dict[str, tuple[Any, ...]] = {}
        self.runs: dict[str, tuple[Any, ...]] = {}
        self.cursors: dict[str, int] = {}

    def check(self, workspace: Workspace, *, rewound: bool) -> None:
        """Ticks and runs stay as they are, cursors go forward, each broken version fails once, verify finds nothing."""
        found = rows(
            workspace,
            "SELECT tick_id, scheduled_for, definition_version, status, request_fingerprint, evaluated_at FROM ticks",
        )
        ticks = {row[0]: row[1:] for row in found}
        assert len(ticks) == len(found)
        assert self.ticks.items() <= ticks.items()
        runs = {row[0]: row[1:] for row in rows(workspace, "SELECT run_key, run_id, request_fingerprint FROM runs")}
        assert self.runs.items() <= runs.items()
        cursors = dict(rows(workspace, "SELECT schedule_id, cursor FROM schedules"))
        begun = {
            name for (name,) in rows(workspace, "SELECT schedule_id FROM ticks UNION SELECT schedule_id FROM lapses")
        }
        if not rewound:
            assert all(cursors[name] >= cursor for name, cursor in self.cursors.items() if name in begun)
        self.ticks, self.runs, self.cursors = ticks, runs, cursors
        assert workspace.verify().differences == ()
        check_agenda(workspace)
        keys = [key for (key,) in rows(workspace, "SELECT idempotency_key FROM events")]
        assert len(set(keys)) == len(keys)


@settings(max_examples=40)
@given(mishaps())
def test_mishaps(story: list[Command]) -> None:
    """Whatever goes wrong, no tick or run is lost, changed or made twice, and every occurrence is accounted for."""
    tell(story)
    seen, now = Seen(), BASE
    with fresh() as workspace:
        for command in story:
            now += command.later
            try:
                match command.what:
                    case "rewind":
                        done = workspace.rewind(now=now)
                        assert workspace.rewind(now=now) == []
                        assert all(it.before > it.cursor >= now or it.before == it.cursor for it in done)
                        starts = "SELECT schedule_id, min(effective_from) - 1 FROM definitions GROUP BY 1"
                        for name, first in rows(workspace, starts):
                            assert workspace.schedule(name, now=now).schedule.cursor <= max(now + 60, first)
                    case "discard":
                        workspace.discard(command.name, now=now)
                        assert workspace.schedule(command.name, now=now).waiting == 0
                        assert workspace.discard(command.name, now=now) == []
                    case "break":
                        lose_zone(workspace, command.name)
                        with workspace._store.write() as transaction:  # the evaluator is to see it at once
                            replan(transaction, transaction.definitions.numbers())
                    case _:
                        do(workspace, command, now)
            except errors.NotFound:
                continue
            seen.check(workspace, rewound=command.what == "rewind")
        names = {kept.version.schedule_id for kept in workspace.schedules(deleted=True)}
        for _ in range(2000):
            evaluation = workspace.evaluate(now + 3600)
            if not evaluation.deferred:
                break
        seen.check(workspace, rewound=False)
        for name in names:
            shown = workspace.schedule(name, now=now + 3600)
            assert shown.schedule.failing or shown.waiting == 0
        content = dump(workspace)
        again = workspace.evaluate(now + 3600)
        assert (again.triggered, again.skipped, again.lapsed) == (0, 0, 0)
        assert dump(workspace) == content

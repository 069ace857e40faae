"""The pure evaluation (docs/semantics/evaluation.md), a table of small worlds.

Instants are minutes of one day, written as numbers; a schedule occurs every ten minutes unless it says otherwise.
"""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core import evaluate as core
from arco_sched.core.cron import timetable
from arco_sched.core.definitions import Term
from arco_sched.core.errors import InvalidInput
from arco_sched.core.evaluate import (
    AgendaEntry as Agenda,
)
from arco_sched.core.evaluate import (
    Outcome,
    Ticks,
    agenda,
    discard,
    evaluate,
    in_force,
    occurrences,
    waiting,
)
from arco_sched.core.history import Lapse
from arco_sched.core.instants import CLOCK_TOLERANCE, MAX_INSTANT, parse_instant
from arco_sched.core.remaining import Remaining
from tests.core.world import BROKEN, DAY, at, minutes, term


def told(outcome: Outcome) -> list[tuple[Any, ...]]:
    """The steps in minutes: ("v1", minutes of ticks...) or (reason, after, before, missed); cursors at second :59."""
    lines: list[tuple[Any, ...]] = []
    for step in outcome.steps:
        if isinstance(step, Lapse):
            lines.append((step.reason, minutes(step.after), minutes(step.before), step.missed))
        else:
            lines.append((f"v{step.term.version}", *(minutes(instant) for instant in step.instants)))
    return lines


START = at(0) - 1
"""The cursor of a schedule that starts at minute 0 and was never evaluated."""

LATEST = "latest"
CASES: dict[str, tuple[list[Term], float, list[tuple[Any, ...]], float | None, int]] = {
    # name: (terms newest first, now, steps, cursor afterwards (None: as before), deferred)
    "nothing due before the start": ([term(from_=5, start=5)], 4, [], None, 0),
    "the start itself is an occurrence": ([term()], 0, [("v1", 0)], 0, 0),
    "now is inclusive": ([term()], 20, [("v1", 0, 10, 20)], 20, 0),
    "the second before is not": ([term()], 20 - 1 / 60, [("v1", 0, 10)], 10, 0),
    "a start in the future": ([term(from_=500, start=500)], 100, [], None, 0),
    "the window's edge is inside": (
        [term(catchup_window_minutes=20)],
        40,
        [("window", -0.02, 20, 2), ("v1", 20, 30, 40)],
        40,
        0,
    ),
    "a second later it is outside": (
        [term(catchup_window_minutes=20)],
        40 + 1 / 60,
        [("window", -0.02, 20.02, 3), ("v1", 30, 40)],
        40,
        0,
    ),
    "a window smaller than the period": ([term(catchup_window_minutes=1)], 55, [("window", -0.02, 54, 6)], 53.98, 0),
    "the oldest first": ([term(max_catchup_ticks=2)], 45, [("v1", 0, 10)], 10, 3),
    "the latest": (
        [term(max_catchup_ticks=2, catchup_policy=LATEST)],
        45,
        [("superseded", -0.02, 30, 3), ("v1", 30, 40)],
        40,
        0,
    ),
    "the latest one": (
        [term(max_catchup_ticks=1, catchup_policy=LATEST)],
        40,
        [("superseded", -0.02, 40, 4), ("v1", 40)],
        40,
        0,
    ),
    "the latest, as many as there are": ([term(max_catchup_ticks=5, catchup_policy=LATEST)], 40, None, 40, 0),
    "window before bound": (
        [term(max_catchup_ticks=1, catchup_window_minutes=20, catchup_policy=LATEST)],
        40,
        [("window", -0.02, 20, 2), ("superseded", 19.98, 40, 2), ("v1", 40)],
        40,
        0,
    ),
    "window and the oldest": (
        [term(max_catchup_ticks=1, catchup_window_minutes=20)],
        40,
        [("window", -0.02, 20, 2), ("v1", 20)],
        20,
        2,
    ),
    "disabled": ([term(enabled=False)], 10, [("v1", 0, 10)], 10, 0),
    "paused ones count towards the bound": (
        [term(2, 20, max_catchup_ticks=3), term(1, enabled=False)],
        40,
        [("v1", 0, 10), ("v2", 20)],
        20,
        2,
    ),
    "paused ones are superseded too": (
        [term(2, 20, max_catchup_ticks=2, catchup_policy=LATEST), term(1, enabled=False)],
        40,
        [("superseded", -0.02, 30, 3), ("v2", 30, 40)],
        40,
        0,
    ),
    "the latest of three versions, cut in the first": (
        [term(3, 35, max_catchup_ticks=4, catchup_policy=LATEST), term(2, 25), term(1)],
        50,
        [("superseded", -0.02, 20, 2), ("v1", 20), ("v2", 30), ("v3", 40, 50)],
        50,
        0,
    ),
    "the latest of three versions, cut in the second": (
        [term(3, 35, max_catchup_ticks=3, catchup_policy=LATEST), term(2, 15), term(1)],
        50,
        [("superseded", -0.02, 30, 3), ("v2", 30), ("v3", 40, 50)],
        50,
        0,
    ),
    "the latest of three versions, cut between two": (
        [term(3, 35, max_catchup_ticks=2, catchup_policy=LATEST), term(2, 15), term(1)],
        50,
        [("superseded", -0.02, 40, 4), ("v3", 40, 50)],
        50,
        0,
    ),
    "the latest of every second": (
        [term(cron_expression="* * * * * *", max_catchup_ticks=2, catchup_policy=LATEST)],
        5 / 60,
        [("superseded", -0.02, 0.07, 4), ("v1", 0.07, 0.08)],
        0.08,
        0,
    ),
    "an end": ([term(end=20)], 60, [("v1", 0, 10)], 10, 0),
    "an end and a window": ([term(end=20, catchup_window_minutes=30)], 60, [("window", -0.02, 30, 2)], 29.98, 0),
    "each under its own version": (
        [term(3, 35), term(2, 15, cron_expression="5-59/10 * * * *"), term(1)],
        50,
        [("v1", 0, 10), ("v2", 15, 25), ("v3", 40, 50)],
        50,
        0,
    ),
    "window and bound are those in force at now": (
        [term(2, 30, catchup_window_minutes=20, max_catchup_ticks=1), term(1)],
        29,
        [("v1", 0, 10, 20)],
        20,
        0,
    ),
    "the newer window reaches older occurrences": (
        [term(2, 30, catchup_window_minutes=20, max_catchup_ticks=1), term(1)],
        30,
        [("window", -0.02, 10, 1), ("v1", 10)],
        10,
        2,
    ),
    "a version that a later one shadows": ([term(3, 10), term(2, 20, enabled=False), term(1)], 30, None, 30, 0),
    "deleted": ([term(2, 15, deleted=True), term(1)], 60, [("v1", 0, 10)], 10, 0),
    "deleted and made anew": (
        [term(3, 40, start=40), term(2, 15, deleted=True), term(1)],
        60,
        [("v1", 0, 10), ("v3", 40, 50, 60)],
        60,
        0,
    ),
    "made anew in the future": (
        [term(3, 80, start=80), term(2, 15, deleted=True, max_catchup_ticks=1), term(1)],
        60,
        [("v1", 0)],
        0,
        1,
    ),
    "changed before a start in the future": (
        [term(4, 50, start=80), term(3, 80, start=80), term(2, 15, deleted=True), term(1)],
        90,
        [("v1", 0, 10), ("v4", 80, 90)],
        90,
        0,
    ),
    "an end moved to the past": ([term(2, 35, end=5), term(1)], 60, [("v1", 0, 10, 20, 30)], 30, 0),
    "broken from the start": ([term(timezone=BROKEN)], 30, ["failure"], None, 0),
    "broken later": ([term(2, 25, timezone=BROKEN), term(1)], 60, [("v1", 0, 10, 20), "failure"], 20, 0),
    "broken and disabled": ([term(2, 25, timezone=BROKEN, enabled=False), term(1)], 60, [("v1", 0, 10, 20)], 20, 0),
    "the window lapse ends where a broken version begins": (
        [term(2, 25, timezone=BROKEN, catchup_window_minutes=10), term(1)],
        60,
        [("window", -0.02, 25, 3), "failure"],
        24.98,
        0,
    ),
    "broken in the middle": (
        [term(3, 45), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("v1", 0, 10, 20), ("unevaluable", 20, 45, None), ("v3", 50, 60)],
        60,
        0,
    ),
    "broken and disabled in the middle": (
        [term(3, 45), term(2, 25, timezone=BROKEN, enabled=False), term(1)],
        60,
        [("v1", 0, 10, 20), ("unevaluable", 20, 45, None), ("v3", 50, 60)],
        60,
        0,
    ),
    "broken, then broken otherwise": (
        [term(3, 45, timezone=BROKEN), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("v1", 0, 10, 20), ("unevaluable", 20, 45, None), "failure"],
        44.98,
        0,
    ),
    "the window ends before the broken part and starts anew after it": (
        [term(3, 45, catchup_window_minutes=5), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("window", -0.02, 25, 3), ("unevaluable", 24.98, 45, None), ("window", 44.98, 55, 1), ("v3", 60)],
        60,
        0,
    ),
    "a window within the broken part": (
        [term(3, 45, catchup_window_minutes=25), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("window", -0.02, 25, 3), ("unevaluable", 24.98, 45, None), ("v3", 50, 60)],
        60,
        0,
    ),
    "the bound binds before the broken part": (
        [term(3, 45, max_catchup_ticks=2), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("v1", 0, 10)],
        10,
        3,
    ),
    "the bound binds at the broken part": (
        [term(3, 45, max_catchup_ticks=3), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("v1", 0, 10, 20), ("unevaluable", 20, 45, None)],
        44.98,
        2,
    ),
    "the latest behind a broken part": (
        [term(3, 45, max_catchup_ticks=1, catchup_policy=LATEST), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("superseded", -0.02, 25, 3), ("unevaluable", 24.98, 45, None), ("superseded", 44.98, 60, 1), ("v3", 60)],
        60,
        0,
    ),
    "the latest on both sides of a broken part": (
        [term(3, 45, max_catchup_ticks=3, catchup_policy=LATEST), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("superseded", -0.02, 20, 2), ("v1", 20), ("unevaluable", 20, 45, None), ("v3", 50, 60)],
        60,
        0,
    ),
    "the latest before a broken version": (
        [term(2, 25, timezone=BROKEN, max_catchup_ticks=2, catchup_policy=LATEST), term(1)],
        60,
        [("superseded", -0.02, 10, 1), ("v1", 10, 20), "failure"],
        20,
        0,
    ),
    "broken and ended": ([term(2, 25, timezone=BROKEN, end=40), term(1)], 60, [("v1", 0, 10, 20), "failure"], 20, 0),
    "broken and deleted": (
        [term(3, 45, deleted=True), term(2, 25, timezone=BROKEN), term(1)],
        60,
        [("v1", 0, 10, 20), ("unevaluable", 20, 45, None)],
        44.98,
        0,
    ),
    "broken, ended, and another later": (
        [term(3, 45), term(2, 25, timezone=BROKEN, end=30), term(1)],
        60,
        [("v1", 0, 10, 20), ("unevaluable", 20, 30, None), ("v3", 50, 60)],
        60,
        0,
    ),
    "a broken version that is shadowed whole": (
        [term(3, 25), term(2, 25, timezone=BROKEN), term(1)],
        30,
        [("v1", 0, 10, 20), ("v3", 30)],
        30,
        0,
    ),
    "a broken cron expression": ([term(cron_expression="61 * * * *")], 30, ["failure"], None, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_table(name: str) -> None:
    """What each small world becomes: steps in the order of time, the cursor, what waits, and a failure."""
    terms, now, steps, cursor, deferred = CASES[name]
    outcome = evaluate(terms, START, at(now))
    if steps is not None:
        assert told(outcome) + (["failure"] if outcome.failure else []) == steps
    assert minutes(outcome.cursor) == (minutes(START) if cursor is None else round(cursor, 2))
    assert outcome.deferred == deferred
    assert not outcome.more


def test_why_ticks_are_skipped() -> None:
    """Ticks say why they request no run; neighbors with the same reason are together."""
    paused, excluded = term(paused_until=at(15)), term(2, 25, excluded_days='["2025-03-04"]')
    assert evaluate([term(3, 45, enabled=False), excluded, paused], START, at(60)).steps == [
        Ticks(paused, [at(0), at(10)], "paused"),
        Ticks(paused, [at(20)], None),
        Ticks(excluded, [at(30), at(40)], "excluded"),
        Ticks(term(3, 45, enabled=False), [at(50), at(60)], "paused"),
    ]


@pytest.mark.parametrize(
    ("ahead", "window", "steps"),
    [
        ([20], 1440, [("v1", 10, 30, 40)]),
        ([10, 40], 1440, [("v1", 20, 30)]),
        ([20], 10, [("window", 0, 20, 1), ("window", 20, 35, 1), ("v1", 40)]),
        ([10, 20], 10, [("window", 20, 35, 1), ("v1", 40)]),
        ([10, 20, 30], 10, [("v1", 40)]),
        ([10, 20, 30, 40], 1440, []),
    ],
)
def test_ticks_ahead_of_the_cursor(ahead: list[float], window: int, steps: list[tuple[Any, ...]]) -> None:
    """What is a tick already, after a rewind, is not made again, and no lapse covers it."""
    outcome = evaluate([term(catchup_window_minutes=window)], at(0), at(45), ahead=[at(tick) for tick in ahead])
    assert told(outcome) == steps


def test_a_shadowed_version_makes_nothing() -> None:
    """The version in force is the highest-numbered one whose effective_from is not after the instant."""
    outcome = evaluate(CASES["a version that a later one shadows"][0], START, at(30))
    assert told(outcome) == [("v1", 0), ("v3", 10, 20, 30)]


def test_now_behind_the_cursor() -> None:
    """A `now` behind what is already evaluated finds nothing due, changes nothing, and fails for nothing."""
    for terms in ([term()], [term(timezone=BROKEN)], [term(2, 40, timezone=BROKEN), term(1)]):
        for now in (-100, 0, 10, 29):
            outcome = evaluate(terms, at(30), at(now))
            assert (outcome.steps, outcome.cursor, outcome.deferred, outcome.failure) == ([], at(30), 0, None)


def test_now_behind_a_change() -> None:
    """Evaluating behind a change takes the window, the bound and the version in force at that `now`."""
    terms = [term(2, 30, max_catchup_ticks=1, cron_expression="* * * * *"), term(1, max_catchup_ticks=2)]
    assert told(evaluate(terms, START, at(29))) == [("v1", 0, 10)]
    assert told(evaluate(terms, START, at(31))) == [("v1", 0)]


def test_failure_says_why() -> None:
    """A version that can't be evaluated is reported with the error."""
    failure = evaluate([term(timezone=BROKEN)], START, at(1)).failure
    assert failure is not None
    assert failure.term.version == 1
    assert BROKEN in failure.error


def test_a_second_evaluation_takes_up_the_next() -> None:
    """Where occurrences wait, each evaluation takes up the next `max_catchup_ticks`, and then nothing is left."""
    terms, cursor, seen = [term(max_catchup_ticks=3)], START, []
    for _ in range(4):
        outcome = evaluate(terms, cursor, at(70))
        cursor = outcome.cursor
        seen.append((told(outcome), outcome.deferred))
    assert seen == [([("v1", 0, 10, 20)], 5), ([("v1", 30, 40, 50)], 2), ([("v1", 60, 70)], 0), ([], 0)]


def test_count_is_closed_form() -> None:
    """Two thousand years of a per-second schedule lapse with their exact count at once."""
    start, now = parse_instant("0001-01-01T00:00:00Z"), at(0)
    long_ago = [term(cron_expression="* * * * * *", effective_from=start, start_at=start, catchup_window_minutes=1)]
    for policy in ("oldest-first", LATEST):
        terms = [long_ago[0]._replace(catchup_policy=policy, max_catchup_ticks=2)]
        outcome = evaluate(terms, start - 1, now)
        lapsed = sum(step.missed or 0 for step in outcome.steps if isinstance(step, Lapse))
        assert lapsed + outcome.taken + outcome.deferred == now - start  # nothing is due in the first second there is
        assert outcome.taken == 2
        assert outcome.deferred == (59 if policy == "oldest-first" else 0)


SPELLS = ["1 1 1 1 *", "*/7 * * * *", "3-59/20 * * * *", "* * * * *", "*/30 * * * * *"]


@st.composite
def worlds(draw: st.DrawFn) -> list[Term]:
    """One to five versions, newest first, sensible or not."""
    terms = []
    for version in range(1, draw(st.integers(1, 5)) + 1):
        from_ = draw(st.integers(0, 120))
        start = draw(st.sampled_from([0, 0, from_, from_ + 7]))
        terms.append(
            term(
                version,
                0 if version == 1 else from_,
                start=0 if version == 1 else start,
                end=draw(st.sampled_from([None, None, None, 40, 90])),
                enabled=draw(st.booleans()),
                deleted=version > 1 and draw(st.integers(0, 4)) == 0,
                cron_expression=draw(st.sampled_from(SPELLS)),
                timezone=draw(st.sampled_from(["UTC", "UTC", "UTC", BROKEN])),
                catchup_window_minutes=draw(st.sampled_from([1, 5, 30, 60, 1440])),
                max_catchup_ticks=draw(st.sampled_from([1, 2, 5, 50, 1000])),
                catchup_policy=draw(st.sampled_from(["oldest-first", LATEST])),
                paused_until=draw(st.sampled_from([None, None, at(20), at(75)])),
                excluded_days=draw(st.sampled_from([None, None, '["2025-03-04"]', '["2025-03-05..2025-03-06"]'])),
            )
        )
    return [version for version in reversed(terms) if version.end_at is None or version.end_at > version.start_at]


@given(worlds(), st.integers(0, 150), st.integers(1, 9))
def test_bounded_transactions_give_the_same(terms: list[Term], now: int, limit: int) -> None:
    """Evaluating at most `limit` ticks at a time, with what is left of the quota, gives the same as all at once."""
    if terms[-1].effective_from != at(0):
        return
    whole = evaluate(terms, START, at(now))
    parts: list[Outcome] = []
    cursor, quota = START, None
    while not parts or parts[-1].more:
        part = evaluate(terms, cursor, at(now), quota, limit)
        assert part.taken <= limit
        parts.append(part)
        cursor, quota = part.cursor, part.quota - part.taken
    steps = list(itertools.chain.from_iterable(part.steps for part in parts))
    assert _flat(steps) == _flat(whole.steps)
    last = parts[-1]
    assert (last.cursor, last.deferred, last.failure) == (whole.cursor, whole.deferred, whole.failure)
    assert sum(part.taken for part in parts) == whole.taken


def _flat(steps: list[Ticks | Lapse]) -> list[Any]:
    flat: list[Any] = []
    for step in steps:
        flat += [step] if isinstance(step, Lapse) else [(step.term.version, instant) for instant in step.instants]
    return flat


@given(worlds(), st.lists(st.integers(0, 150), min_size=1, max_size=6))
def test_nothing_is_lost(terms: list[Term], nows: list[int]) -> None:
    """Step by step the cursor only moves forward, records never overlap, and ticks, lapses and what waits are all."""
    if terms[-1].effective_from != at(0):
        return
    cursor, accounted = START, 0
    for now in sorted(nows):
        outcome = evaluate(terms, cursor, at(now))
        position = cursor
        for step in outcome.steps:
            if isinstance(step, Lapse):
                assert step.after == position < step.before
                exact = list(occurrences(terms, step.after + 1, step.before))
                assert step.missed is None or step.missed == len(exact) > 0
                accounted += len(exact)
                position = step.before - 1
            else:
                assert step.instants == sorted(step.instants)
                assert list(occurrences(terms, position + 1, step.instants[-1] + 1)) == step.instants
                for instant in step.instants:
                    version = in_force(terms, instant)
                    assert version is not None
                    assert version.version == step.term.version
                accounted += len(step.instants)
                position = step.instants[-1]
        assert outcome.cursor == position >= cursor
        cursor = position
        assert accounted == sum(1 for _ in occurrences(terms, START + 1, cursor + 1))
        again = evaluate(terms, cursor, at(now))
        if not outcome.deferred:
            assert (again.steps, again.cursor) == ([], cursor)


@given(worlds(), st.integers(0, 150))
def test_agenda_is_when_an_evaluation_first_does_anything(terms: list[Term], now: int) -> None:
    """Before the agenda's instant an evaluation finds nothing to do; at it, it does, and where it fails it says so."""
    if terms[-1].effective_from != at(0):
        return
    cursor = evaluate(terms, START, at(now)).cursor
    when = agenda(terms, cursor)
    if when is None:
        outcome = evaluate(terms, cursor, at(100_000))
        assert (outcome.steps, outcome.failure) == ([], None)
        return
    due_at = max(when.due_at, cursor + 1)
    before = evaluate(terms, cursor, due_at - 1)
    assert (before.steps, before.failure) == ([], None)
    there = evaluate(terms, cursor, due_at)
    assert there.steps or there.failure
    if not when.failing:
        assert next(occurrences(terms, cursor + 1, due_at + 1)) == due_at
        assert waiting(terms, cursor, due_at) == 0
        assert waiting(terms, cursor, due_at + 1) == 1


@given(worlds(), st.integers(0, 150), st.integers(0, 150))
def test_discarding_accounts_for_all_before(terms: list[Term], now: int, before: int) -> None:
    """Discarding lapses what waits before an instant, with the exact count, and leaves what comes after."""
    if terms[-1].effective_from != at(0):
        return
    cursor = evaluate(terms, START, at(now)).cursor
    count = waiting(terms, cursor, at(before))
    lapses = discard(terms, cursor, at(before))
    assert sum(lapse.missed or 0 for lapse in lapses) == count
    position = cursor
    for lapse in lapses:
        assert lapse.after == position
        assert lapse.before <= at(before)
        assert (lapse.reason == "discarded") == (lapse.missed is not None)
        position = lapse.before - 1
    assert waiting(terms, position, at(before)) == 0


@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [
        (0, 60, [(1, 0, 20), (2, 30, 60)]),
        (19, 21, [(1, 19, 20)]),
        (20, 30, []),  # after the end of the one, before the start of the other
        (29, 30, []),
        (29, 31, [(2, 30, 31)]),
        (31, 31, []),
    ],
)
def test_stretches(start: float, stop: float, found: list[tuple[int, float, float]]) -> None:
    """The spans in which a version is in force and may occur, and none that is empty."""
    terms = [term(2, 25, start=30), term(end=20)]
    parts = core.stretches(terms, at(start), at(stop))
    assert [(part.term.version, minutes(part.start), minutes(part.stop)) for part in parts] == found


LOOKED_BACK: dict[str, tuple[list[Term], tuple[float, float], list[tuple[float, int]]]] = {
    # name: (terms newest first, from and to, (minute, version) of each occurrence)
    "within one version": ([term()], (10, 31), [(10, 1), (20, 1), (30, 1)]),
    "the end is not in it": ([term()], (10, 30), [(10, 1), (20, 1)]),
    "from before the start": ([term(from_=25, start=25)], (5, 41), [(10, 1), (20, 1), (30, 1), (40, 1)]),
    "all before the start": ([term(from_=25, start=25)], (5, 21), [(10, 1), (20, 1)]),
    "each under its own version": (
        [term(2, 25, cron_expression="*/5 * * * *"), term()],
        (15, 36),
        [(20, 1), (25, 2), (30, 2), (35, 2)],
    ),
    "from before the start to the second version": (
        [term(2, 25, start=15), term(from_=15, start=15)],
        (5, 31),
        [(10, 1), (20, 1), (30, 2)],
    ),
    "each of three under its own": (
        [term(3, 35), term(2, 15, cron_expression="*/5 * * * *"), term()],
        (5, 41),
        [(10, 1), (15, 2), (20, 2), (25, 2), (30, 2), (40, 3)],
    ),
    "what was deleted does not occur": ([term(2, 25, deleted=True), term()], (15, 61), [(20, 1)]),
    "what can't be read is left out": ([term(2, 25), term(timezone=BROKEN)], (5, 41), [(30, 2), (40, 2)]),
}


@pytest.mark.parametrize("name", LOOKED_BACK)
def test_looking_back(name: str) -> None:
    """Backfilling sees every occurrence with its version, and before the start those of version 1."""
    terms, (start, stop), found = LOOKED_BACK[name]
    seen = [(minutes(instant), term.version) for instant, term in core.each_occurrence(terms, at(start), at(stop))]
    assert seen == found
    assert core.count_each(terms, at(start), at(stop)) == len(found)


AGENDAS: dict[str, tuple[list[Term], float, list[float], Agenda | None]] = {
    # name: (terms newest first, cursor, instants of ticks ahead of it, when to look next)
    "the next occurrence": ([term()], 0, [], Agenda(at(10), failing=False)),
    "the second after the cursor": ([term()], 10 - 1 / 60, [], Agenda(at(10), failing=False)),
    "one that is a tick already": ([term()], 0, [10], Agenda(at(20), failing=False)),
    "several that are ticks already": ([term()], 0, [10, 20, 30], Agenda(at(40), failing=False)),
    "all that there are": ([term(end=25)], 0, [10, 20], None),
    "at the instant of a change, by the new version": (
        [term(2, 30, cron_expression="45 * * * *"), term()],
        20,
        [],
        Agenda(at(45), failing=False),
    ),
    "the second before a change, by the old one": (
        [term(2, 30 + 1 / 60, cron_expression="45 * * * *"), term()],
        20,
        [],
        Agenda(at(30), failing=False),
    ),
    "one that is broken, where it begins": ([term(2, 25, timezone=BROKEN), term()], 20, [], Agenda(at(25), True)),
    "one that is broken, after what comes before": (
        [term(2, 25, timezone=BROKEN), term()],
        10,
        [],
        Agenda(at(20), failing=False),
    ),
    "one that is broken and ended, paused: when the next begins": (
        [term(3, 45), term(2, 25, timezone=BROKEN, enabled=False, end=30), term()],
        20,
        [],
        Agenda(at(45), failing=True),
    ),
    "one that is broken and paused, when the first of two others begins": (
        [term(4, 55), term(3, 45), term(2, 25, timezone=BROKEN, enabled=False), term()],
        20,
        [],
        Agenda(at(45), failing=True),
    ),
    "one that is broken and was replaced when the later one was made: the next occurrence": (
        [term(3, 45, created=50), term(2, 25, timezone=BROKEN), term()],
        20,
        [],
        Agenda(at(50), failing=False),
    ),
    "one that was replaced at once": (
        [term(3, 45, created=45), term(2, 25, timezone=BROKEN), term()],
        20,
        [],
        Agenda(at(50), failing=False),
    ),
    "one that was replaced a second too late": (
        [term(3, 45, created=45 - 1 / 60), term(2, 25, timezone=BROKEN), term()],
        20,
        [],
        Agenda(at(25), failing=True),
    ),
    "one that is broken and was replaced, and nothing comes: where its replacement begins": (
        [term(3, 45, created=50, deleted=True), term(2, 25, timezone=BROKEN), term()],
        20,
        [],
        Agenda(at(45), failing=False),
    ),
    "two of them: where the first one's replacement begins": (
        [term(4, 55, created=60, deleted=True), term(3, 45, timezone=BROKEN), term(2, 25, timezone=BROKEN), term()],
        20,
        [],
        Agenda(at(45), failing=False),
    ),
    "deleted": ([term(2, 15, deleted=True), term()], 10, [], None),
    "ended": ([term(end=15)], 10, [], None),
}


@pytest.mark.parametrize("name", AGENDAS)
def test_agenda(name: str) -> None:
    """When the evaluator must look at a schedule next."""
    terms, cursor, ahead, when = AGENDAS[name]
    assert agenda(terms, at(cursor), [at(tick) for tick in ahead]) == when


def test_agenda_at_the_end_of_time() -> None:
    """The last instant that there is comes after all that is due, so that it can be said from when on nothing is."""
    each_second = term(cron_expression="* * * * * *")
    assert agenda([each_second], MAX_INSTANT - 2) == Agenda(MAX_INSTANT - 1, failing=False)
    assert agenda([each_second], MAX_INSTANT - 1) is None
    assert evaluate([each_second], MAX_INSTANT - 3, MAX_INSTANT).cursor == MAX_INSTANT - 1
    assert evaluate([each_second], MAX_INSTANT, MAX_INSTANT).steps == []
    latest = each_second._replace(catchup_policy="latest")
    assert evaluate([latest], MAX_INSTANT - 3, MAX_INSTANT, 0).steps == [
        Lapse(MAX_INSTANT - 3, MAX_INSTANT, 2, "superseded")
    ]


def test_a_limit_on_both_sides_of_what_cannot_be_read() -> None:
    """What one transaction may make is counted over all of them."""
    terms = [term(3, 45), term(2, 25, timezone=BROKEN), term()]
    outcome = evaluate(terms, START, at(60), limit=4)
    assert told(outcome) == [("v1", 0, 10, 20), ("unevaluable", 20, 45, None), ("v3", 50)]
    assert (outcome.taken, outcome.more, outcome.deferred) == (4, True, 1)


@given(
    st.sampled_from(["* * * * * *", "*/2 * * * * *", "*/10 * * * *"]),
    st.sets(st.integers(-3, 40), max_size=30),
    st.integers(-5, 40),
    st.integers(0, 45),
    st.integers(0, 20),
)
def test_remaining(cron: str, ahead: set[int], start: int, length: int, limit: int) -> None:
    """What is left of a timetable are its occurrences less those that are ticks already, whichever way it is asked."""
    times = timetable(cron, "UTC", "next", "first")
    begin, end = DAY + start, DAY + start + length
    left = Remaining(times, sorted(DAY + second for second in ahead))
    expected = [it for it in times.between(begin, end) if it - DAY not in ahead]
    assert list(left.between(begin, end)) == expected
    assert left.take(begin, end, limit) == expected[:limit]
    assert left.take_newest(begin, end, limit) == expected[len(expected) - min(limit, len(expected)) :]
    assert left.count(begin, end) == len(expected)
    assert left.next(begin) == next(it for it in times.between(begin, begin + 7200) if it - DAY not in ahead)


DISCARDED: dict[str, tuple[list[Term], float, list[tuple[Any, ...]]]] = {
    # name: (terms newest first, before, lapses as (reason, after, before, missed))
    "what waits": ([term()], 25, [("discarded", -0.02, 25, 3)]),
    "not the instant itself": ([term()], 20, [("discarded", -0.02, 20, 2)]),
    "nothing": ([term()], 0, []),
    "of several versions, in one": ([term(2, 15), term()], 25, [("discarded", -0.02, 25, 3)]),
    "what can't be read apart": (
        [term(3, 45), term(2, 25, timezone=BROKEN), term()],
        60,
        [("discarded", -0.02, 25, 3), ("unevaluable", 24.98, 45, None), ("discarded", 44.98, 60, 1)],
    ),
    "up into what can't be read": (
        [term(2, 25, timezone=BROKEN), term()],
        60,
        [("discarded", -0.02, 25, 3), ("unevaluable", 24.98, 60, None)],
    ),
}


@pytest.mark.parametrize("name", DISCARDED)
def test_discarding(name: str) -> None:
    """What waits lapses with its count, and what can't be counted by itself."""
    terms, before, lapses = DISCARDED[name]
    found = discard(terms, START, at(before))
    assert [(it.reason, minutes(it.after), minutes(it.before), it.missed) for it in found] == lapses


def test_discarding_begins_after_the_cursor() -> None:
    """What is a tick already is not discarded."""
    assert discard([term()], at(10), at(25)) == [Lapse(at(10), at(25), 1, "discarded")]


@pytest.mark.parametrize(
    ("ahead", "left", "lapses"),
    [
        ([], 3, [Lapse(at(20) - 1, at(45), 3, "discarded")]),
        ([20], 2, [Lapse(at(20), at(45), 2, "discarded")]),
        ([30], 2, [Lapse(at(20) - 1, at(30), 1, "discarded"), Lapse(at(30), at(45), 1, "discarded")]),
        ([30, 40], 1, [Lapse(at(20) - 1, at(30), 1, "discarded")]),
        ([20, 30, 40], 0, []),
    ],
)
def test_ticks_ahead_are_accounted_for(ahead: list[float], left: int, lapses: list[Lapse]) -> None:
    """Of 20, 30 and 40, what is a tick already neither waits nor is discarded."""
    ticks = [at(tick) for tick in ahead]
    assert waiting([term()], at(20) - 1, at(45), ticks) == left
    assert discard([term()], at(20) - 1, at(45), ticks) == lapses


@pytest.mark.parametrize(
    ("ahead", "lapses"),
    [
        ([], [(10, 20)]),
        ([10 + 1 / 60], [(10 + 1 / 60, 20)]),  # nothing lies between the cursor and the tick
        ([10 + 2 / 60], [(10, 10 + 2 / 60), (10 + 2 / 60, 20)]),
        ([20 - 1 / 60], [(10, 20 - 1 / 60)]),
        ([20 - 2 / 60], [(10, 20 - 2 / 60), (20 - 2 / 60, 20)]),
        ([10, 20], [(10, 20)]),
    ],
)
def test_lapses_of_what_cannot_be_read(ahead: list[float], lapses: list[tuple[float, float]]) -> None:
    """They cover each second but those of ticks, and are never empty."""
    found = discard([term(timezone=BROKEN)], at(10), at(20), [at(tick) for tick in ahead])
    assert found == [Lapse(at(after), at(before), None, "unevaluable") for after, before in lapses]


def test_a_lapse_of_one_second() -> None:
    """It is as good as any."""
    assert discard([term()], at(20) - 1, at(20) + 1) == [Lapse(at(20) - 1, at(20) + 1, 1, "discarded")]


def test_an_interval_counts_from_the_start() -> None:
    """Of the schedule, not of the version."""
    every = term(from_=5, start=3, cron_expression="@every 7m")
    assert [minutes(instant) for instant in occurrences([every], at(0), at(25))] == [10, 17, 24]


def test_agenda_of_the_disabled_and_broken() -> None:
    """Nobody is told of a disabled broken version: its part waits until a later version begins, then lapses."""
    broken = term(2, 25, timezone=BROKEN, enabled=False)
    assert agenda([broken, term(1)], at(20)) is None
    assert agenda([term(3, 45), broken, term(1)], at(20)) == Agenda(at(45), failing=True)
    assert agenda([broken, term(1)], at(10)) == Agenda(at(20), failing=False)


@pytest.mark.parametrize("ahead", [-1_000_000, 0, CLOCK_TOLERANCE])
def test_now_up_to_a_minute_ahead(ahead: int) -> None:
    """A `now` of up to 60 s ahead of the clock is accepted."""
    core.check_now(DAY + ahead, DAY)


def test_now_far_ahead() -> None:
    """A `now` more than 60 s ahead of the clock is refused, with what to do."""
    with pytest.raises(InvalidInput, match="allow_future") as refusal:
        core.check_now(DAY + 61, DAY)
    assert [(problem.field, problem.code) for problem in refusal.value.details] == [("now", "ahead_of_clock")]


def test_when_a_version_failed() -> None:
    """One failed tick a version, no two of a schedule in one second."""
    failed = {(1, 1): 100, (1, 3): 101, (2, 1): 102}
    assert core.failed_at(failed, 1, 1, 500) is None
    assert core.failed_at(failed, 1, 2, 99) == 99
    assert core.failed_at(failed, 1, 2, 100) == 102
    assert core.failed_at(failed, 2, 2, 100) == 100
    assert core.failed_at(failed, 2, 2, 102) == 103
    assert core.failed_at({}, 1, 1, 100) == 100


def test_where_a_history_begins() -> None:
    """At the earliest instant at which a version was in force, which need not be the first one's."""
    assert core.beginning([term(3, 25), term(2, 5), term(from_=15)]) == at(5)

"""The pure rewind (docs/semantics/evaluation.md), a table of small worlds.

Instants are minutes of one day; a schedule starts at minute 0 and occurs every ten minutes. The clock shows minute 60.
"""

import pytest

from arco_sched.core.definitions import Term
from arco_sched.core.history import LapseCut, Rewinding
from arco_sched.core.rewind import rewind
from tests.core.world import BROKEN, at, term

CLOCK = 60


def brought_back(
    terms: list[Term],
    cursor: int,
    lapses: list[tuple[int, float, float, int | None]] | None = None,
    ticks: tuple[float, ...] = (),
    clock: float = CLOCK,
) -> Rewinding | None:
    """The rewinding of a cursor that stands at a minute; lapses and ticks in minutes as well."""
    found = [(seq, at(after), at(before), missed) for seq, after, before, missed in lapses or []]
    return rewind("a", terms, at(cursor), found, [at(tick) for tick in ticks], at(clock))


@pytest.mark.parametrize(
    ("cursor", "clock", "target"),
    [
        (59, 60, None),  # behind the clock
        (60, 60, None),  # at it
        (60 + 1, 60, None),  # a minute ahead, as clocks may be
        (60 + 1 + 1 / 60, 60, 60),
        (500, 60, 60),
        (500, -30, -1 / 60),  # not behind the start of version 1
        (-1 / 60, -30, None),  # where it stands at the start already
    ],
)
def test_how_far(cursor: float, clock: float, target: float | None) -> None:
    """A cursor ahead of the clock comes back to it, but not behind the second before the start of version 1."""
    done = rewind("a", [term()], at(cursor), [], [], at(clock))
    if target is None:
        assert done is None
    else:
        bare = Rewinding(schedule_id="a", before=at(cursor), cursor=at(target), versions=(), lapses=(), ticks=0)
        assert done == bare


@pytest.mark.parametrize(
    ("cursor", "floor", "target"),
    [(500, 59, 60), (500, 60, 60), (500, 100, 100), (500, 499, 499), (500, 500, None), (500, 501, None)],
)
def test_not_behind_what_was_pruned(cursor: float, floor: float, target: float | None) -> None:
    """The runs through the floor are gone, and would be made twice."""
    done = rewind("a", [term()], at(cursor), [], [], at(60), at(floor))
    assert (done and done.cursor) == (None if target is None else at(target))


LAPSES: dict[str, tuple[tuple[int, float, float, int | None], tuple[float, ...], LapseCut | None]] = {
    # name: ((seq, after, before, missed), instants of ticks, what becomes of it: None for nothing)
    "it ends before the clock": ((7, 0, 50, 5), (), None),
    "it ends in the second of the clock, which it does not cover": ((7, 0, 60, 6), (), None),
    "it covers the clock to the second and no more": ((7, 0, 60 + 1 / 60, 6), (), None),
    "it reaches a second beyond": ((7, 0, 60 + 2 / 60, 6), (), LapseCut(7, at(60) + 1, 6)),
    "it reaches far beyond": ((7, 0, 500, 49), (), LapseCut(7, at(60) + 1, 6)),
    "it begins at the clock": ((7, 60, 500, 43), (), LapseCut(7, None, None)),
    "it begins beyond the clock": ((7, 90, 500, 40), (), LapseCut(7, None, None)),
    "it begins a second before the clock": ((7, 60 - 1 / 60, 500, 44), (), LapseCut(7, at(60) + 1, 1)),
    "nothing occurs in what is left": ((7, 51, 500, 44), (), LapseCut(7, at(60) + 1, 1)),
    "one occurrence less, which is a tick": ((7, 0, 500, 48), (30,), LapseCut(7, at(60) + 1, 5)),
    "a tick before it and one beyond the clock do not count": ((7, 20, 500, 47), (20, 70), LapseCut(7, at(60) + 1, 4)),
    "a tick at the clock counts": ((7, 20, 500, 47), (60,), LapseCut(7, at(60) + 1, 3)),
    "all that is left are ticks": ((7, 45, 500, 44), (50, 60), LapseCut(7, None, None)),
    "what can't be counted is cut, uncounted": ((7, 0, 500, None), (), LapseCut(7, at(60) + 1, None)),
    "what can't be counted and begins at the clock": ((7, 60, 500, None), (), LapseCut(7, None, None)),
    "what can't be counted and begins beyond": ((7, 90, 500, None), (), LapseCut(7, None, None)),
}


@pytest.mark.parametrize("name", LAPSES)
def test_lapses(name: str) -> None:
    """A lapse that reaches beyond the clock is cut there with the count that is left, or withdrawn."""
    lapse, ticks, cut = LAPSES[name]
    done = brought_back([term()], 500, [lapse], ticks)
    assert done is not None
    assert done.lapses == (() if cut is None else (cut,))


def test_several_lapses() -> None:
    """Each lapse is judged by itself, and one that stays does not keep the next from being cut."""
    lapses = [(3, 0.0, 20.0, 2), (5, 20.0, 90.0, 7), (9, 90.0, 500.0, 40)]
    done = brought_back([term()], 499, lapses)
    assert done is not None
    assert done.lapses == (LapseCut(5, at(60) + 1, 4), LapseCut(9, None, None))


def test_nothing_is_left() -> None:
    """A lapse in whose rest nothing occurs is withdrawn."""
    hourly = term(cron_expression="30 * * * *")
    done = brought_back([hourly], 500, [(7, 40, 500, 8)])
    assert done is not None
    assert done.lapses == (LapseCut(7, None, None),)


def test_a_lapse_over_a_version_that_is_lost() -> None:
    """What a version that can't be read any more had in a lapse counts as nothing."""
    done = brought_back([term(2, 30), term(timezone=BROKEN)], 500, [(7, 0, 500, 40)])
    assert done is not None
    assert done.lapses == (LapseCut(7, at(60) + 1, 4),)


VERSIONS: dict[str, tuple[list[Term], tuple[tuple[int, int, int | None], ...]]] = {
    "in force at the clock": ([term(2, 60), term()], ()),
    "from the second after it": ([term(2, 60 + 1 / 60), term()], ()),
    "pushed behind the cursor": ([term(2, 500 + 1 / 60), term()], ((2, at(60) + 1, None),)),
    "several, oldest first": ([term(3, 501), term(2, 501), term()], ((2, at(60) + 1, None), (3, at(60) + 1, None))),
    "one that begins at its own start was meant to": ([term(2, 400, start=400), term()], ()),
    "one of both": ([term(3, 501), term(2, 400, start=400), term()], ((3, at(60) + 1, None),)),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_versions(name: str) -> None:
    """Versions that had been pushed behind the cursor take effect in the second after the clock."""
    terms, moved = VERSIONS[name]
    done = brought_back(terms, 500)
    assert done is not None
    assert done.versions == moved


WRONG: dict[str, tuple[list[Term], tuple[tuple[int, int, int | None], ...]]] = {
    # The clock that made them showed minute 500 or later; cursors stand where they are without any evaluation.
    "created": ([term(1, 500, start=500, created=500)], ((1, at(60) + 1, at(60) + 1),)),
    "created, with a start of its own": ([term(1, 400, start=400, created=500)], ()),
    "created, with a start in the past": ([term(1, 0, start=0, created=500)], ()),
    "created and changed": (
        [term(2, 510, start=500, created=510), term(1, 500, start=500, created=500)],
        ((1, at(60) + 1, at(60) + 1), (2, at(60) + 1, at(60) + 1)),
    ),
    "created, and changed when it was right": (
        [term(2, 50, start=500, created=50), term(1, 500, start=500, created=500)],
        ((1, at(60) + 1, at(60) + 1), (2, at(50), at(60) + 1)),
    ),
    "created, and given a start": (
        [term(2, 50, start=300, created=50), term(1, 500, start=500, created=500)],
        (),
    ),
    "changed": ([term(2, 500, created=500), term()], ((2, at(60) + 1, None),)),
    "changed, and changed again when it was right": ([term(3, 50, created=50), term(2, 500, created=500), term()], ()),
    "deleted": ([term(2, 500, created=500, deleted=True), term()], ((2, at(60) + 1, None),)),
    "made anew": (
        [term(3, 500, start=500, created=500), term(2, 50, created=50, deleted=True), term()],
        ((3, at(60) + 1, at(60) + 1),),
    ),
    "made anew, with a start of its own": (
        [term(3, 400, start=400, created=50), term(2, 40, created=40, deleted=True), term()],
        (),
    ),
    "within a minute": ([term(1, 61, start=61, created=61)], ()),
    "changed, from within a minute on": ([term(2, 60.5, created=60.5), term()], ()),
    "changed when it was right": ([term(2, 500, created=50), term()], ()),
    "changed, from a minute on": ([term(2, 61, created=500), term()], ()),
    "changed a minute ahead": ([term(2, 500, created=61), term()], ()),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_wrong_clock_made(name: str) -> None:
    """What a clock far ahead made takes effect in the second after the right one, with the start that it gave."""
    terms, moved = WRONG[name]
    cursor = min(term.effective_from for term in terms) - 1
    done = rewind("a", terms, cursor, [], [], at(60))
    assert (() if done is None else done.versions) == moved
    if done is not None:
        assert (done.before, done.cursor) == (cursor, min(cursor, at(60)))
        after = {shift.version: shift for shift in done.versions}
        again = [
            each._replace(
                effective_from=after[each.version].effective_from,
                start_at=after[each.version].start_at or each.start_at,
            )
            if each.version in after
            else each
            for each in terms
        ]
        assert rewind("a", again, done.cursor, [], [], at(60)) is None


def test_all_that_was_pushed_comes_back() -> None:
    """Deleted and made anew behind a cursor that was ahead: both take effect after the clock."""
    terms = [term(3, 500, start=55, created=55), term(2, 500, created=50, deleted=True), term()]
    done = brought_back(terms, 499)
    assert done is not None
    assert done.versions == ((2, at(60) + 1, None), (3, at(60) + 1, None))
    # One that was told to start later does so.
    done = brought_back([term(3, 500, start=80, created=55), *terms[1:]], 499)
    assert done is not None
    assert done.versions == ((2, at(60) + 1, None), (3, at(80), None))


def test_ticks_that_stay() -> None:
    """Ticks beyond the clock are counted, and the one at it is not beyond."""
    done = brought_back([term()], 500, ticks=(50, 60, 70, 80, 500))
    assert done is not None
    assert done.ticks == 3


def test_a_second_before_an_occurrence() -> None:
    """What occurs in the second after the clock is not in what is left of a lapse."""
    done = brought_back([term()], 500, [(7, 0, 500, 49)], clock=70 - 1 / 60)
    assert done is not None
    assert done.lapses == (LapseCut(7, at(70), 6),)

"""The pure rewind (docs/semantics.md, "A cursor ahead of the clock"), a table of small worlds.

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
        (60 + 1 / 60, 60, 60),  # a second ahead
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


VERSIONS: dict[str, tuple[list[Term], tuple[tuple[int, int], ...]]] = {
    "in force at the clock": ([term(2, 60), term()], ()),
    "from the second after it": ([term(2, 60 + 1 / 60), term()], ((2, at(60) + 1),)),
    "pushed behind the cursor": ([term(2, 500 + 1 / 60), term()], ((2, at(60) + 1),)),
    "several, oldest first": ([term(3, 501), term(2, 501), term()], ((2, at(60) + 1), (3, at(60) + 1))),
    "one that begins at its own start was meant to": ([term(2, 400, start=400), term()], ()),
    "one of both": ([term(3, 501), term(2, 400, start=400), term()], ((3, at(60) + 1),)),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_versions(name: str) -> None:
    """Versions that had been pushed behind the cursor take effect in the second after the clock."""
    terms, moved = VERSIONS[name]
    done = brought_back(terms, 500)
    assert done is not None
    assert done.versions == moved


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

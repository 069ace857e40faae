"""What every store promises over whole histories: its tables are the fold of the events, and its questions agree.

The histories are made by the services on a store of each kind.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from arco_sched.core.definitions import Definition
from arco_sched.core.events import PRUNED, REWOUND
from arco_sched.core.identity import parse_tick_id
from arco_sched.core.instants import parse_instant
from arco_sched.core.ports import Store, Transaction
from arco_sched.service.pruning import prune
from arco_sched.service.workspace import Workspace
from tests import story
from tests.pausing import Pausing
from tests.store.stores import Kind, differences

DAY = parse_instant("2025-03-04T00:00:00Z")
MINUTELY = Definition(cron_expression="* * * * *", max_catchup_ticks=1000)


class Audited:
    """A store whose tables are compared with the fold of its events after every commit, in a connection of its own."""

    def __init__(self, store: Store, auditor: Store) -> None:
        self._store, self._auditor = store, auditor
        self.commits = 0
        self._last = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction, and the comparison."""
        with self._store.write() as transaction:
            yield transaction
        with self._auditor.read() as reading:
            last = reading.events.last_seq()
        if last != self._last:
            self._last = last
            self.commits += 1
            assert differences(self._auditor) == []


@pytest.mark.slow
def test_tables_are_the_fold_at_every_commit(kind: Kind, path: Path) -> None:
    """After each of the transactions of a long story, the tables are what folding all events again gives."""
    made = kind.create(path, "trust", "1970a")
    with kind.also(path) as auditor, Workspace(made) as workspace:
        audited = workspace._store = Audited(made, auditor)
        story.happen(workspace)
        assert audited.commits > 50


@pytest.fixture
def history(kind: Kind, path: Path) -> Iterator[Store]:
    """A store in which everything has happened that can happen."""
    made = kind.create(path, "trust", "1970a")
    with Workspace(made) as workspace:
        story.happen(workspace)
        yield made


def test_questions_about_sets_agree_with_the_lists(history: Store) -> None:
    """What is asked for many schedules at once is what the lists of ticks, lapses and events say of each."""
    with history.read() as transaction:
        numbers = transaction.definitions.numbers()
        ids = {state.schedule: state.schedule_id for state in transaction.definitions.states(numbers)}
        asked = transaction.history
        edges = [story.START + 7 * story.HOUR * step for step in range(12)]
        buckets = asked.tick_buckets(numbers, edges)
        after = {number: story.START + number * story.HOUR for number in numbers}
        instants, failures = asked.scheduled_instants(after), asked.failures(numbers)
        within = asked.lapses_within(numbers, edges[1], edges[-1])
        beyond = asked.lapses_beyond(numbers, edges[2])
        terms = transaction.definitions.all_terms(numbers)
        rewinds, prunings = transaction.events.counts(REWOUND, numbers), transaction.events.counts(PRUNED, numbers)
        reaching = asked.reaching_before(story.START + story.DAY)
        for number in numbers:
            ticks = asked.ticks(schedule=number, limit=10_000)
            keys = [parse_tick_id(tick.tick_id) for tick in ticks]
            scheduled = [key.number for key in keys if key is not None and key.origin == "scheduled"]
            assert instants[number] == sorted(at for at in scheduled if at > after[number])
            failed = {(number, it.definition_version): it.scheduled_for for it in ticks if it.status == "failed"}
            assert {each: at for each, at in failures.items() if each[0] == number} == failed
            for place, (start, stop) in enumerate(pairwise(edges)):
                there = [tick.status for tick in ticks if start <= tick.scheduled_for < stop]
                counts = {status: there.count(status) for status in set(there)}
                assert buckets.get((number, place), {}) == counts
                statuses = asked.statuses(number, start, stop)
                assert sorted(statuses.values()) == sorted(there)
            lapses = [lapse for lapse, _ in asked.lapses(schedule=number, limit=10_000)]
            touching = [lapse for lapse in lapses if lapse.after + 1 < edges[-1] and lapse.before > edges[1]]
            assert within[number] == sorted(touching)
            spans = [(span.after, span.before, span.missed, span.reason) for span in beyond[number]]
            assert spans == sorted(lapse[1:5] for lapse in lapses if lapse.before > edges[2] + 1)
            assert terms[number] == transaction.definitions.terms(number)
            assert rewinds.get(number, 0) == transaction.events.count(REWOUND, number)
            assert prunings.get(number, 0) == transaction.events.count(PRUNED, number)
            early = any(tick.scheduled_for < story.START + story.DAY for tick in ticks if tick.status != "failed")
            early |= any(lapse.before <= story.START + story.DAY for lapse in lapses)
            assert (number in reaching) == early, ids[number]
            if number not in reaching:
                assert asked.prunable(number, story.START + story.DAY, 1000, story.START - story.DAY) is None


def test_pages_are_the_whole(history: Store) -> None:
    """Small pages of events, ticks, lapses and runs, one after the other, are the whole list."""
    with history.read() as transaction:
        whole = transaction.events.page(limit=100_000)
        paged, after = [], 0
        while page := transaction.events.page(after=after, limit=97):
            paged, after = paged + page, page[-1].seq
        assert paged == whole
        assert [event.seq for event in whole] == sorted({event.seq for event in whole})
        ticks, before = [], None
        while found := transaction.history.ticks(limit=97, before=before):
            ticks, before = ticks + found, (found[-1].scheduled_for, found[-1].tick_id)
        assert ticks == transaction.history.ticks(limit=100_000)
        for ask in (transaction.history.lapses, transaction.runs.page):
            assert _in_pages(ask) == [row for row, _ in ask(limit=100_000)]


def _in_pages(ask: Callable[..., list[tuple[Any, int]]]) -> list[Any]:
    rows, before = [], None
    while found := ask(limit=7, before=before):
        rows, before = rows + [row for row, _ in found], found[-1][1]
    return rows


def test_others_write_between_two_batches(kind: Kind, path: Path) -> None:
    """A long evaluation holds no lock between its transactions, and what others see of it is whole batches."""
    made = kind.new(path)
    with Workspace(made) as workspace, kind.also(path) as other:
        workspace.create_schedule("a", MINUTELY, now=DAY)
        seen: list[int] = []

        def pause() -> None:
            with other.write() as transaction:
                transaction.schedule_numbers([f"pause {len(seen)}"])
                seen.append(len(transaction.history.ticks(limit=1000)))

        workspace._store = Pausing(made, pause)
        assert workspace.evaluate(DAY + 49 * 60, batch=10).triggered == 50
        assert seen == [10, 20, 30, 40]


def test_another_evaluator_is_faster(kind: Kind, path: Path) -> None:
    """What another evaluator did between two batches is not done again, and what it left is done whole."""
    made = kind.new(path)
    with Workspace(made) as workspace, kind.also(path) as other:
        for schedule_id in ("a", "b", "c"):
            workspace.create_schedule(schedule_id, replace(MINUTELY, max_catchup_ticks=6), now=DAY)

        def pause() -> None:
            if not pauses:
                Workspace(other).evaluate(DAY + 9 * 60, schedules=["a"])
            pauses.append(1)

        pauses: list[int] = []
        workspace._store = Pausing(made, pause)
        done = workspace.evaluate(DAY + 9 * 60, batch=4)
        assert done.triggered == len(list(done.ticks)) == 4 + 6 + 6
        assert [len(workspace.ticks(schedule_id=schedule_id)) for schedule_id in "abc"] == [10, 6, 6]
        assert workspace.verify().ok


def test_others_write_between_two_parts_of_a_pruning(kind: Kind, path: Path) -> None:
    """A pruning holds no lock between its transactions, and removes all in the end."""
    made = kind.new(path)
    with Workspace(made) as workspace, kind.also(path) as other:
        workspace.create_schedule("a", MINUTELY, now=DAY)
        workspace.evaluate(DAY + 49 * 60)
        left: list[int] = []

        def pause() -> None:
            with other.write() as transaction:
                transaction.schedule_numbers([f"pause {len(left)}"])
                left.append(len(transaction.history.ticks(limit=1000)))

        pruned = prune(Pausing(made, pause), before=DAY + 3600, now=DAY + 7200, batch=20)
        assert (pruned.ticks, left[-1]) == (50, 0)
        assert len(left) >= 3
        assert workspace.verify().ok

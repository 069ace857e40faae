"""What every store promises (`arco_sched.core.ports`): recording, transactions, dictionaries, the agenda.

Everything is asked through the port, so that each store of `tests.store.stores` runs the same tests.
`test_conformance_histories.py` and `test_conformance_statements.py` go on.
"""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from arco_sched.core import events
from arco_sched.core.definitions import RequestContent
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.evaluate import AgendaEntry
from arco_sched.core.events import TYPES, Draft, TickSeries
from arco_sched.core.fields import normal_content
from arco_sched.core.history import Event
from arco_sched.core.identity import parse_run_key
from arco_sched.core.policy import DEFAULT, Policy
from arco_sched.core.ports import Appended, Store, Transaction
from arco_sched.service.schedules import record
from tests import ROOT
from tests.store.drafting import (
    HOUR,
    MINUTE,
    ONE_OF_EACH,
    OTHER,
    START,
    WORKSPACE,
    define,
    lapse,
    pruned,
    request,
    rewound,
    ticks,
    version,
)
from tests.store.stores import Kind, differences

PATIENCE = 30.0
"""Seconds after which a test that waits for another thread or process fails."""


@pytest.fixture
def schedule(store: Store) -> int:
    """The number of the schedule `a`, which has a tick at `START`."""
    with store.write() as transaction:
        [number] = define(transaction, "a")
        transaction.append(ticks(transaction, number, [START]))
    return number


def recorded(store: Store, after: int = 0) -> list[Event]:
    """The events after a number."""
    with store.read() as transaction:
        return transaction.events.page(after=after, limit=10_000)


# An event is recorded once.


def test_every_type_is_tried() -> None:
    """The tests below are about every type of event."""
    assert set(ONE_OF_EACH) == {type_.name for type_ in TYPES}


def _again(_: Kind, __: Path, store: Store, drafts: list[Draft]) -> None:
    with store.write() as transaction:
        transaction.append(drafts)


def _from_another(kind: Kind, path: Path, _: Store, drafts: list[Draft]) -> None:
    with kind.also(path) as other, other.write() as transaction:
        transaction.append(drafts)


@pytest.mark.parametrize("repeat", [_again, _from_another])
@pytest.mark.parametrize("type_", [name for name in ONE_OF_EACH if name != "OccurrencesLapsed"])
def test_an_event_is_recorded_once(
    kind: Kind, path: Path, store: Store, schedule: int, type_: str, repeat: Callable[..., None]
) -> None:
    """An event whose key exists is not recorded again: not in the same call, not in a later one, not by others."""
    with store.write() as transaction:
        drafts = ONE_OF_EACH[type_](transaction, schedule)
        first = transaction.append([*drafts, *drafts])
    assert (first.written, first.through) == (1, first.before + 1)
    before = recorded(store)
    assert before[-1].type == type_
    repeat(kind, path, store, drafts)
    assert recorded(store) == before
    assert differences(store) == []


def test_a_repeat_among_new_events(store: Store, schedule: int) -> None:
    """What is new in a call is recorded in its order, what exists is left out and not counted as written."""
    with store.write() as transaction:
        old = ticks(transaction, schedule, [START])
        new = ticks(transaction, schedule, [START + MINUTE, START + 2 * MINUTE])
        appended = transaction.append([*new[:2], *old, *new[2:]])
    assert (appended.written, appended.through - appended.before, appended.conflicts) == (4, 4, 0)
    assert [event.type for event in recorded(store, appended.before)] == ["ScheduleTicked", "RunRequested"] * 2


@pytest.mark.parametrize("count", [1, 5, 6, 400])
def test_a_series_is_recorded_as_its_events(kind: Kind, path: Path, store: Store, schedule: int, count: int) -> None:
    """A series of ticks is the events that it stands for, in their order; what exists of it is not written again."""
    instants = [START + MINUTE * place for place in range(1, count + 1)]
    with store.write() as transaction:
        state = transaction.definitions.state(schedule)
        series = events.scheduled_ticks(WORKSPACE, schedule, state.schedule_id, state.terms[0], instants, START)
        here = instants[1:3]
        some = ticks(transaction, schedule, here)
        assert transaction.append(some).written == len(some)
        appended = transaction.append(series)
    assert appended.written == 2 * count - len(some)
    types = [event.type for event in recorded(store, appended.before)]
    assert types == ["ScheduleTicked", "RunRequested"] * (count - len(some) // 2)
    with store.read() as transaction:
        found = transaction.history.ticks(limit=10_000)
    assert {tick.scheduled_for for tick in found} == {START, *instants, *here}
    assert differences(store) == []


@pytest.mark.parametrize("policy", [DEFAULT, Policy(max_retries=3, pool="heavy"), Policy(on_failure='mail "a" é')])
def test_a_series_and_its_events_say_the_same(kind: Kind, tmp_path: Path, policy: Policy) -> None:
    """Every request of a series says what the policy asks, exactly as that of one tick does; its runs and the queue
    too."""
    instants = [START + MINUTE * place for place in range(50)]
    found: list[object] = []
    for name in ("series", "events"):
        made = kind.new(tmp_path / name)
        with made.write() as transaction:
            record(transaction, [version("a", policy=policy)])
            [number] = transaction.definitions.numbers_of(["a"]).values()
            state = transaction.definitions.state(number)
            series = events.scheduled_ticks(WORKSPACE, number, "a", state.terms[0], instants, START)
            assert any(isinstance(each, TickSeries) for each in series)
            transaction.append(series if name == "series" else ticks(transaction, number, instants))
        with made.read() as transaction:
            runs = [run.run_id for run, _ in transaction.runs.page(limit=100)]
            lives = transaction.queue.lives(runs)
            assert [lives[run].request.policy for run in runs] == [policy] * len(instants)
            found.append((transaction.events.page(limit=1000), lives, transaction.queue.count_waiting()))
        assert differences(made) == []
        made.close()
    assert found[0] == found[1]


def test_a_lapse_that_was_withdrawn_is_numbered(store: Store, schedule: int) -> None:
    """A lapse under a key that exists was withdrawn by a rewind: it is recorded again with a number behind the key."""
    for count in (1, 2, 3):
        with store.write() as transaction:
            seq = transaction.append([lapse(schedule, START, START + HOUR, 59)]).through
            transaction.append([rewound(START + HOUR - 1, START, schedule, count, withdrawn=[seq])])
    with store.write() as transaction:
        transaction.append([lapse(schedule, START, START + HOUR, 59)])
    keys = [event.idempotency_key for event in recorded(store) if event.type == "OccurrencesLapsed"]
    key = f"sched_lapse:a:{START}:{START + HOUR}:window"
    assert keys == [key, f"{key}:2", f"{key}:3", f"{key}:4"]
    with store.read() as transaction:
        assert len(transaction.history.lapses_beyond([schedule], START)[schedule]) == 1
    assert differences(store) == []


def test_a_run_key_that_is_reserved(store: Store, schedule: int) -> None:
    """The first content under a run key stays, another is a conflict: counted for every request, recorded once."""
    key = f"sched:a:{START + MINUTE}"
    parsed = parse_run_key(key)
    with store.write() as transaction:
        _ask(transaction, schedule, START + MINUTE, OTHER)
    with store.write() as transaction:
        of_tick = ticks(transaction, schedule, [START + MINUTE])
        assert transaction.append(of_tick).conflicts == 1
        assert transaction.append(of_tick).conflicts == 0
    with store.read() as transaction:
        run = transaction.runs.by_key(key, parsed, schedule)
        assert run is not None
        assert (run.content, len(run.conflicts)) == (OTHER, 1)
        assert transaction.runs.by_id(run.run_id) == run


def test_a_conflict_that_is_there_before_the_tick(store: Store, schedule: int) -> None:
    """A tick counts the conflict that a request of the same content made before, and records none of its own."""
    with store.write() as transaction:
        own = version("a").definition.request
        asked = [_ask(transaction, schedule, START + MINUTE, content) for content in (OTHER, own)]
        assert [appended.conflicts for appended in asked] == [0, 1]
        appended = transaction.append(ticks(transaction, schedule, [START + MINUTE]))
        assert (appended.written, appended.conflicts) == (1, 1)
        [run, *_] = [run for run, _ in transaction.runs.page(limit=10)]
        assert len(run.conflicts) == 1
        same = transaction.content_numbers([own, OTHER])
        instants = [START + MINUTE, START + 2 * MINUTE]
        counted = [transaction.runs.count_conflicts([(schedule, at, same[which]) for at in instants]) for which in same]
        assert counted == [1, 0]


def _ask(transaction: Transaction, schedule: int, at: int, content: RequestContent) -> Appended:
    """A request by hand under the run key of a tick."""
    number = transaction.content_numbers([content])[content]
    of_tick = (schedule, "scheduled", at)
    return transaction.append([events.request("test", f"sched:a:{at}", of_tick, number, START)])


def test_the_bounds_of_a_lapse(store: Store) -> None:
    """A lapse holds the instants after `after` and before `before`, and nothing else."""
    after, before = START + MINUTE, START + HOUR
    with store.write() as transaction:
        [number] = define(transaction, "a")
        transaction.append([lapse(number, after, before, 58)])
        asked = transaction.history
        for at, held in ((after, False), (after + 1, True), (before - 1, True), (before, False)):
            assert (asked.lapse_at(number, at) is not None) is held
            assert bool(asked.lapses_within([number], at, at + 1)[number]) is held
        assert [len(asked.lapses_beyond([number], at)[number]) for at in (before - 2, before - 1)] == [1, 0]
        assert [asked.reaching_before(at) for at in (before - 1, before)] == [[], [number]]
        assert [asked.prunable(number, at, 10, START - HOUR) is None for at in (before - 1, before)] == [True, False]
        assert transaction.definitions.state(number).cursor == before - 1


def test_the_bounds_of_ticks(store: Store, schedule: int) -> None:
    """A range of ticks has its beginning and not its end."""
    with store.write() as transaction:
        asked = transaction.history
        for start, stop, held in ((START, START + 1, True), (START - 1, START, False), (START + 1, START + 2, False)):
            assert bool(asked.statuses(schedule, start, stop)) is held
            assert bool(asked.tick_buckets([schedule], [start, stop])) is held
            assert bool(asked.ticks(since=start, until=stop, limit=10)) is held
        assert [asked.scheduled_instants({schedule: at}) for at in (START - 1, START)] == [
            {schedule: [START]},
            {schedule: []},
        ]
        assert [asked.reaching_before(at) for at in (START, START + 1)] == [[], [schedule]]
        assert asked.tick_counts(START - 1, START) == {"triggered": 1}
        assert asked.tick_counts(START, START + HOUR) == {}


# Numbers of events.


def test_seq_follows_the_commits(kind: Kind, path: Path, store: Store, schedule: int) -> None:
    """A reader that resumes after the last `seq` misses nothing, while several write and roll back."""
    writers, each = 4, 12
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with kind.also(path) as own:
                for turn in range(each):
                    _request_or_undo(own, f"{number}:{turn}")
        except BaseException as error:
            failures.append(error)

    start = recorded(store)[-1].seq
    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[Event] = []
    while any(thread.is_alive() for thread in threads):
        seen += recorded(store, seen[-1].seq if seen else start)
    for thread in threads:
        thread.join(PATIENCE)
    seen += recorded(store, seen[-1].seq if seen else start)
    assert failures == []
    assert len(seen) == writers * each * 2
    assert seen == recorded(store, start)


def _request_or_undo(store: Store, key: str) -> None:
    """Two requests in one transaction, after one that is undone."""
    with pytest.raises(ZeroDivisionError), store.write() as transaction:  # noqa: PT012 - it is about the transaction
        transaction.append([request(transaction, f"undone {key}")])
        raise ZeroDivisionError
    with store.write() as transaction:
        transaction.append([request(transaction, key), request(transaction, f"{key} too")])


def test_pruning_takes_events_and_no_number_comes_again(store: Store, schedule: int) -> None:
    """The ticks and lapses that a pruning removes go with their events, requests stay, and numbers go on."""
    with store.write() as transaction:
        transaction.append(ticks(transaction, schedule, [START + MINUTE]))
        transaction.append([lapse(schedule, START + MINUTE, START + HOUR, 58)])
    last = recorded(store)[-1].seq
    with store.write() as transaction:
        transaction.append([pruned(transaction, schedule, START + HOUR)])
    left = [event.type for event in recorded(store)]
    assert left == ["ScheduleDefinitionUpserted", "RunRequested", "RunRequested", "HistoryPruned"]
    assert recorded(store)[-1].seq == last + 1
    with store.write() as transaction:
        assert transaction.append([request(transaction, "next")]).through == last + 2
    with store.audit() as audit:
        assert audit.missing_events() == (3, 3, [])
    assert differences(store) == []


# Transactions.


def _write_everything(transaction: Transaction) -> None:
    [number] = define(transaction, "new")
    transaction.append(ticks(transaction, number, [START, START + MINUTE]))
    transaction.append([request(transaction, "new", normal_content(command="new"))])
    transaction.agenda.record_visit(START + HOUR)


def _everything(store: Store) -> tuple[object, ...]:
    with store.read() as transaction:
        numbers = transaction.definitions.numbers()
        return (
            transaction.events.page(limit=10_000),
            transaction.definitions.states(numbers),
            transaction.agenda.entries(numbers),
            transaction.agenda.visited_at(),
            transaction.history.ticks(limit=10_000),
            transaction.runs.page(limit=10_000),
        )


@pytest.mark.parametrize("error", [ZeroDivisionError, DatabaseUnusable, KeyboardInterrupt, SystemExit])
def test_an_exception_undoes_everything(store: Store, schedule: int, error: type[BaseException]) -> None:
    """Whatever ends a transaction early: nothing of what it wrote is there, and the store can be written again."""
    before = _everything(store)
    with pytest.raises(error), store.write() as transaction:  # noqa: PT012 - it is about the transaction
        _write_everything(transaction)
        raise error
    assert _everything(store) == before
    with store.write() as transaction:
        _write_everything(transaction)
    assert _everything(store) != before
    assert differences(store) == []


_WRITE = """
import sys
from pathlib import Path
from tests.store.stores import BY_NAME
from tests.store.test_conformance import _write_everything
with BY_NAME[sys.argv[1]].open(Path(sys.argv[2])).write() as transaction:
    _write_everything(transaction)
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_a_kill_undoes_everything(kind: Kind, path: Path, store: Store, schedule: int) -> None:
    """A process that is killed in the middle of a transaction leaves nothing of it behind, and no lock."""
    before = _everything(store)
    command = [sys.executable, "-c", _WRITE, kind.name, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        assert _everything(store) == before
        process.kill()
    with kind.also(path) as other:
        assert _everything(other) == before
        with other.write() as transaction:
            _write_everything(transaction)
        assert differences(other) == []
    with store.integrity() as checked:
        assert checked() == []


def test_a_transaction_sees_one_state(kind: Kind, path: Path, store: Store, schedule: int) -> None:
    """A reader sees one state while others write, and does not block them."""
    before = _everything(store)
    with kind.also(path) as other, store.read() as transaction:
        page = transaction.events.page(limit=10_000)
        with other.write() as writing:
            _write_everything(writing)
            assert _everything(store) == before  # nothing is seen before it is committed
        assert transaction.events.page(limit=10_000) == page
        assert _everything(store) == before
    assert _everything(store) != before


def test_an_audit_sees_one_state(kind: Kind, path: Path, store: Store, schedule: int) -> None:
    """What others write while a store is verified is no difference."""
    with kind.also(path) as other, store.audit() as audit:
        last = audit.events.last_seq()
        with other.write() as transaction:
            _write_everything(transaction)
        audit.fold_all_again(lambda _done, _total: None)
        assert list(audit.row_differences()) == []
        assert audit.events.last_seq() == last


def test_a_writer_waits_for_another(kind: Kind, path: Path, store: Store, schedule: int) -> None:
    """A second writer waits until the first is done; one whose time to wait is over raises `DatabaseUnusable`."""
    impatient = kind.open(path, busy_timeout=0.05)
    seen: list[int] = []

    def write() -> None:
        with kind.also(path) as own, own.write() as transaction:
            seen.append(transaction.events.last_seq())

    thread = threading.Thread(target=write)
    with store.write() as transaction:
        thread.start()
        with pytest.raises(DatabaseUnusable), impatient.write():
            pass
        last = transaction.append([request(transaction, "first")]).through
        assert seen == []
    thread.join(PATIENCE)
    impatient.close()
    assert seen == [last]


def test_close(kind: Kind, path: Path, store: Store, schedule: int, tmp_path: Path) -> None:
    """What was committed is there after closing, which may be done twice; a backup has it too."""
    before = _everything(store)
    store.backup(tmp_path / "copy", replace=False)
    store.close()
    store.close()
    for place in (path, tmp_path / "copy"):
        with kind.also(place) as again:
            assert _everything(again) == before


# Dictionaries.


def test_numbers_of_schedules(kind: Kind, path: Path, store: Store) -> None:
    """An id has one number, in every connection; it is a schedule once it has a definition."""
    with store.write() as transaction:
        first = transaction.schedule_numbers(["b", "a", "b"])
        assert (set(first), len(set(first.values()))) == ({"a", "b"}, 2)
        assert transaction.definitions.numbers_of(["a", "b"]) == {}
    with kind.also(path) as other, other.write() as transaction:
        again = transaction.schedule_numbers(["a", "c", "b"])
        assert {name: again[name] for name in "ab"} == first
        assert again["c"] not in first.values()
        assert define(transaction, "a") == [first["a"]]
        assert transaction.definitions.numbers_of(["a", "b", "d"]) == {"a": first["a"]}
        assert transaction.definitions.numbers() == [first["a"]]


def test_numbers_of_contents(kind: Kind, path: Path, store: Store) -> None:
    """Equal contents have one number, in every connection; different contents have different fingerprints."""
    bare, same = normal_content(command="x"), normal_content(command="x")
    with store.write() as transaction:
        first = transaction.content_numbers([bare, OTHER, same])
        assert len(first) == len(set(first.values())) == 2
    with kind.also(path) as other, other.write() as transaction:
        assert transaction.content_numbers([same]) == {bare: first[bare]}
        prints = transaction.definitions.fingerprints(first.values())
        assert len(set(prints.values())) == 2


# The agenda.


def test_the_agenda(store: Store) -> None:
    """Entries are set, replaced and removed for any number of schedules at once, and found by when they are due."""
    with store.write() as transaction:
        a, b, c, d = define(transaction, "a", "b", "c", "d")
        agenda = transaction.agenda
        agenda.set({a: AgendaEntry(30, False), b: AgendaEntry(20, True), c: AgendaEntry(20, False), d: None})
        assert agenda.entries([a, b, c, d]) == {a: (30, False), b: (20, True), c: (20, False)}
        assert (agenda.is_due(19), agenda.is_due(20)) == (False, True)
        assert [list(agenda.due(now)) for now in (19, 20, 30)] == [[], [b, c], [b, c, a]]
        assert agenda.due_among([a, b, d], 25) == {b}
        assert agenda.overdue(30) == [(c, 20), (a, 30)]
        assert (agenda.failing(30, 5), agenda.count_failing(30), agenda.count_failing(19)) == (["b"], 1, 0)
        assert (agenda.is_failing(b, 20), agenda.is_failing(b, 19), agenda.is_failing(c, 20)) == (True, False, False)
        assert [agenda.next_due_after(now) for now in (19, 20, 30)] == [20, 30, None]
        agenda.set({b: None, c: AgendaEntry(40, True), d: AgendaEntry(10, False)})
        assert agenda.entries([a, b, c, d]) == {a: (30, False), c: (40, True), d: (10, False)}
        agenda.set({})
        assert list(agenda.due(50)) == [d, a, c]


def test_a_visit(store: Store) -> None:
    """The last visit is the last one recorded, whether or not it was the latest."""
    for now in (None, START, START - HOUR):
        if now is not None:
            with store.write() as transaction:
                transaction.agenda.record_visit(now)
        with store.read() as transaction:
            assert transaction.agenda.visited_at() == transaction.definitions.about().visited_at == now


def test_about(kind: Kind, path: Path) -> None:
    """A store knows the name and the zone rules that it was made with, and the zone rules recorded since."""
    made = kind.create(path, "team", "2025a")
    with made.write() as transaction:
        assert transaction.definitions.about()[:2] == ("team", "2025a")
        transaction.append([events.zone_rules("2025a", "2025b", 1, START)])
        assert transaction.agenda.zone_rules() == transaction.definitions.about().zone_rules == "2025b"
    made.close()


def test_every_commit_writes_to_the_journal(store: Store) -> None:
    """So that who watches that file need not ask again and again."""
    journal = store.journal()
    if journal is None:
        pytest.skip("this store has no such file")
    for name in ("a", "b"):
        before = Path(journal).read_bytes()
        with store.write() as transaction:
            define(transaction, name)
        assert Path(journal).read_bytes() != before

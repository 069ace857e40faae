"""Every slot is taken: whoever asks why a run doesn't start hears what holds the slots, and what helps."""

import contextlib

import pytest

from arco_sched.configuration import open_store
from arco_sched.core.instants import parse_instant
from arco_sched.core.run_subjects import Worker
from arco_sched.service import working
from arco_sched.service.working import Terms
from tests.executing import DUE, define
from tests.runner import Arco

LATER = "2025-01-01T10:12:00Z"


def comes_by(arco: Arco, slots: int, *, leaves: bool = False, once: bool = True, pid: int = 1) -> None:
    """A worker of another machine takes what it can, and works on, unless it leaves."""
    now = parse_instant(arco.at or "")
    name = f"far:{pid}:1{':once' if once else ''}"
    with contextlib.closing(open_store(arco.db)) as store:
        with store.write() as transaction:
            if once:
                transaction.agenda.record_work("local", ("default",), now)
            if not leaves:
                transaction.queue.see(Worker(name, "far", pid, "local", ("default",), slots, now))
        working.claim(store, Terms(name, "far", "local", "boot", ("default",), slots, "root", is_root=True), now)


@pytest.fixture
def full(arco: Arco) -> Arco:
    """Two runs hang since ten, one of them with a timeout, and hold both slots; two others wait since 10:06."""
    define(arco, hang="sleep 1000 -- --priority 2", sync="sleep 1000 -- --timeout 1h --priority 1")
    arco.ok("tick --quiet", at=DUE)
    comes_by(arco, 2)
    arco.at = "2025-01-01T10:06:00Z"
    for name in ("heartbeat", "other"):
        arco.ok("schedule", "create", name, "--cron", "6 10 * * *", "--start", "2025-01-01T10:06:00Z", "--command", ":")
    arco.ok("tick --quiet")
    arco.ok("tick --quiet", at=LATER)
    comes_by(arco, 2, leaves=True)
    seen(arco)
    return arco


def seen(arco: Arco) -> None:
    """The worker that hangs gives a sign of life."""
    now = parse_instant(arco.at or "")
    with contextlib.closing(open_store(arco.db)) as store, store.write() as transaction:
        transaction.queue.see(Worker("far:1:1:once", "far", 1, "local", ("default",), 2, now))


TAKEN = "2 of 2 slots are taken by hang (for 12 minutes, no timeout) and sync (for 12 minutes)"
HELPS = "`arco work --slots N` runs more at once, and `arco schedule update hang --timeout T` keeps hang from hanging"


def words(text: str) -> str:
    """A text in one line, whatever its width."""
    return " ".join(text.split())


def test_who_holds_the_slots(full: Arco) -> None:
    """`why`, `runs show`, `runs list` and `status` say it, each in words and by `waiting_for`."""
    assert f"Next: The run is waiting: {TAKEN}; {HELPS}" in words(full.ok("why heartbeat").out)
    assert f"the run is waiting to start (slot): {TAKEN}" in words(full.ok("why heartbeat").out)
    assert f"a free slot of a worker: {TAKEN}; {HELPS}" in words(full.ok("runs show heartbeat").out)
    assert f"Waiting for a slot: {TAKEN}; {HELPS}" in words(full.ok("runs list").out)
    status = words(full.ok("status").out)
    assert f"2 running 2 waiting: 2 for a slot of a worker {TAKEN}; {HELPS}" in status
    assert full.json("runs show heartbeat")["waiting_for"] == "slot"
    assert full.json("status")["waiting_for"]["slot"] == 2
    assert "any moment" not in full.ok("why heartbeat").out


def test_check_names_them(full: Arco) -> None:
    """From five minutes on, or --late; one finding for all that wait, about the one that has waited longest."""
    found = full("check --json").json["findings"]
    assert [(each["kind"], each["schedule_id"]) for each in found] == [("late", "heartbeat")]
    assert found[0]["message"].startswith(
        f"run {found[0]['run_id']} of heartbeat has been waiting for a slot since 2025-01-01T10:06:00Z, "
        f"and 1 more run is waiting too: {TAKEN}; {HELPS}"
    )
    assert full("check --late 10m").code == 0
    assert full("check --late 6m").code == 7


def test_backfilled_runs_are_meant_to_queue(full: Arco) -> None:
    """They wait for a slot, and nobody is told."""
    for each in full.json("runs list --status requested")["runs"]:
        full.ok("runs", "cancel", each["run_id"])
    full.ok("backfill heartbeat --from 2024-12-01 --to 2024-12-05")
    full.at = "2025-01-01T11:00:00Z"
    seen(full)
    assert full.json("status")["waiting_for"]["slot"] == 4
    assert [each for each in full("check --late 5m --json").json["findings"] if each["kind"] == "late"] == []


def test_a_slot_is_free_where_the_next_one_comes_by(arco: Arco) -> None:
    """Between two visits a run waits for the next one, and the sentence says when that is."""
    define(arco, one=":")
    for minute in ("09:58", "09:59"):
        arco.at = f"2025-01-01T{minute}:00Z"
        comes_by(arco, 2, leaves=True)
    arco.ok("schedule trigger one", at="2025-01-01T09:59:20Z")
    assert arco.json("runs show one")["waiting_for"] is None
    assert "the next `arco work --once` starts it, expected at 2025-01-01 10:00 UTC (in 40 seconds)." in words(
        arco.ok("why one").out
    )


def test_one_visit_alone(arco: Arco) -> None:
    """Nobody knows when the next one comes."""
    define(arco, one=":")
    arco.at = "2025-01-01T09:59:00Z"
    comes_by(arco, 2, leaves=True)
    arco.ok("schedule trigger one", at="2025-01-01T09:59:20Z")
    said = words(arco.ok("why one").out)
    assert "the next `arco work --once` starts it; the last was at 2025-01-01 09:59 UTC (20 seconds ago)." in said


def test_a_worker_that_stays(arco: Arco) -> None:
    """Only then it is a matter of a moment."""
    define(arco, one=":")
    arco.at = "2025-01-01T09:59:00Z"
    comes_by(arco, 2, once=False)
    arco.ok("schedule trigger one", at="2025-01-01T09:59:20Z")
    assert "a worker should start it any moment." in words(arco.ok("why one").out)


def test_slots_are_those_of_all_workers_together(full: Arco) -> None:
    """Each call of cron may be at work with the same `--slots`: they are not added up."""
    comes_by(full, 2, pid=2)
    assert "\narco_worker_slots 2\n" in full.ok("status --prometheus -").out
    assert full.json("status")["waiting_for"]["slot"] == 2
    assert full.json("runs show heartbeat")["waiting_for"] == "slot"
    comes_by(full, 4, pid=3)
    assert "\narco_worker_slots 4\n" in full.ok("status --prometheus -").out
    assert full.json("status")["running"] == 4


def test_many_that_hold_slots(arco: Arco) -> None:
    """The three that have run longest are named, the others counted."""
    define(arco, **{f"s{number}": "sleep 1000 -- --timeout 1h" for number in range(5)})
    define(arco, later=": -- --priority -1")
    arco.ok("tick --quiet", at=DUE)
    comes_by(arco, 5)
    said = words(arco.ok("runs show later").out)
    assert "5 of 5 slots are taken by s0 (for 0 seconds), s1 (for 0 seconds), s2 (for 0 seconds) and 2 more;" in said
    assert "`arco work --slots N` runs more at once" in said
    assert "--timeout" not in said


def test_pools_and_another_worker_say_so_too(full: Arco) -> None:
    """The pool has no limit of its own, and a call with no slot left has nothing to do."""
    assert f"Waiting for a slot of a worker: {TAKEN}; {HELPS}" in words(full.ok("pool list").out)
    assert [each["waiting"] for each in full.json("pool list")["pools"]] == [2]


def test_workers_that_come_by(arco: Arco) -> None:
    """Between two calls nobody is at work, and when the last one was is told; long after it there is none."""
    arco.at = "2025-01-01T10:00:00Z"
    arco.ok("init")
    assert arco.ok("workers").err == "No worker is running. `arco work` starts one.\n"
    comes_by(arco, 2, leaves=True)
    assert arco.ok("workers").err == "No worker is running. `arco work --once` last ran just now.\n"
    arco.at = "2025-01-01T10:01:00Z"
    comes_by(arco, 2, leaves=True)
    said = arco.ok("workers", at="2025-01-01T10:01:20Z").err
    assert said.endswith(". `arco work --once` last ran 20 seconds ago, 1 minute after the call before.\n")
    assert arco.ok("workers", at="2025-01-01T11:00:00Z").err.endswith(". `arco work` starts one.\n")

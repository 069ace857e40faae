"""`disable` and `delete` say how many requested runs wait, and `--discard-waiting` skips them."""

import pytest

from tests.executing import DUE, define, work
from tests.runner import Arco


@pytest.fixture
def waiting(arco: Arco) -> Arco:
    """Three runs wait, one of them for a retry; another schedule has one, and a run without a command is nobody's."""
    define(arco, one="exit 1 -- --retries 1 --retry-delay 9h", other="true -- --pool big", idle="")
    work(arco)
    arco.ok("schedule trigger one", at="2025-01-01T11:00:00Z")
    arco.ok("tick --quiet", at="2025-01-02T10:00:00Z")
    return arco


@pytest.mark.parametrize("command", ["disable", "delete"])
def test_what_is_requested_is_left(waiting: Arco, command: str) -> None:
    """It is counted, and stays."""
    said = waiting.ok(f"schedule {command} one").out
    assert (
        "3 runs requested earlier are still waiting for a worker. "
        "To skip them, repeat the command with --discard-waiting." in said
    )
    assert waiting.json("status")["waiting"] == 5
    answer = waiting.json(f"schedule {command} idle")
    assert (answer["runs_waiting"], answer["runs_discarded"]) == (0, 0)


@pytest.mark.parametrize("command", ["disable", "delete"])
def test_discard_waiting_skips_it(waiting: Arco, command: str) -> None:
    """With the reason `discarded`; the runs of other schedules stay, and a second time there is nothing left."""
    answer = waiting.json(f"schedule {command} one --discard-waiting")
    assert (answer["runs_waiting"], answer["runs_discarded"]) == (3, 3)
    assert waiting.json("status")["waiting"] == 2
    run = waiting.json("why one --at 2025-01-02T10:00:00Z")["run"]
    assert (run["status"], run["status_reason"]) == ("skipped", "discarded")
    assert waiting.json("events list --type RunSkipped")["events"][0]["payload"]["reason"] == "discarded"
    assert waiting.json("verify")["ok"]


def test_discarding_after_the_pause(waiting: Arco) -> None:
    """The same command again, with the option, does what it said."""
    waiting.ok("schedule disable one")
    said = waiting.ok("schedule disable one --discard-waiting").out
    assert "3 runs that waited for a worker were skipped." in said
    assert "wait" not in waiting.ok("schedule disable one").out


def test_a_running_run_goes_on(arco: Arco) -> None:
    """Only what waits is skipped; an update and `enable` leave runs alone."""
    define(arco, one="true", ran="true")
    work(arco)
    arco.ok("tick --quiet", at="2025-01-02T10:00:00Z")
    assert arco.json("schedule update one --label a=b --discard-waiting")["runs_discarded"] == 0
    assert arco.json("schedule enable one --discard-waiting")["runs_discarded"] == 0
    assert arco.json("schedule delete one --discard-waiting")["runs_discarded"] == 1
    assert arco.json(f"why one --at {DUE}")["run"]["status"] == "succeeded"

"""What somebody types: ids by position, run keys, exports that come back, changes that say what is left to happen."""

import json

import pytest

from tests.runner import Arco


@pytest.mark.parametrize("command", ["ticks list", "lapses list", "runs list", "events list"])
def test_an_id_by_position_is_the_same_as_by_option(daily: Arco, command: str) -> None:
    """The same rows; two ids that differ are refused."""
    daily.ok("schedule create other --cron '0 10 * * *' --start 2025-01-01T00:00:00Z")
    daily.ok("tick", at="2025-01-09T12:00:00Z")
    by_position = daily.json(f"{command} daily")
    assert by_position == daily.json(f"{command} --schedule daily") != daily.json(command)
    assert by_position == daily.json(f"{command} daily --schedule daily")
    result = daily(f"{command} daily --schedule other")
    assert (result.code, result.err) == (
        2,
        "arco: ID daily and --schedule other name different schedules: give only one\n",
    )


def test_several_ids_by_position(daily: Arco) -> None:
    """Where an option is repeatable, so is the place."""
    daily.ok("schedule create other --cron '0 10 * * *' --start 2025-01-01T00:00:00Z")
    daily.ok("schedule create third --cron '0 10 * * *' --start 2025-01-01T00:00:00Z")
    named = {each["schedule_id"] for each in daily.json("next daily --schedule other")["occurrences"]}
    assert named == {"daily", "other"}
    daily.at = "2025-01-01T12:00:00Z"
    assert {each["schedule_id"] for each in daily.json("tick daily")["ticks"]} == {"daily"}
    assert {each["schedule_id"] for each in daily.json("tick third other")["ticks"]} == {"other", "third"}
    assert daily("tick nothere").code == 3


def test_an_update_of_nothing_is_a_mistake(daily: Arco) -> None:
    """It says what to type, and changes nothing; a guard alone is no change."""
    for options in ("", "--expect-version 1"):
        result = daily(f"schedule update daily {options}")
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "arco schedule update daily --cron EXPR" in result.err
    assert daily.json("schedule update daily --max-catchup 3")["change"] == "unchanged"
    assert daily.json("schedule update daily --disabled")["change"] == "updated"


@pytest.mark.parametrize("command", ["disable", "delete"])
@pytest.mark.parametrize(
    ("at", "said", "count"),
    [
        (
            "2025-01-01T12:00:00Z",
            "daily was overdue, so 1 run will still be requested (1 occurrence before the change is waiting",
            1,
        ),
        ("2025-01-02T12:00:00Z", "2 runs will still be requested (2 occurrences before the change are waiting", 2),
        ("2025-01-09T12:00:00Z", "3 runs will still be requested (9 occurrences before the change are waiting", 3),
    ],
)
def test_how_many_that_wait_will_still_run(daily: Arco, command: str, at: str, said: str, count: int) -> None:
    """It is the evaluation that decides: the next ones request as many."""
    answer = daily.ok(f"schedule {command} daily", at=at).out
    assert said in answer
    assert "repeat the command with --discard-waiting." in answer
    assert daily.json("tick")["triggered"] == count
    daily.ok("verify")


def test_what_was_paused_runs_no_more(daily: Arco) -> None:
    """Occurrences of a pause become skipped ticks, whatever comes then."""
    daily.ok("schedule disable daily")
    answer = daily.json("schedule delete daily", at="2025-01-02T12:00:00Z")
    assert (answer["waiting"], answer["will_trigger"]) == (2, 0)
    daily.ok("schedule create other --cron '0 10 * * *' --start 2025-01-01T00:00:00Z --disabled")
    assert "still waiting to be evaluated, without a run." in daily.ok("schedule delete other").out


def test_what_an_export_says_in_json_comes_back(daily: Arco) -> None:
    """`apply` takes it as it takes the TOML file, from a file and from stdin, and says where a JSON file is wrong."""
    daily.ok(
        "schedule create other --cron '*/5 * * * *' --tz Asia/Tokyo --label a=b --end 2026-01-01T00:00:00Z --command x"
    )
    exported = daily.ok("export --json").out
    path = daily.file("all.json", exported)
    assert {each["change"] for each in daily.json(f"apply {path}")["changes"]} == {"unchanged"}
    document = json.loads(exported)
    document["schedules"]["other"]["cron_expression"] = "*/61 * * * * *"
    document["schedules"]["other"]["unknown"] = 1
    result = daily(f"apply {daily.file('wrong.json', json.dumps(document))}")
    assert result.code == 2
    assert all(line.startswith("arco: ") and "schedule other" in line for line in result.err.splitlines())
    for wrong in ("{", '{"schedules": {"a": {"cron_expression": "* * * * *"}, "a": {}}}', "{" * 100_000):
        result = daily(f"apply {daily.file('wrong.json', wrong)}")
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "wrong.json" in result.err


def test_a_run_is_named_by_its_key(arco: Arco) -> None:
    """Where what is written is none of the other names; also a key of the form of a tick's."""
    arco.ok("runs request --key release-7 --command true")
    arco.ok("schedule create x --cron '0 10 * * *'")
    arco.ok("tick", at="2025-01-01T10:00:00Z")
    assert arco.json("runs show release-7")["run_key"] == "release-7"
    assert arco.json("runs show sched:x:1735725600")["schedule_id"] == "x"
    assert arco("runs log release-7").code == 3  # it has no attempt yet
    assert arco.json("runs cancel release-7")["runs"][0]["status"] == "canceled"
    assert arco("runs wait release-7").code == 5
    arco.ok("runs request --key x")
    assert arco.json("runs show x")["run_key"] == "sched:x:1735725600"  # the schedule comes before the key
    assert arco("runs show nothing").code == 3


def test_a_tick_tells_what_became_of_its_run(arco: Arco) -> None:
    """`ticks show` goes on as `runs show` does."""
    arco.ok("schedule create x --cron '0 10 * * *' --command 'echo hello; exit 3'")
    arco.ok("tick", at="2025-01-01T10:00:00Z")
    assert arco("work --once").code == 5
    shown, run = arco.json("ticks show x:1735725600")["run"], arco.json("runs show x")
    assert shown == run
    assert (shown["exit_code"], shown["log_tail"]) == (3, "hello\n")
    said = arco.ok("ticks show x:1735725600").out
    assert "failed (exit 3)" in said
    assert "hello" in said


def test_zones_complete() -> None:
    """By the beginning of the name or of the city, whatever the capitals."""
    from arco_sched.cli.completion import complete_zone

    assert complete_zone("europe/berl") == ["Europe/Berlin"]
    assert "Asia/Tokyo" in complete_zone("tok")
    assert complete_zone("nowhere") == []

"""The semantic loop as a person walks it, told by JSON documents: the scenarios of the founding document."""

from pathlib import Path
from typing import Any

import pytest

from tests.database import sql
from tests.runner import Arco

SUMMARY = "9945ef2b6974543dfe9a17fedffb506bc283c022be4de0852fff1ceca859ffad"
"""SHA-256 of `{"asset_selection":["analytics.summary"],"command":null,"labels":{},"partition_selection":[]}`."""


def tick(day: str, epoch: int, run_id: str, **other: Any) -> dict[str, Any]:
    """A triggered tick of `daily` in January 2025."""
    return {
        "tick_id": f"daily:{epoch}",
        "schedule_id": "daily",
        "scheduled_for": f"2025-01-{day}T10:00:00Z",
        "definition_version": 1,
        "status": "triggered",
        "skip_reason": None,
        "error": None,
        "run_key": f"sched:daily:{epoch}",
        "run_id": run_id,
        "request_fingerprint": SUMMARY,
        "evaluated_at": "2025-01-15T10:30:00Z",
    } | other


TICKS = [
    tick("13", 1736762400, "run_7c5isfybge7jn5yflyqjsvw6af"),
    tick("14", 1736848800, "run_rgfyodpmxsz5we32466dwx5u4t"),
    tick("15", 1736935200, "run_zkp7m5w7na4kqx3ils4ecsyr2s"),
]
LAPSE = {
    "schedule_id": "daily",
    "after": "2024-12-31T23:59:59Z",
    "before": "2025-01-12T10:30:00Z",
    "missed": 12,
    "reason": "window",
    "recorded_at": "2025-01-15T10:30:00Z",
    "first_missed": "2025-01-01T10:00:00Z",
    "last_missed": "2025-01-12T10:00:00Z",
}
NOTHING = {
    "now": "2025-01-15T10:30:00Z",
    "evaluated": 0,
    "triggered": 0,
    "skipped": 0,
    "failed": 0,
    "lapsed": 0,
    "deferred": 0,
    "conflicts": 0,
    "dry_run": False,
    "ticks": [],
    "lapses": [],
}
CAUGHT_UP = NOTHING | {"evaluated": 1, "triggered": 3, "lapsed": 12, "ticks": TICKS, "lapses": [LAPSE]}

RUN = {
    "run_id": "run_7c5isfybge7jn5yflyqjsvw6af",
    "run_key": "sched:daily:1736762400",
    "request_fingerprint": SUMMARY,
    "status": "requested",
    "schedule_id": "daily",
    "tick_id": "daily:1736762400",
    "asset_selection": ["analytics.summary"],
    "partition_selection": [],
    "command": None,
    "labels": {},
    "shell": None,
    "working_directory": None,
    "environment": {},
    "environment_file": None,
    "run_as": None,
    "resources": {},
    "code_version": None,
    "requested_at": "2025-01-15T10:30:00Z",
    "conflicts": [],
}
LIFE = RUN | {
    "scheduled_for": "2025-01-13T10:00:00Z",
    "timezone": "UTC",
    "status_reason": None,
    "waiting_for": "external",
    "pool": "default",
    "priority": 0,
    "attempt": 0,
    "outcome": None,
    "executor": None,
    "started_at": None,
    "ended_at": None,
    "duration_ms": None,
    "exit_code": None,
    "signal": None,
    "retry_at": None,
}
"""The run in the lists and the details of runs."""

DEFINITION = {
    "schedule_id": "daily",
    "definition_version": 1,
    "cron_expression": "0 10 * * *",
    "timezone": "UTC",
    "catchup_window_minutes": 4320,
    "max_catchup_ticks": 3,
    "catchup_policy": "oldest-first",
    "dst_gap": "next",
    "dst_overlap": "first",
    "excluded_days": [],
    "asset_selection": ["analytics.summary"],
    "partition_selection": [],
    "command": None,
    "labels": {},
    "shell": None,
    "working_directory": None,
    "environment": {},
    "environment_file": None,
    "run_as": None,
    "resources": {},
    "timeout_seconds": None,
    "max_retries": 0,
    "retry_exit_codes": [],
    "retry_delay_seconds": 60,
    "retry_backoff": "exponential",
    "on_lost": "fail",
    "overlap": "queue",
    "start_within_seconds": None,
    "spread_seconds": 0,
    "pool": "default",
    "priority": 0,
    "on_failure": None,
    "success_within_seconds": None,
    "code_version": None,
    "start_at": "2025-01-01T00:00:00Z",
    "end_at": None,
    "enabled": True,
    "paused_until": None,
    "deleted": False,
    "created_at": "2025-01-01T00:00:00Z",
    "effective_from": "2025-01-01T00:00:00Z",
}
SCHEDULE = DEFINITION | {
    "last_scheduled_for": None,
    "last_tick_id": None,
    "last_run_key": None,
    "next_due_at": "2025-01-01T10:00:00Z",
}


def test_the_example_of_the_founding_document(daily: Arco) -> None:
    """Three ticks within the window and the bound, one lapse of twelve; the same evaluation again adds nothing."""
    evaluate = "tick --now 2025-01-15T10:30:00Z"
    assert daily.json(f"{evaluate} --dry-run", at="2025-01-15T10:30:00Z") == CAUGHT_UP | {"dry_run": True}
    assert daily.json("ticks list") == {"ticks": [], "next_cursor": None}
    assert daily.json(evaluate) == CAUGHT_UP
    assert daily.json(evaluate) == NOTHING
    assert daily.json("ticks list") == {"ticks": TICKS[::-1], "next_cursor": None}
    assert daily.json("lapses list") == {"lapses": [LAPSE], "next_cursor": None}
    runs = daily.json("runs list")["runs"]
    assert [run["run_key"] for run in runs] == [each["run_key"] for each in TICKS[::-1]]
    assert runs[-1] == LIFE


def test_a_tick_shows_its_definition_and_its_run(daily: Arco) -> None:
    """`ticks show` answers: which definition version, what it says, which run, any conflict."""
    daily.ok("tick", at="2025-01-15T10:30:00Z")
    assert daily.json("ticks show daily:1736762400") == TICKS[0] | {
        "definition": DEFINITION,
        "asset_selection": ["analytics.summary"],
        "partition_selection": [],
        "run": LIFE | {"attempts": [], "log_tail": None},
        "conflicts": [],
    }
    assert daily.json("runs show run_7c5isfybge7jn5yflyqjsvw6af") == LIFE | {"attempts": [], "log_tail": None}


def test_create_is_idempotent(arco: Arco) -> None:
    """The same content again is unchanged, other content under the same id is a conflict that changes nothing."""
    create = 'schedule create daily --cron "0 10 * * *" --asset analytics.summary --catchup-window 72h --max-catchup 3 '
    answer = {"change": "created", "waiting": 0, "discarded": 0, "runs_waiting": 0, "runs_discarded": 0}
    answer |= {"will_trigger": 0}
    assert arco.json(create + "--start 2025-01-01T00:00:00Z") == SCHEDULE | answer
    assert arco.json(create, at="2025-02-01T00:00:00Z")["change"] == "unchanged"
    before = arco.content()
    result = arco("schedule create daily --cron '0 11 * * *'")
    assert (result.code, result.out) == (4, "")
    assert "arco schedule update daily" in result.err
    assert arco.content() == before


def test_show_and_list(daily: Arco) -> None:
    """`list` says what is overdue, `show` besides how many wait and what comes next."""
    at = "2025-01-02T10:00:00Z"
    standing = {"overdue": True, "last_run_status": None, "last_success_at": None, "stale": False}
    assert daily.json("schedule list", at=at) == {"schedules": [SCHEDULE | standing]}
    assert daily.json("schedule show daily") == SCHEDULE | standing | {
        "waiting": 2,
        "next_occurrences": [f"2025-01-{day:02}T10:00:00Z" for day in range(3, 8)],
    }
    daily.ok("tick")
    row = daily.json("schedule list")["schedules"][0]
    assert row["overdue"] is False
    assert row["last_scheduled_for"] == "2025-01-02T10:00:00Z"
    assert row["last_tick_id"] == "daily:1735812000"
    assert row["last_run_key"] == "sched:daily:1735812000"
    assert row["next_due_at"] == "2025-01-03T10:00:00Z"


def test_a_pause_over_a_weekend(arco: Arco) -> None:
    """What falls into a pause is skipped without a run, also when nobody evaluated meanwhile; enabling replays none."""
    arco.ok('schedule create hourly --cron "0 */12 * * *" --catchup-window 7d', at="2025-01-10T00:00:00Z")
    arco.ok("tick")
    paused = arco.json("schedule disable hourly", at="2025-01-11T00:00:00Z")
    assert (paused["change"], paused["enabled"], paused["definition_version"]) == ("updated", False, 2)
    assert paused["waiting"] == 1
    enabled = arco.json("schedule enable hourly", at="2025-01-13T00:00:00Z")
    assert (enabled["change"], enabled["definition_version"], enabled["waiting"]) == ("updated", 3, 5)
    answer = arco.json("tick")
    assert [(each["scheduled_for"][8:13], each["status"], each["skip_reason"]) for each in answer["ticks"]] == [
        ("10T12", "triggered", None),
        ("11T00", "skipped", "paused"),
        ("11T12", "skipped", "paused"),
        ("12T00", "skipped", "paused"),
        ("12T12", "skipped", "paused"),
        ("13T00", "triggered", None),
    ]
    skipped = [each for each in answer["ticks"] if each["status"] == "skipped"]
    assert {(each["run_key"], each["run_id"], each["request_fingerprint"]) for each in skipped} == {(None, None, None)}
    assert len(arco.json("runs list")["runs"]) == 3


def test_discard_waiting_stops_a_storm(arco: Arco) -> None:
    """After an outage, `--discard-waiting` lapses what waits in the same step, and says how much."""
    arco.ok('schedule create often --cron "*/5 * * * *"', at="2025-01-10T00:00:00Z")
    change = arco.json("schedule disable often --discard-waiting", at="2025-01-10T12:00:00Z")
    assert (change["change"], change["waiting"], change["discarded"]) == ("updated", 144, 144)
    assert arco.json("lapses list --reason discarded")["lapses"] == [
        {
            "schedule_id": "often",
            "after": "2025-01-09T23:59:59Z",
            "before": "2025-01-10T12:00:00Z",
            "missed": 144,
            "reason": "discarded",
            "recorded_at": "2025-01-10T12:00:00Z",
            "first_missed": "2025-01-10T00:00:00Z",
            "last_missed": "2025-01-10T11:55:00Z",
        }
    ]
    assert [each["status"] for each in arco.json("tick")["ticks"]] == ["skipped"]


def test_a_definition_changed_at_noon(arco: Arco) -> None:
    """An occurrence carries the version in force at its instant; a changed cron makes none before the change."""
    arco.ok('schedule create s --cron "0 * * * *" --asset old', at="2025-01-10T10:30:00Z")
    arco.ok('schedule update s --asset new --cron "*/30 * * * *"', at="2025-01-10T12:00:00Z")
    ticks = arco.json("tick", at="2025-01-10T13:00:00Z")["ticks"]
    assert [(each["scheduled_for"][11:16], each["definition_version"]) for each in ticks] == [
        ("11:00", 1),
        ("12:00", 2),
        ("12:30", 2),
        ("13:00", 2),
    ]
    assert arco.json(f"ticks show {ticks[0]['tick_id']}")["asset_selection"] == ["old"]
    assert arco.json(f"ticks show {ticks[1]['tick_id']}")["run"]["asset_selection"] == ["new"]


def test_back_and_forth_makes_three_versions(arco: Arco) -> None:
    """A, B, A: three versions, each naming what changed; the same again is unchanged; a wrong expectation conflicts."""
    arco.ok('schedule create s --cron "0 1 * * *"')
    assert arco.json('schedule update s --cron "0 2 * * *"')["definition_version"] == 2
    assert arco.json('schedule update s --cron "0 1 * * *" --label a=b')["definition_version"] == 3
    again = arco.json('schedule update s --cron "0 1 * * *"')
    assert (again["change"], again["definition_version"]) == ("unchanged", 3)
    versions = arco.json("schedule versions s")["versions"]
    assert [(each["definition_version"], each["changed"]) for each in versions] == [
        (1, []),
        (2, ["cron_expression"]),
        (3, ["cron_expression", "labels"]),
    ]
    before = arco.content()
    for command in ("update s --clear-labels", "enable s", "disable s", "delete s"):
        result = arco(f"schedule {command} --expect-version 2")
        assert (result.code, result.out) == (4, ""), command
        assert "version 3, not 2" in result.err
    assert arco.content() == before


def test_delete_and_create_anew(daily: Arco) -> None:
    """A deleted schedule keeps its history; its id continues the version numbers when it is created again."""
    daily.ok("tick", at="2025-01-15T10:30:00Z")
    deleted = daily.json("schedule delete daily", at="2025-01-15T11:00:00Z")
    assert (deleted["change"], deleted["deleted"], deleted["next_due_at"]) == ("deleted", True, None)
    assert daily.json("schedule delete daily")["change"] == "unchanged"
    assert daily.json("schedule list") == {"schedules": []}
    assert [each["deleted"] for each in daily.json("schedule list --all")["schedules"]] == [True]
    for command in ("update daily --asset x", "enable daily", "disable daily", "trigger daily"):
        assert daily(f"schedule {command}").code == 3, command
    assert len(daily.json("ticks list --schedule daily")["ticks"]) == 3
    anew = daily.json('schedule create daily --cron "0 12 * * *"', at="2025-01-20T00:00:00Z")
    assert (anew["change"], anew["definition_version"], anew["start_at"]) == ("created", 3, "2025-01-20T00:00:00Z")


def test_a_definition_that_cannot_be_evaluated(arco: Arco) -> None:
    """One failed tick, no run, exit 5, the others evaluated, and no second failed tick a minute later."""
    arco.ok('schedule create bad --cron "0 * * * *"', at="2025-01-10T00:00:00Z")
    arco.ok('schedule create good --cron "0 * * * *"')
    of_bad = "schedule = (SELECT schedule FROM schedule_ids WHERE schedule_id = 'bad')"
    sql(arco.db, f"UPDATE definition_rows SET timezone = 'Mars/Base' WHERE {of_bad}")
    arco.at = "2025-01-10T01:00:00Z"
    result = arco("tick --json")
    assert result.code == 5
    answer = result.json
    assert (answer["failed"], answer["triggered"]) == (1, 2)
    failed = [each for each in answer["ticks"] if each["schedule_id"] == "bad"]
    assert [(each["tick_id"], each["status"], each["run_key"], each["run_id"]) for each in failed] == [
        ("bad:failed:1", "failed", None, None)
    ]
    assert "Mars/Base" in failed[0]["error"]
    arco.at = "2025-01-10T01:01:00Z"
    again = arco("tick --json")
    assert (again.code, again.json["failed"], again.json["ticks"]) == (5, 1, [])
    quiet = arco("tick --quiet")
    assert quiet.code == 5
    assert quiet.out == "1 schedule can't be evaluated: see `arco ticks list --status failed`.\n"
    listed = arco.json("ticks list --status failed")["ticks"]
    assert [each["tick_id"] for each in listed] == ["bad:failed:1"]
    assert arco("schedule show bad").code == 0
    assert "failing" in arco("schedule list").out


def test_requesting_a_run_twice(arco: Arco) -> None:
    """The same key with the same content is the same run; other content conflicts, and both fingerprints are shown."""
    request = "runs request --key nightly --asset b --asset a --label k=v"
    first = arco.json(request)
    assert first == {
        "run_id": first["run_id"],
        "run_key": "nightly",
        "request_fingerprint": first["request_fingerprint"],
        "status": "requested",
        "schedule_id": None,
        "tick_id": None,
        "asset_selection": ["a", "b"],
        "partition_selection": [],
        "command": None,
        "labels": {"k": "v"},
        "shell": None,
        "working_directory": None,
        "environment": {},
        "environment_file": None,
        "run_as": None,
        "resources": {},
        "code_version": None,
        "requested_at": "2025-01-01T00:00:00Z",
        "conflicts": [],
        "change": "created",
    }
    again = arco.json("runs request --key nightly --asset a --asset b --asset a --label k=v", at="2025-01-02T00:00:00Z")
    assert again == first | {"change": "existing"}
    result = arco("runs request --key nightly --asset other --json")
    assert result.code == 4
    assert result.json["error"]["code"] == 4
    run = arco.json(f"runs show {first['run_id']}")
    assert run["request_fingerprint"] == first["request_fingerprint"]
    assert [
        (each["run_key"], each["first_fingerprint"], each["requested_at"], each["tick_id"]) for each in run["conflicts"]
    ] == [("nightly", first["request_fingerprint"], "2025-01-02T00:00:00Z", None)]
    assert run["conflicts"][0]["requested_fingerprint"] != first["request_fingerprint"]


def test_a_conflict_on_a_run_key_of_a_schedule(daily: Arco) -> None:
    """A tick whose run key somebody reserved for other content: exit 0, counted, and shown with the tick."""
    daily.ok("runs request --key sched:daily:1736762400 --asset mine")
    result = daily("tick --now 2025-01-13T10:30:00Z --allow-future")
    assert result.code == 0
    assert "`arco ticks show daily:1736762400`" in result.out
    shown = daily.json("ticks show daily:1736762400")
    assert shown["run"]["asset_selection"] == ["mine"]
    assert shown["run"]["tick_id"] == "daily:1736762400"
    conflict = {
        "run_key": "sched:daily:1736762400",
        "first_fingerprint": shown["run"]["request_fingerprint"],
        "requested_fingerprint": SUMMARY,
        "requested_at": "2025-01-13T10:30:00Z",
        "tick_id": "daily:1736762400",
    }
    assert shown["conflicts"] == [conflict]
    assert f"requested     {SUMMARY}" in daily("ticks show daily:1736762400").out
    listed = daily("runs list").out
    assert "requested (external, 1 conflict)" in listed
    assert listed.count("conflict") == 1


def test_trigger(daily: Arco) -> None:
    """A manual tick does not take the place of the scheduled one at the same instant; a second in that second is it."""
    answer = daily.json("schedule trigger daily", at="2025-01-01T10:00:00Z")
    assert (answer["tick_id"], answer["run_key"], answer["change"]) == (
        "daily:manual:1735725600",
        "sched:daily:manual:1735725600",
        "created",
    )
    assert answer["run"]["tick_id"] == "daily:manual:1735725600"
    assert daily.json("schedule trigger daily")["change"] == "existing"
    assert [each["tick_id"] for each in daily.json("tick")["ticks"]] == ["daily:1735725600"]
    assert daily.json("schedule show daily")["last_tick_id"] == "daily:1735725600"


def test_what_waits_for_the_next_evaluation(arco: Arco) -> None:
    """Beyond the bound the oldest come first, and how many wait is said."""
    arco.ok('schedule create s --cron "* * * * *" --max-catchup 4', at="2025-01-10T00:00:00Z")
    answer = arco.json("tick", at="2025-01-10T00:09:00Z")
    assert (answer["triggered"], answer["deferred"], answer["lapsed"]) == (4, 6, 0)
    assert "2 occurrences wait for the next evaluation" in arco.ok("tick").out
    latest = arco.json("schedule update s --catchup-policy latest --max-catchup 1")
    assert (latest["waiting"], latest["discarded"]) == (1, 0)


def test_a_warning_for_what_cannot_keep_up(arco: Arco) -> None:
    """An evaluation each minute can't keep up with sixty occurrences a minute: said on stderr with what to set."""
    result = arco.ok('schedule create fast --cron "* * * * * *" --json')
    assert "60 occurrences a minute" in result.err
    assert "max_catchup_ticks is 10, so the others wait: set it to 60 or more" in result.err
    assert result.json["change"] == "created"
    assert "warning" not in arco.ok("schedule update fast --max-catchup 60").err


NO_WORKER = "note: nothing will run until you start a worker: `arco work`\n"


def test_a_command_before_the_first_worker(arco: Arco, tmp_path: Path) -> None:
    """Where something with a command is made or requested, one line says who would execute it, until a worker ran."""
    for number in (1, 2):
        file = tmp_path / f"{number}.toml"
        file.write_text(f'[schedules.filed{number}]\ncron_expression = "@daily"\ncommand = "true"\n')
    (tmp_path / "crontab").write_text("0 1 * * * true\n")
    lines = (
        'schedule create s{} --cron "@daily" --command true',
        "schedule update s{} --command :",
        "schedule trigger s{}",
        "runs request --key k{} --command true",
        f"apply {tmp_path}/{{}}.toml",
        f"import crontab {tmp_path}/crontab --tz UTC --prefix c{{}}",
    )
    for line in lines:
        result = arco.ok(f"{line.format(1)} --json")
        assert (result.err.count(NO_WORKER), bool(result.json)) == (1, True), line
    assert NO_WORKER not in arco.ok(f"apply {tmp_path}/1.toml").err  # nothing new is in it
    assert NO_WORKER not in arco.ok("schedule update s1 --asset a").err
    arco.ok("work --once")
    for line in lines:
        assert NO_WORKER not in arco.ok(line.format(2)).err, line


def test_a_pool_without_a_limit_and_resources(arco: Arco) -> None:
    """A pool that nobody set is named, once each; so are resources, which only engines heed. A default says nothing."""
    arco.ok("init")
    arco.ok("work --once")
    said = arco.ok("schedule create a --cron @daily --command true --pool heavy --resource cpus=2").err
    assert said.splitlines() == [
        "note: pool heavy has no limit yet: `arco pool set heavy --slots N` sets one, "
        "`arco work --pool heavy` serves it",
        "note: resources are what an engine reserves: a worker on this machine (`local`) ignores them",
    ]
    arco.ok("pool set heavy --slots 2")
    assert arco.ok("schedule create b --cron @daily --command true --pool heavy").err == ""
    assert arco.ok("schedule create c --cron @daily --command true").err == ""
    without = arco.ok("schedule create d --cron @daily --pool light --resource cpus=2").err
    assert without.startswith("note: d has no command, so no worker runs it")


@pytest.mark.parametrize(
    "line",
    [
        'schedule create s --cron "@daily" --asset a',
        'schedule create s --cron "@daily" --command true --pool external',
        "runs request --key k --command true --pool external",
        "runs request --key k",
    ],
)
def test_what_is_not_for_workers(arco: Arco, line: str) -> None:
    """Nothing is said of workers where none would ever take it."""
    assert arco.ok(line).err == ""


def test_a_hand_request_has_content_and_policy(arco: Arco) -> None:
    """Each value arrives in the request; with another policy it is the same run, and the first stays."""
    line = (
        "runs request --key k --command true --shell /bin/bash --workdir /srv --env A=1 --env B=2 --env-file /etc/s "
        "--run-as nobody --resource cpus=4 --timeout 10m --retries 3 --retry-on 75 --retry-on 2 --retry-delay 30s "
        "--retry-backoff constant --on-lost retry --pool heavy --priority 5 --on-failure 'mail root'"
    )
    run = arco.json(line)
    assert {
        name: run[name] for name in ("shell", "working_directory", "environment", "environment_file", "run_as")
    } == {
        "shell": "/bin/bash",
        "working_directory": "/srv",
        "environment": {"A": "1", "B": "2"},
        "environment_file": "/etc/s",
        "run_as": "nobody",
    }
    assert run["resources"] == {"cpus": 4}
    policy = {
        "timeout_seconds": 600,
        "max_retries": 3,
        "retry_exit_codes": [2, 75],
        "retry_delay_seconds": 30,
        "retry_backoff": "constant",
        "on_lost": "retry",
        "pool": "heavy",
        "priority": 5,
        "on_failure": "mail root",
    }
    requested = arco.json("events list --type RunRequested")["events"][0]["payload"]
    assert requested["policy"] == policy
    content = ("command", "shell", "working_directory", "environment", "environment_file", "run_as", "resources")
    assert {name: requested[name] for name in content} == {name: run[name] for name in content}
    again = arco.json(line.replace("--retries 3", "--retries 4"))
    assert (again["run_id"], again["change"]) == (run["run_id"], "existing")
    assert arco.json("events list --type RunRequested")["events"][0]["payload"]["policy"] == policy


def test_a_hand_request_judges_its_policy(arco: Arco) -> None:
    """Everything that is wrong is said at once, in the words of the command line, and no database is made."""
    result = arco("runs request --key k --retries -1 --retry-on 0 --shell sh --resource disk=1")
    assert result.code == 2
    for said in ("--retries must be", "--retry-on must be", "--shell 'sh' is not an absolute path", "--resource"):
        assert said in result.err
    assert not arco.db.exists()


def test_the_same_commands_make_the_same_database(tmp_path: Any) -> None:
    """With the same `ARCO_NOW`, the same commands give the same content."""
    contents = []
    for name in ("one.db", "two.db"):
        arco = Arco(tmp_path / name)
        arco.ok('schedule create s --cron "0 * * * *" --asset a', at="2025-01-10T00:00:00Z")
        arco.ok("schedule trigger s", at="2025-01-10T00:30:00Z")
        arco.ok("tick", at="2025-01-10T05:00:00Z")
        contents.append(arco.content())
    assert contents[0] == contents[1]

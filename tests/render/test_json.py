"""The keys of every JSON document, in their order: what docs/json.md promises to programs."""

import json

import pytest

from tests.runner import Arco


def keys(names: str) -> list[str]:
    """The names of a line."""
    return names.split()


TICK = keys(
    "tick_id schedule_id scheduled_for definition_version status skip_reason error run_key run_id request_fingerprint "
    "evaluated_at"
)
LAPSE = keys("schedule_id after before missed reason recorded_at first_missed last_missed")
DEFINITION = keys(
    "schedule_id definition_version cron_expression timezone catchup_window_minutes max_catchup_ticks catchup_policy "
    "dst_gap dst_overlap excluded_days asset_selection partition_selection command labels shell working_directory "
    "environment environment_file run_as resources timeout_seconds max_retries retry_exit_codes retry_delay_seconds "
    "retry_backoff on_lost overlap start_within_seconds spread_seconds pool priority on_failure success_within_seconds "
    "code_version start_at end_at enabled paused_until deleted created_at effective_from"
)
SCHEDULE = [*DEFINITION, "last_scheduled_for", "last_tick_id", "last_run_key", "next_due_at"]
RUN = keys(
    "run_id run_key request_fingerprint status schedule_id tick_id asset_selection partition_selection command labels "
    "shell working_directory environment environment_file run_as resources code_version requested_at conflicts"
)
LIFE = [
    *RUN,
    *keys(
        "scheduled_for timezone status_reason waiting_for pool priority attempt outcome executor started_at ended_at "
        "duration_ms exit_code signal retry_at"
    ),
]
CHANGE = [*SCHEDULE, "change", "waiting", "discarded", "runs_waiting", "runs_discarded", "will_trigger"]
STANDING = [*SCHEDULE, "overdue", "last_run_status", "last_success_at", "stale"]

DOCUMENTS = {
    'schedule create s --cron "0 * * * *"': CHANGE,
    "schedule update daily --asset a": CHANGE,
    "schedule enable daily": CHANGE,
    "schedule disable daily": CHANGE,
    "schedule delete daily": CHANGE,
    "schedule show daily": [*STANDING, "waiting", "next_occurrences"],
    "schedule trigger daily": [*TICK, "run", "change"],
    "tick": keys("now evaluated triggered skipped failed lapsed deferred conflicts dry_run ticks lapses"),
    "ticks show daily:1736762400": [
        *TICK,
        *("definition", "asset_selection", "partition_selection", "run", "conflicts"),
    ],
    "runs show run_7c5isfybge7jn5yflyqjsvw6af": [*LIFE, "attempts", "log_tail"],
    "runs request --key k": [*RUN, "change"],
    "init": ["database", "workspace", "change"],
}
LISTS = {
    "schedule list": ("schedules", STANDING, False),
    "schedule list --all": ("schedules", STANDING, False),
    "schedule versions daily": ("versions", [*DEFINITION, "changed", "changes", "by", "note"], False),
    "schedule preview daily": ("occurrences", ["at", "local", "starts_at", "note", "skipped"], False),
    'schedule preview --cron "@daily"': ("occurrences", ["at", "local", "starts_at", "note", "skipped"], False),
    "ticks list": ("ticks", TICK, True),
    "lapses list": ("lapses", LAPSE, True),
    "runs list": ("runs", LIFE, True),
    "events list": (
        "events",
        ["seq", "type", "idempotency_key", "schedule_id", "recorded_at", "payload", "by", "note"],
        True,
    ),
}


@pytest.fixture
def used(daily: Arco) -> Arco:
    """A database with something of everything."""
    daily.ok("tick", at="2025-01-15T10:30:00Z")
    return daily


@pytest.mark.parametrize("line", DOCUMENTS)
def test_documents(used: Arco, line: str) -> None:
    """One document on stdout with exactly these keys, nothing on stderr."""
    result = used.ok(f"{line} --json")
    assert list(result.json) == DOCUMENTS[line]
    assert result.err == ""
    run = [*LIFE, "attempts", "log_tail"] if line.startswith("ticks") else RUN
    for key, keys in (("run", run), ("definition", DEFINITION)):
        if key in result.json:
            assert list(result.json[key]) == keys


@pytest.mark.parametrize("line", LISTS)
def test_lists(used: Arco, line: str) -> None:
    """A list under its plural key, every row with exactly these keys, and `next_cursor` where it is paged."""
    name, keys, paged = LISTS[line]
    document = used.json(line)
    assert list(document) == [name, *(["next_cursor"] if paged else [])]
    assert document[name]
    for row in document[name]:
        assert list(row) == keys


@pytest.mark.parametrize("line", ["ticks list", "lapses list", "runs list", "events list"])
def test_pages(used: Arco, line: str) -> None:
    """The pages of a list, one row each, are the list."""
    used.ok("tick", at="2025-02-15T10:30:00Z")
    name = line.split(maxsplit=1)[0]
    whole = used.json(line)[name]
    assert len(whole) > 1
    rows, cursor = [], ""
    while True:
        page = used.json(f"{line} --limit 1 {cursor}")
        rows += page[name]
        if page["next_cursor"] is None:
            break
        cursor = f"{'--after' if name == 'events' else '--cursor'} {page['next_cursor']}"
    assert rows == whole


def test_filters(used: Arco) -> None:
    """`--since` includes, `--until` excludes, and filters combine."""
    since = "--since 2025-01-13T10:00:00Z --until 2025-01-15T10:00:00Z --status triggered --schedule daily"
    ids = [each["tick_id"] for each in used.json(f"ticks list {since}")["ticks"]]
    assert ids == ["daily:1736848800", "daily:1736762400"]
    assert used.json("ticks list --status skipped")["ticks"] == []
    assert len(used.json("runs list --since 2025-01-15T10:30:00Z --status requested")["runs"]) == 3
    assert used.json("runs list --until 2025-01-15T10:30:00Z")["runs"] == []
    assert used.json("lapses list --until 2025-01-01T00:00:00Z")["lapses"] == []
    assert len(used.json("lapses list --since 2025-01-12T00:00:00Z --reason window")["lapses"]) == 1


def test_preview_across_clock_changes(arco: Arco) -> None:
    """Each occurrence has its UTC instant, its local time with offset, and what a clock change did; no database."""
    preview = 'schedule preview --cron "30 2 * * *" --tz America/New_York --count 2 --from'
    shown = arco.json(f"{preview} 2025-03-08T12:00:00Z")["occurrences"]
    assert [each.pop("starts_at") == each["at"] and each.pop("skipped") for each in shown] == [None, None]
    assert shown == [
        {"at": "2025-03-09T07:00:00Z", "local": "2025-03-09T03:00:00-04:00", "note": "gap"},
        {"at": "2025-03-10T06:30:00Z", "local": "2025-03-10T02:30:00-04:00", "note": None},
    ]
    both = 'schedule preview --cron "30 1 * * *" --tz America/New_York --dst-overlap both --count 3 --from'
    shown = arco.json(f"{both} 2025-11-02T05:30:00Z")["occurrences"]
    assert [each.pop("starts_at") == each["at"] and each.pop("skipped") for each in shown] == [None, None, None]
    assert shown == [
        {"at": "2025-11-02T05:30:00Z", "local": "2025-11-02T01:30:00-04:00", "note": "overlap-first"},
        {"at": "2025-11-02T06:30:00Z", "local": "2025-11-02T01:30:00-05:00", "note": "overlap-second"},
        {"at": "2025-11-03T06:30:00Z", "local": "2025-11-03T01:30:00-05:00", "note": None},
    ]
    skip = arco.json(f"{preview} 2025-03-08T12:00:00Z --dst-gap skip")["occurrences"]
    assert [each["at"] for each in skip] == ["2025-03-10T06:30:00Z", "2025-03-11T06:30:00Z"]
    assert not arco.db.exists()


def test_a_definition_with_everything(arco: Arco) -> None:
    """Each option arrives in its field, lists sorted and without repeats; `--clear-…` empties what it names."""
    answer = arco.json(
        'schedule create s --cron "*/15 * * * *" --tz Europe/Berlin --catchup-window 2w --max-catchup 7 '
        "--catchup-policy latest --dst-gap skip --dst-overlap both --exclude 2025-12-26 "
        "--exclude 2025-12-24..2025-12-25 --asset b --asset a --asset b --partition p "
        "--label z=1 --label a=x=y --label e= --code-version v7 --start 2025-06-01T00:00:00+02:00 "
        "--end 2025-07-01T00:00:00.5Z --disabled --command 'make all' --shell /bin/bash --workdir /srv --env B=2 "
        "--env A=x=y --env E= --env-file /etc/secret --run-as nobody --resource gpus=1 --resource cpus=4 --timeout 10m "
        "--retries 3 --retry-on 75 --retry-on 2 --retry-on 75 --retry-delay 90 --retry-backoff constant "
        "--on-lost retry --overlap skip --start-within 6h --spread 5m --pool heavy --priority -7 "
        "--on-failure 'mail root' --success-within 26h"
    )
    assert {name: answer[name] for name in DEFINITION} == {
        "schedule_id": "s",
        "definition_version": 1,
        "cron_expression": "*/15 * * * *",
        "timezone": "Europe/Berlin",
        "catchup_window_minutes": 20160,
        "max_catchup_ticks": 7,
        "catchup_policy": "latest",
        "dst_gap": "skip",
        "dst_overlap": "both",
        "excluded_days": ["2025-12-24..2025-12-26"],
        "asset_selection": ["a", "b"],
        "partition_selection": ["p"],
        "command": "make all",
        "labels": {"a": "x=y", "e": "", "z": "1"},
        "shell": "/bin/bash",
        "working_directory": "/srv",
        "environment": {"A": "x=y", "B": "2", "E": ""},
        "environment_file": "/etc/secret",
        "run_as": "nobody",
        "resources": {"cpus": 4, "gpus": 1},
        "timeout_seconds": 600,
        "max_retries": 3,
        "retry_exit_codes": [2, 75],
        "retry_delay_seconds": 90,
        "retry_backoff": "constant",
        "on_lost": "retry",
        "overlap": "skip",
        "start_within_seconds": 21600,
        "spread_seconds": 300,
        "pool": "heavy",
        "priority": -7,
        "on_failure": "mail root",
        "success_within_seconds": 93600,
        "code_version": "v7",
        "start_at": "2025-05-31T22:00:00Z",
        "end_at": "2025-07-01T00:00:00Z",
        "enabled": False,
        "paused_until": None,
        "deleted": False,
        "created_at": "2025-01-01T00:00:00Z",
        "effective_from": "2025-05-31T22:00:00Z",
    }
    cleared = arco.json(
        "schedule update s --clear-assets --clear-partitions --clear-labels --clear-command --clear-end "
        "--clear-code-version --clear-shell --clear-workdir --clear-env --clear-env-file --clear-run-as "
        "--clear-resources --clear-timeout --clear-retry-on --clear-start-within --clear-on-failure "
        "--clear-success-within"
    )
    names = ("asset_selection", "partition_selection", "labels", "command", "end_at", "code_version", "enabled")
    assert [cleared[name] for name in names] == [[], [], {}, None, None, None, False]
    of_process = ("shell", "working_directory", "environment", "environment_file", "run_as", "resources")
    assert [cleared[name] for name in of_process] == [None, None, {}, None, None, {}]
    of_policy = ("timeout_seconds", "retry_exit_codes", "start_within_seconds", "on_failure", "success_within_seconds")
    assert [cleared[name] for name in of_policy] == [None, [], None, None, None]
    assert (cleared["max_retries"], cleared["overlap"], cleared["pool"]) == (3, "skip", "heavy")


def test_update_can_disable_too(daily: Arco) -> None:
    """`update --disabled` pauses with the same version that makes the change."""
    answer = daily.json("schedule update daily --asset x --disabled")
    assert (answer["definition_version"], answer["enabled"], answer["asset_selection"]) == (2, False, ["x"])


def test_text_is_not_escaped_beyond_need(arco: Arco) -> None:
    """JSON is UTF-8: letters of any script stand as they are."""
    out = arco.ok('schedule create s --cron "@daily" --asset 資産 --label "[bold]k[/]=ü" --json').out
    assert "資産" in out
    assert json.loads(out)["labels"] == {"[bold]k[/]": "ü"}

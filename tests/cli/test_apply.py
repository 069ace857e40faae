"""`arco apply` and `arco export`: a file of definitions, its plan, its problems, and the way back."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from tests.formats.definitions_files import TWO, WRONG
from tests.runner import Arco


@pytest.fixture
def arco(path: Path) -> Arco:
    """`arco` on a database that does not exist yet, in the middle of a month."""
    return Arco(path, "2025-01-15T12:00:00Z")


def _changes(document: Any) -> dict[str, str]:
    return {change["schedule_id"]: change["change"] for change in document["changes"]}


def _current(arco: Arco, schedule_id: str) -> Any:
    return arco.json("schedule", "show", schedule_id)


# The plan.


def test_a_file_creates_its_schedules_and_the_same_again_is_unchanged(arco: Arco) -> None:
    """The first time everything is created, with the database; the second time nothing is written."""
    file = arco.file("two.toml", TWO)
    created = {"changed": {}, "change": "created", "waiting": 0}
    assert arco.json("apply", file) == {
        "changes": [{"schedule_id": "daily", **created}, {"schedule_id": "team.load", **created}],
        "dry_run": False,
    }
    daily = _current(arco, "daily")
    assert (daily["timezone"], daily["max_catchup_ticks"], daily["start_at"]) == ("Europe/Berlin", 3, arco.at)
    assert _current(arco, "team.load")["catchup_window_minutes"] == 72 * 60
    events = arco.json("events", "list")
    assert _changes(arco.json("apply", file)) == {"daily": "unchanged", "team.load": "unchanged"}
    assert arco.json("events", "list") == events


def test_an_update_is_told_field_by_field(arco: Arco) -> None:
    """Each field that differs is there with its value before and after; a key that is gone is the default again."""
    arco("apply", arco.file("two.toml", TWO))
    changed = TWO.replace("max_catchup_ticks = 3\n", 'end_at = 2026-01-01T00:00:00+01:00\nlabels.a = "[b]"\n')
    plan = arco.json("apply", arco.file("changed.toml", changed), "--dry-run")
    assert plan["changes"][0]["changed"] == {
        "max_catchup_ticks": {"from": 3, "to": 10},
        "labels": {"from": {}, "to": {"a": "[b]"}},
        "end_at": {"from": None, "to": "2025-12-31T23:00:00Z"},
    }
    assert _changes(plan) == {"daily": "updated", "team.load": "unchanged"}
    assert _current(arco, "daily")["definition_version"] == 1
    answer = arco("apply", arco.file("changed.toml", changed))
    assert "max_catchup_ticks: 3 -> 10; labels: none -> a=[b]; end_at: none -> 2026-01-01 00:00 +01:00" in answer.out
    assert answer.out.endswith("1 updated, 1 unchanged.\n")
    assert _current(arco, "daily")["definition_version"] == 2


@pytest.mark.parametrize(
    ("says", "defaults", "enabled"),
    [("", "", False), ("enabled = true\n", "", True), ("enabled = false\n", "", False), ("", "enabled = true\n", True)],
)
def test_what_somebody_disabled_stays_so_unless_the_file_says(
    arco: Arco, says: str, defaults: str, enabled: bool
) -> None:
    """Only an explicit `enabled`, of the schedule or of the defaults, changes the state."""
    arco("apply", arco.file("a.toml", '[schedules.daily]\ncron_expression = "@daily"\n'))
    arco("schedule", "disable", "daily")
    text = f'[defaults]\n{defaults}[schedules.daily]\ncron_expression = "@hourly"\n{says}'
    arco.json("apply", arco.file("a.toml", text))
    assert (_current(arco, "daily")["enabled"], _current(arco, "daily")["cron_expression"]) == (enabled, "@hourly")


def test_prune_deletes_what_the_file_does_not_name(arco: Arco) -> None:
    """Without --prune the others stay and are named; with it they end; a file that names one again re-creates it."""
    both = arco.file("two.toml", TWO)
    arco("apply", both)
    one = arco.file("one.toml", TWO.partition('[schedules."')[0])
    answer = arco("apply", one)
    assert "1 schedule is not in the file and stays (team.load)" in answer.err
    assert _changes(arco.json("apply", one, "--prune")) == {"daily": "unchanged", "team.load": "deleted"}
    assert _current(arco, "team.load")["deleted"]
    arco.at = "2025-01-16T12:00:00Z"
    assert _changes(arco.json("apply", both)) == {"daily": "unchanged", "team.load": "created"}
    again = _current(arco, "team.load")
    assert (again["definition_version"], again["start_at"]) == (3, arco.at)


def test_prune_wants_a_file_that_says_schedules(arco: Arco) -> None:
    """A file without any `schedules` can't delete everything; one that says `[schedules]` can."""
    arco("apply", arco.file("two.toml", TWO))
    empty = arco("apply", arco.file("empty.toml", "# nothing\n"), "--prune")
    assert (empty.code, "--prune would delete all of them" in empty.err) == (2, True)
    assert len(arco.json("apply", arco.file("none.toml", "[schedules]\n"), "--prune")["changes"]) == 2


def test_what_waits_is_told(arco: Arco) -> None:
    """A change answers how many occurrences before it still wait under the version before."""
    arco("apply", arco.file("a.toml", '[schedules.h]\ncron_expression = "@hourly"\n'))
    arco.at = "2025-01-15T15:30:00Z"
    file = arco.file("a.toml", '[schedules.h]\ncron_expression = "@daily"\n')
    assert arco.json("apply", file, "--dry-run")["changes"][0]["waiting"] == 4
    answer = arco("apply", file)
    assert "note: 4 occurrences before the change are still waiting" in answer.err
    with Workspace.open(arco.db) as workspace:
        assert workspace.verify().ok


def test_a_dry_run_makes_no_database(arco: Arco) -> None:
    """Without a database, --dry-run says what would be created and leaves no file behind."""
    answer = arco("apply", arco.file("two.toml", TWO), "--dry-run")
    assert (answer.code, arco.db.exists()) == (0, False)
    assert answer.out.endswith("Dry run, nothing is changed. It would be: 2 created.\n")


def test_a_file_comes_through_a_pipe(arco: Arco) -> None:
    """`-` is stdin."""
    command = [sys.executable, "-m", "arco_sched", "--db", str(arco.db), "apply", "-", "--json"]
    done = subprocess.run(command, input=TWO.encode(), capture_output=True, check=True)
    assert _changes(json.loads(done.stdout)) == {"daily": "created", "team.load": "created"}


# Problems.


def test_every_problem_is_told_at_once_with_its_line(arco: Arco) -> None:
    """One line on stderr for each problem of the file, in the order of the lines; nothing is made."""
    answer = arco("apply", arco.file("wrong.toml", WRONG))
    told = [line.removeprefix(f"arco: {arco.folder}/wrong.toml:") for line in answer.err.splitlines()]
    assert [line.partition(": ")[::2] for line in told] == [
        (
            "2",
            "defaults: the time zone 'Europe/Berln' is unknown: did you mean Europe/Berlin or Europe/Dublin or "
            "Europe/Belfast?",
        ),
        ("3", "defaults: start_at can't be a default: set it for each schedule"),
        ("6", "schedule daily: unknown key 'cron': did you mean cron_expression?"),
        ("7", "schedule daily: max_catchup_ticks must be a whole number"),
        ("8", "schedule daily: the value of 'a' in labels must be a string: put it in quotes"),
        ("11", "schedule daily: an entry of asset_selection must be a string: put it in quotes"),
        ("12", "schedule daily: an entry of asset_selection must not be empty"),
        (
            "16",
            "schedule daily: end_at '2025-01-01' is not an RFC 3339 time with a zone: "
            "write it like 2025-01-15T10:00:00Z",
        ),
        ("17", "schedule a: unknown table 'b': quote an id that contains a dot, [schedules.\"a.b\"]"),
        ("17", "schedule a has no cron_expression"),
        (
            "19",
            "schedule id '\\xfc' must be 1 to 100 characters from A-Z a-z 0-9 . _ -, "
            "beginning with a letter or a digit",
        ),
        ("21", "schedule '\\xfc': enabled must be true or false"),
        ("22", "schedule '\\xfc': dst_gap 'nxt' must be one of next, skip"),
        ("23", "unknown key 'other': a file has [defaults] and [schedules.ID]"),
    ]
    assert (answer.code, answer.out, arco.db.exists()) == (2, "", False)


def test_problems_as_json(arco: Arco) -> None:
    """Under --json the error document has the lines too."""
    answer = arco("apply", arco.file("x.toml", '[schedules.x]\ncron_expression = "61 * * * *"\n'), "--json")
    text = "schedule x: in the minute field, '61' is outside 0-59"
    file = f"{arco.folder}/x.toml"
    assert (answer.code, answer.err) == (2, "")
    assert answer.json == {
        "error": {"code": 2, "message": f"{file}:2: {text}", "problems": [{"line": 2, "message": text}]}
    }


def test_a_conflict_with_what_is_there_undoes_everything(arco: Arco) -> None:
    """A start that differs once the schedule has begun, or an end before the start, is a problem at its line, and
    nothing else is done."""
    arco("apply", arco.file("two.toml", TWO))
    arco.ok("schedule", "trigger", "team.load")
    arco.ok("tick", at="2025-01-16T12:00:00Z")
    before = arco.json("events", "list")
    text = TWO.replace("max_catchup_ticks = 3", "max_catchup_ticks = 4").replace(
        'catchup_window = "72h"', 'start_at = "2025-01-01T00:00:00Z"\nend_at = 2025-01-02T00:00:00Z'
    )
    answer = arco("apply", arco.file("bad.toml", "[schedules.new]\ncron_expression = '@daily'\n" + text), "--json")
    assert answer.json["error"]["problems"] == [
        {
            "line": 12,
            "message": "schedule team.load: start_at of team.load is 2025-01-15T12:00:00Z and can no longer be "
            "changed, since occurrences are accounted for: leave it out",
        },
        {
            "line": 13,
            "message": "schedule team.load: end_at 2025-01-02T00:00:00Z is not after the start 2025-01-15T12:00:00Z",
        },
    ]
    assert (answer.code, arco.json("events", "list")) == (2, before)


def test_an_end_before_the_start_makes_no_database(arco: Arco) -> None:
    """What only the clock can tell is judged before the database is made."""
    file = arco.file("x.toml", "[schedules.x]\ncron_expression = '@daily'\nend_at = 2025-01-01T00:00:00Z\n")
    assert (arco("apply", file).code, arco.db.exists()) == (2, False)


def test_a_start_before_the_deletion_is_a_problem(arco: Arco) -> None:
    """A deleted id can't begin again before its end."""
    file = arco.file("x.toml", "[schedules.x]\ncron_expression = '@daily'\nstart_at = 2025-01-01T00:00:00Z\n")
    arco.json("apply", file)
    arco("schedule", "delete", "x")
    answer = arco("apply", file)
    assert answer.code == 2
    assert ":3: schedule x: start_at 2025-01-01T00:00:00Z is before the deletion of x" in answer.err


def test_a_file_that_is_not_there(arco: Arco) -> None:
    """One line, exit 2."""
    answer = arco("apply", str(arco.folder / "no.toml"))
    assert (answer.code, answer.err) == (2, f"arco: can't read {arco.folder}/no.toml: No such file or directory\n")


# Export.


def test_export_writes_a_file_that_apply_finds_unchanged(arco: Arco) -> None:
    """On the same database nothing changes; on a new one the same schedules come to be; deleted ones are left out."""
    arco("apply", arco.file("two.toml", TWO))
    arco("schedule", "disable", "daily")
    arco("schedule", "create", "gone", "--cron", "@daily")
    arco("schedule", "delete", "gone")
    text = arco("export").out
    assert text.splitlines()[2:9] == [
        "# version 2, by me@here",
        "[schedules.daily]",
        'cron_expression = "0 10 * * *"',
        'timezone = "Europe/Berlin"',
        "max_catchup_ticks = 3",
        'start_at = "2025-01-15T12:00:00Z"',
        "enabled = false",
    ]
    file = arco.file("export.toml", text)
    assert set(_changes(arco.json("apply", file, "--prune")).values()) == {"unchanged"}
    (arco.folder / "other").mkdir()
    other = Arco(arco.folder / "other" / "arco.db", arco.at)
    other.json("apply", file)
    # The comments say who made which version, and here all are the first.
    assert _uncommented(other("export").out) == _uncommented(text)
    assert arco.json("export") == {"schedules": tomllib.loads(text)["schedules"]}


def _uncommented(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# version"))


def test_export_writes_what_cannot_be_seen_as_numbers(arco: Arco) -> None:
    """Lists over lines, labels as a table, and nothing that a terminal would obey."""
    arco(
        *("schedule", "create", "team.daily", "--cron", "@daily", "--command", "echo 'a\tb' \\ \u202e\U000e0001é"),
        *("--asset", 'a "b"', "--asset", "c", "--label", "zero\u200bwidth=1", "--label", "b=2"),
    )
    text = arco("export").out
    assert (
        text
        == r"""# Written by `arco export`. `arco apply FILE --dry-run` shows what would change.

# version 1, by me@here
[schedules."team.daily"]
cron_expression = "@daily"
timezone = "UTC"
asset_selection = [
    "a \"b\"",
    "c",
]
command = "echo 'a\u0009b' \\ \u202E\U000E0001é"
start_at = "2025-01-15T12:00:00Z"

[schedules."team.daily".labels]
b = "2"
"zero\u200Bwidth" = "1"
"""
    )
    assert arco("apply", arco.file("export.toml", text)).out == "1 unchanged.\n"


def test_export_of_nothing_is_a_file_too(arco: Arco) -> None:
    """No schedules give a file without schedules, by which nothing is pruned; no database is exit 6."""
    assert arco("export").code == 6
    arco("init")
    text = arco("export").out
    assert text == "# Written by `arco export`. `arco apply FILE --dry-run` shows what would change.\n"
    assert arco("apply", arco.file("export.toml", text), "--prune").code == 2

"""Pauses that end by themselves, and commands about many schedules at once."""

from pathlib import Path

import pytest

from tests.runner import Arco

NOW = "2025-01-15T12:00:00Z"


@pytest.fixture
def team(arco: Arco) -> Arco:
    """Three schedules, two of which have a label."""
    arco.ok("schedule create a --cron '0 * * * *' --label team=data --max-catchup 100", at=NOW)
    arco.ok("schedule create b --cron '0 * * * *' --label team=data --label tier=1 --max-catchup 100", at=NOW)
    arco.ok("schedule create c --cron '0 * * * *' --tz Asia/Tokyo --max-catchup 100", at=NOW)
    return arco


def statuses(arco: Arco, schedule: str = "a") -> list[str]:
    """Why each tick of a schedule was skipped, or that it was triggered, oldest first."""
    ticks = arco.json(f"ticks list --schedule {schedule} --json")["ticks"]
    return [tick["skip_reason"] or tick["status"] for tick in sorted(ticks, key=lambda tick: tick["scheduled_for"])]


@pytest.mark.parametrize("often", [True, False])
def test_a_pause_that_ends_by_itself(team: Arco, often: bool) -> None:
    """One version; from its end on occurrences trigger again, whoever evaluates when."""
    paused = team.json("schedule disable a --until 2025-01-15T15:00:00Z --json", at="2025-01-15T12:30:00Z")
    assert (paused["definition_version"], paused["enabled"]) == (2, True)
    assert paused["paused_until"] == "2025-01-15T15:00:00Z"
    assert "(paused until 2025-01-15 15:00 UTC)" in team.ok("schedule disable a --until 2025-01-15T15:00:00Z").out
    assert team.json("schedule show a --json")["definition_version"] == 2
    assert team.json("status --json")["paused"] == 1
    assert [each["at"][11:16] for each in team.json("next --schedule a --count 2 --json")["occurrences"]] == [
        "15:00", "16:00",
    ]  # fmt: skip
    shown = team.json("schedule preview a --count 4 --json")["occurrences"]
    assert [each["skipped"] for each in shown] == ["paused", "paused", None, None]
    if often:
        for hour in (13, 14, 15):
            team.ok("tick --quiet", at=f"2025-01-15T{hour}:10:00Z")
    team.ok("tick --quiet", at="2025-01-15T16:10:00Z")
    assert statuses(team) == ["triggered", "paused", "paused", "triggered", "triggered"]
    assert team.json("status --json", at="2025-01-15T16:10:00Z")["paused"] == 0
    assert "paused" not in team.ok("schedule list a").out
    assert "unchanged" in team.ok("schedule enable a").out
    team.ok("verify")


def test_a_pause_is_ended_and_made_again(team: Arco, tmp_path: Path) -> None:
    """`enable` ends it at once; a pause for good takes the place of one that ends; A, B, A makes three versions."""
    team.ok("schedule disable a --until 'in 5h'", at="2025-01-15T12:30:00Z")
    team.ok("schedule enable a", at="2025-01-15T13:30:00Z")
    team.ok("schedule disable a --until 2025-01-15T17:30:00Z", at="2025-01-15T14:30:00Z")
    team.ok("schedule disable a", at="2025-01-15T15:30:00Z")
    team.ok("schedule disable a --until '2025-01-15 16:30'", at="2025-01-15T15:30:01Z")
    team.ok("tick --quiet", at="2025-01-15T18:10:00Z")
    assert statuses(team) == ["triggered", "paused", "triggered", "paused", "paused", "triggered", "triggered"]
    assert len(team.json("schedule versions a --json")["versions"]) == 6
    why = " ".join(team.ok("why a --at 2025-01-15T16:00:00Z").out.split())
    assert "was skipped" in why
    assert "the schedule was paused" in why
    (tmp_path / "out.toml").write_text(team.ok("export").out)
    assert "paused_until = " in (tmp_path / "out.toml").read_text()
    assert "3 unchanged" in team.ok(f"apply {tmp_path / 'out.toml'}").out
    (tmp_path / "in.toml").write_text('[schedules.a]\ncron_expression = "0 * * * *"\nmax_catchup_ticks = 100\n')
    team.ok(f"apply {tmp_path / 'in.toml'}")
    assert team.json("schedule show a --json")["paused_until"] == "2025-01-15T16:30:00Z"
    assert team.json("schedule update a --clear-paused-until --json")["paused_until"] is None
    team.ok("verify")


def test_when_a_pause_ends(team: Arco) -> None:
    """On the schedule's own clock, and after now."""
    paused = team.json("schedule disable c --until '2025-01-16 09:00' --json", at=NOW)
    assert paused["paused_until"] == "2025-01-16T00:00:00Z"
    refused = team("schedule disable a --until 2025-01-15T12:00:00Z")
    assert (refused.code, refused.err) == (
        2, "arco: --until 2025-01-15T12:00:00Z is not in the future: it is 2025-01-15T12:00:00Z now\n",
    )  # fmt: skip
    refused = team("schedule disable a c --until '2025-01-16 09:00'")
    assert refused.code == 2
    assert "in the zones of these schedules: add a zone or an offset" in refused.err
    assert (
        team.json("schedule disable a c --until '2025-01-16 09:00 UTC' --json")["schedules"][1]["change"] == "updated"
    )


def test_many_by_name_label_and_all(team: Arco) -> None:
    """Those named, those with all labels, or all; a row or a line for each."""
    assert team.ok("schedule disable a c", at=NOW).out.count(": paused, version 2;") == 2
    done = team.json("schedule enable --label team=data --yes --json")["schedules"]
    assert [(each["schedule_id"], each["change"]) for each in done] == [("a", "updated"), ("b", "unchanged")]
    assert (
        team.json("schedule disable --label team=data --label tier=1 --yes --json")["schedules"][0]["schedule_id"]
        == "b"
    )
    triggered = team.json("schedule trigger --all --yes --json")["ticks"]
    assert [each["schedule_id"] for each in triggered] == ["a", "b", "c"]
    discarded = team.json("schedule discard --all --dry-run --json", at="2025-01-15T14:00:00Z")["schedules"]
    assert [(each["schedule_id"], each["discarded"]) for each in discarded] == [("a", 3), ("b", 3), ("c", 3)]
    assert team.ok("schedule discard a b").out.count("3 occurrences") == 2
    assert [each["schedule_id"] for each in team.json("schedule list --label team=data --json")["schedules"]] == [
        "a",
        "b",
    ]
    assert [each["schedule_id"] for each in team.json("schedule list c a --json")["schedules"]] == ["a", "c"]
    assert [each["change"] for each in team.json("schedule delete --all --yes --json")["schedules"]] == ["deleted"] * 3
    team.ok("verify")


def test_all_or_none(team: Arco) -> None:
    """One id that is not there, and nothing is changed."""
    before = team.ok("events list --json").out
    for command in ("disable", "enable", "delete", "trigger", "discard"):
        refused = team(f"schedule {command} a nobody b")
        assert refused.code == 3
        assert "no schedule nobody" in refused.err
    assert team.ok("events list --json").out == before


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("disable", 2, "give an ID, --label K=V or --all"),
        ("disable a --all", 2, "give only one of IDs, --label and --all"),
        ("disable a b --expect-version 1", 2, "--expect-version needs a single ID"),
        ("delete --label team", 2, "--label 'team' must be KEY=VALUE"),
        ("delete --label team=x --label team=y", 2, "--label 'team' is given twice, with different values"),
        ("delete --label team=x", 3, "no schedule with team=x: see `arco schedule list`"),
        ("delete --all", 2, "this would delete 3 schedules (a, b, c): add --yes"),
        ("disable --label team=data", 2, "this would disable 2 schedules (a, b): add --yes"),
        ("trigger --label tier=1", 2, "this would trigger 1 schedule (b): add --yes"),
        ("discard --all", 2, "this would discard what waits of 3 schedules (a, b, c): add --yes"),
        ("trigger a b --wait", 2, "--wait and --follow need a single ID"),
        ("list nobody", 3, "no schedule nobody"),
        ("list --label x", 2, "--label 'x' must be KEY=VALUE"),
    ],
)
def test_what_is_refused(team: Arco, line: str, code: int, said: str) -> None:
    """One line, the exit code, nothing changed; nobody can be asked here."""
    before = team.ok("events list --json").out
    refused = team(f"schedule {line}")
    assert refused.code == code
    assert said in refused.err
    assert team.ok("events list --json").out == before

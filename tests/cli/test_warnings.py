"""What is said beside an answer of what was given and may be meant otherwise."""

import pytest

from tests.conftest import Arco

NEVER = "has no effect: the minute or the hour of `*/15 * * * *` begins with *"


@pytest.mark.parametrize("option", ["--dst-gap next", "--dst-gap skip", "--dst-overlap first", "--dst-overlap both"])
def test_a_choice_without_effect(arco: Arco, option: str) -> None:
    """An explicit choice for clock changes warns at create, update and preview, also where it is the default."""
    said = f"warning: {option.split(maxsplit=1)[0][2:].replace('-', '_')} {NEVER}"
    for command in ("schedule create a", "schedule update a", "schedule preview"):
        answer = arco(f'{command} --cron "*/15 * * * *" {option}')
        assert answer.code == 0
        assert answer.err.count(said) == 1


def test_the_preview_of_a_schedule_warns_too(arco: Arco) -> None:
    """What a definition sets without effect is said again where its occurrences are shown."""
    arco.ok("schedule create a --cron '@every 90m' --dst-gap skip")
    assert "dst_gap has no effect" in arco.ok("schedule preview a").err
    arco.ok("schedule create b --cron '@every 90m'")
    assert arco.ok("schedule preview b").err == ""


def test_apply_warns(arco: Arco) -> None:
    """A file too."""
    text = '[schedules.x]\ncron_expression = "*/90 * * * *"\ndst_gap = "skip"\n'
    answer = arco("apply", arco.file("x.toml", text))
    assert "'*/90' steps beyond 59" in answer.err
    assert "dst_gap has no effect" in answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            "--start 2024-12-25T00:00:00Z",
            "10 become ticks at the next evaluation, 15 wait for later ones, and 144 lapse",
        ),
        (
            "--start 2024-12-31T12:30:00Z --catchup-policy latest",
            "10 become ticks at the next evaluation, and 2 lapse",
        ),
        ("--start 2024-12-31T22:30:00Z", "2 become ticks at the next evaluation, and none lapses"),
        ("--start 2025-01-01T00:00:00Z", None),
        ("--start 2025-01-02T00:00:00Z", None),
        ("", None),
    ],
)
def test_a_start_in_the_past(arco: Arco, options: str, said: str | None) -> None:
    """Create says what the next evaluation makes of what was due since, and the evaluation does so."""
    answer = arco(f'schedule create a --cron "0 * * * *" {options}')
    assert answer.code == 0
    assert ("warning: of the occurrences since the start" in answer.err) == (said is not None)
    if said is not None:
        assert said in answer.err
        made = arco.json("tick")
        assert said.startswith(f"{made['triggered']} become ticks")
        assert f"{made['lapsed'] or 'none'} lapse" in said


def test_another_start_in_the_past(arco: Arco) -> None:
    """So does an update of the start."""
    arco.ok('schedule create a --cron "0 * * * *" --start 2052-01-01T00:00:00Z')
    answer = arco("schedule update a --start 2024-12-31T22:30:00Z")
    assert "2 become ticks at the next evaluation, and none lapses" in answer.err


@pytest.mark.parametrize("zone", ["", "GMT+5", "utc+5", "UTC+05:00"])
def test_zones_that_are_none(arco: Arco, zone: str) -> None:
    """No zone is refused everywhere, and an offset is never answered with the name that means the opposite."""
    for command in ("schedule preview", "schedule create a"):
        answer = arco(*command.split(), "--cron", "0 9 * * *", "--tz", zone)
        assert answer.code == 2
        assert "did you mean" not in answer.err
        assert ("5 hours ahead of UTC all year round is Etc/GMT-5" in answer.err) == bool(zone)


def test_an_update_says_what_it_changes(arco: Arco) -> None:
    """Each field, old and new, on lines below: `--timeout 10` is ten seconds, and shown to be."""
    arco.ok("schedule create a --cron @daily --command x")
    answer = arco.ok("schedule", "update", "a", "--timeout", "10", "--overlap", "skip", "--command", "x\ty")
    assert answer.out == (
        "a: updated, version 2; @daily in UTC, next due 2025-01-01 00:00 UTC (now).\n"
        "  command: x -> x\\ty\n"
        "  timeout_seconds: none -> 10s\n"
        "  overlap: queue -> skip\n"
    )
    assert arco.ok("schedule update a --timeout 10").out.startswith("a: unchanged, version 2")
    # A pause and its end are one line each.
    paused = "a: paused, version 3; what comes due is recorded as skipped until `arco schedule enable a`.\n"
    assert arco.ok("schedule disable a").out == paused
    assert arco.ok("schedule enable a").out == "a: enabled, version 4; next due 2025-01-01 00:00 UTC (now).\n"
    assert "changed" not in arco.json("schedule update a --timeout 20")


def test_a_schedule_without_a_command_where_workers_are(arco: Arco) -> None:
    """It is pointed out where commands are known, by another schedule or a worker, and only there."""
    said = (
        "note: b has no command, so no worker runs it; its runs wait for a program of yours. To give it one: "
        "`arco schedule update b --command LINE`\n"
    )
    assert arco.ok("schedule create a --cron @daily").err == ""
    assert arco.ok("schedule create a2 --cron @daily --command x").err != ""
    assert arco.ok("schedule create b --cron @daily").err == said
    assert arco.ok("schedule create b --cron @daily").err == ""
    assert arco.ok("schedule create c --cron @daily --pool external").err == ""
    file = arco.file("x.toml", '[schedules.d]\ncron_expression = "@daily"\n[schedules.e]\ncron_expression = "@daily"\n')
    several = arco.ok("apply", file)
    assert "note: d, e have no command, so no worker runs them; their runs wait for a program of yours\n" in several.err
    arco.ok("schedule delete a2")
    assert arco.ok("schedule create f --cron @daily").err == ""
    arco.ok("work --once")
    assert "g has no command" in arco.ok("schedule create g --cron @daily").err

"""Options that follow from the table of fields, those of a field that comes later among them."""

from dataclasses import replace
from typing import Any

import pytest
import typer
from typer.main import get_command

from arco_sched.cli import definition_options as defining
from arco_sched.cli.app import command
from arco_sched.cli.names import OPTIONS, option_of
from arco_sched.core.kinds import Choice, Flag, Many, Pairs, Span, Text, Whole
from arco_sched.core.problems import Problem
from arco_sched.core.rows import REQUIRED, Field


def options_of(*path: str) -> dict[str, Any]:
    """The options of a command by their names."""
    root: Any = command()
    context = root.make_context("arco", ["init"], obj={})
    for name in path:
        root = root.get_command(context, name)
    return {parameter.opts[0]: parameter for parameter in root.params}


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("cron_expression", "--cron"),
        ("catchup_window_minutes", "--catchup-window"),
        ("retry_delay_seconds", "--retry-delay"),
        ("max_retries", "--retries"),
        ("run_as", "--run-as"),
        ("asset_selection", "--asset"),
        ("type_", "--type"),
        ("stop", "--to"),
        ("--since", "--since"),
        ("ARCO_NOW", "ARCO_NOW"),
        ("the instant", "the instant"),
        ("", ""),
    ],
)
def test_the_name_of_an_option(name: str, option: str) -> None:
    """Dashes, no unit, and few that do not follow from the rule; what is no field's name stays."""
    assert option_of(name) == option


def test_what_help_says_of_execution() -> None:
    """A panel of its own, what a value looks like, and what is taken away in words."""
    update = options_of("schedule", "update")
    panel = [name for name, option in update.items() if option.rich_help_panel == defining.EXECUTION]
    assert (panel[0], panel[-1]) == ("--shell", "--clear-success-within")
    assert len(panel) == 19 + 11
    said = {name: (update[name].metavar, update[name].help) for name in panel}
    assert said["--workdir"][0] == said["--shell"][0] == said["--env-file"][0] == "PATH"
    assert said["--run-as"][0] == said["--pool"][0] == "NAME"
    assert said["--spread"][1].endswith("on every machine: a number of seconds, or 30s, 10m, 24h (default: 0s).")
    assert {name: update[name].help for name in panel if name.startswith("--clear")} == {
        "--clear-shell": "Remove the shell.",
        "--clear-workdir": "Remove the working directory.",
        "--clear-env": "Remove the environment.",
        "--clear-env-file": "Remove the environment file.",
        "--clear-run-as": "Remove the user to run as.",
        "--clear-resources": "Remove the resources.",
        "--clear-timeout": "Remove the timeout.",
        "--clear-retry-on": "Remove the retry exit codes.",
        "--clear-start-within": "Remove the limit on the start.",
        "--clear-on-failure": "Remove the failure command.",
        "--clear-success-within": "Remove the limit on the time without success.",
    }


def test_problems_in_the_words_of_the_command_line() -> None:
    """The entry of a list is an option too; the key of a table is named."""
    assert Problem("asset_selection", "empty", {"entry": 1}).sentence(OPTIONS) == "--asset must not be empty"
    assert (
        Problem("labels", "empty", {"key": "", "side": "key"}).sentence(OPTIONS) == "--label key '' must not be empty"
    )
    assert Problem("labels", "not_text", {"key": "a"}).sentence(OPTIONS).startswith("--label a must be a string")
    unknown = Problem(
        "resources", "choice", {"key": "disk", "side": "key", "value": "disk", "choices": ("cpus", "gpus")}
    )
    assert unknown.sentence(OPTIONS) == "--resource key 'disk' must be one of cpus, gpus"
    assert unknown.sentence() == "the key 'disk' of resources must be one of cpus, gpus"


def test_create_update_and_request_have_the_fields() -> None:
    """In the order of their panels, before the command's own; update can take away what can be taken away."""
    run = ["--asset", "--partition", "--command", "--label"]
    when = [
        "--cron",
        "--tz",
        "--start",
        "--end",
        "--dst-gap",
        "--dst-overlap",
        "--exclude",
        "--exclude-from",
        "--disabled",
        "--paused-until",
    ]
    catching_up = ["--catchup-window", "--max-catchup", "--catchup-policy"]
    execution = ["--shell", "--workdir", "--env", "--env-file", "--run-as", "--resource"]
    execution += ["--timeout", "--retries", "--retry-on", "--retry-delay", "--retry-backoff", "--on-lost"]
    of_schedules = ["--overlap", "--start-within", "--spread"]
    placed = ["--pool", "--priority", "--on-failure"]
    of_both = [*execution, *of_schedules, *placed, "--success-within"]
    assert list(options_of("schedule", "create")) == [
        *(
            "schedule_id",
            *when,
            *catching_up,
            *run,
            "--code-version",
            *of_both,
            "--by",
            "--note",
            "--json",
        ),
    ]
    update = options_of("schedule", "update")
    assert [name for name in update if "clear" not in name] == [
        *("schedule_id", *when, *catching_up, *run, "--code-version"),
        *(*of_both, "--expect-version", "--discard-waiting", "--by", "--note", "--json"),
    ]
    assert [name for name in update if "clear" in name] == [
        *(
            "--clear-end",
            "--clear-exclude",
            "--clear-paused-until",
            "--clear-assets",
            "--clear-partitions",
            "--clear-command",
        ),
        *("--clear-labels", "--clear-code-version", "--clear-shell", "--clear-workdir", "--clear-env"),
        "--clear-env-file",
        *("--clear-run-as", "--clear-resources", "--clear-timeout", "--clear-retry-on", "--clear-start-within"),
        *("--clear-on-failure", "--clear-success-within"),
    ]
    assert list(options_of("runs", "request")) == ["--key", *run, *execution, *placed, "--by", "--note", "--json"]
    assert options_of("schedule", "create")["--cron"].required
    assert not update["--cron"].required


LATER = [
    replace(Field(kind, "run", f"{name}."), name=name, default=default)
    for name, kind, default in (
        ("timeout_seconds", Span("seconds", 1, 86_400), None),
        ("retry_delay_seconds", Span("seconds", 0, 86_400), 60),
        ("max_retries", Whole(0, 99), 0),
        ("retry_exit_codes", Many(Whole(0, 255)), ()),
        ("resources", Pairs(Whole(1, 9999)), ()),
        ("shell", Text(), None),
        ("on_failure", Text(lines=True), None),
        ("overlap", Choice(("queue", "skip")), "queue"),
        ("verbose", Flag(), False),
    )
]


def test_the_options_of_fields_that_come_later() -> None:
    """Type, metavar, help with how a value is written and the default, and what takes it away."""

    @defining.offers(LATER, clearing=True)
    def change(schedule_id: str, as_json: bool = False, **given: Any) -> None:
        """Change."""

    app = typer.Typer(add_completion=False)
    app.command()(change)
    found = {parameter.opts[0]: parameter for parameter in get_command(app).params if hasattr(parameter, "help")}
    assert {name: (parameter.metavar, parameter.help) for name, parameter in found.items() if name[:3] != "--c"} == {
        "schedule_id": (None, None),
        "--timeout": ("SPAN", "timeout_seconds: a number of seconds, or 30s, 10m, 24h."),
        "--retry-delay": ("SPAN", "retry_delay_seconds: a number of seconds, or 30s, 10m, 24h (default: 1m)."),
        "--retries": ("N", "max_retries (default: 0)."),
        "--retry-on": ("N", "retry_exit_codes; repeatable."),
        "--resource": ("K=V", "resources; repeatable."),
        "--shell": ("TEXT", "shell."),
        "--on-failure": ("LINE", "on_failure."),
        "--overlap": (None, "overlap (default: queue)."),
        "--verbose": (None, "verbose (default: false)."),
        "--as-json": (None, None),
    }
    assert [(name, found[name].help) for name in found if name.startswith("--clear")] == [
        ("--clear-timeout", "Remove the timeout."),
        ("--clear-retry-on", "Remove the retry exit codes."),
        ("--clear-resources", "Remove the resources."),
        ("--clear-shell", "Remove the shell."),
        ("--clear-on-failure", "Remove the failure command."),
    ]
    assert all(field.default is not REQUIRED for field in LATER)

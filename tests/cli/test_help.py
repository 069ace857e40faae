"""Every command explains itself: a line, an example that parses, `--json` where it prints."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from arco_sched.cli.app import command
from arco_sched.cli.options import example_lines
from tests import IMPORTABLE
from tests.runner import Arco

PRINTED_WIDTH = 78
"""What fits a terminal of 80 columns between the margins of a help page."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its path."""
    root = command()
    context = root.make_context("arco", ["init"], obj={})
    for name in root.list_commands(context):  # type: ignore[attr-defined]
        found = root.get_command(context, name)  # type: ignore[attr-defined]
        if hasattr(found, "commands"):
            yield from ((f"{name} {inner}", each) for inner, each in found.commands.items())
        else:
            yield name, found


COMMANDS = dict(commands())


def test_every_command_of_the_loop_is_there() -> None:
    """The commands of the loop: define, evaluate, ask."""
    assert COMMANDS.keys() >= {
        "init",
        *(
            f"schedule {name}"
            for name in (
                *("create", "update", "enable", "disable", "delete"),
                *("list", "show", "versions", "preview", "trigger"),
            )
        ),
        "tick",
        "ticks list",
        "ticks show",
        "lapses list",
        "runs list",
        "runs show",
        "runs request",
        "events list",
    }


@pytest.mark.parametrize("path", COMMANDS)
def test_help(arco: Arco, path: str) -> None:
    """`--help` and `-h` show what a command does, an example, and `--json`; they need no database."""
    result = arco(f"{path} --help")
    assert (result.code, result.err) == (0, "")
    assert "Examples:" in result.out
    assert f"$ arco {path}" in result.out
    assert "--json" in result.out
    assert (COMMANDS[path].help or "").splitlines()[0].endswith((".", ":"))
    assert arco(f"{path} -h").out == result.out
    assert not arco.db.exists()


@pytest.mark.parametrize("path", COMMANDS)
def test_help_has_one_style(path: str) -> None:
    """A summary is one sentence; every option and argument ends with a period, and tells its default in words alone."""
    summary, _, _ = (COMMANDS[path].help or "").partition("\n\n")
    assert summary[0].isupper()
    assert summary.endswith(".")
    for each in COMMANDS[path].params:
        words = str(each.help)
        assert words[0].isupper(), words
        assert words.endswith("."), words
        assert " (default: " not in words or words.endswith(")."), words
        assert each.default in (None, False, ()) or not each.show_default, words
        assert getattr(each.type, "min", None) is None, words


@pytest.mark.parametrize("columns", ["80", "200", None])
@pytest.mark.parametrize("path", ["", "schedule", "schedule create", "runs list", "work", "import crontab"])
def test_help_pages_are_even(arco: Arco, monkeypatch: pytest.MonkeyPatch, path: str, columns: str | None) -> None:
    """No line is wider than 80 columns, or than 100 where there is more room; what names mean begins in one column."""
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    lines = arco(f"{path} --help").out.splitlines()
    assert max(map(len, lines)) <= (100 if columns == "200" else 80)
    begin = {len(line) - len(line[2:].split("  ", 1)[1].lstrip()) for line in lines if re.match("  -.*?  ", line)}
    assert len(begin) == 1
    assert not any(set(line) & set("╭│╰") for line in lines)


@pytest.mark.parametrize(
    "line",
    [line for path, each in COMMANDS.items() for line in example_lines(each.epilog)] + example_lines(command().epilog),
)
def test_examples_parse(line: str) -> None:
    """Each example of a help page is a command that parses, and is not broken on a terminal of 80 columns."""
    assert len(f"$ {line}") <= PRINTED_WIDTH
    name, *arguments = shlex.split(line.rpartition(" | ")[2])
    assert name == "arco"
    context = command().make_context("arco", arguments, obj={})
    group: Any = context.command
    rest = [*context._protected_args, *context.args]
    while rest:
        found = group.get_command(context, rest[0])
        assert found is not None, line
        context = found.make_context(rest[0], rest[1:], parent=context)
        group = found
        rest = [*getattr(context, "_protected_args", []), *context.args]


def test_arco_alone(arco: Arco) -> None:
    """`arco` and `arco --help` show all commands in their groups; `--version` says which arco it is."""
    result = arco("--help")
    assert result.code == 0
    for words in ("Define", "Evaluate", "Inspect", "schedule", "tick", "--db"):
        assert words in result.out
    assert arco.run([]).out == result.out
    assert arco("--version").out.startswith("arco 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(daily: Arco, shell: str) -> None:
    """Each shell is given a script; bash completes commands, options and the ids of schedules."""
    environment = {**os.environ, "ARCO_DB": str(daily.db), "PYTHONPATH": IMPORTABLE}

    def arco(*arguments: str, **more: str) -> str:
        program = "import sys; from arco_sched.cli.entry import main; sys.argv[0] = 'arco'; main()"
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            env={**environment, **more},
            check=True,
        )
        return done.stdout

    assert "_ARCO_COMPLETE" in arco("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    if shell == "bash":
        ask = {"_ARCO_COMPLETE": "complete_bash"}
        assert "schedule" in arco(**ask, COMP_WORDS="arco sch", COMP_CWORD="1").split()
        assert "daily" in arco(**ask, COMP_WORDS="arco schedule show da", COMP_CWORD="3").split()
        assert "--dry-run" in arco(**ask, COMP_WORDS="arco tick --d", COMP_CWORD="2").split()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("schedule pause a", "No such command 'pause': did you mean `arco schedule disable`?"),
        ("list", "No such command 'list': did you mean `arco schedule list`?"),
        ("schedule stop a", "No such command 'stop'; see `arco schedule --help`"),
    ],
)
def test_a_name_that_others_use(arco: Arco, line: str, said: str) -> None:
    """It is answered with our command; any other with the help page."""
    answer = arco(line)
    assert (answer.code, answer.err) == (2, f"arco: {said}\n")

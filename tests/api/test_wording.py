"""Errors say what to do in the words of who reads them: Python's for a program, commands and options for a person."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arco_sched import ArcoError, Conflict, DatabaseUnusable, Definition, NotFound, RequestContent, Workspace
from arco_sched.cli import names
from arco_sched.core import problems
from tests import ROOT

NOW = 1_736_935_200
COMMAND = re.compile(r"`arco |(?<![\w-])--[a-z]|ARCO_DB|ARCO_NOW")
"""What only the command line has."""
ERRORS = {"ArcoError", "Conflict", "DatabaseUnusable", "InvalidInput", "NotFound", "Problem", "Refused", "said"}


def sentences() -> Iterator[tuple[str, str]]:
    """The texts of every error that is made below the command line, with the file."""
    for room in ("api", "core", "service", "store"):
        for path in (ROOT / "arco_sched" / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) in ERRORS:
                    for part in ast.walk(node):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield path.name, part.value


def test_no_error_below_the_command_line_speaks_of_commands_and_options() -> None:
    """A service without a shell shows them to its users."""
    assert [found for found in sentences() if COMMAND.search(found[1])] == []
    assert [text for text in problems.SENTENCES.values() if COMMAND.search(text)] == []
    assert [text for text in problems.HINTS.values() if COMMAND.search(text)] == []


def test_what_to_do_is_said_by_both() -> None:
    """The command line has words for each hint, and for no other, with the same data."""
    assert set(names.HINTS) == set(problems.HINTS)
    for code, text in names.HINTS.items():
        assert text.format(schedule_id="a", run_id="run_x")
        assert problems.HINTS[code].format(schedule_id="a", run_id="run_x")


def said(kind: type[ArcoError], act: Callable[..., Any], *arguments: Any) -> tuple[str, str]:
    """What an error says in Python, and on the command line."""
    with pytest.raises(kind) as raised:
        act(*arguments)
    return str(raised.value), "; ".join(raised.value.worded(names.OPTIONS))


def test_errors_in_python_and_on_the_command_line(tmp_path: Path) -> None:
    """The same error, worded twice."""
    path = tmp_path / "arco.db"
    with Workspace.create(path) as workspace, Workspace.open(path, busy_timeout=0) as other:
        workspace.create_schedule("a", Definition(cron_expression="@daily"), now=NOW)
        run = workspace.request_run("k", RequestContent(), now=NOW).run.run_id
        workspace.start_run(run, external_id="x", now=NOW)
        workspace.finish_run(run, attempt=1, exit_code=0, now=NOW)
        workspace.backup(tmp_path / "copy.db")
        assert said(NotFound, workspace.versions, "zz") == (
            "no schedule zz: see `schedules()`",
            "no schedule zz: see `arco schedule list`",
        )
        assert said(Conflict, lambda: workspace.retry(run, now=NOW)) == (
            f"run {run} succeeded: `retry({run!r}, force=True)` repeats it",
            f"run {run} succeeded: `arco runs retry {run} --force` repeats it",
        )
        python, command = said(DatabaseUnusable, workspace.backup, tmp_path / "copy.db")
        assert (python.endswith("with `replace=True`"), command.endswith("with --replace")) == (True, True)
        python, command = said(DatabaseUnusable, Workspace.open, tmp_path / "none.db")
        assert python.endswith("none.db: make one with `Workspace.create(path)`")
        assert "none.db: create one with `arco init`" in command
        with workspace._store.write():
            python, command = said(DatabaseUnusable, lambda: other.trigger("a", now=NOW))
        assert python.endswith("wait longer with `busy_timeout=`")
        assert command.endswith("wait longer with --busy-timeout SECONDS")

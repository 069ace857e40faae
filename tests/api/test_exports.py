"""What a program writes annotations and comparisons with: every class and every word of an answer can be imported."""

import ast
import builtins
import collections.abc
import dataclasses
import datetime as dt
import inspect
import pathlib
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

import arco_sched
from tests import ROOT

PUBLIC: dict[str, Any] = {name: getattr(arco_sched, name) for name in arco_sched.__all__}
OTHERS = (builtins, typing, collections.abc, dt, pathlib)
"""Modules whose names need no export."""


def methods() -> Iterator[tuple[str, Any]]:
    """The public methods of a workspace."""
    for name in dir(arco_sched.Workspace):
        method = getattr(arco_sched.Workspace, name)
        if not name.startswith("_") and callable(method):
            yield name, method


def names_in(annotation: str) -> set[str]:
    """The names that an annotation is made of."""
    return {node.id for node in ast.walk(ast.parse(annotation, mode="eval")) if isinstance(node, ast.Name)}


def parts(annotation: Any) -> Iterator[Any]:
    """The classes and the literals that an annotation is made of; a text stands for its names."""
    if isinstance(annotation, str):
        for name in names_in(annotation):
            yield from parts(PUBLIC[name]) if name in PUBLIC else [name]
    elif get_origin(annotation) is Literal or isinstance(annotation, type):
        yield annotation
    else:
        for each in get_args(annotation):
            yield from parts(each)


def fields(owner: type) -> Iterator[tuple[str, Any]]:
    """The attributes of an answer with their annotations, those that are computed too."""
    if dataclasses.is_dataclass(owner) or hasattr(owner, "_fields"):
        yield from inspect.get_annotations(owner).items()
        for name, member in vars(owner).items():
            if isinstance(member, property):
                yield name, inspect.get_annotations(member.fget)["return"]  # type: ignore[arg-type]


def walked() -> Iterator[tuple[str, Any]]:
    """Whatever occurs in the signatures and below, each with where it occurs."""
    waiting = [
        (f"{name}({each})", annotation)
        for name, method in methods()
        for each, annotation in inspect.get_annotations(method).items()
    ]
    waiting += [(name, value) for name, value in PUBLIC.items() if isinstance(value, type)]
    seen: set[Any] = set()
    while waiting:
        where, annotation = waiting.pop()
        for part in parts(annotation):
            yield where, part
            if isinstance(part, type) and part not in seen:
                seen.add(part)
                waiting += [(f"{part.__name__}.{name}", each) for name, each in fields(part)]


def test_every_class_of_an_answer_or_an_argument_can_be_imported() -> None:
    """So that a program can annotate its own functions with it."""
    public = list(PUBLIC.values())
    missing = {
        (where, str(part))
        for where, part in walked()
        if isinstance(part, type) and part.__module__.startswith("arco_sched") and part not in public
    }
    missing |= {
        (where, part)
        for where, part in walked()
        if isinstance(part, str)
        and part not in {"Self", "PathLike", "P", "T", "Note"}
        and not any(hasattr(each, part) for each in OTHERS)
    }
    assert missing == set()


def test_every_word_that_is_one_of_some_has_a_name() -> None:
    """A `Literal` that is given or answered is exported under a name, but for those of an `Explanation`."""
    named = {frozenset(get_args(value)) for value in PUBLIC.values() if get_origin(value) is Literal}
    missing = {
        where
        for where, part in walked()
        if get_origin(part) is Literal
        and frozenset(get_args(part)) not in named
        and not where.startswith(("Explanation.", "FieldVerdict.", "PreviewedOccurrence.note"))
    }
    assert missing == set()


PROGRAM = """
from datetime import UTC, datetime, timedelta
import arco_sched
from arco_sched import Asked, CatchupPolicy, Compaction, Definition, Page, Reason, RunStatus, Tick, Wanted, Workspace
from arco_sched import Worksapce

arco_sched.Nope

def shrunk(workspace: Workspace) -> Compaction:
    return workspace.compact()

def texts(reasons: tuple[Reason, ...]) -> list[str]:
    return [each.text for each in reasons]

def ticks(workspace: Workspace) -> Page[Tick]:
    return workspace.ticks(status="done")

def asked() -> Asked:
    return Asked(late=timedelta(minutes=5), failed=True)

def wanted(definition: Definition) -> Wanted:
    return Wanted("a", definition, start_at=datetime.now(UTC))

def defined(policy: CatchupPolicy) -> Definition:
    return Definition(cron_expression="@daily", catchup_policy=policy)

def failed(workspace: Workspace) -> bool:
    return workspace.runs().rows[0].status == "faild"
"""


@pytest.mark.slow
def test_a_type_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    """A name that is not there, a status that is none; and nothing where all is right."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "--config-file", "", str(program)],
        check=False,
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    lines = [
        line.split(":", 1)[1]
        for line in done.stdout.splitlines()
        if line.startswith("program.py:") and ": error:" in line
    ]
    assert [line.split(": error: ")[1].split("  [")[0].split(";")[0] for line in lines] == [
        'Module "arco_sched" has no attribute "Worksapce"',
        'Module has no attribute "Nope"',
        'Argument "status" to "ticks" of "Lists" has incompatible type "Literal[\'done\']"',
        "Non-overlapping equality check (left operand type: \"Literal['requested', 'running', 'succeeded',"
        " 'failed', 'canceled', 'skipped']\", right operand type: \"Literal['faild']\")",
    ], done.stdout

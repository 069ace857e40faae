"""The console examples of the documents, and a way to run them; `python -m tests.docs.documents` writes them anew.

An example is a block fenced as `console`: lines that begin with `$ ` are commands, and what follows is everything that
the command prints, on stdout and stderr. If stdout is one JSON document, a block fenced as `json` may hold it instead,
spread over lines; there `"...": "a tick"` stands for the keys that docs/json.md lists under the heading "A tick".
Trailing blanks don't count, the installed release of tzdata is shown as `RELEASE`, and paths of this machine as those
of a user with the home folder `HOME`.
Examples under one heading share a fresh database and a fresh folder, whose clock stands at `CLOCK` until an
`export ARCO_NOW=...` sets it. All examples of a page of `STORIES` do. A command that
fails must say so (`; echo "exit $?"`).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import tzdata

from arco_sched.core.fields import CONTENT, FIELDS
from tests import ROOT

DOCUMENTS = ("README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")))
STORIES = ("docs/jobs.md",)
CLOCK = "2025-01-15T12:00:00Z"
RELEASE = "2025b"
HOME = "/home/me"
COLUMNS = "120"
FAILED = "[the command failed:"
UNFORESEEN = "arco: unforeseen"


@dataclass(frozen=True)
class Step:
    """One command of an example, and what it prints.

    `line` is the number of its last line in the document, `shown_at` the one behind which its output is shown.
    """

    line: int
    command: str
    output: str = ""
    shown_at: int = 0
    is_json: bool = False


@dataclass(frozen=True)
class Section:
    """The examples under one heading of a document."""

    document: str
    heading: str
    steps: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.document}: {self.heading}"


def sections(document: str) -> list[Section]:
    """The sections of a document that have examples."""
    found = [Section(document, "")]
    lines = (ROOT / document).read_text("utf-8").splitlines()
    fence = ""
    for number, line in enumerate(lines, 1):
        steps = found[-1].steps
        if line.startswith("```"):
            fence = "" if fence else line
            if fence == "```json" and steps and lines[steps[-1].line : number - 1] == ["```", ""]:
                steps[-1] = replace(steps[-1], shown_at=number, is_json=True)
        elif not fence and line.startswith("#") and document not in STORIES:
            found.append(Section(document, line.lstrip("# ")))
        elif fence == "```console" and line.startswith("$ "):
            steps.append(Step(number, line[2:], shown_at=number))
        elif fence == "```console" and (line == ">" or line.startswith("> ")):
            steps[-1] = Step(number, f"{steps[-1].command}\n{line[2:]}", shown_at=number)
        elif fence == "```console" or (fence == "```json" and steps and steps[-1].is_json):
            steps[-1] = replace(steps[-1], output=f"{steps[-1].output}{line}\n")
    return [section for section in found if section.steps]


def run(steps: Sequence[Step]) -> Iterator[str]:
    """What each command of a section prints, in order."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = clean_environment(home)
        for step in steps:
            setting = re.fullmatch(r"export (\w+)=(\S+)", step.command)
            if setting is not None:
                environment[setting[1]] = setting[2]
                yield ""
                continue
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", step.command],
                check=False,
                cwd=home / "work",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if step.is_json else subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                timeout=120,
            )
            answer = done.stdout
            for program in (f"{sys.executable} -m arco_sched", str(Path(sys.executable).with_name("arco"))):
                answer = answer.replace(program, f"{HOME}/.local/bin/arco")
            answer = answer.replace(str(home), HOME).replace(tzdata.IANA_VERSION, RELEASE)
            printed = "".join(f"{line.rstrip()}\n" for line in answer.splitlines())
            failed = "" if done.returncode == 0 else f"{FAILED} exit {done.returncode}]\n"
            if step.is_json and not failed:
                printed = spread(shortened(json.loads(answer), re.findall(r'"\.\.\.": "([^"]+)"', step.output))) + "\n"
            yield printed + failed


@cache
def keys_of(name: str) -> tuple[str, ...]:
    """The keys of an object of docs/json.md, such as "a tick": those of the table under its heading, in order."""
    heading = f"\n### {name[:1].upper()}{name[1:]}\n"
    section = (ROOT / "docs" / "json.md").read_text("utf-8").partition(heading)[2].partition("\n#")[0]
    found: list[str] = []
    for key, other in re.findall(r"^\| (?:`(\w+)`|\[([\w ]+)\]\(#.*?\)) \|", section, re.MULTILINE):
        if other == "content":
            found += (field.name for field in CONTENT)
        elif other == "fields":
            found += (field.name for field in FIELDS)
        else:
            found += [key] if key else keys_of(other if other.startswith("a") else f"a {other}")
    assert found, f"docs/json.md has no object {name!r}"
    return tuple(found)


def shortened(value: Any, names: Sequence[str]) -> Any:
    """A JSON value in which `"...": name` stands for the keys of these objects of docs/json.md."""
    if isinstance(value, list):
        return [shortened(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    for name in sorted(names, key=lambda each: -len(keys_of(each))):
        inner = list(keys_of(name))
        first = keys.index(inner[0]) if inner[0] in keys else len(keys)
        if keys[first : first + len(inner)] == inner:
            rest = [(key, shortened(value[key], names)) for key in keys]
            return dict(rest[:first]) | {"...": name} | dict(rest[first + len(inner) :])
    return {key: shortened(each, names) for key, each in value.items()}


def spread(value: Any, indent: str = "") -> str:
    """JSON text for reading: what fits into a line stays on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= 100 or not isinstance(value, dict | list):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        members = [f"{json.dumps(name)}: {spread(member, inner)}" for name, member in value.items()]
        opening, closing = "{", "}"
    else:
        members = [spread(member, inner) for member in value]
        opening, closing = "[", "]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(members) + f"\n{indent}{closing}"


def clean_environment(home: Path) -> dict[str, str]:
    """An environment with `arco` on its PATH, a database to be made in `home`, and nothing of the caller's settings."""
    binaries = home / "bin"
    binaries.mkdir()
    (home / "work").mkdir()
    (home / "work" / "examples").symlink_to(ROOT / "examples")
    for name, arguments in (("arco", "-m arco_sched"), ("python", "")):
        program = binaries / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', "utf-8")
        program.chmod(0o755)
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return coverage | {
        "ARCO_BY": "you@host",
        "ARCO_DB": "arco.db",
        "ARCO_NOW": CLOCK,
        "COLUMNS": COLUMNS,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "TZ": "UTC",
    }


def write_anew(document: str) -> int:
    """Run the examples of a document and put what they print under them; returns how many outputs changed.

    Writes nothing when a command fails that does not say so, or by an error that nobody foresaw.
    """
    path = ROOT / document
    lines = path.read_text("utf-8").splitlines()
    changed = 0
    steps = [pair for section in sections(document) for pair in zip(section.steps, run(section.steps), strict=True)]
    for step, output in steps:
        if FAILED in output or UNFORESEEN in output:
            sys.exit(f"{document}: {step.command}\n{output}")
    for step, output in reversed(steps):
        if output != step.output:
            changed += 1
            lines[step.shown_at : step.shown_at + step.output.count("\n")] = output.splitlines()
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return changed


if __name__ == "__main__":
    for name in sys.argv[1:] or DOCUMENTS:
        print(f"{name}: {write_anew(name)} outputs changed")

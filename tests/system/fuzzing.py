"""Hostile command lines, environments, files and databases: what there is to try, and what must hold afterwards.

The commands and their options are read from the command line itself, so that a new one is tried without being named.
"""

import contextlib
import io
import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import typer
from hypothesis import strategies as st

from arco_sched.cli import entry
from arco_sched.cli.app import command as root
from arco_sched.core.instants import format_instant
from tests.database import opened
from tests.store.pin_schema import START, small

NOW = START + 40 * 3600
SECONDS = 20
"""What takes longer than this hangs."""

HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b[31mred\x1b[0m",
    "\x9b31mred",
    "[red]x[/red] [link=http://evil]y[/link] :smile:",
    "\u202egnp.exe",
    "a\rb\x08c\x00",
    "$(touch owned) `touch owned` ; touch owned",
    "{0} %s %(x)s {__class__}",
)
"""What stored text may hold when somebody else wrote the database."""


class Option(NamedTuple):
    """An option of a command: its name, and whether it takes a value."""

    name: str
    valued: bool


class Command(NamedTuple):
    """A command: its words, its options, and how many arguments it takes at most."""

    words: tuple[str, ...]
    options: tuple[Option, ...]
    arguments: int


# These write outside of what a test may write to, or never end, as they should.
LEFT_OUT = {"work", "wait", "--install", "--install-completion", "--show-completion", "--follow", "--wait"}


def commands() -> list[Command]:
    """Every command that there is."""
    return sorted(_commands(root(), ()))


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[Command]:
    context = typer.Context(command)
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            yield from _commands(command.get_command(context, name), (*words, name))
        return
    options, arguments = [], 0
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            arguments += 1 if parameter.nargs == 1 else 3
        else:
            valued = not getattr(parameter, "is_flag", False)
            options += [Option(name, valued) for name in parameter.opts if name not in LEFT_OUT]
    yield Command(words, tuple(options), arguments)


# What is given. Names of files are those of the folder that the command runs in.

FILES = ("arco.db", "new.db", "file.toml", "crontab", "out", "folder", "no/where")
KNOWN = (
    *(
        "a",
        "b",
        f"a:{START}",
        "sched:a:1741003200",
        "run_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "requested",
        "triggered",
        "paused",
    ),
    *("0 * * * *", "*/5 * * * *", "@daily", "0 0 30 2 *", "* * * * * *", "0 0 29 2 MON#5", "1-99999999 * * * *"),
    *("UTC", "Europe/Berlin", "../../etc/passwd", "/etc/passwd", "America/New_York\0"),
    *("1h", "90d", "0", "-1", "1", "10000", "10001", "99999999999999999999", "1e309", "nan", "0x10", "٣"),
    *(
        format_instant(START),
        format_instant(NOW),
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
    ),
    *("2025-03-03T12:00:00+25:00", "now", "tomorrow", "", " ", "-", "--", "--json", "-h", "=", "k=v", "k=", "=v"),
    *("ScheduleTicked", "window", "first", "latest", "oldest-first", "9" * 5000, "(" * 500, "é" * 300, "\udcff"),
    *HOSTILE,
)
TEXTS = st.one_of(
    st.sampled_from(KNOWN),
    st.sampled_from(FILES),
    st.text(max_size=12),
    st.text(st.characters(codec="ascii"), max_size=30),
    st.integers(-(10**20), 10**20).map(str),
)
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "ARCO_NOW": st.one_of(
            st.sampled_from([format_instant(NOW), "", "now", "9999-12-31T23:59:59Z", "\x1b[31m"]), TEXTS
        ),
        "ARCO_DB": st.sampled_from(["arco.db", "new.db", "folder", "no/where", "crontab", "", "a" * 5000, "\x1b[31m"]),
        "COLUMNS": st.sampled_from(["0", "1", "-5", "7", "20", "80", "99999", "x", ""]),
        "LINES": st.sampled_from(["0", "-1", "x"]),
        "TERM": st.sampled_from(["", "dumb", "xterm-256color", "\x1b[31m"]),
        "HOME": st.sampled_from(["", "/nonexistent", "."]),
        "NO_COLOR": st.sampled_from(["", "1"]),
        "FORCE_COLOR": st.sampled_from(["", "1"]),
        "XDG_DATA_HOME": st.sampled_from(["", "/dev/null", "data"]),
        "LANG": st.sampled_from(["C", "xx_YY.UTF-99"]),
        "TZ": st.sampled_from(["", "Nowhere/Land", ":/etc/passwd"]),
    },
)

TOML = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "[schedules.a]",
                '[schedules."\\u001b[31m"]',
                "[[schedules]]",
                'cron = "0 * * * *"',
                'cron = "\\u001b]0;x\\u0007"',
                "cron = 5",
                'timezone = "UTC"',
                'assets = ["x", 5]',
                'labels = {a = "b"}',
                "max_catchup_ticks = 99999999999999999999",
                "enabled = nan",
                'command = "$(touch owned)"',
                "x = " + "[" * 200,
                "\x00",
                "é = 1",
            ]
        ),
        max_size=8,
    ).map(lambda lines: "\n".join(lines).encode()),
)
CRONTABS = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "0 5 * * * true",
                "0 5 * * * root true % in % out",
                "@reboot x",
                "@daily $(touch owned)",
                "CRON_TZ=Mars/Base",
                "CRON_TZ='Europe/Berlin",
                "MAILTO=\x1b[31m",
                "# a\x1b]0;x\x07",
                "*/7 99 * * * x",
                "0 0 0 0 0 0 0 0",
                "\x00",
                "\\",
                "é" * 500,
            ]
        ),
        max_size=8,
    ).map(lambda lines: "\n".join(lines).encode()),
)


class Attempt(NamedTuple):
    """One call: arguments, environment, the files, stdin."""

    argv: list[str]
    environ: Mapping[str, str]
    toml: bytes
    crontab: bytes
    stdin: str


@st.composite
def attempts(draw: st.DrawFn, known: list[Command]) -> Attempt:
    """Mostly of the shape that a command has, with anything in it."""
    chosen = draw(st.sampled_from(known))
    argv = [*chosen.words]
    argv += draw(st.lists(TEXTS, max_size=chosen.arguments))
    for option in draw(st.lists(st.sampled_from(chosen.options), max_size=4)):
        argv += [option.name, draw(TEXTS)] if option.valued else [option.name]
    if draw(st.integers(0, 9)) == 0:
        argv.insert(draw(st.integers(0, len(argv))), draw(TEXTS))
    if draw(st.integers(0, 9)) == 0:
        argv = [draw(st.sampled_from(["--db", "--busy-timeout"])), draw(TEXTS), *argv]
    if LEFT_OUT & {word.split("=")[0] for word in argv} or any(word.startswith(("--fol", "--wai")) for word in argv):
        argv = ["init"]
    return Attempt(argv, draw(ENVIRONMENTS), draw(TOML), draw(CRONTABS), draw(st.text(max_size=20)))


# What must hold.


def hostile_database(path: Path) -> None:
    """A small database whose texts somebody else has written."""
    small(path)
    with opened(path) as connection:
        for number, text in enumerate(HOSTILE):
            body = {"asset_selection": [text], "command": text, "labels": {text: text}, "partition_selection": [text]}
            connection.execute("INSERT INTO contents VALUES (?, ?, ?)", (900 + number, text, json.dumps(body)))
        connection.execute(
            "UPDATE definition_rows SET other = json_object('code_version', ?), content = 901 WHERE schedule = 1",
            (HOSTILE[0],),
        )
        connection.execute("UPDATE run_rows SET content = 902, run_id = ? WHERE run % 3 = 0", (HOSTILE[1],))
        connection.execute("UPDATE tick_rows SET tick_id = ?, content = 903 WHERE instant % 7 = 1", (HOSTILE[2],))
        connection.execute("UPDATE schedule_ids SET schedule_id = ? WHERE schedule = 2", (HOSTILE[0],))
        connection.execute("UPDATE lapse_rows SET reason = ? WHERE lapse % 2 = 0", (HOSTILE[3],))
        connection.execute(
            "UPDATE definition_rows SET timezone = ?, cron_expression = ? WHERE schedule = 2", HOSTILE[:2]
        )
        connection.execute("UPDATE workspace SET zone_rules = ?, name = ?", (HOSTILE[0], HOSTILE[1]))


class Hangs(Exception):
    """It took too long."""


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


def run(attempt: Attempt, folder: Path) -> Result:
    """Run it in this process, in the folder; raises `Hangs`."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise Hangs

    environ = {"ARCO_DB": "arco.db", "ARCO_NOW": format_instant(NOW), **attempt.environ}
    out, err = io.StringIO(), io.StringIO()
    shell = {name: value for name, value in environ.items() if not name.startswith("ARCO_")}
    before, was = os.environ.copy(), Path.cwd()
    handler = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        os.chdir(folder)
        os.environ.update({name: value for name, value in shell.items() if "\0" not in value})
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            import sys

            stdin, sys.stdin = sys.stdin, io.StringIO(attempt.stdin)
            try:
                code = entry.run(attempt.argv, environ)
            finally:
                sys.stdin = stdin
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        os.chdir(was)
        os.environ.clear()
        os.environ.update(before)
    return Result(int(code), out.getvalue(), err.getvalue())


COLOURS = re.compile(r"\x1b\[[0-9;]*m")
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def what_is_wrong(attempt: Attempt, result: Result, before: list[str], after: list[str]) -> str | None:
    """What should not be, or None."""
    said = result.out + result.err
    if result.code not in {0, 2, 3, 4, 5, 6, 7}:
        return f"exit code {result.code}"
    if "Traceback" in said or "unforeseen" in said:
        return "a traceback"
    if result.code in {2, 3, 6} and before != after:
        return "an error that changed something"
    if result.code in {2, 3, 4, 6} and "--json" not in attempt.argv and not result.err.startswith("arco: "):
        return "an error that does not say what it is"
    if attempt.environ.get("FORCE_COLOR"):
        said = COLOURS.sub("", said)
    steering = STEERING.search(said)
    if steering is not None:
        return f"{steering[0]!a} in what is printed"
    if result.code in {2, 3, 6} and "--json" in attempt.argv:
        try:
            document = json.loads(result.out)
        except ValueError:
            return "no JSON document"
        if document["error"]["code"] != result.code:
            return "another code in the document"
    return None

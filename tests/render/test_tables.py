"""Tables for a person's eye: nothing lost at 80 columns, one line a row in a pipe, every name literal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from rich.color_triplet import ColorTriplet
from rich.style import Style

from arco_sched.render import drawing, timeline
from arco_sched.render.wrapping import wrapped
from tests import IMPORTABLE
from tests.runner import Arco

LONG = "warehouse-nightly-load-of-orders-and-payments-for-the-whole-group-in-every-region-and-currency"


@pytest.fixture
def used(arco: Arco) -> Arco:
    """A database with a long id, a zone, a pause, a lapse and a conflict."""
    arco.ok(f'schedule create {LONG} --cron "30 2 * * *" --tz America/New_York --max-catchup 3')
    arco.ok('schedule create short --cron "0 */6 * * *" --asset a --asset b --command "make it" --label team=data')
    arco.ok("runs request --key sched:short:1735992000 --asset mine")
    arco.ok("tick", at="2025-01-04T12:00:30Z")
    arco.ok("schedule disable short", at="2025-01-04T18:30:00Z")
    return arco


TABLES = [
    "schedule list",
    f"schedule show {LONG}",
    "schedule show short",
    "schedule versions short",
    "schedule preview short",
    'schedule preview --cron "30 2 * * *" --tz America/New_York --from 2025-03-08T00:00:00Z',
    "tick --dry-run",
    "ticks list",
    "ticks show short:1735992000",
    "lapses list",
    "runs list",
    "events list",
]


@pytest.mark.parametrize("line", TABLES)
def test_eighty_columns(used: Arco, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns nothing runs over the edge and no text is cut off."""
    monkeypatch.setenv("COLUMNS", "80")
    out = used.ok(line).out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    if LONG in line or line == "ticks list":  # the id is broken over the lines of its cell, and all of it is there
        first_column = "".join(each.split(maxsplit=1)[0] for each in out.splitlines() if each[:1].strip())
        assert LONG in first_column or LONG in out.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("line", TABLES)
def test_pipes(used: Arco, line: str) -> None:
    """In a pipe no line is broken or padded, and nothing is coloured."""
    out = used.ok(line).out
    assert "\x1b" not in out
    assert all(each == each.rstrip() for each in out.splitlines())
    if line in {"schedule list", "ticks list"}:
        assert sum(LONG in each for each in out.splitlines()) >= 1


def test_a_list_of_schedules(used: Arco) -> None:
    """How each stands, on its own clock, and what is overdue."""
    assert used.ok("schedule list").out.splitlines() == [
        f"{'SCHEDULE':<94}  VERSION  CRON         ZONE              STATE    LAST TICK                NEXT DUE",
        f"{'short':<94}       v2  0 */6 * * *  UTC               paused   2025-01-04 12:00 UTC     "
        "2025-01-04 18:00 UTC     overdue by 30m",
        f"{LONG:<94}       v1  30 2 * * *   America/New_York  enabled  2025-01-04 02:30 -05:00  "
        "2025-01-05 02:30 -05:00  in 13h",
    ]
    assert "2025-01-05 07:30 UTC" in used.ok("schedule list --utc").out


def test_ticks_on_the_clock_of_their_schedule(used: Arco) -> None:
    """Instants are in the schedule's own zone with its offset; `--utc` shows UTC."""
    zoned = [each for each in used.ok("ticks list").out.splitlines() if LONG in each]
    assert "2025-01-04 02:30 -05:00" in zoned[0]
    assert "2025-01-04 07:30 UTC" in used.ok("ticks list --utc").out


def test_names_are_literal(arco: Arco) -> None:
    """What looks like markup, an emoji code or a link is shown as it is written."""
    name = "[bold]x[/] :smile: [link=http://e]a[/link] [/nothing]"
    arco.ok("schedule", "create", "s", "--cron", "@daily", "--asset", name, "--label", f"[red]k[/]={name}")
    arco.ok("runs", "request", "--key", "[bold]key[/]", "--asset", name, "--command", "echo '[red]'\n\ttrue")
    shown = arco.ok("schedule show s").out
    assert name in shown
    assert f"[red]k[/]={name}" in shown
    assert "[bold]key[/]" in arco.ok("runs list").out
    run = arco.json("runs list")["runs"][0]["run_id"]
    assert "echo '[red]'\\n\\ttrue" in arco.ok(f"runs show {run}").out
    error = arco("schedule", "show", "[bold]nobody[/]")
    assert "[bold]nobody[/]" in error.err


def test_what_steers_a_terminal_is_shown(arco: Arco) -> None:
    """Characters that reorder or hide text come out as their numbers."""
    arco.ok("schedule", "create", "s", "--cron", "@daily", "--asset", "a\u202eb\u200bc")
    assert "a\\u202eb\\u200bc" in arco.ok("schedule show s").out


def test_versions_say_what_changed(used: Arco) -> None:
    """Each version with its change in words."""
    used.ok("schedule update short --clear-labels --cron '0 5 * * *' --end 2026-01-01T00:00:00Z")
    lines = used.ok("schedule versions short").out.splitlines()
    assert "created: 0 */6 * * * in UTC" in lines[1]
    assert "enabled -> paused" in lines[2]
    changed = (
        "cron_expression: 0 */6 * * * -> 0 5 * * *; labels: team=data -> none; end_at: none -> 2026-01-01 00:00 UTC"
    )
    assert changed in lines[3]


def test_preview_notes(arco: Arco) -> None:
    """A person is told in words what a clock change did."""
    out = arco.ok(
        'schedule preview --cron "30 2 * * *" --tz America/New_York --from 2025-03-09T00:00:00Z --count 1'
    ).out
    assert "2025-03-09 03:00 -04:00" in out
    assert "clocks go forward" in out


def test_changes_in_words(used: Arco) -> None:
    """update, enable, disable and delete say how many wait, and that they can be discarded."""
    out = used.ok("schedule enable short", at="2025-01-05T00:30:00Z").out
    assert "2 occurrences before the change are still waiting" in out
    assert "--discard-waiting" in out
    assert "2 occurrences that waited were discarded." in used.ok("schedule delete short --discard-waiting").out
    assert "unchanged" in used.ok("schedule delete short").out


def test_empty_lists_say_so(arco: Arco) -> None:
    """An empty list is nothing on stdout, and a word on stderr."""
    arco.ok("init")
    for line in ("schedule list", "ticks list", "lapses list", "runs list", "events list"):
        result = arco.ok(line)
        assert result.out == ""
        assert result.err.count("\n") == 1


def test_the_next_page(used: Arco) -> None:
    """A table that is not the whole list says on stderr how to go on."""
    assert "--cursor 1735992000~short:1735992000" in used.ok("ticks list --limit 1").err
    assert "--after 1" in used.ok("events list --limit 1").err


def on_a_terminal(used: Arco, *arguments: str, columns: int = 80, **environ: str) -> str:
    """What `arco` writes on a terminal of its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    path = IMPORTABLE
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "PYTHONPATH": path, **environ}
    with subprocess.Popen(
        [sys.executable, "-m", "arco_sched", *arguments],
        stdout=theirs,
        stderr=theirs,
        env={**environment, "ARCO_DB": str(used.db), "ARCO_NOW": used.at or ""},
    ) as running:
        os.close(theirs)
        written = b""
        while True:
            try:
                written += (piece := os.read(ours, 65536))
            except OSError:  # Linux's way to say that the terminal is gone
                break
            if not piece:
                break
        os.close(ours)
        assert running.wait() == 0
    return written.decode()


def test_a_terminal(used: Arco) -> None:
    """On a terminal there is colour, `NO_COLOR` turns it off, and the words say the same without it."""
    coloured = on_a_terminal(used, "ticks", "list")
    assert "\x1b[38;5;28mtriggered" in coloured
    for plain in (
        on_a_terminal(used, "ticks", "list", NO_COLOR="1"),
        on_a_terminal(used, "ticks", "list", TERM="dumb"),
    ):
        assert "\x1b" not in plain
        assert "triggered" in plain
    wide = on_a_terminal(used, "ticks", "list", columns=240)
    assert "EVALUATED AT" in wide
    assert "EVALUATED AT" not in coloured


def _luminance(colour: ColorTriplet) -> float:
    """The relative luminance of WCAG 2."""
    parts = [value / 255 for value in colour]
    red, green, blue = (value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("style", sorted({*drawing.STYLES.values(), *timeline.STYLES.values(), drawing.FAINT} - {""}))
def test_colours_can_be_read_on_white_and_on_black(style: str) -> None:
    """Each has a contrast of 3.8 or more with both."""
    colour = Style.parse(style).color
    assert colour is not None
    light = _luminance(colour.get_truecolor())
    assert min(1.05 / (light + 0.05), (light + 0.05) / 0.05) >= 3.8


def test_what_is_whole_is_not_broken_before_what_is_not(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns an id that can be copied stays on one line, and the reason beside it breaks between words."""
    arco.ok("schedule create nightly-warehouse-load --cron '0 2 * * *'")
    arco.ok("schedule disable nightly-warehouse-load")
    arco.ok("schedule trigger nightly-warehouse-load")
    arco.ok("tick", at="2025-01-02T02:10:00Z")
    monkeypatch.setenv("COLUMNS", "80")
    lines = arco.ok("ticks list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("nightly-warehouse-load:1735783200 ") for line in lines)
    assert any(line.startswith("nightly-warehouse-load:manual:") and "triggered" in line for line in lines)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("a word or two", ["a word or", "two"]),
        ("  at 2025-01-15 10:00 UTC, then", ["  at", "  2025-01-15 10:00 UTC,", "  then"]),
        ("see `arco runs show x y z`: why", ["see", "`arco runs show x y z`:", "why"]),
        ("a`b c", ["a`b c"]),
        ("", [""]),
    ],
)
def test_lines_are_broken_between_words(content: str, lines: list[str]) -> None:
    """A command or an instant is not broken, whatever its length; what follows is indented as the line is."""
    assert wrapped(content, 9) == lines


def test_a_command_can_be_copied(used: Arco) -> None:
    """On a terminal a command that is wider than it has a line of its own, which the terminal breaks."""
    said = on_a_terminal(used, "why", "short", "--at", "2025-01-03 06:00", TERM="dumb")
    assert '\n`arco backfill short --from "2025-01-03 06:00 UTC" --to "2025-01-03 06:00:01 UTC"`' in said


def test_sentences_are_broken_between_words(used: Arco) -> None:
    """On a terminal, on stdout and stderr alike; in a pipe each is one line."""
    command = ("schedule", "disable", "short", "--until", "2025-06-01 10:00")
    said = on_a_terminal(used, *command, TERM="dumb")
    assert max(map(len, said.splitlines())) <= 80
    assert "paused until 2025-06-01 10:00 UTC" in said.replace("\r\n", " ")
    assert "(paused until 2025-06-01 10:00 UTC)." in used.ok(*command).out

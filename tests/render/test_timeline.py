"""`arco timeline`: the same story at every width, without colour, in a pipe, and as SVG."""

import contextlib
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco_sched.api import Workspace
from arco_sched.cli import entry
from arco_sched.render.picture import plan
from tests.runner import Arco


@pytest.fixture
def story(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> Arco:
    """Hourly in Berlin: triggered, a pause, a night without evaluation, and a morning that waits; on a wide screen."""
    monkeypatch.setenv("COLUMNS", "200")
    arco.at = "2025-01-13T22:30:00Z"
    arco.ok("schedule create hourly --cron '0 * * * *' --tz Europe/Berlin --max-catchup 100 --catchup-window 2h")
    arco.ok("tick", at="2025-01-14T00:30:00Z")
    arco.ok("schedule disable hourly")
    arco.ok("tick", at="2025-01-14T02:30:00Z")
    arco.ok("schedule enable hourly")
    arco.ok("tick", at="2025-01-14T08:30:00Z")
    arco.at = "2025-01-14T10:10:00Z"
    return arco


def test_shapes_tell_everything(story: Arco) -> None:
    """Without colour: `l` late, `#` in time, `o` skipped, `x` lapsed, `w` waiting, `.` to come, `/` not there yet."""
    story.ok("tick", at="2025-01-14T10:03:00Z")
    story.at = "2025-01-14T11:10:00Z"
    said = story.ok("timeline --hours 13").out
    head, _, axis, now, track, row, _, legend, _, *gaps = said.splitlines()
    assert head == "2025-01-13 23:10 +01:00 to 2025-01-14 14:00 +01:00, Europe/Berlin; each cell is 10 minutes"
    assert "".join(row.removeprefix("hourly").split()) == "//llooxxxxlll#w."
    assert "Jan 14" in axis
    assert now.strip() == "v"
    assert legend.split("   ") == [
        "# triggered",
        "l evaluated late",
        "o skipped",
        "x lapsed",
        "w waiting",
        ". in the future",
        "/ before start or after end",
        "= no evaluation",
        "v now",
    ]
    # The track of the evaluator ends with the cell in which it came back.
    assert track[row.index("#")] == "="
    assert track[row.index("#") + 2] == " "
    assert gaps == [
        "No evaluation from 2025-01-14 00:00 +01:00 to 2025-01-14 01:30 +01:00 (1 hour 30 minutes).",
        "No evaluation from 2025-01-14 02:00 +01:00 to 2025-01-14 03:30 +01:00 (1 hour 30 minutes).",
        "No evaluation from 2025-01-14 03:30 +01:00 to 2025-01-14 09:30 +01:00 (6 hours).",
        "and 2 shorter gaps: --json has them all",
    ]
    answer = story.json("timeline --hours 13")
    assert answer["unattended"][2] == {"from": "2025-01-14T02:30:00Z", "to": "2025-01-14T08:30:00Z"}
    assert sum(cell["late"] for cell in answer["schedules"][0]["cells"]) == 7
    assert max(cell["late_seconds"] for cell in answer["schedules"][0]["cells"]) == 5400


def test_late_goes_by_the_interval_that_is_set(story: Arco) -> None:
    """An evaluation each hour is late after an hour and four minutes, and nobody is missed before."""
    with Workspace.open(story.db) as workspace:
        workspace.expect_every(60)
    cells = story.json("timeline --hours 13")
    assert sum(cell["late"] for cell in cells["schedules"][0]["cells"]) == 3
    assert [gap["from"] for gap in cells["unattended"]] == [
        "2025-01-13T23:00:00Z",
        "2025-01-14T01:00:00Z",
        "2025-01-14T02:30:00Z",
        "2025-01-14T09:00:00Z",
    ]


def test_before_the_creation_nobody_had_to_evaluate(daily: Arco) -> None:
    """A start in the past makes its ticks late, and blames no evaluator."""
    daily.ok("schedule create new --cron '0 * * * *' --start 2025-01-08T00:00:00Z", at="2025-01-10T12:30:00Z")
    daily.ok("tick", at="2025-01-10T12:31:00Z")
    answer = daily.json("timeline new --days 4")
    assert answer["unattended"] == []
    assert any(cell["late"] for cell in answer["schedules"][0]["cells"])


def test_several_things_in_a_cell(story: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst of them, and how many there are of it; empty cells have the lines of the grid."""
    story.ok("schedule create daily --cron '30 13 * * *' --start 2025-01-01T00:00:00Z")
    monkeypatch.setenv("COLUMNS", "60")
    said = story.ok("timeline --days 3").out
    (row,) = (line for line in said.splitlines() if line.startswith("hourly"))
    assert "l x1x3w2. . ." in row
    assert "three of these, and others" in said
    assert any("|" in line for line in said.splitlines() if line.startswith("daily"))


@pytest.mark.parametrize("width", [30, 80, 200])
@pytest.mark.parametrize("options", ["--hours 3", "--days 1", "--days 14", "--days 90", "--days 3650"])
def test_it_fits_the_width(story: Arco, monkeypatch: pytest.MonkeyPatch, width: int, options: str) -> None:
    """No line of cells or of the axis is wider than the screen, and the clock is marked once."""
    monkeypatch.setenv("COLUMNS", str(width))
    story.ok("schedule create with-a-long-name.of.seventy.characters.or.so.to.see.what.becomes.of.it --cron '@daily'")
    said = story.ok(f"timeline {options}").out
    picture = said.split("\n\n", 1)[1].rsplit("\n\n", 1)[0]
    assert max(map(len, picture.splitlines())) <= width
    assert max(map(len, said.rsplit("\n\n", 1)[1].splitlines())) <= width
    assert sum(line.strip() == "v" for line in picture.splitlines()) == (
        2 if "90" in options or "3650" in options else 1
    )


def test_a_long_history_is_a_calendar(daily: Arco) -> None:
    """From four weeks on: weekdays down, weeks across, a panel for each schedule."""
    for day in range(1, 29):
        daily.ok("tick", at=f"2025-01-{day:02}T10:00:00Z")
    said = daily.ok("timeline --days 28", at="2025-01-29T09:00:00Z").out
    assert "each cell is 1 day" in said
    panel = said.split("\n\n")[1].splitlines()
    assert panel[0] == "daily"
    assert [line.split()[0] for line in panel[-7:]] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert panel[-7].split() == ["Mon", "/", "4", "4", "4", "4"]
    assert panel[-5].split() == ["Wed", "4", "4", "4", "4", "."]


def test_unicode_where_the_encoding_has_it(story: Arco) -> None:
    """A UTF-8 stream gets shapes; another gets letters."""
    for encoding, shape in (("utf-8", "◐"), ("ascii", "l"), ("latin-1", "l")):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)
        with contextlib.redirect_stdout(stream):
            assert entry.run(["timeline"], {"ARCO_DB": str(story.db), "ARCO_NOW": story.at or ""}) == 0
        stream.flush()
        assert shape in raw.getvalue().decode(encoding)


def test_json(story: Arco) -> None:
    """A cell between each two edges, with every count; the counts are those of the tables."""
    answer = story.json("timeline --days 1")
    (row,) = answer["schedules"]
    assert len(row["cells"]) == len(answer["edges"]) - 1
    assert (answer["timezone"], row["schedule_id"], row["timezone"]) == ("Europe/Berlin", "hourly", "Europe/Berlin")
    total = {name: sum(cell[name] for cell in row["cells"]) for name in ("triggered", "skipped", "lapsed", "waiting")}
    ticks = story.json("ticks list")["ticks"]
    assert total["triggered"] == sum(tick["status"] == "triggered" for tick in ticks)
    assert total["skipped"] == sum(tick["status"] == "skipped" for tick in ticks) == 2
    assert total["lapsed"] == sum(lapse["missed"] for lapse in story.json("lapses list")["lapses"])
    assert total["waiting"] == story.json("schedule show hourly")["waiting"] == 2


@pytest.mark.parametrize("options", ["--days 1", "--days 60"])
def test_svg(story: Arco, tmp_path: Path, options: str) -> None:
    """A picture of its own: well-formed, no script, no reference outside, a title for each cell."""
    target = tmp_path / "report.svg"
    result = story.ok(f"timeline {options} --svg {target}")
    assert result.out == ""
    root = ET.fromstring(target.read_text("utf-8"))  # noqa: S314 - our own file
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "rect", "circle", "path", "line", "text", "g"}
    assert not any("href" in name or name.startswith("on") for element in root.iter() for name in element.attrib)
    assert any("skipped" in (element.text or "") for element in root.iter("{http://www.w3.org/2000/svg}title"))


def test_mistakes(story: Arco, tmp_path: Path) -> None:
    """Each is one line; an unknown id is not found, with the nearest one."""
    for asked, code, words in (
        ("timeline --days 0", 2, "--days must be between 1 and"),
        ("timeline --hours -1", 2, "--hours must be between 1 and"),
        ("timeline --days 1 --hours 1", 2, "not both"),
        ("timeline hurly", 3, "did you mean hourly?"),
        (f"timeline --svg {tmp_path}/missing/x.svg", 2, "--svg"),
    ):
        result = story(asked)
        assert (result.code, result.out, result.err.count("\n")) == (code, "", 1), result
        assert words in result.err


@settings(max_examples=200)
@given(
    now=st.integers(-60_000_000_000, 250_000_000_000) | st.integers(1_700_000_000, 1_800_000_000),
    length=st.integers(1, 3660).map(lambda days: days * 86_400) | st.integers(1, 100).map(lambda hours: hours * 3600),
    zone=st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
    columns=st.integers(8, 240),
)
def test_a_plan_holds_what_it_shows(now: int, length: int, zone: str, columns: int) -> None:
    """Edges are in order, hold the clock and the whole length, and are no more than fit."""
    chosen = plan(now, length, zone, columns)
    assert list(chosen.edges) == sorted(set(chosen.edges))
    assert chosen.edges[0] <= now < chosen.edges[-1]
    if chosen.calendar:
        assert chosen.edges[0] <= now - length
    else:
        assert len(chosen.edges) - 1 <= columns

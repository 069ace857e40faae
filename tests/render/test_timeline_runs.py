"""`arco timeline` tells what became of runs."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from arco_sched.render.picture import MARKS, mark, words
from arco_sched.render.svg import COLOURS
from arco_sched.render.timeline import ASCII_SHAPES, SHAPES, STYLES, WORDS
from arco_sched.service.timeline import TimelineCell
from tests.executing import define, work
from tests.runner import Arco

NOTHING = TimelineCell(triggered=0, skipped=0, failed=0, lapsed=0, waiting=0, future=0, unevaluable=False, pruned=False)


@pytest.mark.parametrize(
    ("cell", "expected", "count", "text"),
    [
        (replace(NOTHING, triggered=2), "triggered", 0, "2 triggered"),
        (replace(NOTHING, triggered=2, runs_succeeded=2), "succeeded", 0, "2 triggered, runs: 2 succeeded"),
        (replace(NOTHING, triggered=3, runs_succeeded=1), "triggered", 2, "3 triggered, runs: 1 succeeded"),
        (
            replace(NOTHING, triggered=3, runs_succeeded=2, runs_failed=1),
            "run failed",
            1,
            "3 triggered, runs: 2 succeeded, 1 failed",
        ),
        (replace(NOTHING, triggered=1, runs_running=1), "running", 0, "1 triggered, runs: 1 running"),
        (replace(NOTHING, triggered=1, runs_waiting=1), "queued", 0, "1 triggered, runs: 1 waiting"),
        (replace(NOTHING, triggered=2, runs_waiting=1, runs_late=1), "late", 1, "2 triggered, runs: 1 waiting, 1 late"),
        (replace(NOTHING, triggered=2, runs_skipped=1, runs_canceled=1), "not run", 0, None),
        (replace(NOTHING, triggered=1, runs_failed=1, failed=1), "failed", 1, None),
        (replace(NOTHING, triggered=1, runs_succeeded=1, lapsed=4), "lapsed", 4, None),
        (
            replace(NOTHING, triggered=3, runs_succeeded=3, late=1, late_seconds=7500),
            "done late",
            1,
            "3 triggered, runs: 3 succeeded, 1 evaluated late, by up to 2 hours 5 minutes",
        ),
        (replace(NOTHING, triggered=3, late=3, late_seconds=600), "done late", 0, None),
        (replace(NOTHING, triggered=2, runs_failed=2, late=2, late_seconds=600), "run failed", 0, None),
        (NOTHING, "none", 0, "nothing due"),
        (replace(NOTHING, absent=True), "absent", 0, "before its start or after its end"),
        (replace(NOTHING, skipped=1, unattended=True), "skipped", 0, "1 skipped, no evaluation for part of it"),
    ],
)
def test_the_mark_of_a_cell(cell: TimelineCell, expected: str, count: int, text: str | None) -> None:
    """The worst of what is in it; and how much of that, where there is more."""
    assert mark(cell) == (expected, count)
    assert text is None or words(cell) == text


def test_every_mark_has_a_shape_of_its_own() -> None:
    """Without colour, too; and a colour, a style and a word."""
    for shapes in (SHAPES, ASCII_SHAPES, WORDS):
        assert len(set(shapes.values())) == len(MARKS) + 1
        assert set(shapes) == {*MARKS, "none"}
    assert set(COLOURS) == set(STYLES) == {*MARKS, "none"}


@pytest.fixture
def mixed(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> Arco:
    """A run of each kind at ten: succeeded, failed, waiting, late, skipped, and one without a command."""
    monkeypatch.setenv("COLUMNS", "140")
    define(
        arco,
        bad="exit 1",
        good="true",
        late="true -- --pool big",
        plain="",
        wait="true -- --spread 8h --start-within 1m",
    )
    define(arco, own="true -- --pool external")
    work(arco)
    arco.at = "2025-01-01T10:06:00Z"
    return arco


def test_shapes_and_legend(mixed: Arco) -> None:
    """Each kind has its shape, and the legend only what is in the picture."""
    said = mixed.ok("timeline --hours 3").out
    lines = {
        line.split()[0]: re.sub("[|/]", "", "".join(line.split()[1:]))
        for line in said.splitlines()
        if line[:1].isalpha()
    }
    assert {name: lines[name][:1] for name in ("bad", "good", "late", "plain", "wait", "own")} == {
        "bad": "F",
        "good": "+",
        "late": "L",
        "plain": "#",
        "wait": "q",
        "own": "q",
    }
    legend = said.rsplit("\n\n", 1)[1]
    for text in ("# triggered", "+ succeeded", "F run failed", "q run waiting", "L run late"):
        assert text in legend
    assert "running" not in legend
    assert "skipped" not in legend


def test_counts_as_json(mixed: Arco) -> None:
    """What became of runs beside the counts of ticks, which stay as they are."""
    answer = mixed.json("timeline --hours 3")
    sums = {
        row["schedule_id"]: {key: sum(cell[key] for cell in row["cells"]) for key in row["cells"][0]}
        for row in answer["schedules"]
    }
    for name, key in (
        ("bad", "runs_failed"),
        ("good", "runs_succeeded"),
        ("late", "runs_late"),
        ("own", "runs_waiting"),
    ):
        assert sums[name]["triggered"] == sums[name][key] == 1
    assert sums["plain"]["triggered"] == 1
    assert not any(count for key, count in sums["plain"].items() if key.startswith("runs_"))


def test_a_skipped_run(mixed: Arco) -> None:
    """A run that was skipped is no success."""
    mixed.at = "2025-01-01T19:00:00Z"
    mixed("work --once")
    said = mixed.ok("timeline wait --hours 12").out
    assert "- run skipped or canceled" in said


def test_the_picture(mixed: Arco) -> None:
    """The SVG is well-formed, says the same in words, and has the shapes."""
    mixed.ok(f"timeline --hours 3 --svg {mixed.folder}/t.svg")
    root = ET.parse(mixed.folder / "t.svg").getroot()  # noqa: S314
    titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    for text in ("succeeded", "run failed", "run waiting", "run late", "triggered"):
        assert text in titles
    assert any(title is not None and title.endswith("1 triggered, runs: 1 failed") for title in titles)

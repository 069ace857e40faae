"""What a program that knows the page alone runs into: instants, updates, signatures, read-only files, JSON."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from arco_sched import (
    DatabaseUnusable,
    Definition,
    InvalidInput,
    Policy,
    RequestContent,
    Workspace,
    as_dict,
    format_instant,
    parse_instant,
)
from arco_sched.cli.names import option_of
from arco_sched.core.fields import FIELDS
from tests.api.calls import NOW, calls, prepared

MOMENT = datetime.fromtimestamp(NOW, UTC)


def test_instants_as_text() -> None:
    """An instant is written as whichever of the two it is, and read again."""
    assert format_instant(MOMENT) == format_instant(NOW) == "2025-03-04T00:00:00Z"
    assert parse_instant("2025-03-04T00:00:00Z") == NOW


@pytest.mark.parametrize(
    ("act", "argument"),
    [
        (format_instant, None),
        (format_instant, "now"),
        (format_instant, 10**20),
        (parse_instant, MOMENT),
        (parse_instant, 5),
    ],
)
def test_what_is_no_instant_is_refused_by_name(act: Callable[[Any], object], argument: object) -> None:
    """No TypeError of the arithmetic inside."""
    with pytest.raises(InvalidInput, match=r"^(instant|text) must be "):
        act(argument)


def test_questions_to_an_answer_take_any_instant(tmp_path: Path) -> None:
    """`is_stale` and `is_paused` take what the methods take."""
    with prepared(tmp_path / "arco.db") as workspace:
        schedule = workspace.schedule("a", now=NOW).schedule
        paused = workspace.set_enabled("a", False, now=NOW, until=NOW + 60).schedule.version
        assert schedule.is_stale(MOMENT) is schedule.is_stale(NOW) is False
        assert paused.is_paused(MOMENT) is paused.is_paused(NOW) is True
        assert paused.is_paused(MOMENT + timedelta(seconds=60)) is False
        with pytest.raises(InvalidInput, match="at must be an aware datetime"):
            paused.is_paused("now")  # type: ignore[arg-type]


# Updates.


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.path[:1] == ("definition",)], ids=lambda each: each.name
)
def test_the_options_name_says_which_field_is_meant(field: Any, tmp_path: Path) -> None:
    """Who knows the command writes its words: each leads to the field."""
    word = option_of(field.name).removeprefix("--").replace("-", "_")
    with prepared(tmp_path / "arco.db") as workspace:
        if word == field.name:
            return
        with pytest.raises(InvalidInput, match=rf"names '{word}', .*: did you mean {field.name}\?$"):
            workspace.update_schedule("a", {word: 1}, now=NOW)


def test_none_clears_what_can_be_empty(tmp_path: Path) -> None:
    """Text, lists, labels and timeouts; a field that always has a value says what its default is."""
    with prepared(tmp_path / "arco.db") as workspace:
        full = {"labels": {"a": "b"}, "command": "x", "timeout_seconds": 5, "asset_selection": "x", "max_retries": 3}
        workspace.update_schedule("a", full, now=NOW)
        cleared = dict.fromkeys(("labels", "command", "timeout_seconds", "asset_selection"))
        version = workspace.update_schedule("a", cleared, now=NOW).schedule.version
        assert version.definition.request == RequestContent()
        assert version.definition.policy == Policy(max_retries=3)
        with pytest.raises(
            InvalidInput, match=r"^max_retries must not be None: its default is 0; timezone must not be None"
        ):
            workspace.update_schedule("a", {"max_retries": None, "timezone": None}, now=NOW)


# Signatures.


def test_what_is_done_by_hand_can_be_signed(tmp_path: Path) -> None:
    """Every method that takes `by` and `note` signs its events, and no call after it is signed by them."""
    with prepared(tmp_path / "arco.db") as workspace:
        made = calls(workspace, tmp_path)
        signed = 0
        for call in made:
            if "by" not in call.arguments or call.method in {"update_schedule", "delete_schedule", "delete_all"}:
                continue
            last = max(event.seq for event in workspace.walk(workspace.events))
            call.of(workspace)
            for event in workspace.walk(workspace.events, after=last):
                assert (event.by, event.note) == ("alice", "why"), (call.method, event)
                signed += 1
        assert signed > 10
        workspace.set_pool("small", 7, now=NOW)
        assert [*workspace.walk(workspace.events)][-1].by is None
        with pytest.raises(InvalidInput, match="note needs by=, the name of who makes the change"):
            workspace.set_pool("small", 8, now=NOW, note="why")


# Files.


def test_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    """`read_only` asks it all questions; what would change it is refused, and nothing is left beside it."""
    path = tmp_path / "folder" / "arco.db"
    path.parent.mkdir()
    prepared(path).close()
    before = path.read_bytes()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with Workspace.open(path, read_only=True) as workspace:
            assert len(workspace.ticks()) == 14
            assert workspace.evaluate(NOW, dry_run=True).triggered
            assert workspace.verify().ok
            for act in (
                lambda: workspace.evaluate(NOW),
                lambda: workspace.trigger("a", now=NOW),
                lambda: workspace.prune(before=NOW, now=NOW),
                workspace.compact,
                workspace.expect_every,
            ):
                with pytest.raises(DatabaseUnusable, match="opened read-only: nothing can be changed"):
                    act()
        assert [each.name for each in path.parent.iterdir()] == ["arco.db"]
        assert path.read_bytes() == before
    finally:
        path.parent.chmod(0o755)


def test_what_lies_ahead_cant_be_pruned(tmp_path: Path) -> None:
    """A `before` behind `now` would take all of history."""
    with prepared(tmp_path / "arco.db") as workspace, pytest.raises(InvalidInput, match=r"before .* is after now "):
        workspace.prune(before=NOW + 1, now=NOW)


def test_the_exit_code_of_a_signal(tmp_path: Path) -> None:
    """`subprocess` returns the negative number of the signal."""
    with prepared(tmp_path / "arco.db") as workspace, pytest.raises(InvalidInput, match="signal 9 ended has 137"):
        workspace.finish_run("a", attempt=1, exit_code=-9, now=NOW)


# JSON.


def test_every_answer_is_json(tmp_path: Path) -> None:
    """Whatever a method answers becomes a dict of plain values, with the names of its attributes."""
    with prepared(tmp_path / "arco.db") as workspace:
        for call in calls(workspace, tmp_path):
            if call.method in {"update_schedule", "delete_schedule", "delete_all", "choose", "chosen_runs", "timezone"}:
                continue
            answer = call.of(workspace)
            several = isinstance(answer, list | tuple) and not hasattr(answer, "_fields")
            for each in answer if several else [answer]:
                if hasattr(each, "_fields") or dataclasses.is_dataclass(each):
                    assert json.loads(json.dumps(as_dict(each))) == as_dict(each), call.method
        labeled = Definition(cron_expression="@daily", request=RequestContent(labels={"team": "data"}))
        version = workspace.create_schedule("d", labeled, now=NOW).schedule.version
        assert as_dict(version)["definition"]["request"]["labels"] == {"team": "data"}
        for wrong in (None, 5, [], {}, "a", workspace, Definition):
            with pytest.raises(InvalidInput, match="answer must be an answer of a Workspace, not "):
                as_dict(wrong)

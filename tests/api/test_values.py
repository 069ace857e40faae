"""What a Python program has is taken for what it means: datetimes, zones, spans, dicts, single texts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched import (
    Asked,
    Conflict,
    Definition,
    InvalidInput,
    NotFound,
    Policy,
    RequestContent,
    Wanted,
    Workspace,
    parse_instant,
)
from arco_sched.api import values
from tests.api.calls import MONTHLY, NEW_YEAR, NOW, prepared

BERLIN = ZoneInfo("Europe/Berlin")


class Word(StrEnum):
    """Texts of an enumeration."""

    ID = "a"
    LATEST = "latest"


class Number(IntEnum):
    """Numbers of an enumeration."""

    NOW = NOW
    THREE = 3


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    """One with two schedules and their history."""
    with prepared(path) as made:
        yield made


def epoch(value: Any) -> int:
    """What a value is taken for, where nothing is wrong with it."""

    def note(code: str, **data: Any) -> None:
        raise AssertionError((code, data))

    return values.instant(value, note)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2025, 1, 15, 10, tzinfo=UTC), "2025-01-15T10:00:00Z"),
        (datetime(2025, 1, 15, 10, tzinfo=BERLIN), "2025-01-15T09:00:00Z"),
        (datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN), "2025-10-26T00:30:00Z"),  # the first of the two
        (datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN, fold=1), "2025-10-26T01:30:00Z"),
        (datetime(2025, 1, 15, 10, 0, 0, 999_999, tzinfo=UTC), "2025-01-15T10:00:00Z"),  # a fraction is cut
        (datetime(1969, 12, 31, 23, 59, 58, 1, tzinfo=UTC), "1969-12-31T23:59:58Z"),  # also before 1970
        (datetime(2025, 1, 15, 10, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2025-01-15T04:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "9999-12-31T23:59:59Z"),
        (1736935200, "2025-01-15T10:00:00Z"),
        (1736935200.0, "2025-01-15T10:00:00Z"),
        (0, "1970-01-01T00:00:00Z"),
        (Number.NOW, "2025-03-04T00:00:00Z"),
    ],
)
def test_instants(value: Any, text: str) -> None:
    """Aware datetimes of any zone and whole numbers; a fraction of a second is cut."""
    assert epoch(value) == parse_instant(text)
    assert type(epoch(value)) is int


@given(value=st.datetimes(timezones=st.timezones()))
def test_a_datetime_is_its_text(value: datetime) -> None:
    """It is the instant that its RFC 3339 text is, where the offset is one that RFC 3339 can say."""
    offset = value.utcoffset()
    assert offset is not None
    if offset % timedelta(minutes=1):
        value = value.astimezone(UTC)
    assert epoch(value) == parse_instant(value.isoformat())


def test_a_policy_takes_spans(workspace: Workspace) -> None:
    """A timedelta of whole seconds for each field that is a span, a list for exit codes, a Path for a folder."""
    policy = Policy(
        timeout_seconds=timedelta(hours=2),
        retry_exit_codes=[75, 3],
        retry_delay_seconds=timedelta(minutes=5),
        start_within_seconds=timedelta(days=1),
        spread_seconds=timedelta(seconds=30),
        success_within_seconds=timedelta(days=2),
    )
    content = RequestContent(command="true", working_directory=Path("/srv"))
    made = workspace.create_schedule(
        "c", Definition(cron_expression="@daily", policy=policy, request=content), now=NOW
    ).schedule.version.definition
    assert made.request.working_directory == "/srv"
    plain = Policy(
        timeout_seconds=7200,
        retry_exit_codes=(3, 75),
        retry_delay_seconds=300,
        start_within_seconds=86_400,
        spread_seconds=30,
        success_within_seconds=172_800,
    )
    assert made.policy == plain
    run = workspace.request_run("mine", content, now=NOW, policy=policy).run
    assert workspace.run_life(run.run_id, now=NOW).request.policy == plain
    changed = workspace.update_schedule("c", {"timeout_seconds": timedelta(minutes=1)}, now=NOW + 1)
    assert changed.schedule.version.definition.policy.timeout_seconds == 60
    late, seconds = Asked(late=timedelta(minutes=5)), Asked(late=300)
    assert workspace.check(late, now=NOW) == workspace.check(seconds, now=NOW)


def test_runs_of_an_executor_of_ones_own(workspace: Workspace) -> None:
    """It starts, tells an end, and asks again for a run that failed."""
    run_id = workspace.runs(schedule_id="a", limit=1).rows[0].run_id
    started = workspace.start_run(run_id, external_id="mine", now=datetime.fromtimestamp(NOW, UTC))
    assert (started.change, started.runs[0].state.attempts) == ("changed", 1)
    assert workspace.start_run(run_id, external_id="mine", now=NOW).change == "existing"
    ended = workspace.finish_run(run_id, attempt=1, exit_code=3, now=NOW + 5, message="no disk")
    assert ended.runs[0].state.status == "failed"
    assert workspace.chosen_runs("a", "failed") == [run_id]
    assert [each.run.run_id for each in workspace.walk(workspace.run_lives, now=NOW, status="failed")] == [run_id]
    again = workspace.retry(run_id, now=NOW + 6)
    assert (again.runs[0].state.status, again.runs[0].state.round) == ("requested", 1)


def test_every_instant_may_be_a_datetime(workspace: Workspace) -> None:
    """The same answers for datetimes as for seconds, for every argument and field that is an instant."""

    def at(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, BERLIN)

    span, dated = {"since": NEW_YEAR, "until": NOW}, {"since": at(NEW_YEAR), "until": at(NOW)}
    assert workspace.ticks(**span) == workspace.ticks(**dated)
    assert workspace.runs(**span) == workspace.runs(**dated)
    assert workspace.run_lives(now=NOW, **span) == workspace.run_lives(now=at(NOW), **dated)
    assert workspace.next(now=NOW) == workspace.next(now=at(NOW))
    assert workspace.lapses(**span) == workspace.lapses(**dated)
    assert workspace.status(now=NOW) == workspace.status(now=at(NOW))
    assert workspace.why("a", NEW_YEAR, now=NOW) == workspace.why("a", at(NEW_YEAR), now=at(NOW))
    assert workspace.preview("a", start=NOW, count=3) == workspace.preview("a", start=at(NOW), count=3)
    assert workspace.timeline([NEW_YEAR, NOW], now=NOW) == workspace.timeline([at(NEW_YEAR), NOW], now=at(NOW))
    backfill = {"start": NEW_YEAR - 86_400 * 400, "stop": NOW, "now": NOW}
    assert workspace.backfill("a", **backfill, dry_run=True) == workspace.backfill(
        "a", **{name: at(value) for name, value in backfill.items()}, dry_run=True
    )
    assert workspace.prune(before=NEW_YEAR, now=NOW, dry_run=True).before == NEW_YEAR
    assert workspace.prune(before=at(NEW_YEAR), now=at(NOW), dry_run=True).before == NEW_YEAR
    made = workspace.create_schedule(
        "c", Definition(cron_expression="@daily", end_at=at(NOW)), now=at(NEW_YEAR), start_at=at(NEW_YEAR + 5)
    )
    version = made.schedule.version
    assert (version.created_at, version.start_at, version.definition.end_at) == (NEW_YEAR, NEW_YEAR + 5, NOW)
    changed = workspace.update_schedule("c", {"end_at": at(NOW + 5)}, now=at(NEW_YEAR + 9)).schedule.version
    assert (changed.effective_from, changed.definition.end_at) == (NEW_YEAR + 9, NOW + 5)
    wanted = Wanted("d", MONTHLY, start_at=at(NEW_YEAR))  # type: ignore[arg-type]
    assert workspace.apply([wanted], now=at(NOW)).changes[0].version.start_at == NEW_YEAR


def test_fields_take_what_a_program_has(workspace: Workspace) -> None:
    """A definition of such values is the same as the plain one, for every way that takes fields."""
    plain = Definition(
        cron_expression="@daily",
        timezone="Europe/Berlin",
        catchup_window_minutes=120,
        max_catchup_ticks=3,
        catchup_policy="latest",
        request=RequestContent(
            asset_selection=("a",), partition_selection=("x", "y"), command="run", labels=(("a", "1"), ("b", ""))
        ),
    )
    content: dict[str, Any] = {
        "asset_selection": "a",
        "partition_selection": {"y", "x"},
        "command": "run",
        "labels": {"b": "", "a": "1"},
    }
    when: dict[str, Any] = {
        "cron_expression": "@daily",
        "timezone": BERLIN,
        "catchup_window_minutes": timedelta(hours=2),
        "max_catchup_ticks": Number.THREE,
        "catchup_policy": Word.LATEST,
    }
    rich = Definition(**when, request=RequestContent(**content))
    made = workspace.create_schedule("c", plain, now=NOW)
    assert made.schedule.version.definition == plain
    assert workspace.create_schedule("c", rich, now=NOW).change == "unchanged"
    assert workspace.apply([Wanted("c", rich)], now=NOW).changes[0].change == "unchanged"
    assert workspace.update_schedule("c", {**when, **content}, now=NOW).change == "unchanged"
    assert workspace.update_schedule("c", {"request": RequestContent(**content)}, now=NOW).change == "unchanged"
    assert workspace.update_schedule(Word.ID, {**when, **content}, now=NOW).schedule.version.definition == plain
    assert workspace.request_run("mine", plain.request, now=NOW).change == "created"
    assert workspace.request_run("mine", RequestContent(**content), now=NOW).change == "existing"
    pairs = RequestContent(**content | {"labels": [["b", ""], ("a", "1")]})
    assert workspace.request_run("mine", pairs, now=NOW).change == "existing"
    with pytest.raises(Conflict):
        workspace.request_run("mine", RequestContent(labels={"b": ""}), now=NOW)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("timezone", UTC, "timezone must be a string or a ZoneInfo, not a value of type timezone"),
        ("timezone", "Mars/X", "Mars/X"),
        ("catchup_window_minutes", timedelta(seconds=90), "must be a timedelta of whole minutes, not 0:01:30"),
        ("catchup_window_minutes", timedelta(0), "catchup_window_minutes must be between 1 minute and 100 years"),
        ("catchup_window_minutes", -timedelta(minutes=5), "must be between 1 minute and 100 years"),
        ("catchup_window_minutes", "2h", "must be a timedelta or whole minutes, not the string '2h'"),
        ("max_catchup_ticks", 10**30, "max_catchup_ticks must be between 1 and"),
        ("asset_selection", b"x", "asset_selection must be a list, not a value of type bytes"),
        ("asset_selection", {"x": 1}, "asset_selection must be a list, not a value of type dict"),
        ("asset_selection", ["x", None], "an entry of asset_selection must be a string, not None"),
        ("labels", "team=data", "labels must be a dict, or pairs of name and value, not the string 'team=data'"),
        ("labels", ["ab", "cd"], "labels must be a dict, or pairs of name and value, not a value of type list"),
        ("labels", {"team": 5}, "the value of 'team' in labels must be a string, not 5"),
        ("labels", {5: "x"}, "the key '5' of labels must be a string, not 5"),
        ("labels", [("a", "1"), ("a", "2")], "the key 'a' of labels appears twice"),
        ("command", b"x", "command must be a string, not a value of type bytes"),
        ("dst_gap", ["next"], "dst_gap must be a string, not a value of type list"),
        ("dst_gap", "never", "dst_gap 'never' must be one of next, skip"),
    ],
)
def test_fields_that_are_refused(workspace: Workspace, field: str, value: Any, text: str) -> None:
    """In a definition, in a change, and in what a run is asked to do, by the name of the field."""
    owner = RequestContent.__dataclass_fields__
    request = RequestContent(**({field: value} if field in owner else {}))
    definition = Definition(
        **{"cron_expression": "@daily", "request": request, **({} if field in owner else {field: value})}
    )
    calls = [
        lambda: workspace.create_schedule("c", definition, now=NOW),
        lambda: workspace.update_schedule("a", {field: value}, now=NOW),
        lambda: workspace.apply([Wanted("c", definition)], now=NOW),
    ]
    if field in owner:
        calls.append(lambda: workspace.request_run("mine", request, now=NOW))
    for call in calls:
        with pytest.raises(InvalidInput) as raised:
            call()
        assert text in str(raised.value)


def test_a_single_text_is_one_id(workspace: Workspace) -> None:
    """`schedules="ab"` is the schedule ab, and never a and b; so is what is iterated once."""
    with pytest.raises(NotFound, match="no schedule ab"):
        workspace.evaluate(NOW, schedules="ab")
    assert workspace.evaluate(NOW, schedules="a").evaluated == 1
    assert workspace.evaluate(NOW, schedules=iter(["a", "b"])).evaluated == 1
    assert [row.schedule_id for row in workspace.timeline([NEW_YEAR, NOW], now=NOW, schedules="b").rows] == ["b"]
    assert workspace.rewind(now=NOW, schedules=Word.ID) == []


def test_paths(path: Path, tmp_path: Path) -> None:
    """A database and its copy by text and by `Path`."""
    with Workspace.create(str(path)) as workspace:
        assert workspace.made
        workspace.backup(str(tmp_path / "copy.db"))
    for name in (tmp_path / "copy.db", str(tmp_path / "copy.db")):
        with Workspace.open(name, busy_timeout=0.5) as workspace:
            assert not workspace.made


def test_pages_are_walked(workspace: Workspace) -> None:
    """A page iterates over its rows and has their length; `walk` gives the rows of all pages, and lets others write."""
    page = workspace.ticks(limit=3)
    assert (list(page), len(page)) == (list(page.rows), 3)
    assert not workspace.lapses()
    for read in (workspace.ticks, workspace.runs, workspace.lapses, workspace.events):
        assert list(workspace.walk(read, limit=2)) == list(read(limit=10_000))
    filters: dict[str, Any] = {"schedule_id": "a", "status": "triggered"}
    assert list(workspace.walk(workspace.ticks, limit=1, **filters)) == list(workspace.ticks(**filters))
    for number, tick in enumerate(workspace.walk(workspace.ticks, limit=1)):
        workspace.trigger(tick.schedule_id, now=NOW + number)
    events = workspace.events(after=3, limit=2)
    assert workspace.events(cursor=events.next_cursor, limit=1).rows[0].seq == 6
    with pytest.raises(InvalidInput, match="cursor '5~' is not a valid cursor"):
        workspace.events(cursor="5~")

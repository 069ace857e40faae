"""Changes of a schedule (docs/semantics/schedules.md), on a real database."""

from collections.abc import Callable
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.errors import Conflict, InvalidInput, NotFound
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import MAX_MINUTES, parse_instant

DAY = parse_instant("2025-03-04T00:00:00Z")
HOURLY = Definition(cron_expression="0 * * * *", max_catchup_ticks=100, catchup_window_minutes=10_080)


def at(hour: float) -> int:
    """The epoch of an hour of the day."""
    return DAY + round(hour * 3600)


def hours(workspace: Workspace, now: float) -> list[tuple[float, int, str]]:
    """The ticks that an evaluation makes: (hour, version, status)."""
    ticks = workspace.evaluate(at(now)).ticks
    return [((tick.scheduled_for - DAY) / 3600, tick.definition_version, tick.status) for tick in ticks]


def versions(workspace: Workspace, schedule_id: str = "a") -> list[tuple[int, float, bool, bool]]:
    """(number, hour from which it is in force, enabled, deleted), oldest first."""
    found = [change.version for change in workspace.versions(schedule_id)]
    return [(it.definition_version, (it.effective_from - DAY) / 3600, it.enabled, it.deleted) for it in found]


def test_a_b_a_makes_three_versions(workspace: Workspace) -> None:
    """Going A, B, A makes three versions, and only what differs is named."""
    workspace.create_schedule("a", HOURLY, now=at(0))
    assert workspace.update_schedule("a", {"max_catchup_ticks": 5}, now=at(1)).change == "updated"
    assert workspace.update_schedule("a", {"max_catchup_ticks": 100}, now=at(2)).change == "updated"
    found = workspace.versions("a")
    assert [(it.version.definition_version, it.changed) for it in found] == [
        (1, ()),
        (2, ("max_catchup_ticks",)),
        (3, ("max_catchup_ticks",)),
    ]
    assert found[0].version.definition == found[2].version.definition


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"cron_expression": "0 * * * *"},
        {"cron_expression": " 0  *   * * * "},
        {"asset_selection": ("y", "x", "x")},
        {"labels": (("team", "data"),)},
        {"command": None, "code_version": None, "end_at": None},
    ],
)
def test_same_content_is_unchanged(workspace: Workspace, values: dict[str, Any]) -> None:
    """A change that changes nothing makes no version and no event, and says `unchanged`."""
    content = normal_content(asset_selection=["x", "y"], labels={"team": "data"})
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *", request=content), now=at(0))
    before = workspace.events().rows
    answer = workspace.update_schedule("a", values, now=at(3.5))
    assert (answer.change, answer.waiting, answer.discarded) == ("unchanged", 4, 0)
    assert workspace.set_enabled("a", enabled=True, now=at(4)).change == "unchanged"
    assert workspace.events().rows == before


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({}, "unchanged"),
        ({"start_at": at(0)}, "unchanged"),
        ({"start_at": at(1)}, "conflict"),
        ({"enabled": False}, "unchanged"),
        ({"enabled": True}, "conflict"),
        ({"definition": Definition(cron_expression="0 0 * * *")}, "conflict"),
        ({"definition": Definition(cron_expression="0 * * * *", timezone="Europe/London")}, "conflict"),
        (
            {"definition": Definition(cron_expression="0 * * * *", request=RequestContent(asset_selection=("x",)))},
            "conflict",
        ),
        ({"definition": Definition(cron_expression="0 * * * *", end_at=at(9))}, "conflict"),
    ],
)
def test_create_of_an_existing_id(workspace: Workspace, options: dict[str, Any], outcome: str) -> None:
    """The same content is `unchanged` (a start or state not given does not count), other content is a conflict."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *"), now=at(0), enabled=False)
    options = {"definition": Definition(cron_expression="0 * * * *")} | options
    definition = options.pop("definition")
    if outcome == "unchanged":
        assert workspace.create_schedule("a", definition, now=at(2), **options).change == "unchanged"
    else:
        with pytest.raises(Conflict, match=r"exists with different content.*`update_schedule`"):
            workspace.create_schedule("a", definition, now=at(2), **options)
    assert versions(workspace) == [(1, 0, False, False)]


def test_expect_version(workspace: Workspace) -> None:
    """A wrong `--expect-version` is a conflict, also where nothing would change, and changes nothing."""
    workspace.create_schedule("a", HOURLY, now=at(0))
    workspace.set_enabled("a", enabled=False, now=at(1), expect_version=1)
    for expected in (0, 1, 3):
        with pytest.raises(Conflict, match="version 2"):
            workspace.update_schedule("a", {"timezone": "Asia/Tokyo"}, now=at(2), expect_version=expected)
        with pytest.raises(Conflict):
            workspace.update_schedule("a", {}, now=at(2), expect_version=expected)
        with pytest.raises(Conflict):
            workspace.set_enabled("a", enabled=True, now=at(2), expect_version=expected, discard_waiting=True)
        with pytest.raises(Conflict):
            workspace.delete_schedule("a", now=at(2), expect_version=expected, discard_waiting=True)
    assert versions(workspace) == [(1, 0, True, False), (2, 1, False, False)]
    assert workspace.lapses().rows == ()
    assert workspace.delete_schedule("a", now=at(2), expect_version=2).change == "deleted"


def test_a_change_at_noon(workspace: Workspace) -> None:
    """The occurrence at 11:00 evaluated at 13:00, carries the old version; 12:00 and later the new one."""
    workspace.create_schedule("a", HOURLY, now=at(10.5))
    workspace.update_schedule("a", {"cron_expression": "*/30 * * * *"}, now=at(12))
    assert hours(workspace, 13) == [
        *[(11, 1, "triggered")],
        *[(hour, 2, "triggered") for hour in (12, 12.5, 13)],
    ]


def test_a_pause_replays_nothing(workspace: Workspace) -> None:
    """Occurrences under a disabled version become skipped ticks with no run, also when nobody evaluated meanwhile."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    workspace.set_enabled("a", enabled=False, now=at(1.5))
    answer = workspace.set_enabled("a", enabled=True, now=at(3.5))
    assert (answer.change, answer.waiting) == ("updated", 3)
    assert hours(workspace, 4) == [(1, 1, "triggered"), (2, 2, "skipped"), (3, 2, "skipped"), (4, 3, "triggered")]
    for tick in workspace.ticks(status="skipped").rows:
        assert (tick.skip_reason, tick.run_key, tick.run_id, tick.request_fingerprint) == ("paused", None, None, None)
    assert len(workspace.runs().rows) == 2


def test_effective_from_behind_the_cursor(workspace: Workspace) -> None:
    """No version reaches what is already accounted for: behind the cursor it begins the second after it."""
    workspace.create_schedule("a", HOURLY, now=at(0))
    workspace.evaluate(at(5))
    workspace.update_schedule("a", {"cron_expression": "*/30 * * * *"}, now=at(2))  # the clock went back
    assert versions(workspace)[1][1] == 5 + 1 / 3600
    assert hours(workspace, 6) == [(5.5, 2, "triggered"), (6, 2, "triggered")]


def test_change_in_the_second_of_an_evaluation(workspace: Workspace) -> None:
    """Within one second changes and evaluations count in the order of their commits."""
    workspace.create_schedule("a", HOURLY, now=at(1))
    assert hours(workspace, 1) == [(1, 1, "triggered")]
    workspace.update_schedule("a", {"code_version": "2"}, now=at(1))
    assert versions(workspace)[1][1] == 1 + 1 / 3600
    workspace.update_schedule("a", {"code_version": "3"}, now=at(2))
    workspace.update_schedule("a", {"code_version": "4"}, now=at(2))
    assert versions(workspace)[2:] == [(3, 2, True, False), (4, 2, True, False)]
    assert hours(workspace, 2) == [(2, 4, "triggered")]


def test_a_later_change_at_an_earlier_clock(workspace: Workspace) -> None:
    """With a clock that went back and nothing accounted for, the higher number rules from its own instant on."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    workspace.set_enabled("a", enabled=False, now=at(4.5))
    workspace.set_enabled("a", enabled=True, now=at(2.5))
    assert versions(workspace) == [(1, 0.5, True, False), (2, 4.5, False, False), (3, 2.5, True, False)]
    assert hours(workspace, 5) == [(1, 1, "triggered"), (2, 1, "triggered")] + [
        (hour, 3, "triggered") for hour in (3, 4, 5)
    ]


def test_before_a_start_in_the_future(workspace: Workspace) -> None:
    """Before its start a schedule has no occurrences; changes before it are in force at once."""
    workspace.create_schedule("a", HOURLY, now=at(0), start_at=at(3))
    assert hours(workspace, 2) == []
    answer = workspace.update_schedule("a", {"code_version": "2"}, now=at(2))
    assert (answer.waiting, answer.schedule.version.effective_from, answer.schedule.cursor) == (0, at(2), at(2) - 1)
    assert answer.schedule.next_due_at == at(3)
    assert hours(workspace, 3) == [(3, 2, "triggered")]


def test_deleted_before_its_start(workspace: Workspace) -> None:
    """A schedule that is deleted before its start never occurs, and made anew it counts from then on."""
    workspace.create_schedule("a", HOURLY, now=at(0), start_at=at(3))
    workspace.delete_schedule("a", now=at(1))
    assert workspace.schedule("a", now=at(1)).schedule.next_due_at is None
    answer = workspace.create_schedule("a", HOURLY, now=at(1.5))
    assert answer.schedule.version.effective_from == at(1.5)
    assert hours(workspace, 4) == [(2, 3, "triggered"), (3, 3, "triggered"), (4, 3, "triggered")]


def test_delete_and_create_anew(workspace: Workspace) -> None:
    """Nothing after a deletion is due, what waits before it is evaluated, and the id goes on with its numbers."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    answer = workspace.delete_schedule("a", now=at(2.5))
    assert (answer.change, answer.waiting, answer.schedule.version.deleted) == ("deleted", 2, True)
    assert workspace.delete_schedule("a", now=at(3)).change == "unchanged"
    assert workspace.schedules() == []
    assert [it.version.schedule_id for it in workspace.schedules(deleted=True)] == ["a"]
    with pytest.raises(InvalidInput, match="before the deletion"):
        workspace.create_schedule("a", HOURLY, now=at(4.5), start_at=at(2.4))
    anew = workspace.create_schedule("a", Definition(cron_expression="30 * * * *"), now=at(4.5), start_at=at(3))
    assert (anew.change, anew.schedule.version.definition_version) == ("created", 3)
    assert versions(workspace)[2] == (3, 3, True, False)
    assert hours(workspace, 5) == [
        (1, 1, "triggered"),
        (2, 1, "triggered"),
        (3.5, 3, "triggered"),
        (4.5, 3, "triggered"),
    ]


def test_created_anew_by_default_now(workspace: Workspace) -> None:
    """Made anew without a start, a schedule counts from now, or from its deletion where the clock went back a bit."""
    workspace.create_schedule("a", HOURLY, now=at(0))
    workspace.delete_schedule("a", now=at(1.5))
    assert workspace.create_schedule("a", HOURLY, now=at(3.5)).schedule.version.start_at == at(3.5)
    workspace.delete_schedule("a", now=at(5.5))
    assert workspace.create_schedule("a", HOURLY, now=at(5.5) - 60).schedule.version.start_at == at(5.5)
    workspace.delete_schedule("a", now=at(7.5))
    assert workspace.create_schedule("a", HOURLY, now=at(6.5)).schedule.version.start_at == at(6.5)
    assert [hour for hour, _, _ in hours(workspace, 7)] == [0, 1, 4, 5, 6, 7]


def test_created_anew_at_the_deletion(workspace: Workspace) -> None:
    """A schedule can be made anew from the very instant of its deletion on, and no second earlier."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    workspace.delete_schedule("a", now=at(2))
    with pytest.raises(InvalidInput, match="before the deletion"):
        workspace.create_schedule("a", HOURLY, now=at(4.5), start_at=at(2) - 1)
    assert workspace.create_schedule("a", HOURLY, now=at(4.5), start_at=at(2)).schedule.version.start_at == at(2)
    assert hours(workspace, 3) == [(1, 1, "triggered"), (2, 3, "triggered"), (3, 3, "triggered")]


def test_created_anew_behind_a_lapse(workspace: Workspace) -> None:
    """A start behind what a lapse accounts for since the deletion is in force only after it: nothing reaches back."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *", catchup_window_minutes=60), now=at(0.5))
    workspace.delete_schedule("a", now=at(1.5))
    assert workspace.evaluate(at(10)).lapsed == 1  # recorded as: before 9:00, the edge of the window
    anew = workspace.create_schedule("a", HOURLY, now=at(10), start_at=at(3)).schedule
    assert (anew.version.start_at, anew.version.effective_from, anew.cursor) == (at(3), at(9), at(9) - 1)
    assert hours(workspace, 10) == [(9, 3, "triggered"), (10, 3, "triggered")]
    assert workspace.verify().differences == ()


def test_created_anew_in_the_future(workspace: Workspace) -> None:
    """A start in the future holds through changes and deletions before it."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    workspace.delete_schedule("a", now=at(1.5))
    workspace.create_schedule("a", HOURLY, now=at(2), start_at=at(6))
    workspace.update_schedule("a", {"code_version": "x"}, now=at(3))
    assert hours(workspace, 6) == [(1, 1, "triggered"), (6, 4, "triggered")]
    workspace.delete_schedule("a", now=at(6.5))
    workspace.create_schedule("a", HOURLY, now=at(7), start_at=at(20))
    workspace.delete_schedule("a", now=at(8))
    assert hours(workspace, 30) == []


ON_A_SCHEDULE: dict[str, Callable[[Workspace, str], object]] = {
    "update": lambda workspace, name: workspace.update_schedule(name, {"timezone": "Asia/Tokyo"}, now=at(2)),
    "enable": lambda workspace, name: workspace.set_enabled(name, enabled=True, now=at(2)),
    "disable": lambda workspace, name: workspace.set_enabled(name, enabled=False, now=at(2)),
    "trigger": lambda workspace, name: workspace.trigger(name, now=at(2)),
}


@pytest.mark.parametrize("change", ON_A_SCHEDULE)
def test_a_deleted_id_is_not_found(workspace: Workspace, change: str) -> None:
    """For update, enable, disable and trigger a deleted id is not found, nor is one that never was."""
    workspace.create_schedule("a", HOURLY, now=at(0))
    workspace.delete_schedule("a", now=at(1))
    for name, words in (("a", "is deleted"), ("b", "no schedule b")):
        with pytest.raises(NotFound, match=words):
            ON_A_SCHEDULE[change](workspace, name)
    with pytest.raises(NotFound):
        workspace.delete_schedule("b", now=at(2))
    assert len(workspace.versions("a")) == 2


def test_discard_waiting(workspace: Workspace) -> None:
    """`--discard-waiting` lapses what waits before the change in the same transaction; the rest goes on."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    answer = workspace.set_enabled("a", enabled=False, now=at(3), discard_waiting=True)
    assert (answer.waiting, answer.discarded, answer.schedule.next_due_at) == (2, 2, at(3))
    [lapse] = workspace.lapses().rows
    assert (lapse.after, lapse.before, lapse.missed, lapse.reason) == (at(0.5) - 1, at(3), 2, "discarded")
    assert hours(workspace, 4) == [(3, 2, "skipped"), (4, 2, "skipped")]


def test_discard_with_nothing_changed(workspace: Workspace) -> None:
    """An unchanged schedule discards what lies before now all the same; doing it again finds nothing."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    answer = workspace.set_enabled("a", enabled=True, now=at(3), discard_waiting=True)
    assert (answer.change, answer.waiting, answer.discarded) == ("unchanged", 2, 2)
    again = workspace.update_schedule("a", {}, now=at(3), discard_waiting=True)
    assert (again.change, again.waiting, again.discarded) == ("unchanged", 0, 0)
    assert hours(workspace, 3) == [(3, 1, "triggered")]
    assert len(workspace.lapses().rows) == 1


def test_discard_counts_what_the_window_would_lapse(workspace: Workspace) -> None:
    """What waits counts exactly, though much of it is older than the window."""
    workspace.create_schedule("a", Definition(cron_expression="* * * * * *"), now=at(0), start_at=at(-24 * 365))
    answer = workspace.delete_schedule("a", now=at(1), discard_waiting=True)
    assert (answer.waiting, answer.discarded) == (365 * 86_400 + 3600,) * 2
    assert workspace.evaluate(at(9)).evaluated == 0


def test_created_anew_while_old_ones_wait(workspace: Workspace) -> None:
    """Old occurrences wait through a deletion and a re-creation, and are evaluated under their own version."""
    workspace.create_schedule("a", Definition(cron_expression="0 * * * *", max_catchup_ticks=1), now=at(0.5))
    workspace.delete_schedule("a", now=at(3.5))
    workspace.create_schedule("a", Definition(cron_expression="*/30 * * * *", max_catchup_ticks=2), now=at(4))
    assert [hours(workspace, 4.5) for _ in range(4)] == [
        [(1, 1, "triggered"), (2, 1, "triggered")],
        [(3, 1, "triggered"), (4, 3, "triggered")],
        [(4.5, 3, "triggered")],
        [],
    ]


def test_end_moved_to_the_past(workspace: Workspace) -> None:
    """An end in the past ends the schedule at the change: what waits before stays, nothing later is due."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    answer = workspace.update_schedule("a", {"end_at": at(1.5)}, now=at(3.5))
    assert (answer.waiting, answer.schedule.next_due_at) == (3, at(1))
    assert hours(workspace, 6) == [(1, 1, "triggered"), (2, 1, "triggered"), (3, 1, "triggered")]
    assert workspace.schedule("a", now=at(6)).schedule.next_due_at is None
    workspace.update_schedule("a", {"end_at": None}, now=at(6.5))
    assert hours(workspace, 7) == [(7, 3, "triggered")]


def test_window_changed_while_things_wait(workspace: Workspace) -> None:
    """The window and bound of the version in force at `now` rule, also for what waits from before."""
    workspace.create_schedule("a", HOURLY, now=at(0.5))
    workspace.update_schedule("a", {"catchup_window_minutes": 120, "max_catchup_ticks": 1}, now=at(5.5))
    assert hours(workspace, 6) == [(4, 1, "triggered")]
    assert [(it.missed, it.reason) for it in workspace.lapses().rows] == [(3, "window")]
    workspace.update_schedule("a", {"catchup_window_minutes": 10_000, "max_catchup_ticks": 50}, now=at(6.5))
    assert hours(workspace, 7) == [(5, 1, "triggered"), (6, 2, "triggered"), (7, 3, "triggered")]


@pytest.mark.parametrize("end", [at(1), at(1) - 1, at(-5)])
def test_end_before_the_start(workspace: Workspace, end: int) -> None:
    """An end that is not after the start is refused, at create and at update, and nothing is changed."""
    with pytest.raises(InvalidInput, match="not after the start"):
        workspace.create_schedule("a", Definition(cron_expression="0 * * * *", end_at=end), now=at(1))
    workspace.create_schedule("a", HOURLY, now=at(1))
    with pytest.raises(InvalidInput, match="not after the start"):
        workspace.update_schedule("a", {"end_at": end}, now=at(3))
    assert len(workspace.versions("a")) == 1


@pytest.mark.parametrize(
    ("schedule_id", "values", "count"),
    [
        ("", {}, 1),
        ("-a", {}, 1),
        ("a b", {}, 1),
        ("a:b", {}, 1),
        ("ä", {}, 1),
        ("a" * 101, {}, 1),
        ("a\n", {}, 1),
        ("a", {"cron_expression": "0 0 30 2 *"}, 1),
        ("a", {"cron_expression": "61 * * * *"}, 1),
        ("a", {"cron_expression": ""}, 1),
        ("a", {"timezone": "Europe/Londn"}, 1),
        ("a", {"timezone": ""}, 1),
        ("a", {"timezone": "../UTC"}, 1),
        ("a", {"max_catchup_ticks": 0}, 1),
        ("a", {"max_catchup_ticks": -1}, 1),
        ("a", {"catchup_window_minutes": 0}, 1),
        ("a", {"catchup_window_minutes": MAX_MINUTES + 1}, 1),
        ("a", {"catchup_policy": "newest"}, 1),
        ("a", {"dst_gap": "first"}, 1),
        ("a", {"dst_overlap": "next"}, 1),
        ("a", {"request": RequestContent(asset_selection=("",))}, 1),
        ("a", {"request": RequestContent(asset_selection=("x", " "))}, 1),
        ("a", {"request": RequestContent(asset_selection=(), partition_selection=("a\x00",))}, 1),
        ("a", {"request": RequestContent(command="")}, 1),
        ("a", {"request": RequestContent(command="a\x1b[31m")}, 1),
        ("a", {"request": RequestContent(asset_selection=("\ud800",))}, 1),
        ("a", {"request": RequestContent(labels=(("", "x"),))}, 1),
        ("a", {"request": RequestContent(labels=(("k", "\x07"),))}, 1),
        ("a", {"code_version": ""}, 1),
        ("a b", {"cron_expression": "x", "timezone": "No/Where", "max_catchup_ticks": 0}, 4),
    ],
)
def test_bad_definitions(workspace: Workspace, schedule_id: str, values: dict[str, Any], count: int) -> None:
    """A bad definition is refused with every problem in one line, and nothing is written."""
    with pytest.raises(InvalidInput) as refusal:
        workspace.create_schedule(schedule_id, Definition(**({"cron_expression": "0 * * * *"} | values)), now=at(0))
    assert len(refusal.value.problems) >= count
    assert str(refusal.value).isprintable()
    assert workspace.events().rows == ()
    assert workspace.schedules(deleted=True) == []


def test_good_odd_definitions(workspace: Workspace) -> None:
    """The longest id, one-letter ids and odd but allowed texts are kept as they are."""
    content = normal_content(
        asset_selection=["a[b]/c", "日本"],
        partition_selection=["2025-01-01"],
        command="a\n\tb",
        labels={"k e y": "", "e\u0301": "\u00e9"},
    )
    for schedule_id in ("a" * 100, "0", "A", "manual", "a.b_c-d"):
        workspace.create_schedule(schedule_id, Definition(cron_expression="0 * * * *", request=content), now=at(0))
        assert workspace.schedule(schedule_id, now=at(0)).schedule.version.definition.request == content
    assert [it.version.schedule_id for it in workspace.schedules()] == ["0", "A", "a.b_c-d", "a" * 100, "manual"]


def test_warning_that_it_cannot_keep_up(workspace: Workspace) -> None:
    """Create and update warn when evaluation each minute can't keep up."""
    [warning] = workspace.create_schedule("a", Definition(cron_expression="* * * * * *"), now=at(0)).warnings
    assert "60 occurrences a minute" in warning
    assert workspace.update_schedule("a", {"max_catchup_ticks": 60}, now=at(0)).warnings == ()
    assert (
        len(workspace.update_schedule("a", {"catchup_policy": "latest", "max_catchup_ticks": 59}, now=at(1)).warnings)
        == 1
    )


def test_rewind_cuts_a_lapse_with_its_count(workspace: Workspace) -> None:
    """A lapse that reaches beyond the clock is cut right after it, with the exact count up to and including it."""
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", catchup_window_minutes=1), now=at(0))
    workspace.evaluate(at(2))
    [rewinding] = workspace.rewind(now=at(1))
    assert (rewinding.before, rewinding.cursor) == (at(2), at(1))
    assert [(it.after, it.before, it.missed) for it in workspace.lapses().rows] == [(at(0) - 1, at(1) + 1, 61)]
    assert [(it.scheduled_for - DAY) // 60 for it in workspace.evaluate(at(1) + 60).ticks] == [61]
    assert workspace.verify().differences == ()


def test_rewind_by_seconds_makes_nothing_twice(workspace: Workspace) -> None:
    """Ticks ahead of the clock stay and are found when their time comes; changes are in force from now on again."""
    workspace.create_schedule("a", Definition(cron_expression="* * * * *", max_catchup_ticks=100), now=at(0))
    workspace.evaluate(at(0) + 180)
    assert workspace.rewind(now=at(0) + 60)[0].ticks == 2
    assert workspace.schedule("a", now=at(0) + 60).schedule.next_due_at == at(0) + 240
    assert workspace.update_schedule("a", {"code_version": "2"}, now=at(0) + 90).schedule.version.effective_from == (
        at(0) + 90
    )
    assert [tick.tick_id for tick in workspace.evaluate(at(0) + 240).ticks] == [f"a:{at(0) + 240}"]
    assert workspace.verify().differences == ()

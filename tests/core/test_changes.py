"""The pure decisions about changes and what is accepted, each with its answer (docs/semantics/schedules.md)."""

from dataclasses import replace
from typing import Any

import pytest

from arco_sched.core import changes, fields
from arco_sched.core.changes import Current
from arco_sched.core.definitions import MAX_TICKS, Definition, RequestContent, Version
from arco_sched.core.errors import ArcoError, Conflict, InvalidInput, NotFound
from arco_sched.core.fields import normal_content
from arco_sched.core.instants import MAX_MINUTES
from arco_sched.core.kinds import MAX_COMMAND, MAX_NAME, text_problems
from arco_sched.core.problems import Problem, said

HOURLY = Definition(cron_expression="0 * * * *", request=normal_content(asset_selection=["x"]))
DAILY = replace(HOURLY, cron_expression="@daily")


def version(number: int = 1, **fields: Any) -> Version:
    """A version that was made at 100 and is in force since then."""
    values: dict[str, Any] = {
        "definition": HOURLY,
        "start_at": 100,
        "enabled": True,
        "deleted": False,
        "created_at": 100,
        "effective_from": 100,
    }
    return Version(schedule_id="a", definition_version=number, **(values | fields))


LIVE = Current(version(), cursor=99)
DELETED = Current(version(2, deleted=True, effective_from=200, created_at=200), cursor=150)
SURE = Current(version(2, deleted=True, effective_from=200, created_at=200), cursor=400)


def outcome(decide: Any, *arguments: Any, **options: Any) -> Any:
    """What a decision is: (number, start, in force from, made at, enabled, deleted), None, or the type of its error."""
    try:
        made = decide("a", *arguments, **options)
    except ArcoError as refusal:
        return type(refusal)
    if made is None:
        return None
    return (
        made.definition_version,
        made.start_at,
        made.effective_from,
        made.created_at,
        made.enabled,
        made.deleted,
    )


@pytest.mark.parametrize(
    ("definition", "current", "options", "answer"),
    [
        (HOURLY, None, {}, (1, 300, 300, 300, True, False)),
        (HOURLY, None, {"start_at": 100}, (1, 100, 100, 300, True, False)),
        (HOURLY, None, {"start_at": 500}, (1, 500, 500, 300, True, False)),
        (HOURLY, None, {"enabled": True}, (1, 300, 300, 300, True, False)),
        (HOURLY, None, {"enabled": False}, (1, 300, 300, 300, False, False)),
        (replace(HOURLY, end_at=300), None, {}, InvalidInput),
        (replace(HOURLY, end_at=301), None, {}, (1, 300, 300, 300, True, False)),
        # There already: the same is unchanged, whatever of start and state is not given.
        (HOURLY, LIVE, {}, None),
        (HOURLY, LIVE, {"start_at": 100, "enabled": True}, None),
        (HOURLY, LIVE, {"start_at": 101}, Conflict),
        (HOURLY, LIVE, {"enabled": False}, Conflict),
        (DAILY, LIVE, {}, Conflict),
        # Made anew after its deletion at 200: from there on, and behind the cursor.
        (HOURLY, DELETED, {}, (3, 300, 300, 300, True, False)),
        (HOURLY, DELETED, {"enabled": False}, (3, 300, 300, 300, False, False)),
        (HOURLY, DELETED, {"start_at": 199}, InvalidInput),
        (HOURLY, DELETED, {"start_at": 200}, (3, 200, 200, 300, True, False)),
        (replace(HOURLY, end_at=300), DELETED, {}, InvalidInput),
        (HOURLY, SURE, {}, (3, 300, 401, 300, True, False)),
        (HOURLY, SURE, {"start_at": 401}, (3, 401, 401, 300, True, False)),
        (HOURLY, SURE, {"start_at": 402}, (3, 402, 402, 300, True, False)),
    ],
)
def test_create(definition: Definition, current: Current | None, options: dict[str, Any], answer: Any) -> None:
    """Creating at 300."""
    assert outcome(changes.create, definition, current, 300, **options) == answer


def test_create_where_the_clock_went_back() -> None:
    """Made anew by a clock that shows up to a minute before the deletion, it starts at the deletion; where the clock
    that deleted it was further ahead, it starts now."""
    assert outcome(changes.create, HOURLY, DELETED, 140) == (3, 200, 200, 140, True, False)
    assert outcome(changes.create, HOURLY, DELETED, 139) == (3, 139, 151, 139, True, False)
    assert outcome(changes.create, HOURLY, DELETED, 139, start_at=138) is InvalidInput
    # The deletion took effect behind a cursor that was ahead: what counts is when it was done.
    pushed = Current(version(2, deleted=True, effective_from=9001, created_at=200), cursor=9000)
    assert outcome(changes.create, HOURLY, pushed, 300) == (3, 300, 9001, 300, True, False)
    assert outcome(changes.create, HOURLY, pushed, 300, start_at=200) == (3, 200, 9001, 300, True, False)
    assert outcome(changes.create, HOURLY, pushed, 300, start_at=199) is InvalidInput


AHEAD = Current(version(start_at=9000, effective_from=9000), cursor=8999, is_untouched=True, not_begun=9000)
AGAIN = Current(version(3, start_at=9000, effective_from=9000), cursor=150, not_begun=9000, deleted_at=200)


@pytest.mark.parametrize(
    ("current", "start", "answer"),
    [
        (AHEAD, 9000, None),
        (AHEAD, 500, (2, 500, 300, 300, True, False)),  # in force at once, before its start
        (AHEAD, 50, (2, 50, 50, 300, True, False)),  # in the past: as if it had been created so
        (AHEAD, 9500, (2, 9500, 300, 300, True, False)),
        (Current(version(), 99, is_untouched=True, not_begun=100), 250, (2, 250, 100, 300, True, False)),
        (LIVE, 500, InvalidInput),
        (AGAIN, 500, (4, 500, 300, 300, True, False)),
        (AGAIN, 200, (4, 200, 200, 300, True, False)),
        (AGAIN, 199, InvalidInput),  # before its deletion
        (AGAIN._replace(cursor=400), 500, (4, 500, 401, 300, True, False)),
        (AGAIN._replace(not_begun=None), 500, InvalidInput),
    ],
)
def test_another_start(current: Current, start: int, answer: Any) -> None:
    """A start can be changed at 300 while nothing since the creation is accounted for."""
    assert outcome(changes.change, current, 300, start_at=start) == answer


def test_changes_of_what_has_not_begun() -> None:
    """A change and a deletion of a schedule of which nothing is accounted for take effect at once."""
    assert outcome(changes.change, AHEAD, 300, enabled=False) == (2, 9000, 300, 300, False, False)
    assert outcome(changes.delete, AHEAD, 300) == (2, 9000, 300, 300, True, True)
    late = Current(version(), cursor=99, is_untouched=True, not_begun=100)  # in force since 100
    assert outcome(changes.change, late, 300, enabled=False) == (2, 100, 300, 300, False, False)
    ended = version(2, deleted=True, start_at=9000, effective_from=300, created_at=300)
    assert outcome(changes.create, HOURLY, Current(ended, 299, is_untouched=True), 310) == (
        3,
        310,
        310,
        310,
        True,
        False,
    )
    with pytest.raises(InvalidInput, match="is not after the start"):
        changes.change("a", AHEAD, 300, start_at=500, definition=replace(HOURLY, end_at=500))


@pytest.mark.parametrize(
    ("current", "options", "answer"),
    [
        (LIVE, {}, None),
        (LIVE, {"definition": HOURLY}, None),
        (LIVE, {"enabled": True}, None),
        (LIVE, {"definition": HOURLY, "enabled": True, "expect_version": 1}, None),
        (LIVE, {"definition": DAILY}, (2, 100, 300, 300, True, False)),
        (LIVE, {"enabled": False}, (2, 100, 300, 300, False, False)),
        (LIVE, {"definition": DAILY, "enabled": False, "expect_version": 1}, (2, 100, 300, 300, False, False)),
        (LIVE, {"definition": DAILY, "expect_version": 2}, Conflict),
        (LIVE, {"expect_version": 0}, Conflict),
        (LIVE, {"definition": replace(HOURLY, end_at=100)}, InvalidInput),
        (LIVE, {"definition": replace(HOURLY, end_at=101)}, (2, 100, 300, 300, True, False)),
        (Current(version(), cursor=299), {"enabled": False}, (2, 100, 300, 300, False, False)),
        (Current(version(), cursor=300), {"enabled": False}, (2, 100, 301, 300, False, False)),
        (Current(version(), cursor=900), {"enabled": False}, (2, 100, 901, 300, False, False)),
        (DELETED, {"enabled": False}, NotFound),
        (None, {"enabled": False}, NotFound),
    ],
)
def test_change(current: Current | None, options: dict[str, Any], answer: Any) -> None:
    """Updating, enabling and disabling at 300."""
    assert outcome(changes.change, current, 300, **options) == answer


def paused(until: int) -> Current:
    """A schedule with a pause that ends then."""
    return Current(version(definition=replace(HOURLY, paused_until=until)), cursor=99)


def pausing(current: Current | None, options: dict[str, Any]) -> Any:
    """(enabled, end of the pause) of the version that is made at 300, None, or the type of the error."""
    try:
        made = changes.set_enabled("a", current, 300, **options)
    except ArcoError as refusal:
        return type(refusal)
    return made and (made.enabled, made.definition.paused_until)


DISABLED = Current(version(enabled=False), cursor=99)


@pytest.mark.parametrize(
    ("current", "options", "answer"),
    [
        (LIVE, {"enabled": True}, None),
        (LIVE, {"enabled": False}, (False, None)),
        (LIVE, {"enabled": False, "until": 301}, (True, 301)),
        (LIVE, {"enabled": False, "until": 300}, InvalidInput),
        (LIVE, {"enabled": True, "until": 300}, None),  # an end belongs to a pause
        (DISABLED, {"enabled": True}, (True, None)),
        (DISABLED, {"enabled": False}, None),
        (DISABLED, {"enabled": False, "until": 400}, (True, 400)),
        (paused(301), {"enabled": True}, (True, None)),
        (paused(400), {"enabled": False}, (False, None)),
        (paused(400), {"enabled": False, "until": 400}, None),
        (paused(400), {"enabled": False, "until": 500}, (True, 500)),
        # A pause that is over.
        (paused(300), {"enabled": True}, None),
        (paused(300), {"enabled": False}, (False, None)),
        (paused(300), {"enabled": False, "until": 400}, (True, 400)),
        (LIVE, {"enabled": False, "expect_version": 1}, (False, None)),
        (LIVE, {"enabled": False, "expect_version": 2}, Conflict),
        (DELETED, {"enabled": False}, NotFound),
        (None, {"enabled": False}, NotFound),
    ],
)
def test_set_enabled(current: Current | None, options: dict[str, Any], answer: Any) -> None:
    """Pausing and unpausing at 300: whether it is enabled, and when the pause ends."""
    assert pausing(current, options) == answer


def test_whole_versions() -> None:
    """What is created has its id and definition; a change keeps what it does not change."""
    assert changes.create("b", DAILY, None, 300) == replace(
        version(definition=DAILY, start_at=300, created_at=300, effective_from=300), schedule_id="b"
    )
    assert changes.create("a", DAILY, DELETED, 300) == version(
        3, definition=DAILY, start_at=300, created_at=300, effective_from=300
    )
    assert changes.change("a", LIVE, 300, definition=DAILY) == version(
        2, definition=DAILY, created_at=300, effective_from=300
    )
    assert changes.set_enabled("a", LIVE, 300, enabled=False, until=400) == version(
        2, definition=replace(HOURLY, paused_until=400), created_at=300, effective_from=300
    )
    assert changes.delete("a", LIVE, 300) == version(2, deleted=True, created_at=300, effective_from=300)


@pytest.mark.parametrize(
    ("refused", "problem"),
    [
        (lambda: changes.check_schedule_id("-a"), Problem("schedule_id", "schedule_id", {"value": "-a"})),
        (
            lambda: changes.existing("a", DELETED),
            said("schedule a is deleted", hint="create_schedule", schedule_id="a"),
        ),
        (
            lambda: changes.set_enabled("a", LIVE, 300, enabled=False, until=240),
            Problem("until", "not_ahead", {"until": "1970-01-01T00:04:00Z", "now": "1970-01-01T00:05:00Z"}),
        ),
        (lambda: changes.change("a", None, 300, enabled=False), said("no schedule a", hint="schedules")),
        (lambda: changes.set_enabled("a", None, 300, enabled=False), said("no schedule a", hint="schedules")),
        (
            lambda: changes.create("a", DAILY, LIVE, 300),
            said(
                "schedule a already exists with different content (version 1)",
                hint="update_schedule",
                schedule_id="a",
            ),
        ),
        (
            lambda: changes.change("a", AGAIN, 300, start_at=180),
            Problem(
                "start_at",
                "deleted_later",
                {"schedule_id": "a", "start": "1970-01-01T00:03:00Z", "deleted": "1970-01-01T00:03:20Z"},
            ),
        ),
        (
            lambda: changes.change("a", LIVE, 300, start_at=500),
            Problem("start_at", "fixed_start", {"schedule_id": "a", "start": "1970-01-01T00:01:40Z"}),
        ),
        (
            lambda: changes.change("a", LIVE, 300, expect_version=7),
            said("schedule a is at version 1, not 7", hint="versions", schedule_id="a"),
        ),
    ],
)
def test_a_refusal_names_the_field(refused: Any, problem: Problem) -> None:
    """A program sees the field, the code, and what the sentence is about."""
    with pytest.raises(ArcoError) as refusal:
        refused()
    assert refusal.value.details == (problem,)


@pytest.mark.parametrize(
    ("current", "options", "answer"),
    [
        (LIVE, {}, (2, 100, 300, 300, True, True)),
        (LIVE, {"expect_version": 1}, (2, 100, 300, 300, True, True)),
        (LIVE, {"expect_version": 2}, Conflict),
        (Current(version(enabled=False), cursor=310), {}, (2, 100, 311, 300, False, True)),
        (DELETED, {}, None),
        (DELETED, {"expect_version": 1}, Conflict),
        (None, {}, NotFound),
    ],
)
def test_delete(current: Current | None, options: dict[str, Any], answer: Any) -> None:
    """Deleting at 300; again is no change."""
    assert outcome(changes.delete, current, 300, **options) == answer


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (
            lambda: changes.create("a", DAILY, LIVE, 300),
            "schedule a already exists with different content (version 1): change it with `update_schedule`",
        ),
        (
            lambda: changes.create("a", HOURLY, DELETED, 300, start_at=0),
            "start_at 1970-01-01T00:00:00Z is before the deletion of a (1970-01-01T00:03:20Z): "
            "history before that can't be created again; leave it out, or give a later instant",
        ),
        (
            lambda: changes.create("a", replace(HOURLY, end_at=60), None, 300),
            "end_at 1970-01-01T00:01:00Z is not after the start 1970-01-01T00:05:00Z",
        ),
        (
            lambda: changes.change("a", LIVE, 300, expect_version=7),
            "schedule a is at version 1, not 7: see `versions('a')`, then try again",
        ),
        (
            lambda: changes.existing("a", DELETED),
            "schedule a is deleted: `create_schedule` recreates it",
        ),
        (lambda: changes.existing("a", None), "no schedule a: see `schedules()`"),
        (
            lambda: changes.delete("a", None, 300),
            "no schedule a: see `schedules()`",
        ),
    ],
)
def test_what_a_refusal_says(refused: Any, said: str) -> None:
    """One line that says what is wrong and what to do."""
    with pytest.raises(ArcoError) as refusal:
        refused()
    assert str(refusal.value) == said


def test_existing() -> None:
    """The newest version of a schedule that is there."""
    assert changes.existing("a", LIVE) == version()


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ({}, HOURLY),
        ({"cron_expression": "@daily"}, DAILY),
        ({"asset_selection": ("y",)}, replace(HOURLY, request=RequestContent(asset_selection=("y",)))),
        (
            {"command": "c", "end_at": 5},
            replace(HOURLY, end_at=5, request=RequestContent(asset_selection=("x",), command="c")),
        ),
    ],
)
def test_merge(values: dict[str, Any], merged: Definition) -> None:
    """Only what is named is replaced, of the definition and of the request content alike."""
    assert fields.merge(HOURLY, values) == merged


@pytest.mark.parametrize(
    ("later", "changed"),
    [
        (version(2, created_at=500, effective_from=500), ()),
        (version(2, definition=DAILY), ("cron_expression",)),
        (version(2, definition=replace(HOURLY, code_version="2", end_at=900)), ("code_version", "end_at")),
        (version(2, definition=replace(HOURLY, timezone="Asia/Tokyo", dst_gap="skip")), ("timezone", "dst_gap")),
        (
            version(
                2,
                definition=replace(
                    HOURLY,
                    request=RequestContent(
                        asset_selection=(), partition_selection=("p",), command="c", labels=(("k", "v"),)
                    ),
                ),
            ),
            ("asset_selection", "partition_selection", "command", "labels"),
        ),
        (version(2, start_at=101, enabled=False, deleted=True), ("start_at", "enabled", "deleted")),
    ],
)
def test_what_changed(later: Version, changed: tuple[str, ...]) -> None:
    """What differs between two versions by its names in JSON, in their order; in the first nothing."""
    assert fields.changed_fields(version(), later) == changed
    assert fields.changed_fields(None, later) == ()


def test_flat() -> None:
    """What a person can change of a version, in the order of the JSON answers."""
    assert list(fields.flat(version()).items()) == [
        ("cron_expression", "0 * * * *"),
        ("timezone", "UTC"),
        ("catchup_window_minutes", 1440),
        ("max_catchup_ticks", 10),
        ("catchup_policy", "oldest-first"),
        ("dst_gap", "next"),
        ("dst_overlap", "first"),
        ("excluded_days", ()),
        ("asset_selection", ("x",)),
        ("partition_selection", ()),
        ("command", None),
        ("labels", ()),
        ("shell", None),
        ("working_directory", None),
        ("environment", ()),
        ("environment_file", None),
        ("run_as", None),
        ("resources", ()),
        ("timeout_seconds", None),
        ("max_retries", 0),
        ("retry_exit_codes", ()),
        ("retry_delay_seconds", 60),
        ("retry_backoff", "exponential"),
        ("on_lost", "fail"),
        ("overlap", "queue"),
        ("start_within_seconds", None),
        ("spread_seconds", 0),
        ("pool", "default"),
        ("priority", 0),
        ("on_failure", None),
        ("success_within_seconds", None),
        ("code_version", None),
        ("start_at", 100),
        ("end_at", None),
        ("enabled", True),
        ("paused_until", None),
        ("deleted", False),
    ]


EMPTY = "asset_selection must not be empty"
LONG = "asset_selection is longer than 1000 characters"


ENTRY = "an entry of asset_selection must not be empty"


def sentences(problems: list[Problem]) -> list[str]:
    """The problems in words, with the names of Python and JSON."""
    return [problem.sentence() for problem in problems]


def steered(text: str) -> str:
    """What is said of a text with control characters."""
    return f"asset_selection {text!a} has control characters or is not valid UTF-8"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", None),
        ("a[b]/c é 日本 \U0001f600", None),
        ("", EMPTY),
        (" \t\n", EMPTY),
        ("a" * MAX_NAME, None),
        ("a" * (MAX_NAME + 1), LONG),
        ("a b", None),  # a space is the first that is none
        ("a\x1fb", steered("a\x1fb")),
        ("a\x00", steered("a\x00")),
        ("a\nb", steered("a\nb")),
        ("a\tb", steered("a\tb")),
        ("a~b", None),  # the last before the next ones that are
        ("a\x7fb", steered("a\x7fb")),
        ("a\x9fb", steered("a\x9fb")),
        ("a\xa0b", None),
        ("a\ud7ffb", None),
        ("a\ud800b", steered("a\ud800b")),
        ("a\udfffb", steered("a\udfffb")),  # noqa: PT014 - it is another than the one above
        ("a\ue000b", None),
        ("\x1b" + "a" * 100, steered("\x1b" + "a" * 59)),  # no more than sixty of them are shown
    ],
)
def test_names(text: str, said: str | None) -> None:
    """A name is text: neither empty nor over-long, and without control characters."""
    assert sentences(text_problems("asset_selection", text)) == ([] if said is None else [said])


def test_commands_and_labels() -> None:
    """A command may have lines and tabs, and be long; the value of a label may be empty."""
    assert text_problems("command", "a\n\tb", lines=True) == []
    assert text_problems("command", "a\rb", lines=True) != []
    assert text_problems("k", "", empty=True) == []
    assert sentences(text_problems("command", "aaa", limit=2)) == ["command is longer than 2 characters"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (RequestContent(), []),
        (RequestContent(asset_selection=("x",), partition_selection=("p",), command="c\nd", labels=(("k", ""),)), []),
        (RequestContent(asset_selection=("", "x", " ")), [ENTRY, ENTRY]),
        (
            RequestContent(asset_selection=(), partition_selection=("",)),
            ["an entry of partition_selection must not be empty"],
        ),
        (RequestContent(command=""), ["command must not be empty"]),
        (RequestContent(command="c" * MAX_COMMAND), []),
        (RequestContent(command="c" * (MAX_COMMAND + 1)), ["command is longer than 100000 characters"]),
        (RequestContent(labels=(("", "v"),)), ["the key '' of labels must not be empty"]),
        (
            RequestContent(labels=(("k", "\n"),)),
            ["the value of 'k' in labels '\\n' has control characters or is not valid UTF-8"],
        ),
        (
            RequestContent(asset_selection=("",), partition_selection=("",), command="", labels=(("", "\n"),)),
            [
                ENTRY,
                "an entry of partition_selection must not be empty",
                "command must not be empty",
                "the key '' of labels must not be empty",
                "the value of '' in labels '\\n' has control characters or is not valid UTF-8",
            ],
        ),
    ],
)
def test_contents(content: RequestContent, said: list[str]) -> None:
    """Every problem of what a run is asked to do is named."""
    assert sentences(fields.content_problems(content)) == said


WINDOW = ["catchup_window_minutes must be between 1 minute and 100 years"]
TICKS = ["max_catchup_ticks must be between 1 and 1000000000"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, []),
        ({"catchup_window_minutes": 1, "max_catchup_ticks": 1}, []),
        ({"catchup_window_minutes": MAX_MINUTES, "max_catchup_ticks": MAX_TICKS}, []),
        ({"catchup_window_minutes": 0}, WINDOW),
        ({"catchup_window_minutes": MAX_MINUTES + 1}, WINDOW),
        ({"max_catchup_ticks": 0}, TICKS),
        ({"max_catchup_ticks": MAX_TICKS + 1}, TICKS),
        ({"catchup_policy": "latest", "dst_gap": "skip", "dst_overlap": "both", "code_version": "1"}, []),
        ({"catchup_policy": "newest"}, ["catchup_policy 'newest' must be one of oldest-first, latest"]),
        ({"dst_gap": "first"}, ["dst_gap 'first' must be one of next, skip"]),
        ({"dst_overlap": "next"}, ["dst_overlap 'next' must be one of first, last, both"]),
        ({"code_version": ""}, ["code_version must not be empty"]),
        (
            {"request": RequestContent(asset_selection=("",)), "code_version": ""},
            [ENTRY, "code_version must not be empty"],
        ),
    ],
)
def test_definitions(values: dict[str, Any], said: list[str]) -> None:
    """Every problem of a definition is named, and the bounds themselves are none."""
    assert sentences(fields.problems(replace(HOURLY, **values))) == said


@pytest.mark.parametrize("good", ["a", "0", "a" * 100, "a.b_c-d"])
def test_good_ids(good: str) -> None:
    """An id is a letter or digit and up to 99 more of letters, digits, `.`, `_`, `-`."""
    changes.check_schedule_id(good)


@pytest.mark.parametrize("bad", ["", "-a", "a b", "ä", "a" * 101, "a\n"])
def test_bad_ids(bad: str) -> None:
    """Anything else is none, and a long one is not shown whole."""
    said = (
        f"schedule id {bad[:120]!a} must be 1 to 100 characters from A-Z a-z 0-9 . _ -, "
        "beginning with a letter or a digit"
    )
    with pytest.raises(InvalidInput) as refusal:
        changes.check_schedule_id(bad)
    assert str(refusal.value) == said


def test_normal_content() -> None:
    """Names in order and without repeats, labels in the order of their keys."""
    names = tuple("abcdefghijkl")
    labels = dict.fromkeys(reversed(names), "1")
    assert normal_content(
        asset_selection=[*names[::-1], "b"], partition_selection=[*names[::-1], "b"], command="c", labels=labels
    ) == RequestContent(
        asset_selection=names, partition_selection=names, command="c", labels=tuple((name, "1") for name in names)
    )
    assert normal_content() == RequestContent()

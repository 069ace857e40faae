"""The table of definition fields: what is stored and what is said of a definition follow from it."""

import inspect
import json
import re
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core import fields, identity
from arco_sched.core.definitions import (
    CATCHUP_POLICIES,
    DST_GAPS,
    DST_OVERLAPS,
    Definition,
    Field,
    RequestContent,
    Version,
)
from arco_sched.core.fields import normal_content, normal_policy
from arco_sched.core.instants import MAX_INSTANT, MIN_INSTANT
from arco_sched.core.kinds import Span, Text
from arco_sched.core.policy import ON_LOST, OVERLAPS, RETRY_BACKOFFS, Policy, policy_from, policy_payload
from tests.core.world import DAILY


@pytest.mark.parametrize(
    ("content", "text", "fingerprint"),
    [
        (
            {},
            '{"asset_selection":[],"command":null,"labels":{},"partition_selection":[]}',
            "8be459442b2e1625ca68ba77c18ee2e3c81baf9762142778911a8adc824d6259",
        ),
        (
            {"asset_selection": ["b", "a", "b"], "partition_selection": ["2025-01-15"]},
            '{"asset_selection":["a","b"],"command":null,"labels":{},"partition_selection":["2025-01-15"]}',
            "cb2680e0595d03e68fec4a4b81a3f8206894438bc40380576791d68f78e3af13",
        ),
        (
            {"command": "make\n\t# é", "labels": {"z": "", "a": "1"}},
            '{"asset_selection":[],"command":"make\\n\\t# é","labels":{"a":"1","z":""},"partition_selection":[]}',
            "4e472958fc41b8b0a8d942ed5f801f8e1ad6f9e5575ead3fab43ffdfdb67cc8c",
        ),
        (
            {"shell": "/bin/bash", "environment": {"B": "", "A": "1"}, "resources": {"gpus": 1, "cpus": 4}},
            '{"asset_selection":[],"command":null,"environment":{"A":"1","B":""},"labels":{},"partition_selection":[],'
            '"resources":{"cpus":4,"gpus":1},"shell":"/bin/bash"}',
            "29bec05187b52085f8c4b936c80c1880be0ebcbde334cc1c32bc78b680a7d048",
        ),
    ],
)
def test_fingerprints_stay(content: dict[str, Any], text: str, fingerprint: str) -> None:
    """The canonical text of a content, and so its fingerprint, is what it always was: databases hold both."""
    canonical = identity.content_text(normal_content(**content))
    assert canonical == text
    assert identity.fingerprint(canonical) == fingerprint
    assert fields.content_of(json.loads(text)) == normal_content(**content)


def test_payloads_stay() -> None:
    """The payload of a definition event is what it always was, in the same order: databases hold it."""
    full = Definition(
        cron_expression="0 10 * * *",
        timezone="Europe/Berlin",
        catchup_window_minutes=60,
        max_catchup_ticks=3,
        catchup_policy="latest",
        dst_gap="skip",
        dst_overlap="both",
        request=normal_content(
            asset_selection=["b", "a"], partition_selection=["p"], command="make é\n", labels={"z": "", "a": "1"}
        ),
        code_version="v1",
        end_at=1735689600,
    )
    version = replace(
        DAILY,
        definition_version=2,
        definition=full,
        start_at=1735603200,
        enabled=False,
        created_at=1735603201,
        effective_from=1735603202,
    )
    assert json.dumps(fields.payload(version), ensure_ascii=False, separators=(",", ":")) == (
        '{"schedule_id":"daily","definition_version":2,"cron_expression":"0 10 * * *","timezone":"Europe/Berlin",'
        '"catchup_window_minutes":60,"max_catchup_ticks":3,"catchup_policy":"latest","dst_gap":"skip",'
        '"dst_overlap":"both","asset_selection":["a","b"],"partition_selection":["p"],"command":"make é\\n",'
        '"labels":{"a":"1","z":""},"code_version":"v1","start_at":"2024-12-31T00:00:00Z",'
        '"end_at":"2025-01-01T00:00:00Z","enabled":false,"deleted":false,"created_at":"2024-12-31T00:00:01Z",'
        '"effective_from":"2024-12-31T00:00:02Z"}'
    )
    assert json.dumps(fields.payload(DAILY), separators=(",", ":")) == (
        '{"schedule_id":"daily","definition_version":1,"cron_expression":"@daily","timezone":"UTC",'
        '"catchup_window_minutes":1440,"max_catchup_ticks":10,"catchup_policy":"oldest-first","dst_gap":"next",'
        '"dst_overlap":"first","asset_selection":[],"partition_selection":[],"command":null,"labels":{},'
        '"code_version":null,"start_at":"1970-01-01T00:00:00Z","end_at":null,"enabled":true,"deleted":false,'
        '"created_at":"1970-01-01T00:00:00Z","effective_from":"1970-01-01T00:00:00Z"}'
    )


INSTANTS = st.integers(MIN_INSTANT, MAX_INSTANT)
VERSIONS = st.builds(
    Version,
    schedule_id=st.just("a"),
    definition_version=st.integers(1),
    definition=st.builds(
        Definition,
        cron_expression=st.text(),
        timezone=st.text(),
        catchup_window_minutes=st.integers(),
        max_catchup_ticks=st.integers(),
        catchup_policy=st.sampled_from(CATCHUP_POLICIES),
        dst_gap=st.sampled_from(DST_GAPS),
        dst_overlap=st.sampled_from(DST_OVERLAPS),
        paused_until=st.one_of(st.none(), st.integers(0, 2_000_000_000)),
        excluded_days=st.sampled_from([(), ("2025-12-25",), ("2025-12-24..2026-01-01", "2026-05-01")]),
        request=st.builds(
            normal_content,
            asset_selection=st.lists(st.text()),
            partition_selection=st.lists(st.text()),
            command=st.none() | st.text(),
            labels=st.dictionaries(st.text(), st.text()),
            shell=st.none() | st.text(),
            working_directory=st.none() | st.text(),
            environment=st.dictionaries(st.text(), st.text()),
            environment_file=st.none() | st.text(),
            run_as=st.none() | st.text(),
            resources=st.dictionaries(st.text(), st.integers()),
        ),
        policy=st.builds(
            normal_policy,
            timeout_seconds=st.none() | st.integers(),
            max_retries=st.integers(),
            retry_exit_codes=st.lists(st.integers()),
            retry_delay_seconds=st.integers(),
            retry_backoff=st.sampled_from(RETRY_BACKOFFS),
            on_lost=st.sampled_from(ON_LOST),
            overlap=st.sampled_from(OVERLAPS),
            start_within_seconds=st.none() | st.integers(),
            spread_seconds=st.integers(),
            pool=st.text(),
            priority=st.integers(),
            on_failure=st.none() | st.text(),
            success_within_seconds=st.none() | st.integers(),
        ),
        code_version=st.none() | st.text(),
        end_at=st.none() | INSTANTS,
    ),
    start_at=INSTANTS,
    enabled=st.booleans(),
    deleted=st.booleans(),
    created_at=INSTANTS,
    effective_from=INSTANTS,
)


@given(VERSIONS)
def test_a_policy_reads_back_the_same(version: Version) -> None:
    """What is stored with a request is what it was, by the names that the payload of its version has."""
    policy = version.definition.policy
    stored = json.loads(json.dumps(policy_payload(policy)))
    assert policy_from(stored) == policy
    assert stored.items() <= fields.payload(version).items()


@given(VERSIONS)
def test_a_payload_reads_back_the_same(version: Version) -> None:
    """Whatever was recorded, acceptable today or not, is read as it was."""
    stored = json.loads(json.dumps(fields.payload(version)))
    assert fields.version_of("a", stored) == version


@given(VERSIONS)
def test_an_answer_has_every_field(version: Version) -> None:
    """A version and a content in the JSON answers have what is stored of them, and what is as by default besides."""
    answer = fields.document(version)
    by_default = {field.name: field.to_json(field.default) for field in fields.FIELDS if not field.always}
    assert answer == by_default | fields.payload(version)
    assert list(answer) == ["schedule_id", "definition_version", *fields.BY_NAME, "created_at", "effective_from"]
    content = fields.content_document(version.definition.request)
    assert content == {field.name: answer[field.name] for field in fields.CONTENT}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"timezone": 5}, "timezone: 5 is not a str"),
        ({"timezone": None}, "timezone: None is not a str"),
        ({"max_catchup_ticks": "3"}, "max_catchup_ticks: '3' is not a whole number"),
        ({"max_catchup_ticks": True}, "max_catchup_ticks: True is not a whole number"),
        ({"enabled": 1}, "enabled: 1 is not a bool"),
        ({"asset_selection": "a"}, "asset_selection: 'a' is not a list"),
        ({"asset_selection": [1]}, "asset_selection: 1 is not a str"),
        ({"labels": [["a", "b"]]}, "labels: [['a', 'b']] is not a dict"),
        ({"labels": {"a": 1}}, "labels: 1 is not a str"),
        ({"start_at": "soon"}, "start_at: the instant 'soon' is not an RFC 3339"),
        ({"start_at": None}, "start_at: None is not a str"),
        ({"end_at": 5}, "end_at: 5 is not a str"),
        ({"created_at": 5}, "5 is not a str"),
        ({"definition_version": "1"}, "'1' is not a whole number"),
        ({"other": 1}, "unexpected or missing keys: 'other'"),
        ({"other": 1, "another": 2}, "unexpected or missing keys: 'another', 'other'"),
    ],
)
def test_a_damaged_payload_is_refused(damage: dict[str, Any], says: str) -> None:
    """What was never written is not read as if it had been."""
    with pytest.raises(ValueError, match=re.escape(says)):
        fields.version_of("a", fields.payload(DAILY) | damage)


@pytest.mark.parametrize("name", fields.payload(DAILY))
def test_a_payload_that_lacks_something_is_refused(name: str) -> None:
    """Every name of the first schema was always written."""
    stored = fields.payload(DAILY)
    del stored[name]
    with pytest.raises(ValueError, match=f"unexpected or missing keys: '{name}'"):
        fields.version_of("a", stored)


def test_a_damaged_content_is_refused() -> None:
    """As with payloads."""
    for stored in (
        {},
        fields.canonical(RequestContent()) | {"no_such": "x"},
        {**fields.canonical(RequestContent()), "command": 1},
    ):
        with pytest.raises(ValueError, match=r"missing|is not a"):
            fields.content_of(stored)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
        ("labels", {"b": "2", "a": "1"}, (("b", "2"), ("a", "1"))),
        ("start_at", "1970-01-01T00:01:00Z", 60),
        ("end_at", None, None),
        ("enabled", False, False),
    ],
)
def test_a_value_is_read_by_the_name_of_its_field(name: str, value: Any, found: Any) -> None:
    """As in a payload; null only where it is the default."""
    assert fields.read_value(name, value) == found


def test_a_value_that_no_field_has_is_refused() -> None:
    """The message names the field; a name that there isn't is a `KeyError`."""
    with pytest.raises(ValueError, match=r"^timezone: None is not a str$"):
        fields.read_value("timezone", None)
    with pytest.raises(KeyError):
        fields.read_value("time_zone", "UTC")


CONTENT = RequestContent(command="make", labels=(("a", "1"),))


def test_a_definition_of_values() -> None:
    """What isn't given is as by default; content, policy and end are given apart."""
    values = {"cron_expression": "@daily", "max_catchup_ticks": 3, "excluded_days": ("2025-12-25",)}
    made = fields.definition_of(values, request=CONTENT, policy=Policy(pool="gpu"), end_at=60)
    assert made == Definition(
        cron_expression="@daily",
        max_catchup_ticks=3,
        excluded_days=("2025-12-25",),
        request=CONTENT,
        policy=Policy(pool="gpu"),
        end_at=60,
    )


def test_merged() -> None:
    """A field of a part is named like the others, also beside the part itself; the rest stays."""
    before = Definition(cron_expression="@daily", timezone="Europe/Berlin", request=CONTENT, policy=Policy(pool="gpu"))
    assert fields.merge(before, {}) == before
    after = fields.merge(before, {"timezone": "UTC", "command": None, "max_retries": 3, "priority": 1})
    assert after == replace(
        before,
        timezone="UTC",
        request=replace(CONTENT, command=None),
        policy=Policy(pool="gpu", max_retries=3, priority=1),
    )
    other = RequestContent(command="other", run_as="joe")
    assert fields.merge(before, {"request": other, "command": "mine"}).request == replace(other, command="mine")


def test_the_normal_form() -> None:
    """Every field of a definition and of its parts in its normal form."""
    given = Definition(
        cron_expression=" 0  9 * * * ",
        timezone="Europe/Berlin",
        excluded_days=("2025-12-26", "2025-12-25"),
        request=RequestContent(asset_selection=("b", "a", "b"), labels=(("b", "2"), ("a", "1")), command=" x "),
        policy=Policy(retry_exit_codes=(75, 2, 75), pool="gpu"),
        end_at=60,
    )
    assert fields.normal(given) == Definition(
        cron_expression="0 9 * * *",
        timezone="Europe/Berlin",
        excluded_days=("2025-12-25..2025-12-26",),
        request=RequestContent(asset_selection=("a", "b"), labels=(("a", "1"), ("b", "2")), command=" x "),
        policy=Policy(retry_exit_codes=(2, 75), pool="gpu"),
        end_at=60,
    )


# A field that comes later.


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterContent(RequestContent):
    """A request content with one field more."""

    argument_0: Annotated[str | None, Field(Text(), "run", "The name that a command sees.", for_requests=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterDefinition(Definition):
    """A definition with such a content, and one more of its own."""

    request: LaterContent = LaterContent()
    grace_seconds: Annotated[int | None, Field(Span("seconds", 1, 86_400), "run", "How long a run may go on.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterVersion(Version):
    """A version of such a definition."""

    definition: LaterDefinition


LATER = fields.table(LaterVersion)
LATER_CONTENT = [field for field in LATER if field.path == ("definition", "request")]


def later(**values: Any) -> LaterVersion:
    """The first version of a schedule with fields that come later."""
    content = LaterContent(argument_0=values.pop("argument_0", None))
    return LaterVersion(
        schedule_id="daily",
        definition_version=1,
        definition=LaterDefinition(cron_expression="@daily", request=content, **values),
        start_at=0,
        enabled=True,
        deleted=False,
        created_at=0,
        effective_from=0,
    )


def test_a_later_field_stands_before_what_ends_an_answer() -> None:
    """Content behind content, others behind others; start, end and state stay last."""
    names = [field.name for field in fields.table(LaterVersion)]
    assert names.index("labels") < names.index("argument_0") < names.index("code_version")
    assert names[-6:] == ["grace_seconds", "start_at", "end_at", "enabled", "paused_until", "deleted"]
    assert fields.document(later(), LATER) == fields.document(DAILY) | {"argument_0": None, "grace_seconds": None}


def test_a_later_field_changes_nothing_where_it_is_not_set() -> None:
    """Canonical text and payload have its key only where it is set, so fingerprints and events stay."""
    plain, full = later(), later(argument_0="job", grace_seconds=90)
    assert fields.payload(plain, LATER) == fields.payload(DAILY)
    assert fields.payload(full, LATER) == fields.payload(DAILY) | {"argument_0": "job", "grace_seconds": 90}
    assert fields.canonical(plain.definition.request, LATER_CONTENT) == fields.canonical(RequestContent())
    assert list(fields.canonical(full.definition.request, LATER_CONTENT)) == [
        *("argument_0", "asset_selection", "command", "labels", "partition_selection"),
    ]


def test_events_from_before_a_later_field_are_read() -> None:
    """What a payload does not say is as by default."""
    assert fields.version_of("daily", fields.payload(DAILY), LaterVersion) == later()
    full = later(argument_0="job", grace_seconds=90)
    assert fields.version_of("daily", fields.payload(full, LATER), LaterVersion) == full


# Help.


@pytest.mark.parametrize("owner", [RequestContent, Policy, Definition, Version])
def test_help_says_what_each_field_means(owner: type) -> None:
    """Meaning, unit, bounds and default, in `help()`; the signature stays plain."""
    rows = [field for field in fields.FIELDS if field.name in owner.__dataclass_fields__]  # type: ignore[attr-defined]
    assert rows
    for field in rows:
        assert f"{field.name} ({field.kind.about()}; " in str(owner.__doc__)
        assert field.words in str(owner.__doc__)
    assert "Field(" not in str(inspect.signature(owner))

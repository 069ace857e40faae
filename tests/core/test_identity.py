"""Identity (docs/semantics/requests.md): every name is a pure function that another machine computes the same."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arco_sched.core import identity
from arco_sched.core.definitions import RequestContent
from arco_sched.core.fields import normal_content
from arco_sched.core.identity import TickKey

IDS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("origin", "number", "tick_id", "run_key"),
    [
        ("scheduled", 1736762400, "daily:1736762400", "sched:daily:1736762400"),
        ("scheduled", 0, "daily:0", "sched:daily:0"),
        ("scheduled", -60, "daily:-60", "sched:daily:-60"),
        ("manual", 1736762400, "daily:manual:1736762400", "sched:daily:manual:1736762400"),
        ("failed", 3, "daily:failed:3", None),
    ],
)
def test_forms_of_names(origin: identity.Origin, number: int, tick_id: str, run_key: str | None) -> None:
    """Tick ids and run keys have the forms of the table in "Identity"."""
    assert identity.tick_id("daily", origin, number) == tick_id
    assert identity.parse_tick_id(tick_id) == TickKey("daily", origin, number)
    if run_key is None:
        assert identity.parse_run_key("sched:" + tick_id) is None
    else:
        assert identity.run_key("daily", origin, number) == run_key
        assert identity.parse_run_key(run_key) == TickKey("daily", origin, number)


@given(IDS, st.sampled_from(["scheduled", "manual", "failed", "backfill"]), st.integers(-(10**17), 10**17))
def test_parse_is_the_inverse(schedule_id: str, origin: identity.Origin, number: int) -> None:
    """Parsing a name gives what it was made of, for every id, also `manual` and ids with dots and dashes."""
    key = TickKey(schedule_id, origin, number)
    assert identity.parse_tick_id(identity.tick_id(*key)) == key
    assert identity.parse_run_key(identity.run_key(*key)) == (None if origin == "failed" else key)


@given(st.text(st.sampled_from("a0:-.1mnul9sched "), max_size=24))
def test_only_what_is_made_is_parsed(text: str) -> None:
    """A text that parses is exactly the name of what it parses to, so that no two texts are one run key."""
    key = identity.parse_run_key(text)
    assert key is None or identity.run_key(*key) == text
    key = identity.parse_tick_id(text)
    assert key is None or identity.tick_id(*key) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "daily",
        "daily:",
        ":5",
        "daily:05",
        "daily:-0",
        "daily:+5",
        "daily: 5",
        "daily:5 ",
        "daily:5\n",
        "daily:٣",
        "daily:1e3",
        "daily:manual",
        "daily:manual:",
        "daily:manual:manual:5",
        "daily:Manual:5",
        "a:b:5",
        "-daily:5",
        "daily\n:5",
        "dáily:5",
        "a" * 101 + ":5",
        "daily:9999999999999999999",
    ],
)
def test_odd_keys_are_other_keys(text: str) -> None:
    """What no schedule ever makes is not read as a tick id, nor behind `sched:` as a schedule's run key."""
    assert identity.parse_tick_id(text) is None
    assert identity.parse_run_key("sched:" + text) is None
    assert identity.parse_run_key(text) is None


@pytest.mark.parametrize("text", ["Sched:daily:5", "sched::5", "sched", "daily:5", " sched:daily:5", "sched:sched:a:5"])
def test_run_keys_begin_with_sched(text: str) -> None:
    """A run key of another form is as good as any, and not a schedule's."""
    assert identity.parse_run_key(text) is None


def test_run_id_literal() -> None:
    """A run id is what any HMAC and base32 elsewhere compute (`openssl dgst -hmac`, `base32`)."""
    assert identity.run_id("default", "sched:daily:1736762400") == "run_7c5isfybge7jn5yflyqjsvw6af"


@given(TEXT, TEXT)
@example("w" * 63, "k")
@example("w" * 64, "k")  # as long as a block of SHA-256: the last that is not hashed first
@example("w" * 65, "k")
def test_run_id_is_hmac_in_base32(workspace: str, key: str) -> None:
    """`run_` and the first 26 characters of lower-case base32 of HMAC-SHA256(workspace name, run key)."""
    digest = hmac.new(workspace.encode("utf-8"), key.encode("utf-8"), hashlib.sha256).digest()
    expected = "run_" + base64.b32encode(digest).decode().lower()[:26]
    assert identity.run_id(workspace, key) == expected


@pytest.mark.parametrize(
    ("assets", "partitions", "command", "labels", "literal"),
    [
        ((), (), None, {}, b'{"asset_selection":[],"command":null,"labels":{},"partition_selection":[]}'),
        (
            ("b", "a", "b"),
            ("2025-01-02", "2025-01-01"),
            "make it",
            {"z": "1", "a": ""},
            b'{"asset_selection":["a","b"],"command":"make it","labels":{"a":"","z":"1"},'
            b'"partition_selection":["2025-01-01","2025-01-02"]}',
        ),
        (
            # Code-point order, which differs from UTF-16 order (the last two) and from a dictionary.
            ("\U0001f600", "\uff61", "\xe4", "a", "Z", "a/b", "a b"),
            (),
            None,
            {"\U0001f600": "1", "\uff61": "2"},
            b'{"asset_selection":["Z","a","a b","a/b","\xc3\xa4","\xef\xbd\xa1","\xf0\x9f\x98\x80"],"command":null,'
            b'"labels":{"\xef\xbd\xa1":"2","\xf0\x9f\x98\x80":"1"},"partition_selection":[]}',
        ),
        (
            (),
            (),
            'echo "a\\b"\n\techo <&>\x7f\u2028',
            {},
            b'{"asset_selection":[],"command":"echo \\"a\\\\b\\"\\n\\techo <&>\x7f\xe2\x80\xa8","labels":{},'
            b'"partition_selection":[]}',
        ),
        (
            # Two spellings of one letter are two texts: nothing is normalized.
            ("\u00e9", "e\u0301"),
            (),
            "\x01\x1f\x08\x0c\r",
            {},
            b'{"asset_selection":["e\xcc\x81","\xc3\xa9"],"command":"\\u0001\\u001f\\b\\f\\r","labels":{},'
            b'"partition_selection":[]}',
        ),
    ],
)
def test_fingerprint_literal(
    assets: tuple[str, ...], partitions: tuple[str, ...], command: str | None, labels: dict[str, str], literal: bytes
) -> None:
    """The fingerprint is SHA-256 of these very bytes: sorted by code point, no repeats, no spaces, UTF-8 as it is."""
    content = normal_content(asset_selection=assets, partition_selection=partitions, command=command, labels=labels)
    text = identity.content_text(content)
    assert text.encode() == literal
    assert identity.fingerprint(text) == hashlib.sha256(literal).hexdigest()


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4), st.dictionaries(TEXT, TEXT, max_size=4))
def test_fingerprint_ignores_order(assets: list[str], partitions: list[str], labels: dict[str, str]) -> None:
    """Order and repeats of the names, and the order of the labels, do not change the fingerprint."""
    first = normal_content(asset_selection=assets, partition_selection=partitions, command=None, labels=labels)
    again = normal_content(
        asset_selection=[*reversed(assets), *assets],
        partition_selection=[*reversed(partitions), *partitions],
        command=None,
        labels=dict(reversed(list(labels.items()))),
    )
    assert identity.content_text(first) == identity.content_text(again)


def test_content_text_is_canonical() -> None:
    """Also of a content that somebody made without putting it in order."""
    content = RequestContent(
        asset_selection=("b", "a", "b"),
        partition_selection=("q", "p", "q"),
        command=None,
        labels=(("z", "1"), ("a", "2")),
    )
    assert identity.content_text(content) == (
        '{"asset_selection":["a","b"],"command":null,"labels":{"a":"2","z":"1"},"partition_selection":["p","q"]}'
    )


def test_fingerprint_tells_contents_apart() -> None:
    """An absent command is not an empty one, an asset is not a partition, one name is not two."""
    contents = [
        normal_content(),
        normal_content(command=""),
        normal_content(command="null"),
        normal_content(asset_selection=["a"]),
        normal_content(asset_selection=(), partition_selection=["a"]),
        normal_content(asset_selection=["a", "b"]),
        normal_content(asset_selection=["a,b"]),
        normal_content(asset_selection=['a","b']),
        normal_content(labels={"a": "b"}),
    ]
    assert len({identity.fingerprint(identity.content_text(content)) for content in contents}) == len(contents)

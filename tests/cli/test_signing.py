"""Who did something by hand, and why: in the events, the versions, `why` and an export."""

from pathlib import Path

import pytest

from tests.runner import Arco

NOW = "2025-01-15T12:00:00Z"


def signatures(arco: Arco) -> list[tuple[str, str | None, str | None]]:
    """(type, by, note) of every event."""
    events = arco.json("events list --limit 1000 --json")["events"]
    return [(event["type"], event["by"], event["note"]) for event in events]


def test_every_act_by_hand_is_signed(arco: Arco) -> None:
    """What a person does has a name, and a note where one was given; what an evaluation does has neither."""
    arco.ok("schedule create a --cron '0 * * * *' --command true --note 'first of all'", at=NOW)
    arco.ok("schedule update a --cron '30 * * * *' --by alice")
    arco.ok("schedule trigger a --by bob --note now")
    arco.ok("tick --quiet", at="2025-01-15T13:00:00Z")
    arco.ok("runs cancel a:1736944200 --by carol --note wrong")
    arco.ok("runs retry a:1736944200")
    arco.ok("schedule discard a --by dave", at="2025-01-15T15:00:00Z")
    arco.ok("backfill a --from 2025-01-15T10:00:00Z --to 2025-01-15T12:00:00Z --limit 1 --note again")
    arco.ok("pool set small --slots 1 --by erin")
    arco.ok("schedule disable a --note 'until the deploy'")
    arco.ok("schedule delete a --by frank")
    assert signatures(arco) == [
        ("ScheduleDefinitionUpserted", "me@here", "first of all"),
        ("ScheduleDefinitionUpserted", "alice", None),
        ("ScheduleTicked", "bob", "now"),
        ("RunRequested", "bob", "now"),
        ("ScheduleTicked", None, None),
        ("RunRequested", None, None),
        ("RunCanceled", "carol", "wrong"),
        ("RunRetryRequested", "me@here", None),
        ("OccurrencesLapsed", "dave", None),
        ("ScheduleTicked", "me@here", "again"),
        ("RunRequested", "me@here", "again"),
        ("PoolSet", "erin", None),
        ("ScheduleDefinitionUpserted", "me@here", "until the deploy"),
        ("ScheduleDefinitionUpserted", "frank", None),
    ]
    arco.ok("verify")


def test_where_it_is_shown(arco: Arco, tmp_path: Path) -> None:
    """In the versions, in `why`, and as comments of an export, which is applied as if they were not there."""
    arco.ok("schedule create a --cron '0 * * * *' --by alice --note 'asked by \u202ethe team'", at=NOW)
    versions = arco.json("schedule versions a --json")["versions"]
    assert [(each["by"], each["note"]) for each in versions] == [("alice", "asked by \u202ethe team")]
    assert "by alice: asked by" in arco.ok("schedule versions a").out
    arco.ok("schedule discard a --by bob --note late", at="2025-01-15T15:00:00Z")
    why = " ".join(arco.ok("why a --at 2025-01-15T13:00:00Z").out.split())
    assert "; made by alice: asked by" in why
    assert "; discarded by bob: late" in why
    arco.ok("schedule trigger a --by carol", at="2025-01-15T16:00:00Z")
    assert "is counted separately: triggered (made by carol)" in " ".join(
        arco.ok("why a --at 2025-01-15T16:00:00Z").out.split()
    )
    exported = arco.ok("export").out
    assert "# version 1, by alice: asked by \\u202Ethe team\n[schedules.a]\n" in exported
    (tmp_path / "out.toml").write_text(exported)
    assert arco.ok(f"apply {tmp_path / 'out.toml'} --by dave").out == "1 unchanged.\n"
    assert "by,note" in arco.ok("events list --csv").out.splitlines()[0]


def test_an_apply_is_signed(arco: Arco, tmp_path: Path) -> None:
    """Every version that a file makes has the same name and note."""
    file = tmp_path / "arco.toml"
    file.write_text('[schedules.a]\ncron_expression = "@daily"\n[schedules.b]\ncron_expression = "@daily"\n')
    arco.ok(f"apply {file} --by ci --note 'commit 4f2a'", at=NOW)
    assert {signature[1:] for signature in signatures(arco)} == {("ci", "commit 4f2a")}


@pytest.mark.parametrize(
    ("options", "environ", "by"),
    [
        ("", {"ARCO_BY": "me@here"}, "me@here"),
        ("--by alice", {"ARCO_BY": "me@here"}, "alice"),
        ("", {"ARCO_BY": "ops"}, "ops"),
    ],
)
def test_who_it_is(arco: Arco, options: str, environ: dict[str, str], by: str) -> None:
    """The option, else ARCO_BY."""
    assert arco(f"schedule create a --cron @daily {options}", **environ).code == 0
    assert signatures(arco)[0][1] == by


def test_the_user_and_the_host(arco: Arco) -> None:
    """Without either it is the user of the system, at its host."""
    assert arco("schedule create a --cron @daily", ARCO_BY="").code == 0
    by = signatures(arco)[0][1]
    assert by is not None
    assert by.count("@") == 1


@pytest.mark.parametrize(
    ("options", "environ", "said"),
    [
        ("--by ''", {}, "--by must not be empty"),
        ("--note ''", {}, "--note must not be empty"),
        ("--note 'a\nb'", {}, "--note 'a\\nb' has control characters or is not valid UTF-8"),
        ("", {"ARCO_BY": "a\x1bb"}, "ARCO_BY 'a\\x1bb' has control characters or is not valid UTF-8"),
        (f"--by {'x' * 1001}", {}, "--by is longer than 1000 characters"),
    ],
)
def test_what_is_refused(arco: Arco, options: str, environ: dict[str, str], said: str) -> None:
    """A line of text, or nothing is done."""
    refused = arco(f"schedule create a --cron @daily {options}", **environ)
    assert refused.code == 2
    assert said in refused.err
    assert not arco.db.exists()

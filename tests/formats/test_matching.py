"""Entries of a file and the schedules that it made before: ids stay with what they are about."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.definitions import Version, Wanted
from arco_sched.core.errors import InvalidInput
from arco_sched.core.fields import merge
from arco_sched.formats.crontab import Options, read
from arco_sched.formats.matching import check_prefix, wanted


def _wanted(text: str, there: list[Version] | None = None, **options: Any) -> list[Wanted]:
    found = read(
        text.encode(), name="tab", label="crontab:/tab", options=Options(timezone="UTC", system=False, **options)
    )
    return wanted(found.entries, there or [])


def _there(made: list[Wanted]) -> list[Version]:
    return [
        Version(
            schedule_id=each.schedule_id,
            definition_version=1,
            definition=each.definition,
            start_at=0,
            enabled=True,
            deleted=False,
            created_at=0,
            effective_from=0,
        )
        for each in made
    ]


def _ids(made: list[Wanted]) -> list[str]:
    return [each.schedule_id for each in made]


@pytest.mark.parametrize(
    ("before", "ids", "after", "ids_after"),
    [
        # Swapped, and one taken out.
        (
            ["curl https://a", "curl https://b"],
            ["curl-a", "curl-b"],
            ["curl https://b", "curl https://a"],
            ["curl-b", "curl-a"],
        ),
        (["curl https://a", "curl https://b"], ["curl-a", "curl-b"], ["curl https://b"], ["curl-b"]),
        (["curl https://a"], ["curl"], ["curl https://b", "curl https://a"], ["curl-b", "curl"]),
        # One of a kind is still itself when its command changes; one of several is a new one.
        (["backup.sh --all"], ["backup"], ["backup.sh --full"], ["backup"]),
        (
            ["curl https://a", "curl https://b"],
            ["curl-a", "curl-b"],
            ["curl https://a", "curl https://c"],
            ["curl-a", "curl-b"],
        ),
        (
            ["curl https://a", "curl https://b", "curl https://c"],
            ["curl-a", "curl-b", "curl-c"],
            ["curl https://a", "curl https://d", "curl https://e"],
            ["curl-a", "curl-d", "curl-e"],
        ),
        # The word that differs, wherever it stands.
        (["/srv/a/run.sh x", "/srv/b/run.sh x"], ["run-x-a", "run-x-b"], ["/srv/b/run.sh x"], ["run-x-b"]),
        (["run --all", "run"], ["run-all", "run"], ["run"], ["run"]),
    ],
)
def test_an_id_stays_with_its_command(
    before: list[str], ids: list[str], after: list[str], ids_after: list[str]
) -> None:
    """Entries are matched before they are named, all at the same time of day."""
    made = _wanted("".join(f"@daily {command}\n" for command in before))
    assert _ids(made) == ids
    assert _ids(_wanted("".join(f"@daily {command}\n" for command in after), _there(made))) == ids_after


def test_what_tells_apart_may_be_the_time() -> None:
    """Entries with one command are told apart by when they are due, in a form that people write."""
    text = "0 5 * * * run\n30 17 * * * run\n@daily run\n*/5 * * * * run\n0 5 * * 1 run\n"
    assert _ids(_wanted(text)) == ["run", "run-1730", "run-daily", "run-minute-5", "run-weekday-1"]


def test_a_changed_time_or_comment_changes_no_id() -> None:
    """The command is what counts; then the name, where it is the only one."""
    made = _wanted("# Good\n0 5 * * * [ -d /x ] || exit 0\n0 6 * * * run a\n")
    assert _ids(made) == ["good", "run-a"]
    again = _wanted("# Better\n0 5 * * * [ -d /x ] || exit 0\n0 7 * * * run a\n", _there(made))
    assert _ids(again) == ["good", "run-a"]
    assert [each.definition.cron_expression for each in again] == ["0 5 * * *", "0 7 * * *"]


def test_a_comment_can_name_an_entry() -> None:
    """`# id: NAME` above it; the id stays whatever happens to the entry, and belongs to no other."""
    made = _wanted("# id: nightly\n# Backup\n0 5 * * * run a\n0 6 * * * run b\n")
    assert _ids(made) == ["nightly", "run-b"]
    assert dict(made[0].definition.request.labels)["comment"] == "Backup"
    again = _wanted("0 6 * * * run b\n# id: nightly\n0 9 * * * other\n0 5 * * * run a\n", _there(made))
    assert _ids(again) == ["run-b", "nightly", "run-a"]


def test_another_files_schedules_are_not_touched() -> None:
    """What did not come from this file is not matched, whatever it runs."""
    made = _wanted("0 5 * * * run a\n")
    label = {"labels": (("source", "crontab:/other"),)}
    theirs = _there([replace(each, definition=merge(each.definition, label), schedule_id="x") for each in made])
    assert _ids(_wanted("0 5 * * * run a\n", theirs)) == ["run-a"]


def test_what_a_person_added_stays() -> None:
    """An import changes what the file says: time, command, environment, its own labels; nothing else."""
    made = _wanted("# old\n0 5 * * * run a\n")
    by_hand = {
        "max_retries": 3,
        "environment_file": "/etc/secrets",
        "max_catchup_ticks": 7,
        "overlap": "queue",
        "labels": (*made[0].definition.request.labels, ("team", "data")),
    }
    there = _there([replace(each, definition=merge(each.definition, by_hand)) for each in made])
    found = _wanted("X=y\n# new\n0 6 * * * run a\n", there)[0].definition
    assert (found.policy.max_retries, found.request.environment_file, found.max_catchup_ticks) == (3, "/etc/secrets", 7)
    assert (found.cron_expression, found.policy.overlap) == ("0 6 * * *", "queue")
    assert dict(found.request.labels) == {"source": "crontab:/tab", "comment": "new", "team": "data"}
    assert dict(found.request.environment)["X"] == "y"
    said = _wanted("0 6 * * * run a\n", there, max_catchup_ticks=2, catchup_policy="oldest-first")[0].definition
    assert (said.max_catchup_ticks, said.catchup_policy) == (2, "oldest-first")


COMMANDS = st.sampled_from(["curl https://a", "curl https://b", "curl", "run --all", "run 1", "run 2", "[ -d /x ]"])
ENTRIES = st.lists(st.tuples(st.sampled_from(["@daily", "0 5 * * *", "0 6 * * *"]), COMMANDS), max_size=8, unique=True)


@given(ENTRIES, st.randoms(use_true_random=False), st.integers(0, 8))
def test_what_stays_keeps_its_id(entries: list[tuple[str, str]], random: Any, left: int) -> None:
    """Lines in any order, some taken out: each that stays has the id it had, and ids are unique."""
    made = _wanted("".join(f"{time} {command}\n" for time, command in entries))
    assert len(set(_ids(made))) == len(entries)
    known = dict(zip(entries, _ids(made), strict=True))
    kept = random.sample(entries, min(left, len(entries)))
    again = _wanted("".join(f"{time} {command}\n" for time, command in kept), _there(made))
    assert _ids(again) == [known[entry] for entry in kept]


@given(ENTRIES, ENTRIES)
def test_no_schedule_gets_the_command_of_another(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    """Whatever is edited: a command that was there keeps its schedules, and no id is given twice."""
    made = _wanted("".join(f"{time} {command}\n" for time, command in before))
    again = _wanted("".join(f"{time} {command}\n" for time, command in after), _there(made))
    assert len(set(_ids(again))) == len(after)
    commands = {each.schedule_id: each.definition.request.command for each in made}
    there = set(commands.values())
    for each in again:
        was = commands.get(each.schedule_id)
        now = each.definition.request.command
        assert was is None or was == now or was not in {command for _, command in after} or now not in there


@given(ENTRIES, st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order(entries: list[tuple[str, str]], random: Any) -> None:
    """The same lines in another order get the same ids in a new database."""
    made = _wanted("".join(f"{time} {command}\n" for time, command in entries))
    known = dict(zip(entries, _ids(made), strict=True))
    mixed = random.sample(entries, len(entries))
    assert _ids(_wanted("".join(f"{time} {command}\n" for time, command in mixed))) == [known[each] for each in mixed]


def test_equal_entries_are_counted() -> None:
    """Two that are the same in every way differ by a number."""
    ids = _ids(_wanted("@daily run\n@daily run\n"))
    assert len(set(ids)) == 2
    assert _ids(_wanted("@daily run\n@daily run\n", _there(_wanted("@daily run\n@daily run\n")))) == ids


@pytest.mark.parametrize(("prefix", "says"), [("ü", "only A-Z"), ("x" * 51, "longer than 50"), (".", "must begin")])
def test_a_prefix_begins_an_id(prefix: str, says: str) -> None:
    """What no id can begin with is refused."""
    with pytest.raises(InvalidInput, match=says):
        check_prefix(prefix)

"""A database of another schema: what is said when it is brought forward, or can't be."""

from pathlib import Path

import pytest

from arco_sched.store.sqlite import SCHEMA_VERSION
from tests.database import sql
from tests.runner import Arco
from tests.store.test_migrations import restored


@pytest.fixture
def arco(path: Path) -> Arco:
    """`arco` on a database of schema 2."""
    restored(2, path)
    return Arco(path, "2026-01-15T12:00:00Z")


@pytest.mark.parametrize(
    "command", ["tick --quiet", "tick", "schedule create new --cron @daily", "work --once --quiet"]
)
def test_a_command_that_upgrades_says_so_once(arco: Arco, command: str) -> None:
    """From which schema to which, and where the old file is; asking alone upgrades nothing."""
    assert "upgraded" not in arco("status").err
    said = (
        f"note: upgraded {arco.db} from schema 2 to schema {SCHEMA_VERSION}; the old file is kept as "
        f"{arco.db}.v2-backup\n"
    )
    assert arco(f"--db {arco.db} {command}").err.count(said) == 1
    assert "upgraded" not in arco(f"--db {arco.db} {command}").err


def test_a_newer_database_names_the_copy_of_before(arco: Arco) -> None:
    """Where the upgrade put one aside, the refusal of an older arco says where."""
    arco.ok("tick")
    sql(arco.db, "PRAGMA user_version = 99")
    older = f"arco: {arco.db} was made by a newer arco (schema 99, this one knows {SCHEMA_VERSION}): upgrade arco"
    assert arco("status").err == f"{older}, or use the copy from before, {arco.db}.v2-backup\n"
    Path(f"{arco.db}.v2-backup").unlink()
    assert arco("status").err == f"{older}\n"


@pytest.mark.parametrize("command", ["status", "verify", "tick", "schedule list"])
def test_a_database_that_cannot_be_upgraded_stays_and_is_named(arco: Arco, command: str) -> None:
    """The user's path, why, and that nothing changed; not the path of a copy for reading, and no way in circles."""
    sql(arco.db, "DROP TABLE hook_rows")
    answer = arco(command)
    assert (answer.code, answer.err) == (
        6,
        f"arco: {arco.db} has schema 2, but can't be upgraded to schema {SCHEMA_VERSION} (no such table: hook_rows): "
        "a development version of arco made it, or another program changed it. Nothing was changed\n",
    )


def test_verify_of_a_damaged_database_does_not_send_to_verify(arco: Arco) -> None:
    """What it can't even read, it can't explain."""
    arco.ok("tick")
    sql(arco.db, "DROP TABLE workspace")
    assert "arco verify" in arco("status").err
    assert "arco verify" not in arco("verify").err


def test_a_name_of_an_event_type_that_differs_is_a_sentence(arco: Arco) -> None:
    """A database of a development version may have one."""
    arco.ok("tick")
    sql(arco.db, "DELETE FROM words WHERE kind = 'event' AND code = 32")
    answer = arco("verify")
    assert answer.code == 7
    assert answer.out.startswith(
        "table words: the name of event type 32 isn't the one that this arco gives it; a development version may have "
        "made the database\n"
    )

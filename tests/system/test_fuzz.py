"""Hostile input: whatever a command is given, it answers or refuses in its own way, and an error changes nothing."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.database import dump, opened
from tests.store.pin_schema import small
from tests.system import fuzzing
from tests.system.fuzzing import HOSTILE, Attempt

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("ARCO_FUZZ_EXAMPLES", "0"))
"""How many inputs each test draws, at random; 0 for the few that are the same each time."""

COMMANDS = fuzzing.commands()


def many(usual: int) -> settings:
    """So many examples, or as many as were asked for."""
    return settings(max_examples=EXAMPLES, derandomize=False) if EXAMPLES else settings(max_examples=usual)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it should be, and one whose texts somebody else has written."""
    folder = tmp_path_factory.mktemp("templates")
    small(folder / "good.db")
    fuzzing.hostile_database(folder / "hostile.db")
    return folder


def try_it(templates: Path, folder: Path, template: str, attempt: Attempt) -> None:
    """Run it on a copy, and say what should not be."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "folder").mkdir()
    database = Path(shutil.copy(templates / template, folder / "arco.db"))
    (folder / "file.toml").write_bytes(attempt.toml)
    (folder / "crontab").write_bytes(attempt.crontab)
    before = dump(database)
    result = fuzzing.run(attempt, folder)
    after = dump(database)
    wrong = fuzzing.what_is_wrong(attempt, result, before, after)
    assert wrong is None, f"{wrong}: {attempt.argv} {attempt.environ}\n{result}"
    assert not list(folder.rglob("owned"))


def test_every_command_is_there() -> None:
    """The fuzzer knows the commands, their options and their arguments."""
    known = {command.words: command for command in COMMANDS}
    assert len(known) >= 30
    create = known["schedule", "create"]
    assert create.arguments == 1
    assert ("--cron", True) in create.options
    assert ("--json", False) in create.options


@many(100)
@given(attempt=fuzzing.attempts(COMMANDS))
@example(attempt=Attempt(["init"], {"ARCO_DB": "\x1b[31m"}, b"", b"", ""))
def test_any_command(templates: Path, tmp_path: Path, attempt: Attempt) -> None:
    """Any command with anything for arguments, environment, files and stdin."""
    try_it(templates, tmp_path / "run", "good.db", attempt)


@many(50)
@given(attempt=fuzzing.attempts(COMMANDS))
@example(attempt=Attempt(["init"], {}, b"", b"", ""))
def test_any_command_on_hostile_text(templates: Path, tmp_path: Path, attempt: Attempt) -> None:
    """Nothing that somebody else stored steers the terminal, is read as markup, or reaches a shell."""
    try_it(templates, tmp_path / "run", "hostile.db", attempt)


READING = (
    *("schedule list --all", "schedule show a", "schedule versions a", "ticks list", "runs list", "lapses list"),
    *("events list", "status", "verify", "why a", "timeline", "export", "schedule preview a", "tick --dry-run"),
    *("ticks list --csv", "runs list --csv", "schedule show b"),
)


@pytest.mark.parametrize("environ", [{"FORCE_COLOR": "1", "TERM": "xterm-256color"}, {"COLUMNS": "20"}])
@pytest.mark.parametrize("line", READING)
def test_stored_text_is_text(templates: Path, tmp_path: Path, line: str, environ: dict[str, str]) -> None:
    """What shows stored text shows it as text: no control characters, and brackets as they are."""
    for arguments in (line.split(), [*line.split(), "--json"]):
        if "--csv" not in line or "--json" not in arguments:
            try_it(templates, tmp_path / "run", "hostile.db", Attempt(arguments, environ, b"", b"", ""))


@many(20)
@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["labels", "asset_selection", "command", "partition_selection", "x"]), inner, max_size=5
            )
        ),
        max_leaves=12,
    )
)
def test_any_stored_json(templates: Path, tmp_path: Path, document: object) -> None:
    """Whatever JSON the database holds for what a run is asked to do, and for an event, is answered or refused."""
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = Path(shutil.copy(templates / "good.db", folder / "arco.db"))
    with opened(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE contents SET body = ? WHERE content = 1", (json.dumps(document),))
        connection.execute("UPDATE event_log SET payload = ? WHERE type IN (3, 6)", (json.dumps(document),))
    before = dump(path)
    for line in ("schedule show a", "runs list", "events list --json", "verify", "why a", "tick --dry-run", "export"):
        attempt = Attempt(line.split(), {}, b"", b"", "")
        result = fuzzing.run(attempt, folder)
        assert fuzzing.what_is_wrong(attempt, result, before, dump(path)) is None, (line, result)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_their_owners(tmp_path: Path, umask: int) -> None:
    """The database, its log, its index and a backup are readable and writable by their owner only."""
    from arco_sched.api import Workspace

    was = os.umask(umask)
    try:
        with Workspace.create(tmp_path / "arco.db") as workspace:
            workspace.evaluate(0)
            workspace.backup(tmp_path / "copy.db")
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    finally:
        os.umask(was)
    assert modes == dict.fromkeys(["arco.db", "arco.db-wal", "arco.db-shm", "copy.db"], 0o600)


def test_hostile_text_is_hostile() -> None:
    """What is tried would be found: it holds every kind of steering."""
    found = {character for text in HOSTILE for character in fuzzing.STEERING.findall(text)}
    assert {"\x1b", "\x9b", "\x07", "\r", "\u202e"} <= found

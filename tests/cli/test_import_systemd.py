"""`arco import systemd`: timers with their services, in folders, twice, and what is reported."""

from pathlib import Path

import pytest

from tests.runner import Arco

TIMER = "[Timer]\nOnCalendar=*-*-* 02:30\nPersistent=true\n"
SERVICE = "[Service]\nType=oneshot\nExecStart=/usr/bin/backup --all\nNice=5\n"


@pytest.fixture
def arco(path: Path) -> Arco:
    """`arco` on a database that does not exist yet, beside a timer with its service."""
    found = Arco(path, "2025-01-15T12:00:00Z")
    found.file("backup.timer", TIMER)
    found.file("backup.service", SERVICE)
    return found


def test_a_timer_with_the_service_beside_it(arco: Arco) -> None:
    """Each setting of both is in the report; importing it again changes nothing."""
    timer = f"{arco.folder}/backup.timer"
    answer = arco.json("import", "systemd", timer, "--tz", "Europe/Berlin")
    assert answer["changes"] == [
        {"schedule_id": "backup", "change": "created", "changed": {}, "waiting": 0, "file": timer, "line": 2}
    ]
    assert [(line["file"], line["line"], line["kind"]) for line in answer["lines"]] == [
        (timer, 2, "schedule"),
        (timer, 3, "setting"),
        *((f"{arco.folder}/backup.service", number, "setting") for number in (2, 3, 4)),
    ]
    assert [each["format"] for each in answer["files"]] == ["systemd", "systemd"]
    shown = arco.json("schedule", "show", "backup")
    assert (shown["cron_expression"], shown["timezone"], shown["command"]) == (
        "30 2 * * *",
        "Europe/Berlin",
        "/usr/bin/backup --all",
    )
    again = arco("import", "systemd", timer, "--tz", "Europe/Berlin")
    assert "unchanged  backup: 30 2 * * * in Europe/Berlin" in again.out
    assert "2 settings of " in again.out
    assert "warning" not in again.err
    assert "UTC is assumed, but systemd used the zone of its host" in arco("import", "systemd", timer, "--dry-run").err


def test_a_folder_and_what_is_gone(arco: Arco) -> None:
    """The timers of a folder; a time that is taken out is named, and deleted with --prune."""
    arco.file("backup.timer", TIMER + "OnCalendar=Sat 4:00\n")
    first = arco.json("import", "systemd", str(arco.folder), "--tz", "UTC")
    assert [each["schedule_id"] for each in first["changes"]] == ["backup", "backup-Sat-4-00"]
    arco.file("backup.timer", TIMER)
    second = arco("import", "systemd", str(arco.folder), "--tz", "UTC", "--prune")
    assert "backup-Sat-4-00: deleted" in second.out


def test_an_instance_of_a_template(arco: Arco) -> None:
    """It is read from the template, and known by its own name."""
    arco.file("copy@.timer", TIMER)
    arco.file("copy@.service", "[Service]\nExecStart=/bin/copy %i\n")
    for instance in ("a", "b"):
        arco.json("import", "systemd", f"{arco.folder}/copy@{instance}.timer", "--tz", "UTC", "--prune")
    commands = {each["schedule_id"]: each["command"] for each in arco.json("schedule", "list")["schedules"]}
    assert commands == {"copy-a": "/bin/copy a", "copy-b": "/bin/copy b"}
    assert arco("import", "systemd", f"{arco.folder}/copy@.timer", "--tz", "UTC").code == 7


def test_drop_ins_are_named(arco: Arco) -> None:
    """They are not read, and a note says what to do."""
    (arco.folder / "backup.service.d").mkdir()
    answer = arco("import", "systemd", f"{arco.folder}/backup.timer", "--tz", "UTC")
    assert f"drop-ins in {arco.folder}/backup.service.d are not read: `systemctl cat backup.service" in answer.err


def test_what_is_no_timer(arco: Arco) -> None:
    """One line, exit 2; nothing is made."""
    for names, says in (
        (("-",), "a timer can't be read from stdin"),
        ((f"{arco.folder}/backup.service",), "there is no timer among the files"),
        ((arco.file("x.socket", ""),), "its name doesn't end with .timer"),
        ((f"{arco.folder}/none.timer",), "No such file"),
    ):
        answer = arco("import", "systemd", *names)
        assert (answer.code, says in answer.err) == (2, True), answer
    assert not arco.db.exists()


def test_the_service_may_be_named_too(arco: Arco) -> None:
    """It wins over the one beside the timer; without one the timer is a problem."""
    (arco.folder / "else").mkdir()
    service = arco.file("else/backup.service", "[Service]\nExecStart=/bin/other\n")
    timer = f"{arco.folder}/backup.timer"
    printed = arco("import", "systemd", timer, service, "--tz", "UTC", "--toml")
    assert 'command = "/bin/other"' in printed.out
    (arco.folder / "backup.service").unlink()
    alone = arco("import", "systemd", timer, "--tz", "UTC")
    assert alone.code == 7
    assert "its service backup.service is neither among the files nor next to the timer" in alone.out

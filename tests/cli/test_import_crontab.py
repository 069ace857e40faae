"""`arco import crontab`: a whole file, twice, with options, and what is reported."""

from pathlib import Path

import pytest

from tests.runner import Arco


@pytest.fixture
def arco(path: Path) -> Arco:
    """`arco` on a database that does not exist yet, in the middle of a month."""
    return Arco(path, "2025-01-15T12:00:00Z")


def test_a_whole_file_of_the_system(arco: Arco) -> None:
    """Every line of logcheck's crontab (Debian's, but for one comment) is accounted for; what can't come is exit 7."""
    (arco.folder / "cron.d").mkdir()
    file = arco.file(
        "cron.d/logcheck",
        "# /etc/cron.d/logcheck: crontab entries for the logcheck package\n"
        "\n"
        "PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin\n"
        "MAILTO=root\n"
        "\n"
        "@reboot         logcheck    if [ -x /usr/sbin/logcheck ]; then nice -n10 /usr/sbin/logcheck -R; fi\n"
        "# each hour\n"
        "2 * * * *       logcheck    if [ -x /usr/sbin/logcheck ]; then nice -n10 /usr/sbin/logcheck; fi\n",
    )
    answer = arco("import", "crontab", file, "--tz", "Europe/Berlin", "--json")
    assert answer.code == 7
    document = answer.json
    kinds = [line["kind"] for line in document["lines"]]
    assert kinds == ["comment", "blank", "variable", "variable", "blank", "problem", "comment", "schedule"]
    reason = "the nickname '@reboot' is not supported: it names an event, and arco does not see a machine start"
    assert document["problems"] == [{"line": 6, "message": reason}]
    assert document["changes"] == [
        {"schedule_id": "logcheck", "change": "created", "changed": {}, "waiting": 0, "line": 8}
    ]
    assert (document["format"], document["dry_run"]) == ("system", False)
    shown = arco.json("schedule", "show", "logcheck")
    assert shown["timezone"] == "Europe/Berlin"
    assert shown["labels"] == {
        "comment": "each hour",
        "env.MAILTO": "root",
        "env.PATH": "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin",
        "source": "crontab:logcheck",
        "user": "logcheck",
    }
    again = arco("import", "crontab", file, "--tz", "Europe/Berlin")
    assert again.code == 7
    assert "unchanged  logcheck: 2 * * * * in Europe/Berlin" in again.out
    assert "1 line can't be carried over" in again.out


def test_importing_twice_is_unchanged_and_says_nothing_new(arco: Arco) -> None:
    """The second import writes no event, and a line that is gone is named, not deleted."""
    file = arco.file("tab", "0 5 * * * /opt/backup.sh\n@daily /opt/backup.sh --all\n@weekly report\n")
    first = arco.json("import", "crontab", file, "--tz", "UTC")
    events = arco.json("events", "list")
    second = arco.json("import", "crontab", file, "--tz", "UTC")
    assert [change["schedule_id"] for change in first["changes"]] == [
        change["schedule_id"] for change in second["changes"]
    ]
    assert {change["change"] for change in second["changes"]} == {"unchanged"}
    assert arco.json("events", "list") == events
    arco.file("tab", "0 6 * * * /opt/backup.sh\n")
    third = arco("import", "crontab", file, "--tz", "UTC")
    assert "updated  backup: 0 6 * * * in UTC" in third.out
    assert "imported from tab before and not in it now, they stay: backup-" in third.err


def test_without_a_zone_utc_is_assumed_and_said(arco: Arco) -> None:
    """A warning, unless --tz or a CRON_TZ says which."""
    file = arco.file("tab", "@daily a\n")
    assert "warning: no time zone is given, and UTC is assumed" in arco("import", "crontab", file).err
    assert "warning" not in arco("import", "crontab", file, "--tz", "UTC").err
    zoned = arco.file("zoned", "CRON_TZ=Asia/Tokyo\n@daily b\n")
    assert "warning" not in arco("import", "crontab", zoned).err
    assert arco("import", "crontab", zoned, "--tz", "Mars/X").code == 2


def test_the_format_can_be_said(arco: Arco) -> None:
    """--user-format and --system-format overrule the looks, and contradict each other."""
    file = arco.file("tab", "0 5 * * * root run\n")
    for option, command in (("--user-format", "root run"), ("--system-format", "run")):
        arco.json("import", "crontab", file, option, "--tz", "UTC", "--prefix", f"{option[2:6]}.")
        known = arco.json("schedule", "list")["schedules"]
        assert command in [schedule["command"] for schedule in known]
    assert arco("import", "crontab", file, "--user-format", "--system-format").code == 2


def test_a_schedule_of_somebody_else_is_not_changed(arco: Arco) -> None:
    """An id that was made by hand, or came from another crontab, is a conflict; --prefix avoids it."""
    arco("schedule", "create", "run", "--cron", "@hourly")
    before = arco.json("events", "list")
    file = arco.file("tab", "@daily run\n@daily other\n")
    answer = arco("import", "crontab", file, "--tz", "UTC")
    assert answer.code == 4
    assert answer.err.endswith("arco: schedule run exists and was not imported: choose other ids with --prefix\n")
    assert arco.json("events", "list") == before
    made = arco.json("import", "crontab", file, "--tz", "UTC", "--prefix", "cron.")
    assert [change["schedule_id"] for change in made["changes"]] == ["cron.run", "cron.other"]
    elsewhere = arco("import", "crontab", arco.file("tab2", "@daily run x\n@hourly other\n"), "--prefix", "cron.")
    assert (elsewhere.code, "cron.other exists and came from crontab:tab" in elsewhere.err) == (4, True)


def test_a_dry_run_changes_nothing(arco: Arco) -> None:
    """It shows what would be made, and makes no database."""
    answer = arco("import", "crontab", arco.file("tab", "@daily run\n"), "--tz", "UTC", "--dry-run")
    assert (answer.code, arco.db.exists()) == (0, False)
    assert "Dry run, nothing is changed. It would be: 1 created." in answer.out


@pytest.mark.parametrize("option", [["--prefix", "ü"], ["--prefix", "x" * 51], ["--tz", "Mars/X"]])
def test_bad_options_are_refused(arco: Arco, option: list[str]) -> None:
    """Exit 2, and nothing is made."""
    assert arco("import", "crontab", arco.file("tab", "@daily run\n"), *option).code == 2
    assert not arco.db.exists()


def test_a_file_that_cannot_be_read(arco: Arco) -> None:
    """Exit 2, one line."""
    answer = arco("import", "crontab", str(arco.folder))
    assert (answer.code, answer.err) == (2, f"arco: can't read {arco.folder}: Is a directory\n")


def test_a_crontab_of_comments_is_done_at_once(arco: Arco) -> None:
    """Nothing to import makes no database."""
    answer = arco("import", "crontab", arco.file("tab", "# nothing\r\n\r\n"))
    assert (answer.code, answer.out, arco.db.exists()) == (
        0,
        "No schedules.\n2 lines read as a user's crontab, 2 of them variables, comments and blank lines.\n",
        False,
    )


def test_what_is_imported_is_executed_as_cron_executed_it(arco: Arco) -> None:
    """Shell, folder, variables and standard input arrive; entries that name a user need the right worker."""
    file = arco.file(
        "tab",
        f"SHELL=/bin/bash\nHOME={arco.folder}\nX=a b\n"
        "* * * * * { echo $0 $SHELL $PATH $X; pwd; cat; } > out%one%50\\% off\n",
    )
    arco.json("import", "crontab", file, "--tz", "UTC")
    arco.ok("tick", at="2025-01-15T12:01:00Z")
    arco.ok("work", "--once")
    assert (arco.folder / "out").read_text("utf-8") == (
        f"/bin/bash /bin/bash /usr/bin:/bin a b\n{arco.folder}\none\n50% off\n"
    )
    named = arco("import", "crontab", arco.file("named", "0 5 * * * games x\n"), "--system-format", "--tz", "UTC")
    assert "note: entries that name a user are executed by a worker that is root, or is that user" in named.err
    assert arco.json("schedule", "show", "x")["run_as"] == "games"

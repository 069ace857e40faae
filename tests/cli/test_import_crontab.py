"""`arco import crontab`: a whole file, twice, with options, and what is reported."""

import getpass
import io
import os
import pwd
import subprocess
import sys
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
    reason = "the nickname '@reboot' is not supported: it names an event, and arco doesn't see a machine boot"
    assert document["problems"] == [{"file": file, "line": 6, "message": reason}]
    assert document["changes"] == [
        {"schedule_id": "logcheck", "change": "created", "changed": {}, "waiting": 0, "file": file, "line": 8}
    ]
    assert document["files"] == [{"file": file, "source": f"crontab:{file}", "format": "system"}]
    assert document["dry_run"] is False
    shown = arco.json("schedule", "show", "logcheck")
    assert shown["timezone"] == "Europe/Berlin"
    assert shown["labels"] == {
        "comment": "each hour",
        "source": f"crontab:{file}",
        "user": "logcheck",
    }
    assert shown["environment"] == {
        "MAILTO": "root",
        "PATH": "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin",
        "SHELL": "/bin/sh",
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
    assert "updated  backup-0500: 0 6 * * * in UTC" in third.out
    assert "imported before and not in the file now, they stay: backup-all, report;" in third.err


def test_without_a_zone_utc_is_assumed_and_said(arco: Arco) -> None:
    """A warning, unless --tz or a CRON_TZ says which."""
    file = arco.file("tab", "@daily a\n")
    assert "warning: no time zone given, so UTC is assumed" in arco("import", "crontab", file).err
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
    assert answer.err.endswith(
        "arco: run exists already and was not imported. `--prefix TEXT` imports it, under another id\n"
    )
    assert arco.json("events", "list") == before
    made = arco.json("import", "crontab", file, "--tz", "UTC", "--prefix", "cron.")
    assert [change["schedule_id"] for change in made["changes"]] == ["cron.run", "cron.other"]
    elsewhere = arco("import", "crontab", arco.file("tab2", "@daily run x\n@hourly other\n"), "--prefix", "cron.")
    assert (elsewhere.code, f"did you mean `--source {file}`?" in elsewhere.err) == (4, True)


def test_the_same_crontab_from_elsewhere_is_told_its_source_once(arco: Arco) -> None:
    """The refusal names the ids, their source, and the option that works, which may be given as the label says it."""
    entries = "".join(f"{minute} * * * * run-{minute}\n" for minute in range(14))
    arco.ok("import", "crontab", arco.file("tab", entries), "--tz", "UTC", "--source", "stranger")
    kept = arco.file("keep.crontab", entries)
    answer = arco("import", "crontab", kept, "--tz", "UTC")
    ids = ", ".join(f"run-{minute}" for minute in range(5))
    assert (answer.code, answer.err) == (
        4,
        f"arco: {ids} and 9 more were imported from crontab:stranger, not from crontab:{kept}: did you mean "
        "`--source stranger`? `--prefix TEXT` imports them a second time, under other ids\n",
    )
    for source in ("stranger", "crontab:stranger"):
        assert "14 unchanged." in arco.ok("import", "crontab", kept, "--tz", "UTC", "--source", source).out


def test_several_files_are_imported_one_by_one_under_their_sources(arco: Arco) -> None:
    """--source names one file, so the refusal says which option each of several files takes, alone."""
    arco.ok("import", "crontab", arco.file("tab", "@daily x\n"), "--tz", "UTC", "--source", "a b")
    arco.ok("schedule", "create", "y", "--cron", "@daily")
    files = [arco.file("one", "@daily x\n"), arco.file("two", "@daily y\n")]
    answer = arco("import", "crontab", *files, "--tz", "UTC")
    assert (answer.code, answer.err) == (
        4,
        "arco: x was imported from crontab:a b: did you mean to import that alone, with `--source 'a b'`? "
        "y exists already and was not imported. `--prefix TEXT` imports them a second time, under other ids\n",
    )


def test_a_crontab_that_holds_only_arcos_own_line_offers_no_deletion(arco: Arco) -> None:
    """A crontab whose entries were taken out, as the docs say: the schedules stay, and --prune is not suggested."""
    arco.ok("import", "crontab", arco.file("tab", "@daily x\n@daily y\n"), "--tz", "UTC", "--source", "me")
    own = arco.file("own", "# begin\n* * * * * /usr/bin/arco --db /x/arco.db work --once --tick --quiet\n")
    answer = arco.ok("import", "crontab", own, "--source", "me")
    assert answer.err == (
        "note: no entries here besides the line that calls arco; the 2 schedules imported before stay: x, y\n"
    )
    empty = arco.ok("import", "crontab", arco.file("empty", ""), "--source", "me")
    assert empty.err == "note: no entries here; the 2 schedules imported before stay: x, y\n"


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
    answer = arco("import", "crontab", f"{arco.folder}/none")
    assert (answer.code, answer.err) == (2, f"arco: can't read {arco.folder}/none: No such file or directory\n")
    assert (
        arco("import", "crontab", str(arco.folder)).err
        == f"arco: there is nothing to import in the folder {arco.folder}\n"
    )


@pytest.mark.parametrize("kind", ["crontab", "kubernetes", "systemd"])
@pytest.mark.parametrize("name", ["x" * 5000 + ".timer", "a@" + "x" * 5000 + ".timer", "none/none.timer"])
def test_names_that_no_file_has(arco: Arco, kind: str, name: str) -> None:
    """One line, exit 2, whatever the name."""
    answer = arco("import", kind, name)
    assert (answer.code, answer.err.count("\n"), answer.err.startswith("arco: can't read ")) == (2, 1, True)


def test_a_crontab_of_comments_is_done_at_once(arco: Arco) -> None:
    """Nothing to import makes no database."""
    answer = arco("import", "crontab", arco.file("tab", "# nothing\r\n\r\n"))
    assert (answer.code, answer.out, arco.db.exists()) == (
        0,
        f"No schedules.\n2 lines of {arco.folder}/tab read as a user's crontab, 2 of them variables, comments or "
        "blank lines.\n",
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
    assert "note: entries that name a user need a worker that runs as root or as that user" in named.err
    assert arco.json("schedule", "show", "x")["run_as"] == "games"


def test_swapped_lines_keep_their_ids_and_what_is_gone_is_named(arco: Arco) -> None:
    """Two entries of one program: neither gets the other's command, and the one that is taken out is named."""
    file = arco.file("tab", "0 5 * * * curl https://a\n0 5 * * * curl https://b\n")
    made = arco.json("import", "crontab", file, "--tz", "UTC")
    assert [change["schedule_id"] for change in made["changes"]] == ["curl-a", "curl-b"]
    events = arco.json("events", "list")
    arco.file("tab", "0 5 * * * curl https://b\n0 5 * * * curl https://a\n")
    again = arco.json("import", "crontab", file, "--tz", "UTC")
    assert [(change["schedule_id"], change["change"], change["line"]) for change in again["changes"]] == [
        ("curl-b", "unchanged", 1),
        ("curl-a", "unchanged", 2),
    ]
    assert arco.json("events", "list") == events
    arco.file("tab", "0 5 * * * curl https://b\n")
    third = arco.json("import", "crontab", file, "--tz", "UTC")
    assert ([change["schedule_id"] for change in third["changes"]], third["gone"]) == (["curl-b"], ["curl-a"])
    assert arco.json("schedule", "show", "curl-a")["command"] == "curl https://a"


@pytest.mark.parametrize(("option", "change"), [("--prune", "deleted"), ("--disable-gone", "updated")])
def test_what_is_gone_can_be_deleted_or_paused(arco: Arco, option: str, change: str) -> None:
    """Only what came from this file; both at once are refused."""
    arco("schedule", "create", "mine", "--cron", "@hourly")
    other = arco.file("other", "@daily x\n")
    arco.json("import", "crontab", other, "--tz", "UTC")
    file = arco.file("tab", "@daily a\n@daily b\n")
    arco.json("import", "crontab", file, "--tz", "UTC")
    arco.file("tab", "@daily b\n")
    shown = arco("import", "crontab", file, "--tz", "UTC", option, "--dry-run")
    assert "a: " + ("deleted" if option == "--prune" else "paused") in shown.out
    answer = arco.json("import", "crontab", file, "--tz", "UTC", option)
    told = [(each["schedule_id"], each["change"], each["line"]) for each in answer["changes"]]
    assert told == [("b", "unchanged", 1), ("a", change, None)]
    assert answer["gone"] == ["a"]
    left = {each["schedule_id"]: each["enabled"] for each in arco.json("schedule", "list")["schedules"]}
    assert left == {"b": True, "mine": True, "x": True} | ({} if option == "--prune" else {"a": False})
    arco.file("tab", "@daily a\n@daily b\n")
    back = arco("import", "crontab", file, "--tz", "UTC")
    assert ("in the file, but paused here, and stays so: a" in back.err) is (option == "--disable-gone")
    assert arco("import", "crontab", file, "--prune", "--disable-gone").code == 2


def test_two_files_of_one_name_are_two_files(arco: Arco) -> None:
    """The source is the path: `one/root` and `two/root` do not touch each other's schedules."""
    for folder in ("one", "two"):
        (arco.folder / folder).mkdir()
    one = arco.file("one/root", "@daily run a\n")
    two = arco.file("two/root", "@daily run b\n")
    arco.json("import", "crontab", one, "--tz", "UTC")
    answer = arco.json("import", "crontab", two, "--tz", "UTC", "--prune")
    assert [(each["schedule_id"], each["change"]) for each in answer["changes"]] == [("run-b", "created")]
    assert arco.json("schedule", "show", "run-a")["labels"]["source"] == f"crontab:{one}"
    # A relative path is the same file.
    assert arco("import", "crontab", one, "--tz", "UTC", "--source", "elsewhere").code == 4


def test_stdin_needs_a_source(arco: Arco) -> None:
    """root may pipe anybody's crontab, so it says whose; for any other user it is the user's own."""
    command = [sys.executable, "-m", "arco_sched", "--db", str(arco.db), "import", "crontab", "-", "--tz", "UTC"]

    def piped(*more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*command, *more], input="@daily x\n", text=True, capture_output=True, check=False)

    unsaid = piped()
    if os.geteuid() == 0:
        assert unsaid.returncode == 2
        said = "arco: give stdin a name with --source NAME, so that importing it again finds its schedules\n"
        assert unsaid.stderr == said
    else:
        assert unsaid.returncode == 0
        assert f"lines of {getpass.getuser()} read" in unsaid.stdout
    assert piped("--source", "alice", "--prefix", "alice.").returncode == 0
    assert arco.json("schedule", "show", "alice.x")["labels"]["source"] == "crontab:alice"


def test_a_folder_in_one_call(arco: Arco) -> None:
    """Each file by its own path; spare copies are named and not read; ids are unique over all."""
    (arco.folder / "cron.d").mkdir()
    arco.file("cron.d/a", "@daily root run x\n")
    arco.file("cron.d/b", "@daily root run x\n@hourly root y\n")
    arco.file("cron.d/b.dpkg-old", "@daily root z\n")
    arco.file("cron.d/.placeholder", "# nothing\n")
    answer = arco("import", "crontab", f"{arco.folder}/cron.d", "--tz", "UTC", "--json")
    assert "skipped as hidden files or backup copies: " in answer.err
    told = [(each["schedule_id"], each["file"], each["line"]) for each in answer.json["changes"]]
    assert told == [
        ("run-x-a", f"{arco.folder}/cron.d/a", 1),
        ("run-x-b", f"{arco.folder}/cron.d/b", 1),
        ("y", f"{arco.folder}/cron.d/b", 2),
    ]
    one = arco.json("import", "crontab", f"{arco.folder}/cron.d/b", "--tz", "UTC", "--prune")
    assert {each["change"] for each in one["changes"]} == {"unchanged"}
    assert arco("import", "crontab", f"{arco.folder}/cron.d", "--source", "x").code == 2


def test_toml_is_printed_and_nothing_written(arco: Arco) -> None:
    """What `arco apply` makes of it is what the import would have made; problems stand on stderr."""
    file = arco.file("tab", "X=1\n@daily run [a]\n@reboot y\n")
    answer = arco("import", "crontab", file, "--tz", "UTC", "--toml")
    assert (answer.code, arco.db.exists()) == (7, False)
    assert f"{file}:3: the nickname '@reboot' is not supported" in answer.err
    reviewed = arco.file("schedules.toml", answer.out)
    arco.ok("apply", reviewed)
    again = arco("import", "crontab", file, "--tz", "UTC", "--json").json
    assert [(each["schedule_id"], each["change"]) for each in again["changes"]] == [("run", "unchanged")]
    assert arco("import", "crontab", file, "--toml", "--json").code == 2


def test_secrets_are_left_out_and_named(arco: Arco) -> None:
    """A variable that looks like one is a problem, whose value is shown nowhere; --with-secrets takes it."""
    file = arco.file(
        "tab",
        "DB_PASSWORD=hunter2\nURL=postgres://u:hunter2@db/x\nPGPASSFILE=/root/.pgpass\nAWS_ACCESS_KEY_ID='hunter2'\n"
        "RESTIC_PASSWORD_FILE=/root/p\nTOKENIZERS_PARALLELISM=false\nSSH_AUTH_SOCK=/tmp/s\nAPI_TOKEN=\n@daily x\n",
    )
    answer = arco("import", "crontab", file, "--tz", "UTC", "--json")
    assert (answer.code, [each["line"] for each in answer.json["problems"]]) == (7, [1, 2, 4])
    assert "hunter2" not in answer.out + answer.err
    assert "hunter2" not in str(arco.content())
    shown = arco("import", "crontab", file, "--tz", "UTC", "--dry-run")
    assert "DB_PASSWORD=…" in shown.out
    assert "hunter2" not in shown.out
    assert set(arco.json("schedule", "show", "x")["environment"]) == {
        *("PGPASSFILE", "RESTIC_PASSWORD_FILE", "TOKENIZERS_PARALLELISM", "SSH_AUTH_SOCK", "API_TOKEN", "PATH", "SHELL")
    }
    arco.json("import", "crontab", file, "--tz", "UTC", "--with-secrets")
    assert arco.json("schedule", "show", "x")["environment"]["DB_PASSWORD"] == "hunter2"  # noqa: S105


def test_entries_catch_up_as_cron_people_expect(arco: Arco) -> None:
    """The latest time that was missed, once; the report says so, and options say otherwise."""
    file = arco.file("tab", "@hourly x\n")
    answer = arco("import", "crontab", file, "--tz", "UTC")
    assert "each runs once, for the latest time it missed" in answer.out
    shown = arco.json("schedule", "show", "x")
    assert (shown["catchup_policy"], shown["max_catchup_ticks"], shown["overlap"]) == ("latest", 1, "allow")
    ticks = arco.json("tick", at="2025-01-15T18:30:00Z")["ticks"]
    assert [tick["scheduled_for"] for tick in ticks] == ["2025-01-15T18:00:00Z"]
    arco.ok("import", "crontab", file, "--tz", "UTC", "--catchup-policy", "oldest-first", "--max-catchup", "5")
    shown = arco.json("schedule", "show", "x")
    assert (shown["catchup_policy"], shown["max_catchup_ticks"]) == ("oldest-first", 5)
    assert arco("import", "crontab", file, "--catchup-policy", "never").code == 2


def test_a_file_that_speaks_for_both_formats_makes_nothing(arco: Arco) -> None:
    """Exit 2, with the two options; and nothing of it is read as a command in silence."""
    file = arco.file("tab", "0 5 * * * root a\n0 6 * * * /opt/b\n")
    answer = arco("import", "crontab", file, "--tz", "UTC")
    assert answer.code == 2
    assert "1 entry begins with a user and 1 entry doesn't: pass --system-format" in answer.err
    assert not arco.db.exists()
    assert arco("import", "crontab", file, "--dialect", "busybox", "--system-format").code == 2
    assert arco("import", "crontab", file, "--dialect", "vixie").code == 2


def test_remarks_stand_on_lines_of_their_own_in_a_pipe(arco: Arco) -> None:
    """A remark can't be taken for a part of the command, and each line says which one of the file it is about."""
    file = arco.file("tab", "7 * * * * flock -n /l a > $HOME/report.txt%\n@daily b\n")
    lines = arco("import", "crontab", file, "--tz", "UTC").out.splitlines()
    assert lines[1:5] == [
        "   1  created  a: 7 * * * * in UTC; flock -n /l a > $HOME/report.txt",
        "   1  remark   the % at its end, an empty standard input, is left out",
        "   1  remark   busybox and supercronic read the % literally",
        "   1  remark   `flock -n` fails the run (exit code 1) while the last one still runs: if nothing else uses "
        "that lock, `--overlap skip` skips it instead",
    ]
    assert lines[5] == "   2  created  b: @daily in UTC; b"


def test_importing_again_says_what_it_changes(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before, too: somebody may have changed it by hand."""
    file = arco.file("tab", "0 18 * * * sync.sh\n")
    arco.ok("import", "crontab", file, "--tz", "UTC")
    arco.ok("schedule", "update", "sync", "--cron", "0 18 LW * *", "--command", "sync.sh -v")
    lines = arco.ok("import", "crontab", file, "--tz", "UTC").out.splitlines()
    assert lines[1:4] == [
        "   1  updated  sync: 0 18 * * * in UTC; sync.sh",
        "   1  changed  cron_expression: 0 18 LW * * -> 0 18 * * *",
        "   1  changed  command: sync.sh -v -> sync.sh",
    ]
    monkeypatch.setenv("COLUMNS", "100")
    wide = arco("import", "crontab", file, "--tz", "UTC", "--catchup-policy", "oldest-first").out.splitlines()
    assert [line.strip() for line in wide[1:4]] == [
        "1  updated  sync: 0 18 * * * in UTC",
        "sync.sh",
        "catchup_policy: latest -> oldest-first",
    ]


def test_entries_that_cron_still_has_are_pointed_out(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an import, not after a dry run, and only where cron reads what was imported."""
    said = "note: the imported entries are still in {}: remove them{}, before arco runs them too\n"
    (arco.folder / "cron.d").mkdir()
    file = arco.file("cron.d/one", "@daily root x\n")
    assert "still in" not in arco.ok("import", "crontab", file, "--tz", "UTC", "--dry-run").err
    assert said.format(file, "") in arco.ok("import", "crontab", file, "--tz", "UTC").err
    assert "still in" not in arco.ok("import", "crontab", arco.file("tab", "@daily y\n"), "--tz", "UTC").err

    def piped(source: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"@daily {source}\n".encode())))
        return arco.ok("import", "crontab", "-", "--tz", "UTC", "--source", source).err

    me = pwd.getpwuid(os.geteuid()).pw_name
    assert said.format("the crontab", " with `crontab -e`") in piped(me)
    assert said.format("the crontab", " with `crontab -u nobody -e`") in piped("nobody")
    assert "still in" not in piped("no-such-user")

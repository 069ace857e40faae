"""Crontabs: what cron means, line by line. Lines named after a Debian package are as it ships them."""

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.cron import timetable
from arco_sched.core.definitions import Wanted
from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MAX_INSTANT, parse_instant
from arco_sched.formats.crontab import Options, read
from arco_sched.formats.entries import ReadFile
from arco_sched.formats.matching import wanted
from arco_sched.formats.naming import telling_name

START = parse_instant("2025-01-01T00:00:00Z")


def _read(text: str | bytes, **options: Any) -> ReadFile:
    source = text if isinstance(text, bytes) else text.encode()
    return read(source, name="mine", label="crontab:/mine", options=Options(**({"timezone": "UTC"} | options)))


def _wanted(crontab: ReadFile) -> list[Wanted]:
    return wanted(crontab.entries, ())


def _told(crontab: ReadFile) -> list[tuple[str, str, str | None]]:
    return [
        (each.schedule_id, each.definition.cron_expression, each.definition.request.command)
        for each in _wanted(crontab)
    ]


@pytest.mark.parametrize(
    ("package", "line", "schedule_id", "expression", "command"),
    [
        (
            "e2fsprogs",
            "10 3 * * * root test -e /run/systemd/system || SERVICE_MODE=1 /sbin/e2scrub_all -A -r",
            "e2scrub_all",
            "10 3 * * *",
            "test -e /run/systemd/system || SERVICE_MODE=1 /sbin/e2scrub_all -A -r",
        ),
        (
            "anacron",
            "30 7-23 * * *   root\t[ -x /etc/init.d/anacron ] && if [ ! -d /run/systemd/system ]; then "
            "/usr/sbin/invoke-rc.d anacron start >/dev/null; fi",
            "invoke-rc.d-anacron-start",
            "30 7-23 * * *",
            "[ -x /etc/init.d/anacron ] && if [ ! -d /run/systemd/system ]; then /usr/sbin/invoke-rc.d anacron start "
            ">/dev/null; fi",
        ),
        (
            "mdadm",
            "57 0 * * 0 root if [ -x /usr/share/mdadm/checkarray ] && [ $(date +\\%d) -le 7 ]; then "
            "/usr/share/mdadm/checkarray --cron --all --idle --quiet; fi",
            "checkarray",
            "57 0 * * 0",
            "if [ -x /usr/share/mdadm/checkarray ] && [ $(date +%d) -le 7 ]; then /usr/share/mdadm/checkarray --cron "
            "--all --idle --quiet; fi",
        ),
        (
            "certbot",
            "0 */12 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && "
            "perl -e 'sleep int(rand(43200))' && certbot -q renew --no-random-sleep-on-renew",
            "certbot-renew",
            "0 */12 * * *",
            "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && "
            "certbot -q renew --no-random-sleep-on-renew",
        ),
        (
            "php-common",
            "09,39 *     * * *     root   [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then "
            "/usr/lib/php/sessionclean; fi",
            "sessionclean",
            "09,39 * * * *",
            "[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi",
        ),
        (
            "sysstat",
            "5-55/10 * * * * root command -v debian-sa1 > /dev/null && debian-sa1 1 1",
            "debian-sa1",
            "5-55/10 * * * *",
            "command -v debian-sa1 > /dev/null && debian-sa1 1 1",
        ),
        (
            "dma",
            "*/5 *\t* * *\troot\t[ -x /usr/sbin/dma ] && /usr/sbin/dma -q",
            "dma",
            "*/5 * * * *",
            "[ -x /usr/sbin/dma ] && /usr/sbin/dma -q",
        ),
        (
            "mailman3",
            "0  8 * * *  list\tif [ -x /usr/bin/mailman ]; then /usr/bin/mailman notify; fi",
            "mailman-notify",
            "0 8 * * *",
            "if [ -x /usr/bin/mailman ]; then /usr/bin/mailman notify; fi",
        ),
        (
            "amavisd-new",
            "18 */3\t* * *\tamavis\ttest -e /usr/sbin/amavisd-new-cronjob && /usr/sbin/amavisd-new-cronjob sa-sync",
            "amavisd-new-cronjob-sa-sync",
            "18 */3 * * *",
            "test -e /usr/sbin/amavisd-new-cronjob && /usr/sbin/amavisd-new-cronjob sa-sync",
        ),
        (
            "cacti",
            "*/5 * * * * www-data php /usr/share/cacti/site/poller.php 2>&1 >/dev/null | if [ -f /usr/bin/ts ] ; then "
            "ts ; else tee ; fi >> /var/log/cacti/poller-error.log",
            "poller",
            "*/5 * * * *",
            "php /usr/share/cacti/site/poller.php 2>&1 >/dev/null | if [ -f /usr/bin/ts ] ; then ts ; else tee ; fi >> "
            "/var/log/cacti/poller-error.log",
        ),
        (
            "cron",
            "47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }",
            "run-parts-cron.weekly",
            "47 6 * * 7",
            "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }",
        ),
    ],
)
def test_what_debian_ships(package: str, line: str, schedule_id: str, expression: str, command: str) -> None:
    """An entry of a package's cron.d file: its id, its time, its command as the shell gets it."""
    crontab = _read(line + "\n", system=True)
    assert _told(crontab) == [(schedule_id, expression, command)], package


@pytest.mark.parametrize(
    ("fields", "carried", "says"),
    [
        ("@daily", "@daily", None),
        ("0 0 * jan-mar MON,tue", "0 0 * jan-mar MON,tue", None),
        ("0-59/90 * * * 5-7", "0-59/90 * * * 5-7", "busybox and supercronic don't read it that way"),
        ("-0 5 * * *", "0 5 * * *", "keeps cronie from logging"),
        ("0 0 */1 * 1", "0 0 * * 1", "cron requires both day fields to match"),
        ("0 0 */2 * 0-6", "0 0 */2 * *", "cron requires both day fields to match"),
        ("0 0 1-31 * 1", "0 0 1-31 * 1", None),
        ("0 0 */2 * 1", None, "cron requires both the day of the month */2 and the day of the week 1 to match"),
        ("0 0 13 * */5", None, "cron requires both"),
        ("5/15 * * * *", None, "write 5-59/15 (Debian's cron and cronie reject it; busybox reads a single value)"),
        (
            "0 19-7 * * *",
            None,
            "write 19-23,0-7 (Debian's cron and cronie accept it and never run the command; busybox wraps",
        ),
        ("0 0 * * FRI-SUN", None, "write 7, as in FRI-7"),
        ("0 0 L * *", None, "cron doesn't know L, W and #"),
        ("0 0 * * 1#2", None, "cron doesn't know L, W and #"),
        ("0 0 30 2 *", None, "never occurs"),
        ("@reboot", None, "doesn't see a machine boot"),
        ("@Daily", None, "lowercase"),
        ("@every_minute", None, "unknown"),
        ("60 * * * *", None, "outside 0-59"),
        ("5~9 * * * *", None, "random choice"),
        ("0 0 * *", None, None),
    ],
)
def test_a_time_is_carried_over_with_its_meaning_or_not_at_all(
    fields: str, carried: str | None, says: str | None
) -> None:
    """What cron means, in arco's words; where there are none, the reason."""
    crontab = _read(f"{fields} x\n")
    line = crontab.lines[0]
    assert [each.definition.cron_expression for each in crontab.entries] == ([] if carried is None else [carried])
    assert line.kind == ("problem" if carried is None else "schedule")
    if carried is not None or says is not None:
        assert (line.message is None) if says is None else (line.message is not None and says in line.message)


@st.composite
def field(draw: st.DrawFn, low: int, high: int) -> str:
    """A field as cron reads it."""

    def item() -> str:
        first = draw(st.integers(low, high))
        last = draw(st.integers(first, high))
        # cronsim widens 18-18/1 to 18-23; get_range of Vixie's entry.c stops at the 18.
        step = draw(st.sampled_from(["", "", "/1", "/2", "/5"])) if first < last else ""
        return draw(st.sampled_from([f"*{step}", f"{first}", f"{first}-{last}{step}"]))

    return ",".join(item() for _ in range(draw(st.sampled_from([1, 1, 1, 2]))))


@given(field(0, 59), field(0, 23), st.just("*") | field(1, 28), st.just("*") | field(1, 12), st.just("*") | field(0, 7))
def test_carried_over_means_due_at_the_same_times(
    minute: str, hour: str, month_day: str, month: str, weekday: str
) -> None:
    """An oracle for Debian's cron is due at the same instants, whatever the fields (in UTC)."""
    fields = " ".join((minute, hour, month_day, month, weekday))
    crontab = _read(f"{fields} x\n")
    if not crontab.entries:
        assert crontab.lines[0].message is not None
        assert "cron requires both" in crontab.lines[0].message
        return
    try:
        oracle = CronSim(fields, datetime(2025, 1, 1, tzinfo=UTC) - timedelta(seconds=1))
    except CronSimError:
        return
    theirs = [int(next(oracle).timestamp()) for _ in range(25)]
    found = timetable(crontab.entries[0].definition.cron_expression, "UTC", "next", "first")
    assert list(found.take(START, MAX_INSTANT, 25)) == theirs


@pytest.mark.parametrize(
    ("written", "command"),
    [
        ("date +\\%F", "date +%F"),
        ("printf 'a\\\\b'", "printf 'a\\b'"),
        ("grep 'e\\f' x", "grep 'e\\f' x"),
        ("find . -exec rm {} \\;", "find . -exec rm {} \\;"),
        ("printf g\\\\\\%h", "printf g\\%h"),
        ("a  b\t c ", "a  b\t c"),
        ("a\\ ", "a\\ "),
        ("mail x%", "mail x"),
        ("FOO=bar run", "FOO=bar run"),
        ("echo [red]x[/red]", "echo [red]x[/red]"),
    ],
)
def test_a_command_is_what_the_shell_gets(written: str, command: str) -> None:
    r"""cron 3.0pl1-162 was seen to read `\%` as a percent sign and `\\` as a backslash, and nothing else."""
    assert [told[2] for told in _told(_read(f"@daily {written}\n"))] == [command]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0 5 * * * %x", "no command follows the time"),
        ("HOME=relative", "HOME must be an absolute path"),
        ("SHELL=bash", "SHELL must be an absolute path"),
        ("A-B=x", "can't be an environment variable"),
        ("ARCO_DB=x", "can't be an environment variable"),
        ("0 5 * * *", "a command must follow the time"),
        ("@daily", "a command must follow the time"),
        ("@daily ", "no command follows the time"),
        ("0 5 * * * a\x07b", "control characters"),
        ("hello", "1 field"),
        ('A="x" y', "the quotes around the value aren't closed"),
        ("A='x", "the quotes around the value aren't closed"),
        ("CRON_TZ=Mars/Olympus", "unknown"),
        ("A=" + "x" * 100_001, "can't be an environment variable"),
    ],
)
def test_what_cannot_be_carried_over_has_its_reason(line: str, says: str) -> None:
    """The line is a problem, and the ones around it are carried over."""
    crontab = _read(f"@daily before\n{line}\n@daily after\n")
    assert crontab.lines[1].kind == "problem"
    assert says in (crontab.lines[1].message or "")
    ids = [told[0] for told in _told(crontab)]
    assert ids == (["before"] if line.startswith("CRON_TZ") else ["before", "after"])


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("@daily x", {"environment": {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}}),
        ("PATH=/opt\n@daily x", {"environment": {"PATH": "/opt", "SHELL": "/bin/sh"}}),
        (
            "SHELL=/bin/bash\n@daily x",
            {"shell": "/bin/bash", "environment": {"PATH": "/usr/bin:/bin", "SHELL": "/bin/bash"}},
        ),
        (
            "HOME=/srv\n@daily x",
            {
                "working_directory": "/srv",
                "environment": {"HOME": "/srv", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"},
            },
        ),
        ("LOGNAME=me\n@daily x", {"environment": {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}}),
        (
            "SHELL=/bin/bash\nHOME=/srv\nSHELL=odd\nHOME=odd\n@daily x",
            {"environment": {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}},
        ),
    ],
)
def test_it_runs_as_cron_ran_it(text: str, fields: dict[str, Any]) -> None:
    """Shell, folder and variables are fields, with cron's defaults where the file sets none; runs may overlap."""
    wanted = _read(f"{text}\n").entries[0].definition
    request = wanted.request
    found = {"shell": request.shell, "working_directory": request.working_directory, "run_as": request.run_as}
    assert found == {"shell": None, "working_directory": None, "run_as": None} | {
        name: value for name, value in fields.items() if name != "environment"
    }
    assert dict(request.environment) == fields["environment"]
    assert wanted.policy.overlap == "allow"


def test_the_user_of_an_entry_is_whom_it_runs_as() -> None:
    """The user field is `run_as`; one that can't be a user's name is a problem."""
    crontab = _read("@daily www-data x\n@daily alice:staff y\n", system=True)
    assert [each.definition.request.run_as for each in crontab.entries] == ["www-data"]
    assert "can't be the user of a run" in (crontab.lines[1].message or "")


@pytest.mark.parametrize(
    ("line", "stdin"),
    [
        ("cat%Joe,%%Where are you?", b"Joe,\n\nWhere are you?\n"),
        ("cat%50\\% off%\\a \\\\%", b"50% off\n\\a \\%\n"),
        ("cat%%", b"\n"),
        ("cat%STDIN%STDIN2%$HOME `x`", b"STDIN\nSTDIN2\n$HOME `x`\n"),
        ("read a; cat; echo $a%one%two", b"two\none\n"),
        ("cat%", b""),
    ],
)
def test_what_follows_a_percent_sign_is_the_standard_input(line: str, stdin: bytes) -> None:
    """All of the command reads it from a here-document, with the lines that `do_command.c` writes."""
    request = _read(f"@daily {line}\n").entries[0].definition.request
    done = subprocess.run(
        ["sh", "-c", request.command or ""], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert done.stdout == stdin


def test_a_shell_without_here_documents_gets_no_standard_input() -> None:
    """The entry is a problem, and says what to do."""
    crontab = _read("SHELL=/usr/bin/fish\n@daily cat%x\n@daily cat\n")
    assert "the shell is /usr/bin/fish: use a pipe" in (crontab.lines[1].message or "")
    assert [each.definition.request.shell for each in crontab.entries] == ["/usr/bin/fish"]


def test_the_line_that_calls_arco_is_left_out() -> None:
    """It stays in the crontab, and is named."""
    lines = ["/usr/bin/arco --db /x/a.db tick --quiet", "arco work --once --tick --quiet >> /x 2>&1", "arco status"]
    crontab = _read("".join(f"* * * * * {line}\n" for line in lines))
    assert [line.kind for line in crontab.lines] == ["setting", "setting", "schedule"]
    assert crontab.lines[0].message == "left out: this is the line with which cron calls arco"


def test_what_was_for_crons_mail_is_named() -> None:
    """MAILTO stays a variable, and the report says that nobody is mailed."""
    crontab = _read("MAILTO=me\nCONTENT_TYPE=text/plain\nRANDOM_DELAY=6\nX=y\n@daily x\n")
    messages = [line.message or "" for line in crontab.lines]
    assert ["arco sends no mail" in message for message in messages] == [True, True, False, False, False]
    assert "arco doesn't" in messages[2]
    assert dict(crontab.entries[0].definition.request.environment)["MAILTO"] == "me"


def test_variables_count_for_the_entries_below_them() -> None:
    """Quotes are cron's; a variable that changes changes below; TZ is the command's, CRON_TZ the schedule's."""
    crontab = _read(
        "@daily a\nMAILTO = \"\"\n'B' = '  x '\n@daily b\nMAILTO=me # not a comment\nTZ=Asia/Tokyo\n@daily c\n"
        "CRON_TZ=Asia/Tokyo\n@daily d\nCRON_TZ=\n@daily e\n"
    )
    assert {each.definition.request.labels for each in crontab.entries} == {(("source", "crontab:/mine"),)}
    variables = [dict(each.definition.request.environment) for each in crontab.entries]
    assert [{key: value for key, value in found.items() if key not in {"SHELL", "PATH"}} for found in variables] == [
        {},
        {"MAILTO": "", "B": "  x "},
        {"MAILTO": "me # not a comment", "B": "  x ", "TZ": "Asia/Tokyo"},
        {"MAILTO": "me # not a comment", "B": "  x ", "TZ": "Asia/Tokyo"},
        {"MAILTO": "me # not a comment", "B": "  x ", "TZ": "Asia/Tokyo"},
    ]
    assert [each.definition.timezone for each in crontab.entries] == ["UTC", "UTC", "UTC", "Asia/Tokyo", "UTC"]


def test_the_comment_directly_above_is_kept() -> None:
    """Lines of it are joined; one above a blank line, a heading of columns, a switched-off entry are not it."""
    crontab = _read(
        b"# far away\n\n# first\n#   second\n#\n@daily a\n@daily b\n# m h dom mon dow command\n@daily c\n"
        b"# old:\n#0 5 * * * gone\n@daily d\n# not UTF-8: \xff\n@daily e\n# " + b"x" * 1001 + b"\n@daily f\n",
    )
    comments = [dict(each.definition.request.labels).get("comment") for each in crontab.entries]
    assert comments == ["first second", None, None, None, None, "x" * 999 + "…"]
    assert crontab.lines[10].message == "looks like a commented-out entry: it stays a comment"
    assert [line.message for line in crontab.lines[-3::2]] == [
        "its comment has control characters or isn't UTF-8, so it doesn't become a label",
        "its comment was cut to 1000 characters",
    ]


def test_headings_are_no_comments_of_an_entry() -> None:
    """What `crontab -e` and Debian's templates put on top says nothing about the entry that follows."""
    template = (
        "# DO NOT EDIT THIS FILE - edit the master and reinstall.\n"
        "# (- installed on Mon Nov 23 05:40:00 2026)\n"
        "# (Cron version -- $Id: crontab.c,v 2.13 1994/01/17 03:20:37 vixie Exp $)\n"
        "# 0 5 * * 1 tar -zcf /var/backups/home.tgz /home/\n"
        "# For more information see the manual pages of crontab(5) and cron(8)\n"
        "#\n"
        "# m h  dom mon dow   command\n"
    )
    drawing = (
        "# Example of job definition:\n"
        "# .---------------- minute (0 - 59)\n"
        "# |  .------------- hour (0 - 23)\n"
        "# |  |  .---------- day of month (1 - 31)\n"
        "# *  *  *  *  * user-name command to be executed\n"
    )
    for top in (template, drawing):
        crontab = _read(top + "# * what it does\n0 5 * * * run\n", system=False)
        assert dict(crontab.entries[0].definition.request.labels)["comment"] == "* what it does"


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("0 5 * * * root run\n", True),
        ("0 5 * * * alice run\n@daily root x\n", True),
        ("0 5 * * * backup run\n0 6 * * * root run\n", True),
        ("# m h dom mon dow user command\n0 5 * * * alice run\n", True),
        ("# *  *  *  *  * user-name command to be executed\n0 5 * * * alice run\n", True),
        ("0 5 * * * root a\n0 6 * * * root b\n0 7 * * * root c\n0 8 * * * /opt/odd\n", True),
        ("# m h  dom mon dow   command\n0 5 * * * root manage a\n0 6 * * * root manage b\n", True),
        ("USER=app\n0 3 */15 * * app ( cd /src/; source envfile.sh; ./update.pl) 2>&1\n", True),
        ("0 5 * * * run root\n", False),
        ("0 5 * * * root\n", False),
        ("0 5 * * * backup /home\n", False),
        ("0 5 * * * alice run\n", False),
        ("0 5 * * * /a\n0 6 * * * /b\n0 7 * * * /c\n17 * * * * root run-parts /etc/cron.hourly\n", False),
        ("# nothing\n", False),
    ],
)
def test_a_user_field_is_known_by_the_file_alone(text: str, system: bool) -> None:
    """The majority of the entries decides, and the heading; the host's own users do not."""
    assert _read(text).format == ("system" if system else "user")


@pytest.mark.parametrize(
    "text",
    [
        "0 5 * * * root a\n0 6 * * * /opt/b\n",
        "# m h  dom mon dow   command\n0 5 * * * root a\n0 6 * * * root b\n0 7 * * * root c\n0 8 * * * /opt/d\n",
        "# m h dom mon dow user command\n0 5 * * * /opt/a\n",
    ],
)
def test_a_file_that_speaks_for_both_is_refused(text: str) -> None:
    """It names the two options that say it; with one of them it is read."""
    with pytest.raises(InvalidInput, match=r"mine: .*--system-format .*--user-format"):
        _read(text)
    assert _read(text, system=True).format == "system"
    assert _read(text, is_systems=True).format == "system"
    assert _read(text, system=False).format == "user"


def test_one_line_with_a_user_does_not_become_a_command_in_silence() -> None:
    """In a user's crontab it is a problem; said to be a command, it is one, with a note."""
    text = "0 5 * * * /a\n0 6 * * * /b\n0 7 * * * /c\n17 * * * * root run-parts /etc/cron.hourly\n0 1 * * * bob /d\n"
    crontab = _read(text)
    assert [line.kind for line in crontab.lines] == ["schedule"] * 3 + ["problem", "schedule"]
    assert "root looks like a user" in (crontab.lines[3].message or "")
    assert crontab.lines[4].message == "if bob is a user and not the command, pass --system-format"
    said = _read(text, system=False)
    assert "root looks like a user, but --user-format makes it the command" in (said.lines[3].message or "")
    assert said.entries[3].definition.request.command == "root run-parts /etc/cron.hourly"


def test_a_crontab_in_crons_own_folder_runs_as_its_user() -> None:
    """The file's name is the user's; no entry names one."""
    crontab = _read("0 5 * * * root run\n0 5 * * * x\n", owner="alice")
    assert (crontab.format, [each.definition.request.run_as for each in crontab.entries]) == ("user", ["alice"])
    assert "root looks like a user" in (crontab.lines[0].message or "")


@pytest.mark.parametrize(
    ("command", "comment", "name"),
    [
        ("/usr/local/bin/backup.sh --all", "", "backup"),
        ("cd /srv/app && ./manage.py clearsessions >> log 2>&1", "", "manage-clearsessions"),
        ("cd /srv && /usr/bin/python3 -m app.report daily", "", "app.report"),
        ("sudo -u www-data nice -n 10 /opt/run thing", "", "run-thing"),
        ("flock -n /run/x.lock timeout 10m rsync -a /a /b", "", "rsync"),
        ("A=1 B='x y' exec env C=2 /bin/job", "", "job"),
        ("apt-get -qq update && apt-get -y upgrade", "", "apt-get-update"),
        ("( sleep 30; curl -fsS https://example.org )", "", "curl"),
        ("[ -d /x ] || exit 0", "Tidy up: the house, please!", "tidy-up-the-house-please"),
        ("perl -e 'print 1'", "", ""),
        ("'/opt/my job'", "", "my-job"),
        ("flock -n /run/x.lock /opt/job.sh a", "", "job-a"),
        ("flock /tmp/l -c 'cd /x; ./y.sh'", "", "y"),
        ("sudo -n /opt/x.sh", "", "x"),
        ("php -d memory_limit=1G /srv/artisan schedule:run", "", "artisan-schedule-run"),
        ('su - bob -c "cd /srv && ./run.sh --x"', "", "run"),
        ("su bob -s /bin/sh -c '/opt/tool sync'", "", "tool-sync"),
        ("runuser -u www-data -- php occ cron", "", "occ-cron"),
        ("bash -c 'source venv/bin/activate && python manage.py clearsessions'", "", "manage-clearsessions"),
        ('bash -lc "backup.sh"', "", "backup"),
        ("env X=1 Y=2 cmd go", "", "cmd-go"),
        ("java -jar /opt/app.jar run", "", "app-run"),
        ("exec <<'STDIN'\nPay it.\nSTDIN\nmail -s \"It is due\" me@example.org", "", "mail"),
        ("echo 'it is", "", ""),
    ],
)
def test_an_id_tells_what_the_command_does(command: str, comment: str, name: str) -> None:
    """The program behind guards, wrappers and interpreters, with the words that follow it."""
    assert telling_name(command, comment) == name


@given(
    st.lists(st.sampled_from(list("*/-,@#=%\\ \t\r\"'0159aZé\x00\x0b\n")) | st.just("@daily "), max_size=60).map(
        "".join
    ),
    st.sampled_from([None, "debian", "cronie", "busybox", "supercronic"]),
)
def test_every_line_is_in_the_report(text: str, dialect: Any) -> None:
    """Whatever a file holds, each line is a schedule, a variable, a comment, blank, or a problem with a reason."""
    crontab = _read(text, dialect=dialect, system=False)
    assert len(crontab.lines) == text.count("\n") + bool(text and not text.endswith("\n"))
    assert [line.entry for line in crontab.lines if line.kind == "schedule"] == list(range(len(crontab.entries)))
    assert all(line.message for line in crontab.problems)
    assert len({each.schedule_id for each in _wanted(crontab)}) == len(crontab.entries)


@given(st.binary(max_size=60))
def test_any_bytes_are_read(source: bytes) -> None:
    """No bytes are too strange for a report; only options are refused."""
    try:
        _read(source)
    except InvalidInput as error:
        assert "--system-format" in str(error)  # noqa: PT017 - where the bytes happen to speak for both


@pytest.mark.parametrize("head", ["0 5 * * * echo ", "A=", "0 5 * * * "])
@pytest.mark.parametrize("text", ["0", "x", "'", "$(", "<", "=", "://a:", "a b=", "%"])
def test_a_long_line_is_read_in_one_go(head: str, text: str) -> None:
    """No expression that looks for something in a line begins anew at each of its characters: that took minutes."""
    assert len(_read(f"{head}{text * (99_000 // len(text))}\n").lines) == 1

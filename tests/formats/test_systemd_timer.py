"""Timers of systemd and their services: every setting carried over, or named."""

import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.errors import InvalidInput
from arco_sched.formats.entries import ReadFile, Unfit
from arco_sched.formats.systemd_timer import Options, read
from arco_sched.formats.systemd_units import read_unit, seconds, shell_line, specified, words

TIMER = "[Timer]\nOnCalendar=daily\nPersistent=true\n"
SERVICE = "[Service]\nType=oneshot\nExecStart=/usr/bin/backup --all\n"


def _read(
    timer: str = TIMER, service: str | None = SERVICE, unit: str = "backup.timer", **options: Any
) -> list[ReadFile]:
    def find(name: str) -> tuple[str, bytes] | None:
        return None if service is None else (f"/x/{name}", service.encode())

    asked = Options(**({"timezone": "UTC"} | options))
    return read(timer.encode(), name=f"/x/{unit}", label=f"systemd:/x/{unit}", unit=unit, find=find, options=asked)


def _command(start: str, more: str = "") -> str:
    files = _read(service=f"[Service]\nExecStart={start}\n{more}")
    return files[0].entries[0].definition.request.command or ""


def _messages(file: ReadFile) -> dict[str, str]:
    return {line.text: line.message or "" for line in file.lines}


def test_a_timer_and_its_service() -> None:
    """What is due when, what runs as whom, where, with what, for how long."""
    timer, service = _read(
        "[Unit]\nDescription=Back up\n[Timer]\nOnCalendar=Mon..Fri 02:30 Europe/Berlin\nRandomizedDelaySec=10min\n"
        "Persistent=yes\nAccuracySec=1us\n[Install]\nWantedBy=timers.target\n",
        "[Unit]\nOnFailure=mail@%N.service\n[Service]\nType=oneshot\nUser=backup\nWorkingDirectory=/srv\n"
        'Environment="A=b c" D=e\nEnvironmentFile=-/etc/default/backup\nExecStart=/usr/bin/backup --all\n'
        "TimeoutStartSec=1h 30min\nNice=10\n",
    )
    (entry,) = timer.entries
    definition = entry.definition
    assert entry.asked_id == "backup"
    assert (definition.cron_expression, definition.timezone) == ("30 2 * * 1-5", "Europe/Berlin")
    assert (definition.catchup_policy, definition.max_catchup_ticks, definition.catchup_window_minutes) == (
        "latest",
        1,
        1440,
    )
    assert definition.dst_gap == "skip"
    assert definition.request.command == "/usr/bin/backup --all"
    assert definition.request.environment == (("A", "b c"), ("D", "e"))
    assert definition.request.environment_file == "/etc/default/backup"
    assert (definition.request.run_as, definition.request.working_directory) == ("backup", "/srv")
    assert definition.policy.timeout_seconds == 5400
    assert definition.policy.spread_seconds == 600
    assert (definition.policy.overlap, definition.policy.on_failure) == ("skip", "systemctl start mail@backup.service")
    assert dict(definition.request.labels) == {"source": "systemd:/x/backup.timer", "comment": "Back up"}
    assert len(timer.lines) == 6
    assert len(service.lines) == 9
    assert not timer.problems
    assert not service.problems
    assert _messages(service)["Nice=10"] == "left out: it is for systemd, and the command runs without it"


def test_several_times_are_several_schedules() -> None:
    """The first has the timer's name, the others what they say; an empty one clears the ones above it."""
    timer, _ = _read(
        "[Timer]\nOnCalendar=monthly\nOnCalendar=\nOnCalendar=daily\nOnCalendar=Sat 4:00\nOnUnitActiveSec=15min\n"
    )
    told = [(entry.asked_id, entry.definition.cron_expression) for entry in timer.entries]
    assert told == [("backup", "0 0 * * *"), ("backup-Sat-4-00", "0 4 * * 6"), ("backup-15min", "@every 15m")]
    assert "clears the ones above it" in _messages(timer)["OnCalendar="]
    twice, _ = _read("[Timer]\nOnCalendar=daily\nOnCalendar=12:00\nOnCalendar=12:00\n")
    assert [line.message for line in twice.problems] == ["it appears twice"]


@pytest.mark.parametrize(
    ("timer", "expression"),
    [
        ("OnUnitActiveSec=90", "@every 90s"),
        ("OnUnitActiveSec=1h 30min", "@every 90m"),
        ("OnUnitInactiveSec=1w", "@every 7d"),
        ("OnBootSec=5min\nOnUnitActiveSec=1d", "@every 1d"),
    ],
)
def test_spans_are_intervals(timer: str, expression: str) -> None:
    """Counted from the start of the schedule; what begins with the machine is left out and named."""
    files = _read(f"[Timer]\n{timer}\n")
    assert [entry.definition.cron_expression for entry in files[0].entries] == [expression]
    assert not files[0].problems


@pytest.mark.parametrize(
    ("timer", "service", "says"),
    [
        ("[Timer]\nOnBootSec=5min\n", SERVICE, "the timer has no other trigger"),
        ("[Timer]\nOnCalendar=2030-01-01\n", SERVICE, "limited to the years 2030"),
        ("[Timer]\nOnUnitActiveSec=1.5\n", SERVICE, "isn't a whole number of seconds"),
        ("[Timer]\nOnUnitActiveSec=soon\n", SERVICE, "isn't a time span"),
        ("nonsense\n[Timer]\nOnCalendar=daily\n", SERVICE, "systemd ignores it"),
        (TIMER, None, "its service backup.service is neither among the files nor next to the timer"),
        (TIMER + "Unit=sleep.target\n", SERVICE, "its service sleep.target is neither among"),
        (TIMER + "Unit=%h.service\n", SERVICE, "its Unit: the specifier %h depends on the host"),
        (TIMER, "[Service]\nType=oneshot\n", "it has no ExecStart"),
        (TIMER, "[Service]\nExecStart=+/bin/x\n", "ExecStart=+… has no equivalent in arco"),
        (TIMER, "[Service]\nExecStart=/bin/x %h\n", "the specifier %h depends on the host"),
        (TIMER, "[Service]\nExecStart=/bin/x 'a\n", "quotes aren't closed"),
        (TIMER, "[Service]\nExecStart=/bin/x ; /bin/y\n", "several commands on one line"),
        (TIMER, "[Service]\nExecStart=/bin/x\nWorkingDirectory=relative\n", "is not an absolute path"),
    ],
)
def test_what_cannot_be_carried_over_has_its_reason(timer: str, service: str | None, says: str) -> None:
    """A line of the timer says why there is no schedule."""
    files = _read(timer, service)
    assert any(says in (line.message or "") for line in files[0].problems), files


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("ConditionACPower=true", "check it in the command"),
        ("ExecCondition=/bin/x", "check it in the command"),
        ("ExecStopPost=/bin/x", "do it in the command"),
        ("EnvironmentFile=/a\nEnvironmentFile=/b", "only the first environment file is read"),
        ("Environment=DB_PASSWORD=hunter2", "DB_PASSWORD looks like a secret"),
    ],
)
def test_what_a_service_loses_is_named(setting: str, says: str) -> None:
    """The schedule is made all the same; the value of a secret is shown nowhere."""
    files = _read(service=f"{SERVICE}{setting}\n")
    assert len(files[0].entries) == 1
    assert [says in (line.message or "") for line in files[1].problems] == [True]
    assert "hunter2" not in str(files)
    assert "hunter2" in str(_read(service=f"{SERVICE}{setting}\n", with_secrets=True)) or "hunter2" not in setting


@pytest.mark.parametrize(
    ("start", "command"),
    [
        ("/bin/x --a 'b c' \"d\"", "/bin/x --a 'b c' d"),
        ("/bin/x | y > z", "/bin/x '|' y '>' z"),
        ("/bin/x $OPTS ${A}/b $$c a$b", "/bin/x $OPTS \"${A}\"/b '$c' 'a$b'"),
        ("-/bin/x", "{ /bin/x || true; }"),
        (":/bin/x $A", "/bin/x '$A'"),
        ("/bin/sh -c 'a | b; echo $$HOME 50%%'", "a | b; echo $HOME 50%"),
        ("/bin/x \\; y", "/bin/x ';' y"),
        ("/bin/x \\\n  --y", "/bin/x --y"),
    ],
)
def test_a_command_is_what_the_program_gets(start: str, command: str) -> None:
    """systemd is no shell: words are quoted, `$X` and `${X}` are its own, the text of a shell is the command."""
    assert _command(start) == command


def test_before_and_after_are_one_command() -> None:
    """ExecStartPre, ExecStart, ExecStartPost, each only if those before it went well."""
    assert _command("/b", "ExecStartPre=-/a\nExecStartPost=/c\n") == "{ /a || true; } && /b && /c"


def test_the_words_arrive() -> None:
    """What sh makes of a command line is what systemd would have given."""
    given = ["a b", "", "it's", '"', "$", "*", "~", "\\"]
    line = shell_line(["printf", "%s\\n", *(word.replace("$", "$$") for word in given)])
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == given


def test_an_instance_has_its_name() -> None:
    """`%i` is what stands behind the @; a template alone is refused."""
    files = _read(service="[Service]\nExecStart=/bin/x %i %p %n %j\n", unit="a-b@c.timer")
    assert files[0].entries[0].asked_id == "a-b-c"
    assert files[0].entries[0].definition.request.command == "/bin/x c a-b a-b@c.service b"
    assert "is a template" in (_read(unit="a@.timer")[0].problems[0].message or "")


def test_what_was_missed_runs_where_the_timer_is_persistent() -> None:
    """Otherwise a few minutes are made up for, and a note says so."""
    files = _read("[Timer]\nOnCalendar=daily\n")
    assert files[0].entries[0].definition.catchup_window_minutes == 5
    assert "isn't persistent" in files[0].notes[0]
    assert not _read()[0].notes


def test_a_users_units_run_at_home() -> None:
    """Those of the system run in /."""
    assert _read()[0].entries[0].definition.request.working_directory == "/"
    assert _read(of_user=True)[0].entries[0].definition.request.working_directory is None


KEYS = ("OnCalendar", "OnUnitActiveSec", "Unit", "ExecStart", "Environment", "WorkingDirectory", "TimeoutStartSec")
SETTING = st.tuples(st.sampled_from(KEYS), st.text("abMon*-~:/.0123 $%{}\\'\";=,@+\x00", max_size=20)).map("=".join)


@given(st.lists(SETTING, max_size=5).map("\n".join), st.lists(SETTING, max_size=5).map("\n".join))
def test_any_settings_are_read(timer: str, service: str) -> None:
    """No value is too strange for a report."""
    for file in _read(f"[Timer]\n{timer}\n", f"[Service]\n{service}\n"):
        assert all(line.message for line in file.problems)


def test_units_and_values() -> None:
    """Comments, continuations, spans, specifiers, words."""
    unit = read_unit(b"# x\n; y\n[A]\nB = c \\\n# between\n  d\n\n", "u.service")
    assert [(each.number, each.section, each.key, each.value) for each in unit.settings] == [(4, "A", "B", "c d")]
    assert [seconds(text) for text in ("90", "1min 30s", "2h", "500ms 500ms", "1.5min")] == [90, 90, 7200, 1, 90]
    for wrong in ("", "1x", "500ms"):
        with pytest.raises(Unfit):
            seconds(wrong)
    assert specified("%% %n", "u.service") == "% u.service"
    assert words("a 'b c'") == ["a", "b c"]
    with pytest.raises(InvalidInput):
        _read(timezone="Mars/X")

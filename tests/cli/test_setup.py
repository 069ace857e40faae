"""`arco setup`: the line and the units say what they mean to the shell, to cron and to systemd."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.errors import Conflict, InvalidInput
from arco_sched.formats.cron_and_systemd import (
    EVERY,
    check_every,
    check_path,
    crontab_line,
    crontab_with,
    service_unit,
    timer_unit,
    what_is_set,
    worker_unit,
)
from arco_sched.formats.crontab_entry import parse
from tests import ROOT

HOSTILE = '/srv/it\'s 100% "odd" $HOME \\%h/a;b`c`.db'
PATHS = st.text(st.sampled_from("ab /'\"%\\$;&|`é#~!*"), max_size=12).map(lambda text: f"/x{text}")

MANY = max(16, os.cpu_count() or 1)

FAKE_CRONTAB = """\
#!/bin/sh
file="$HOME/tab"
[ -z "$CRONTAB_FAILS" ] || { echo "you may not use this program" >&2; exit 1; }
case "$1" in
    -l) [ -f "$file" ] && cat "$file" || { echo "no crontab for nobody" >&2; exit 1; } ;;
    -) cat > "$file.new" && mv "$file.new" "$file"; echo x >> "$HOME/writes" ;;
esac
"""


@dataclass
class Home:
    """A user's home with an `arco`, a `crontab` program of its own, and a database."""

    folder: Path

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "arco.db"

    def arco(self, *argv: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run `arco` as a process."""
        environment = {
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            "HOME": str(self.folder),
            "PATH": f"{self.folder}/bin:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "ARCO_NOW": "2025-01-15T12:00:00Z",
        }
        command = [self.folder / "bin" / "arco", "--db", self.db, *argv]
        return subprocess.run(command, env=environment | environ, capture_output=True, text=True, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a database in it."""
    (tmp_path / "bin").mkdir()
    programs = {
        "arco": f"#!{sys.executable}\nimport sys\nfrom arco_sched.cli.entry import main\nmain()\n",
        "crontab": FAKE_CRONTAB,
    }
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text, "utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    found = Home(tmp_path)
    assert found.arco("init").returncode == 0
    return found


# cron.


def test_the_line_for_cron(home: Home) -> None:
    """Absolute paths of arco and of the database, each minute, on stdout alone."""
    done = home.arco("setup", "cron")
    assert done.stdout == f"* * * * * {home.folder}/bin/arco --db {home.db} tick --quiet\n"
    answer = json.loads(home.arco("setup", "cron", "--every", "5", "--json").stdout)
    line = f"*/5 * * * * {home.folder}/bin/arco --db {home.db} tick --quiet"
    assert answer == {"line": line, "database": str(home.db), "change": None}
    assert not (home.folder / "tab").exists()


def test_the_line_that_executes_too(home: Home) -> None:
    """One call evaluates, executes and ends; it takes the place of the line that only evaluates."""
    line = f"{home.folder}/bin/arco --db {home.db} work --once --tick --quiet --slots {MANY}"
    assert home.arco("setup", "cron", "--work").stdout == f"* * * * * {line}\n"
    home.arco("setup", "cron", "--install")
    assert home.arco("setup", "cron", "--work", "--install", "--every", "2").stdout.startswith(
        "Replaced in your crontab"
    )
    assert (home.folder / "tab").read_text("utf-8").splitlines()[1:-1] == [f"*/2 * * * * {line}"]


def test_what_was_installed_stays(home: Home) -> None:
    """A line that executes never becomes one that doesn't in silence, and its slots are kept until others are given."""

    def tab() -> str:
        return (home.folder / "tab").read_text("utf-8").splitlines()[1].partition("arco.db ")[2]

    done = home.arco("setup", "cron", "--work", "--slots", "30", "--install")
    assert done.stdout.endswith("--slots 30\nThe first call comes within a minute.\n")
    assert tab() == "work --once --tick --quiet --slots 30"
    done = home.arco("setup", "cron", "--install")
    assert done.stdout.startswith("Already in your crontab: ")
    assert done.stderr == "note: it executes runs too, as before; --no-work makes it evaluate only\n"
    home.arco("setup", "cron", "--install", "--every", "5")
    assert tab() == "work --once --tick --quiet --slots 30"
    home.arco("setup", "cron", "--install", "--slots", "4")
    assert tab() == "work --once --tick --quiet --slots 4"
    assert home.arco("setup", "cron", "--no-work", "--install").stdout.startswith("Replaced in your crontab: ")
    assert tab() == "tick --quiet"
    refused = home.arco("setup", "cron", "--install", "--slots", "4")
    assert (refused.returncode, refused.stderr) == (2, "arco: --slots needs --work: `arco tick` executes nothing\n")
    assert home.arco("setup", "cron", "--remove", "--slots", "4").returncode == 2
    refused = home.arco("setup", "cron", "--work", "--slots", "0")
    assert (refused.returncode, refused.stderr) == (2, "arco: --slots must be between 1 and 1,000,000\n")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", (False, None)),
        ("* * * * * arco --db '/my work/arco.db' tick --quiet", (False, None)),
        ("* * * * * arco --db /a.db work --once --tick --quiet", (True, None)),
        ("* * * * * arco --db /a.db work --once --tick --quiet --slots 12 --pool heavy", (True, 12)),
        ("ExecStart=/bin/arco --db /a.db work --tick --slots 3\nRestart=always", (True, 3)),
    ],
)
def test_what_is_set_up_is_read(text: str, what: tuple[bool, int | None]) -> None:
    """Whether it executes, and its slots; also of a line of an older arco, or one that somebody changed."""
    assert what_is_set(text) == what


@given(PATHS | st.just(HOSTILE), PATHS, st.sampled_from(EVERY))
def test_cron_and_the_shell_read_the_line_as_it_was_meant(database: str, arco: str, every: int) -> None:
    """What is left after cron's escapes and the shell's quotes are the words, whatever the paths hold."""
    line = crontab_line([arco], database, every)
    assert "\n" not in line
    command = parse(line, "debian", [], system=False).command
    assert shlex.split(command) == [arco, "--db", database, "tick", "--quiet"]


def test_a_real_shell_reads_it_so() -> None:
    """sh gets the words one by one."""
    line = crontab_line(["printf", "%s\\n"], HOSTILE, 1).removeprefix("* * * * * ")
    command = parse(f"@daily {line}", "debian", [], system=False).command
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["--db", HOSTILE, "tick", "--quiet"]


def test_installing_keeps_everything_else_and_happens_once(home: Home) -> None:
    """The line is put between marks, replaced when it differs, left alone when it is there."""
    others = "# mine\nMAILTO=me\n0 5 * * * echo 100\\%  \n\n@daily x"
    (home.folder / "tab").write_text(others, "utf-8")
    steps = [
        ("1", "Added to your crontab: * "),
        ("1", "Already in your crontab: * "),
        ("5", "Replaced in your crontab: */5 "),
    ]
    for every, said in steps:
        done = home.arco("setup", "cron", "--install", "--every", every)
        assert done.stdout.startswith(said), done
    assert (home.folder / "tab").read_text("utf-8") == (
        f"{others}\n"
        f"# arco tick on {home.db}: begin (arco setup cron)\n"
        f"*/5 * * * * {home.folder}/bin/arco --db {home.db} tick --quiet\n"
        f"# arco tick on {home.db}: end\n"
    )
    assert (home.folder / "writes").read_text("utf-8").count("x") == 2


def test_installing_into_no_crontab_makes_one(home: Home) -> None:
    """`no crontab for` is an empty one."""
    answer = json.loads(home.arco("setup", "cron", "--install", "--json").stdout)
    assert answer["change"] == "created"
    assert (home.folder / "tab").read_text("utf-8").count("\n") == 3


def test_a_crontab_that_cannot_be_read_is_left_alone(home: Home) -> None:
    """Any other failure of `crontab -l` is told, and nothing is written; so is a crontab that is not there at all."""
    done = home.arco("setup", "cron", "--install", CRONTAB_FAILS="1")
    assert (done.returncode, done.stderr) == (
        2,
        "arco: `crontab -l` failed with exit code 1: you may not use this program\n",
    )
    none = home.arco("setup", "cron", "--install", PATH="/nowhere")
    assert (none.returncode, "can't find the `crontab` program" in none.stderr) == (2, True)
    assert not (home.folder / "tab").exists()


def test_entries_that_would_run_twice_are_named_with_their_lines(home: Home) -> None:
    """An import leaves the crontab as it is: what is still in it runs beside the schedule, if that is enabled."""
    (home.folder / "tab").write_text("# mine\n0 5 * * * backup.sh\n0 6 * * * sync.sh 5\\%\n@daily rest.sh\n", "utf-8")
    home.arco("import", "crontab", str(home.folder / "tab"), "--tz", "UTC")
    home.arco("schedule", "create", "mine", "--cron", "@daily", "--command", "own.sh")
    home.arco("schedule", "disable", "rest")
    assert "runs twice" not in home.arco("setup", "cron", "--install").stderr
    for _ in range(2):
        done = home.arco("setup", "cron", "--work", "--install")
        assert (done.returncode, done.stderr) == (
            0,
            "warning: arco runs these lines of your crontab, too: 2 (backup), 3 (sync). Remove them with "
            "`crontab -e`, or each runs twice\n",
        )
    (home.folder / "tab").write_text("# mine\n0 5 * * * other.sh\n", "utf-8")
    assert home.arco("setup", "cron", "--work", "--install").stderr == ""


@pytest.mark.parametrize(
    ("above", "silent"),
    [
        ('MAILTO=""\n', True),
        ("MAILTO=\n0 5 * * * x\n", True),
        (" MAILTO = ''\n", True),
        ('MAILTO=""\nMAILTO=me\n', False),
        ('# MAILTO=""\n', False),
        ("MAILTO=me\n", False),
        ("", False),
    ],
)
def test_a_line_whose_mail_goes_nowhere(home: Home, above: str, silent: bool) -> None:
    """An empty MAILTO above the line means that nobody hears of a call that fails."""
    (home.folder / "tab").write_text(above, "utf-8")
    done = home.arco("setup", "cron", "--install")
    assert done.stderr == (
        "note: MAILTO is empty above this line, so cron mails nothing, not even when arco fails: put "
        "MAILTO=you@example.org before it with `crontab -e`\n"
        if silent
        else ""
    )


@given(st.lists(st.sampled_from(["a\n", "# b\n", "\n", "c"]), max_size=5), st.sampled_from(["/a.db", "/b.db"]))
def test_the_block_is_put_in_once_for_each_database(lines: list[str], database: str) -> None:
    """Doing it again changes nothing; another database has its own; what was there stays, in its order."""
    before = "".join(lines)
    once = crontab_with(before, database, "L")
    assert crontab_with(once, database, "L") == once
    assert once.startswith(before)
    both = crontab_with(once, "/other.db", "M")
    changed = crontab_with(both, database, "N")
    assert changed == both.replace("L\n", "N\n")


@pytest.mark.parametrize("order", ["b", "e", "eb", "bbe", "bebe"])
def test_marks_that_are_no_pair_are_a_conflict(order: str) -> None:
    """What somebody edited by hand is not guessed at."""
    begin, _, end, _ = crontab_with("", "/a.db", "L").split("\n")
    text = "".join({"b": f"{begin}\n", "e": f"{end}\n"}[mark] for mark in order)
    with pytest.raises(Conflict, match="once each, in that order"):
        crontab_with(text, "/a.db", "L")


def test_without_a_database_nothing_is_set_up(home: Home) -> None:
    """cron with the wrong database must not look healthy: exit 6."""
    home.db.unlink()
    for which in ("cron", "systemd"):
        done = home.arco("setup", which, "--install")
        assert (done.returncode, "no database at" in done.stderr) == (6, True)


def test_what_cannot_be_on_a_line_is_refused() -> None:
    """A path with a line break in it, and minutes that do not divide an hour."""
    with pytest.raises(InvalidInput, match="a crontab or a unit can't hold"):
        check_path("the database", "/a\nb")
    for minutes in (0, -1, 7, 90):
        with pytest.raises(InvalidInput, match="doesn't divide an hour"):
            check_every(minutes)


# systemd.


def test_the_units_for_systemd(home: Home) -> None:
    """A service that calls arco once, and a timer that starts it each minute; each under the path it belongs to."""
    units = home.folder / ".config" / "systemd" / "user"
    assert home.arco("setup", "systemd").stdout == (
        f"# {units}/arco-tick.service\n"
        f"# Written by `arco setup systemd` for {home.db}, which may replace it.\n"
        "[Unit]\n"
        f"Description=Evaluate the schedules of {home.db} (arco)\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={home.folder}/bin/arco --db {home.db} tick --quiet\n"
        "\n"
        f"# {units}/arco-tick.timer\n"
        f"# Written by `arco setup systemd` for {home.db}, which may replace it.\n"
        "[Unit]\n"
        f"Description=Evaluate the schedules of {home.db} every minute (arco)\n"
        "\n"
        "[Timer]\n"
        "OnCalendar=*-*-* *:*:00\n"
        "AccuracySec=1s\n"
        "Persistent=true\n"
        "Unit=arco-tick.service\n"
        "\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
    )
    assert not units.exists()


def test_the_unit_that_executes_too(home: Home) -> None:
    """One service is the whole scheduler; what it runs outlives it, and systemd starts it again."""
    folder = home.folder / ".config" / "systemd" / "user"
    answer = json.loads(home.arco("setup", "systemd", "--work", "--install", "--json").stdout)
    assert list(answer["units"]) == ["arco-work.service"]
    lines = (folder / "arco-work.service").read_text("utf-8").splitlines()
    for line in (
        f"ExecStart={home.folder}/bin/arco --db {home.db} work --tick --slots {MANY}",
        "Restart=always",
        "KillMode=process",
        "OOMPolicy=continue",
        "TasksMax=infinity",
        "Delegate=yes",
        "WantedBy=default.target",
    ):
        assert line in lines
    assert answer["commands"][1] == "systemctl --user enable --now arco-work.service"
    for options in (["--slots", "7"], []):
        home.arco("setup", "systemd", "--work", "--install", *options)
        assert " work --tick --slots 7\n" in (folder / "arco-work.service").read_text("utf-8")
    assert home.arco("setup", "systemd", "--slots", "7").returncode == 2
    assert "note: add --install to write this file\n" in home.arco("setup", "systemd", "--work").stderr
    refused = home.arco("setup", "systemd", "--work", "--every", "5")
    assert (refused.returncode, "--every and --work can't be combined" in refused.stderr) == (2, True)


def test_installing_the_units(home: Home) -> None:
    """They are written, left alone when they are the same, replaced when they differ; then the commands are told."""
    folder = home.folder / "config"
    for every, said in (("1", "Wrote: "), ("1", "Already there: "), ("15", "Replaced: ")):
        done = home.arco("setup", "systemd", "--install", "--every", every, XDG_CONFIG_HOME=str(folder))
        assert done.stdout.startswith(said), done
    assert done.stdout.splitlines()[2:] == [
        "Now run:",
        "  systemctl --user daemon-reload",
        "  systemctl --user enable --now arco-tick.timer",
        "  loginctl enable-linger",
    ]
    assert "OnCalendar=*-*-* *:00/15:00\n" in (folder / "systemd/user/arco-tick.timer").read_text("utf-8")


def test_units_of_somebody_else_are_not_replaced(home: Home) -> None:
    """Units for another database, or by another hand, are a conflict; --name avoids it."""
    units = home.folder / ".config" / "systemd" / "user"
    units.mkdir(parents=True)
    (units / "arco-tick.timer").write_text("[Timer]\n", "utf-8")
    done = home.arco("setup", "systemd", "--install")
    assert (done.returncode, "choose another name with --name" in done.stderr) == (4, True)
    assert [path.name for path in units.iterdir()] == ["arco-tick.timer"]
    answer = json.loads(home.arco("setup", "systemd", "--install", "--name", "mine", "--json").stdout)
    assert (answer["change"], list(answer["units"])) == ("created", ["mine.service", "mine.timer"])
    assert (units / "mine.timer").read_text("utf-8") == answer["units"]["mine.timer"]
    assert home.arco("setup", "systemd", "--name", "a/b").returncode == 2


def test_a_unit_does_not_become_one_of_another_kind(home: Home) -> None:
    """Under one name, what evaluates is not replaced by what works too, nor the other way round, unnoticed."""
    for first, second, how in ((), ("--work",), "leave out --work"), (("--work",), (), "add --work"):
        name = f"n{len(first)}"
        assert home.arco("setup", "systemd", "--install", "--name", name, *first).returncode == 0
        done = home.arco("setup", "systemd", "--install", "--name", name, *second)
        assert (done.returncode, how in done.stderr) == (4, True), done
        assert home.arco("setup", "systemd", "--install", "--name", name, *first).stdout.startswith("Already there: ")


@pytest.mark.parametrize("program", ["arco", "100% a $b", 'it\'s "one" \\x'])
@pytest.mark.parametrize("database", ["/srv/arco.db", HOSTILE])
def test_systemd_takes_the_units(tmp_path: Path, database: str, program: str) -> None:
    """`systemd-analyze verify` finds nothing wrong with them, at any interval."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no `systemd-analyze` here")
    path = tmp_path / program
    path.write_text("#!/bin/sh\n", "utf-8")
    path.chmod(0o755)
    names = []
    for every in EVERY:
        service, timer = tmp_path / f"a{every}.service", tmp_path / f"a{every}.timer"
        service.write_text(service_unit([str(path)], database), "utf-8")
        timer.write_text(timer_unit(f"a{every}", database, every), "utf-8")
        names += [service, timer]
    worker = tmp_path / "work.service"
    worker.write_text(worker_unit([str(path)], database, 16), "utf-8")
    names.append(worker)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *names], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_line_is_taken_out_again(home: Home) -> None:
    """What stood around it stays; doing it again changes nothing, also where the database is gone."""
    (home.folder / "tab").write_text("0 1 * * * mine\n")
    home.arco("setup", "cron", "--install")
    assert "arco tick on" in (home.folder / "tab").read_text()
    assert home.arco("setup", "cron", "--remove").stdout.startswith("Removed from your crontab: the line for ")
    assert (home.folder / "tab").read_text() == "0 1 * * * mine\n"
    home.db.unlink()
    assert home.arco("setup", "cron", "--remove").stdout.startswith("Not in your crontab")
    done = home.arco("setup", "cron", "--remove", "--install")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_units_of_the_system(home: Home) -> None:
    """They are executed as the owner of the database, and begin with the machine."""
    user = os.environ.get("USER") or subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout
    for work in ([], ["--work"]):
        answer = json.loads(home.arco("setup", "systemd", "--system", *work, "--json").stdout)
        unit = next(text for name, text in answer["units"].items() if name.endswith(".service"))
        assert f"\nUser={user.strip()}\n" in unit
        assert answer["folder"] == "/etc/systemd/system"
        assert not any("--user" in command or "linger" in command for command in answer["commands"])
        assert ("WantedBy=multi-user.target" in unit) == bool(work)


def test_the_interval_is_kept(home: Home) -> None:
    """By both ways of setting up; without --every it stays, and --remove takes it back."""

    def kept() -> object:
        return json.loads(home.arco("status", "--json").stdout)["evaluation_minutes"]

    assert kept() is None
    assert home.arco("setup", "cron").stdout.startswith("* * * * * ")
    assert kept() is None
    done = home.arco("setup", "cron", "--install", "--every", "15")
    assert "note: from now on `arco status` and warnings expect an evaluation every 15 minutes" in done.stderr
    assert kept() == 15
    assert home.arco("setup", "cron", "--install").stdout.startswith("Already in your crontab: */15 * * * * ")
    assert home.arco("setup", "cron").stdout.startswith("*/15 * * * * ")
    assert "00/15" in home.arco("setup", "systemd").stdout
    home.arco("setup", "systemd", "--every", "5")
    assert kept() == 5
    home.arco("setup", "cron", "--remove")
    assert kept() is None
    home.arco("setup", "cron", "--every", "10")
    home.arco("setup", "systemd", "--work", "--install")
    assert kept() == 1
    assert home.arco("setup", "cron", "--every", "7").returncode == 2
    assert kept() == 1

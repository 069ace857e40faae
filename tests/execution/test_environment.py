"""The environment of a command is exactly what section 1 says, and comes to it alone."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from arco_sched.core.executor import ATTEMPT_VARIABLES, NotStarted, State, outcome
from arco_sched.execution import supervisor
from arco_sched.execution.environment import parse, read_file
from tests.execution.world import ENVIRONMENT, World, python

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="needs a worker that is root")
PRINT = "tr '\\0' '\\n' < /proc/$$/environ | LC_ALL=C sort"


def printed(text: str) -> dict[str, str]:
    """The variables in the output of PRINT."""
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_layers(world: World) -> None:
    """The worker's; over it the definition's; over it the file's; over all of them the attempt's. No other names."""
    file = world.scratch / "secrets"
    file.write_text("B=file\nC=file\nARCO_RUN_ID=file\n")
    worker = {**ENVIRONMENT, "A": "worker", "B": "worker", "C": "worker", "D": "worker", "ARCO_DB": "kept"}
    world.executor = world.worker(worker_environment=worker)
    seen, output = world.run(
        PRINT,
        environment=(("A", "definition"), ("B", "definition"), ("ARCO_ATTEMPT", "definition")),
        environment_file=str(file),
        run_id="r",
        number=3,
        variables=(("ARCO_RUN_KEY", "sched:x:1"), ("ARCO_ASSETS", "[\"a 'b'\"]")),
    )
    assert seen.exit_code == 0
    assert printed(output) == {
        **worker,
        "A": "definition",
        "B": "file",
        "C": "file",
        "ARCO_RUN_ID": "r",
        "ARCO_ATTEMPT": "3",
        "ARCO_STORE_ID": world.store,
        "ARCO_RUN_KEY": "sched:x:1",
        "ARCO_ASSETS": "[\"a 'b'\"]",
    }


def test_what_is_the_workers_own(world: World) -> None:
    """The worker's clock, its talk with systemd, and an outer attempt's variables do not go on to a command."""
    own = ("ARCO_NOW", "NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
    world.executor = world.worker(worker_environment={**ENVIRONMENT, **dict.fromkeys((*own, *ATTEMPT_VARIABLES), "x")})
    _, output = world.run(PRINT, run_id="r")
    assert printed(output) == {**ENVIRONMENT, "ARCO_RUN_ID": "r", "ARCO_ATTEMPT": "1", "ARCO_STORE_ID": world.store}


def test_a_worker_without_a_home(world: World) -> None:
    """What a worker lacks of HOME, USER and LOGNAME a command has all the same, as under cron."""
    me = pwd.getpwuid(os.geteuid())
    world.executor = world.worker(worker_environment={"PATH": "/usr/bin:/bin", "USER": "kept"})
    _, output = world.run(PRINT, environment=(("LOGNAME", "given"),))
    found = printed(output)
    assert {name: found[name] for name in ("HOME", "USER", "LOGNAME")} == {
        "HOME": me.pw_dir,
        "USER": "kept",
        "LOGNAME": "given",
    }


ODD = {
    "NEWLINES": "a\nb\n",
    "QUOTES": "'\"`$(touch no)${HOME}\\",
    "EMPTY": "",
    "BYTES": os.fsdecode(bytes(range(1, 256))),
    "IFS": "x",
    "OPTIND": "text",
    "UID": "1",
    "PPID": "1",
    "RANDOM": "7",
    "BASH_FUNC_f%%": "() { echo no; }",
    "with.dot": "1",
    "-dash": "2",
    "_arco_command": "touch no",
    "PATH": "/nonexistent",
    "LD_LIBRARY_PATH": "/nonexistent",
    "ENV": "/nonexistent",
    "LC_ALL": "no_NO.such",
    "SHLVL": "41",
    "s": "1",
    "u": "2",
    "r": "3",
    "p": "4",
    "n": "5",
}


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_any_name_and_value_arrives(world: World, shell: str) -> None:
    """Names that mean something to a shell, bytes that are no text, a PATH to nowhere: all arrive as they are."""
    tools = supervisor.find_tools(sys.executable)
    world.executor = world.worker(tools=tools._replace(sh=shell))
    command = "import os, sys; sys.stdout.buffer.write(repr(dict(os.environb)).encode())"
    given = {**ODD, "PYTHONDONTWRITEBYTECODE": "1"}
    seen, output = world.run(command, shell=sys.executable, environment=tuple(given.items()))
    assert seen.exit_code == 0, output
    arrived = {os.fsdecode(name): os.fsdecode(value) for name, value in eval(output).items()}  # noqa: S307
    if shell == "/bin/bash":
        # bash names the program that it executes, whatever was there.
        arrived.pop("_", None)
    assert arrived == {
        **ENVIRONMENT,
        **given,
        "ARCO_RUN_ID": "run-0",
        "ARCO_ATTEMPT": "1",
        "ARCO_STORE_ID": world.store,
    }
    assert not (world.scratch / "no").exists()


@pytest.mark.parametrize(
    ("text", "variables", "problems"),
    [
        ("", {}, []),
        ("A=1\n\n# comment\n  # comment\n B = 2 \nC=\n", {"A": "1", "B": "2", "C": ""}, []),
        ("A='x y'\nB=\"x y\"\nC=x y\n", {"A": "x y", "B": "x y", "C": "x y"}, []),
        ("A=' # no comment '\nB=a#b\n", {"A": " # no comment ", "B": "a#b"}, []),
        ('A=$HOME\\n\nB="$(x)"\n', {"A": "$HOME\\n", "B": "$(x)"}, []),
        ("A=1\nA=2\n", {"A": "2"}, []),
        ("A=it's\nB=x=y\r\n", {"A": "it's", "B": "x=y"}, []),
        ("A='x\nB=\"\nno\n1X=2\n=3\nexport A=1\nC=''\n", {"C": ""}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_environment_files(text: str, variables: dict[str, str], problems: list[int]) -> None:
    """`K=V` lines, `#` comments, blank lines, optional quotes, no expansion; every mistake with its line."""
    found, sentences = parse(text)
    assert found == variables
    assert [int(sentence.split()[1]) for sentence in sentences] == problems


def test_an_environment_file_is_read_at_each_start_and_its_mistakes_keep_its_secrets(world: World) -> None:
    """The file of now counts; an error names lines, never what stands there."""
    file = world.scratch / "secrets"
    file.write_text("TOKEN=one\n")
    assert world.run("echo $TOKEN", environment_file=str(file))[1] == "one\n"
    file.write_text("TOKEN=two\n")
    assert world.run("echo $TOKEN", environment_file=str(file))[1] == "two\n"
    file.write_text("TOKEN='hush\nhush\n")
    with pytest.raises(NotStarted) as error:
        world.start("true", environment_file=str(file))
    assert str(error.value) == (
        f"the environment file {file} is not valid: line 1 has a quote that is not closed; line 2 is not NAME=VALUE"
    )


def test_files_that_can_not_be_one(tmp_path: Path) -> None:
    """Missing, a folder, a pipe, too large: one line each, at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"#" * (1 << 20) + b"\n")
    for name, words in (
        ("missing", "can't be read: .*: No such file or directory"),
        (".", "is not a regular file"),
        ("pipe", "is not a regular file"),
        ("large", "larger than 1 MiB"),
    ):
        with pytest.raises(NotStarted, match=words):
            read_file(str(tmp_path / name))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"working_directory": "{scratch}/none"}, "no such working directory: {scratch}/none"),
        ({"working_directory": "{scratch}/file"}, "no such working directory: {scratch}/file"),
        ({"shell": "{scratch}/none"}, "no such shell, or not executable: {scratch}/none"),
        ({"shell": "{scratch}/file"}, "no such shell, or not executable: {scratch}/file"),
        ({"shell": "{scratch}"}, "no such shell, or not executable: {scratch}"),
    ],
)
def test_not_started(world: World, fields: dict[str, str], message: str) -> None:
    """What the supervisor finds missing at the start is `not-started`, with a line that names it."""
    (world.scratch / "file").write_text("")
    given = {name: value.format(scratch=world.scratch) for name, value in fields.items()}
    one = world.start("touch begun", **given)
    seen = world.end(one)
    assert (seen.state, seen.message) == (State.NOT_STARTED, message.format(scratch=world.scratch))
    assert outcome(seen) is not None
    assert not (world.scratch / "begun").exists()


def test_no_such_user(world: World) -> None:
    """A user that does not exist, before anything is begun."""
    with pytest.raises(NotStarted, match=r"^no such user: nobody-of-this-name$"):
        world.start("true", run_as="nobody-of-this-name")


def test_the_workers_own_user(world: World) -> None:
    """`run_as` the worker's own user needs no right; its home is the working directory when none is set."""
    me = pwd.getpwuid(os.geteuid())
    _, output = world.run("echo $HOME $USER $LOGNAME; pwd", run_as=me.pw_name, working_directory=None)
    assert output == f"{me.pw_dir} {me.pw_name} {me.pw_name}\n{os.path.realpath(me.pw_dir)}\n"


@needs_root
@pytest.mark.parametrize("setpriv", [True, False])
def test_another_user(common: World, setpriv: bool) -> None:
    """Uid, gid, groups, HOME, USER and LOGNAME are the user's, its home is where it works; it can't read the folder."""
    if not setpriv:
        # A Python that another user may execute: this one may lie in root's home.
        tools = supervisor.find_tools("/usr/bin/python3")
        common.executor = common.worker(tools=tools._replace(setpriv=None))
    user = pwd.getpwnam("games")
    command = "id -u; id -g; id -G; echo $HOME $USER $LOGNAME; pwd; echo x >>/dev/stderr; ls " + str(common.path)
    seen, output = common.run(command, run_as="games", working_directory="/usr")
    groups = " ".join(map(str, os.getgrouplist("games", user.pw_gid)))
    wanted = f"{user.pw_uid}\n{user.pw_gid}\n{groups}\n{user.pw_dir} games games\n/usr\nx\n"
    assert output.startswith(wanted)
    assert "Permission denied" in output
    assert seen.exit_code == 2


@needs_root
def test_another_user_without_a_home(common: World) -> None:
    """A home that does not exist, and a directory that the user may not enter, are not started."""
    seen = common.end(common.start("true", run_as="nobody", working_directory=None))
    assert seen.message == "no such working directory: /nonexistent"
    (common.scratch / "closed").mkdir(mode=0o700)
    seen = common.end(common.start("true", run_as="nobody", working_directory=str(common.scratch / "closed")))
    assert seen.message == (f"its user can't enter the working directory: {common.scratch / 'closed'}")


@needs_root
def test_a_preloaded_library_does_not_get_roots_rights(common: World) -> None:
    """The command's environment is applied once the user has changed: LD_PRELOAD loads nothing as root."""
    source = common.scratch / "who.c"
    source.write_text(
        "#include <stdio.h>\n#include <unistd.h>\n"
        '__attribute__((constructor)) void who(void) { dprintf(2, "loaded by %d\\n", (int) getuid()); }\n'
    )
    library = common.scratch / "who.so"
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a C compiler")
    _, output = common.run("true", run_as="games", working_directory="/", environment=(("LD_PRELOAD", str(library)),))
    assert set(output.splitlines()) == {f"loaded by {pwd.getpwnam('games').pw_uid}"}


def test_a_user_that_a_worker_can_not_become(world: World) -> None:
    """A worker that is not root has no right to change user."""
    other = "root" if not ROOT else "games"
    answer = python(f"""
from arco_sched.core.executor import NotStarted
from arco_sched.execution.environment import account
import pwd
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
try:
    account({other!r}, {{}})
except NotStarted as error:
    print(error)
""")
    assert answer == f"can't run as {other}: only a worker that is root can\n"

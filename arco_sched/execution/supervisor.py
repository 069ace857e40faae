"""The supervisor of one attempt: a small `sh` that takes the token, runs the command and writes down its end.

It is given as text, because an upgrade replaces files; its tools are the shell's own words and absolute paths, because
it outlives whatever PATH names. Its variables `_arco_*` come by its environment, not as arguments, which `ps` shows to
everybody: the environment of the command may hold secrets.

    descriptor 3   the lock of the supervisor; closed for the command
    descriptor 4   the log; the command's stdout and stderr, whose own lock all of them inherit
    descriptor 5   where it says that it begins, open until the last exec: `token`, or `begun` where the user changes
"""

import os
import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

_FOLDERS: Final = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin")
_SIGNALS: Final = "HUP INT QUIT USR1 USR2 PIPE ALRM TERM"

_SUPERVISE: Final = f"""
umask 077
cd "$_arco_folder" || exit 1
trap '' {_SIGNALS}
set -C
read -r u s </proc/uptime
printf '%s\\n' "$$ $u $_arco_place" "about $_arco_about ." >token || exit 1
r=none; u=0
trap 'echo "end $r $u ." >>token' EXIT
(
  trap - {_SIGNALS} EXIT
  umask 022
  set -- /proc/self/task/*
  read -r u s </proc/uptime
  echo "leader ${{1##*/}} $u ." >>token || exit 99
  eval "$_arco_start"
) 5>>"$_arco_begun" 3>&- >&4 2>&4 4>&-
r=$?
read -r u s </proc/uptime
until echo "end $r $u ." >>token || ! [ -d "$_arco_folder" ]; do {{sleep}} 1; done
trap - EXIT
"""
# The command runs in the foreground of its supervisor: what a shell starts with `&` ignores SIGINT and SIGQUIT for
# ever. /proc/self/task tells its pid, which no word of the shell does; /proc/self/stat would too, but a shell reads it
# byte by byte, a tenth of a start. The end is one line in one write, and counts only with its dot: as good as a rename,
# which takes another program (1.5 ms of a start's 4), and it needs no room on a full disk, as the block is there. If
# the folder is gone, nobody will ever read it, and the supervisor ends. Where the shell can't even fork, the EXIT trap
# tells that nothing began.

_BEGIN: Final = """
set -- "$_arco_shell" "$_arco_command" "$_arco_directory"
n() { echo "refused $1 ." >&5; exit 98; }
[ -d "$3" ] || n directory
cd "$3" || n enter
[ -f "$1" ] && [ -x "$1" ] || n shell
read -r u s </proc/uptime
echo "begun $u ." >&5 || exit 99
exec 5>&-
"""
# Done as the user that the command runs as: what root can enter tells nothing about what this user can.

_CHANGE_USER: Final = """
import os, sys
uid, gid, groups = sys.argv[1:4]
os.setgroups([int(group) for group in groups.split(",") if group])
os.setresgid(int(gid), int(gid), int(gid))
os.setresuid(int(uid), int(uid), int(uid))
os.execv(sys.argv[4], sys.argv[4:])
"""

_OWN: Final = frozenset(
    {"DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "IFS", "LINENO", "OPTIND"}
    | {"PIPESTATUS", "PPID", "RANDOM", "SECONDS", "SHELLOPTS", "SRANDOM", "UID", "_"}
)
"""Names to which some /bin/sh gives a meaning of its own, so that `export` would not carry any value."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PIECE: Final = 100_000
"""Bytes of one environment string; the kernel allows 128 KiB."""


class Tools(NamedTuple):
    """Absolute paths of what a supervisor uses; None if the system has none.

    `python` changes the user where there is no `setpriv`; without `setsid` a command shares its supervisor's session.
    """

    sh: str
    sleep: str
    env: str
    setsid: str | None
    setpriv: str | None
    python: str


def find_tools(python: str) -> Tools:
    """The tools of this system."""
    setpriv = _find("setpriv")
    if setpriv is not None and os.path.realpath(setpriv).endswith("busybox"):
        # That one changes no user.
        setpriv = None
    sleep, env = _find("sleep") or "/bin/sleep", _find("env") or "/usr/bin/env"
    return Tools("/bin/sh", sleep, env, _find("setsid"), setpriv, python)


def _find(name: str) -> str | None:
    for folder in _FOLDERS:
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    return None


class User(NamedTuple):
    """A user whom the command becomes, by numbers."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def arguments(name: str, tools: Tools) -> list[str]:
    """The arguments of a supervisor; `name` is what `ps` shows."""
    return [tools.sh, "-c", 'eval "$_arco_supervise"', f"arco-attempt:{name}"]


def variables(
    *,
    folder: str,
    place: str,
    about: str,
    shell: str,
    command: str,
    directory: str,
    environment: Mapping[str, str],
    user: User | None,
    tools: Tools,
) -> dict[bytes, bytes]:
    """The environment of a supervisor.

    `folder` is the attempt's; `place` and `about` are written into the token; `environment` is all that the command
    gets; `user`: whom it becomes first (None: nobody else).
    """
    own = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C",
        "_arco_supervise": _SUPERVISE.replace("{sleep}", tools.sleep),
        "_arco_folder": folder,
        "_arco_place": place,
        "_arco_about": about,
        "_arco_shell": shell,
        "_arco_command": command,
        "_arco_directory": directory,
        "_arco_begun": "token" if user is None else "begun",
        "_arco_start": "",
        **_pieces("_arco_environment", exports(environment)),
    }
    new_session = [tools.setsid] if tools.setsid else []
    if user is None:
        own["_arco_start"] = _BEGIN + _last(own, environment, new_session, tools)
    else:
        own["_arco_begin"] = ""
        own["_arco_begin"] = _BEGIN + _last(own, environment, [], tools)
        chain = [*new_session, *_become(user, tools), tools.sh, "-c", 'eval "$_arco_begin"', "arco"]
        own["_arco_start"] = f"cd /; exec {shlex.join(chain)}"
    return {os.fsencode(name): os.fsencode(value) for name, value in own.items()}


@lru_cache(maxsize=4096)
def exportable(name: str) -> bool:
    """Whether every `sh` can export a variable of this name; the others are for env(1)."""
    return bool(_NAME.fullmatch(name)) and name not in _OWN and not name.startswith(("BASH", "_arco_"))


@lru_cache(maxsize=1024)
def _assignment(name: str, value: str) -> str:
    return f"{name}={shlex.quote(value)}"


def exports(environment: Mapping[str, str]) -> str:
    """The line that exports what can be exported, or nothing."""
    words = [_assignment(name, value) for name, value in environment.items() if exportable(name)]
    return f"export {' '.join(words)}" if words else ""


def _pieces(name: str, text: str) -> dict[str, str]:
    """Text too long for one string of an environment, cut; the parts in their order."""
    raw = os.fsencode(text)
    cuts = range(0, len(raw), _PIECE)
    return {f"{name}{index}": os.fsdecode(raw[cut : cut + _PIECE]) for index, cut in enumerate(cuts)}


def _last(own: Mapping[str, str], environment: Mapping[str, str], prefix: list[str], tools: Tools) -> str:
    """The last lines before the command: its environment instead of the supervisor's, then exec."""
    parts = "".join(f"${name}" for name in own if name.startswith("_arco_environment"))
    # SHLVL, PWD and OLDPWD: bash exports them by itself.
    unset = f"unset {' '.join(own)} SHLVL PWD OLDPWD"
    odd = [f"{name}={value}" for name, value in environment.items() if not exportable(name)]
    words = [*prefix, *([tools.env, "--", *odd] if odd else [])]
    return f'eval "{unset}; {parts}" 2>/dev/null\nexec {shlex.join(words)} "$1" -c "$2"\n'


def _become(user: User, tools: Tools) -> list[str]:
    numbers = ",".join(map(str, user.groups))
    if tools.setpriv is None:
        return [tools.python, "-I", "-S", "-c", _CHANGE_USER, str(user.uid), str(user.gid), numbers]
    groups = f"--groups={numbers}" if numbers else "--clear-groups"
    return [tools.setpriv, f"--reuid={user.uid}", f"--regid={user.gid}", groups]

"""Faults in every single write, sync and cut of a file that a story makes: killed before it or in the middle of it,
disk full, input/output error, file too large; once, or from there on.

    make faults, or: python -m tests.system.injector --step 1

It compiles shim.c and starts itself anew with it preloaded. After each fault, `verify` is clean, what was
answered before is there, the error was one line, and the next evaluation goes on.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition
from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.fields import normal_content
from tests.database import sql

START = 1_741_000_020
HOUR = 3600
SHIM = Path(__file__).with_name("shim.c")
ACTIONS = {"kill": 1, "torn": 2, "no space": 3, "io error": 4, "too big": 5}
DEADLY = {"kill", "torn"}


def prepare(path: Path) -> None:
    """The database before the story."""
    with Workspace.create(path) as workspace:
        for number, cron in enumerate(("* * * * *", "*/5 * * * *", "*/7 * * * *")):
            definition = Definition(
                cron_expression=cron, max_catchup_ticks=60, request=normal_content(asset_selection=[f"a{number}"])
            )
            workspace.create_schedule(f"s{number}", definition, now=START)


def story(path: Path, answered: Callable[[str, object], None]) -> None:
    """What is disturbed: evaluations in several transactions, changes, a trigger, a pruning, and closing."""
    with Workspace.open(path) as workspace:
        for hours in (1, 2):
            made = workspace.evaluate(START + hours * HOUR, batch=25)
            answered("ticks", [tick.tick_id for tick in made.ticks])
        changed = workspace.update_schedule("s0", {"cron_expression": "*/2 * * * *"}, now=START + 2 * HOUR)
        answered("version", changed.schedule.version.definition_version)
    with Workspace.open(path) as workspace:
        answered("ticks", [workspace.trigger("s1", now=START + 3 * HOUR).tick.tick_id])
        workspace.set_enabled("s2", enabled=False, now=START + 3 * HOUR)
        made = workspace.evaluate(START + 4 * HOUR)
        answered("ticks", [tick.tick_id for tick in made.ticks])
        workspace.rewind(now=START + 3 * HOUR)
        workspace.prune(before=START + HOUR, now=START + 4 * HOUR)


class Shim:
    """The preloaded library."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.arco_calls.restype = ctypes.c_long

    def arm(self, at: int, action: str | None = None, *, forever: bool = False) -> None:
        """Let the `at`-th call fail; with no action, only count."""
        number = 0 if action is None else ACTIONS[action]
        self._library.arco_arm(ctypes.c_long(at), number, int(forever))

    def calls(self) -> int:
        """How many there were since."""
        return int(self._library.arco_calls())


def inject(folder: Path, step: int, offset: int = 0) -> tuple[Counter[str], list[str]]:
    """Disturb every `step`-th call of the story in every way; returns how often each fault was injected, and what was
    wrong afterwards."""
    shim = Shim()
    first = folder / "first" / "arco.db"
    first.parent.mkdir()
    prepare(first)
    counting = _copy(first, folder / "counting")
    shim.arm(-1)
    story(counting, lambda *_: None)
    total = shim.calls()
    counts: Counter[str] = Counter()
    problems: list[str] = []
    for action in ACTIONS:
        for forever in (False, True) if action not in DEADLY else (False,):
            for at in range(1 + offset % step, total + 1, step):
                name = f"{action}{', and ever after' if forever else ''}"
                place = folder / "place"
                path = _copy(first, place)
                problem = _one(shim, path, at, action, forever=forever)
                problems += [f"{name} at call {at} of {total}: {problem}"] if problem else []
                counts[name] += 1
                shutil.rmtree(place)
    return counts, problems


def _copy(database: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(database, folder / "arco.db"))


def _one(shim: Shim, path: Path, at: int, action: str, *, forever: bool) -> str | None:
    receiving, sending = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receiving)
        _disturbed(shim, path, at, action, sending, forever=forever)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        lines = [json.loads(line) for line in pipe.read().splitlines()]
    _, status = os.waitpid(pid, 0)
    if action in DEADLY and not os.WIFSIGNALED(status):
        return f"it was not killed, but ended with {status}"
    failures = [said for what, said in lines if what == "foreign"]
    if failures:
        return str(failures[0])
    refusals = [said for what, said in lines if what == "refused"]
    if any("\n" in said or "arco.db" not in said for said in refusals):
        return f"not one line that names the file: {refusals}"
    try:
        return _what_is_wrong(path, lines)
    except Exception:
        return traceback.format_exc()


def _disturbed(shim: Shim, path: Path, at: int, action: str, sending: int, *, forever: bool) -> NoReturn:
    def say(what: str, said: object) -> None:
        os.write(sending, json.dumps([what, said]).encode() + b"\n")

    try:
        shim.arm(at, action, forever=forever)
        story(path, say)
    except DatabaseUnusable as refused:
        say("refused", str(refused))
    except BaseException:  # whatever it is, it is what is looked for
        say("foreign", traceback.format_exc())
    finally:
        with suppress(OSError):
            os.close(sending)
        os._exit(0)


def _what_is_wrong(path: Path, lines: list[tuple[str, object]]) -> str | None:
    with Workspace.open(path) as workspace:
        found = workspace.verify()
        if not found.ok:
            return "; ".join(found.differences)
        there = {tick.tick_id for tick in workspace.ticks(limit=10_000).rows}
        made = [tick for what, ticks in lines if what == "ticks" for tick in ticks]  # type: ignore[attr-defined]
        through = sql(path, "SELECT coalesce(max(pruned_through), 0) FROM schedule_rows")[0][0]
        lost = [tick for tick in made if tick not in there and int(tick.rsplit(":", 1)[1]) > through]
        if lost or len(made) != len(set(made)):
            return f"{lost} were made and are not there, or were made twice"
        if any(what == "version" for what, _ in lines) and len(workspace.versions("s0")) != 2:
            return "the version is not there"
        workspace.evaluate(START + 5 * HOUR)
        after = workspace.verify()
        return None if after.ok else "after going on: " + "; ".join(after.differences)


def compile_shim(folder: Path) -> Path | None:
    """The library, or None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    library = folder / f"shim{sysconfig.get_config_var('SHLIB_SUFFIX')}"
    if compiler is None or sys.platform != "linux":
        return None
    done = subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl"], check=False)
    return library if done.returncode == 0 else None


def main() -> int:
    """The run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1, help="every how many calls")
    parser.add_argument("--offset", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arco-faults-") as name:
        folder = Path(name)
        if "ARCO_SHIM" not in os.environ:
            library = compile_shim(folder)
            if library is None:
                print("no C compiler: nothing was injected")
                return 0
            environ = os.environ | {"LD_PRELOAD": str(library), "ARCO_SHIM": "1"}
            return subprocess.run([sys.executable, *sys.orig_argv[1:]], env=environ, check=False).returncode
        counts, problems = inject(folder, options.step, options.offset)
    each = ", ".join(f"{name} {count}" for name, count in counts.items())
    print(f"{sum(counts.values())} faults injected ({each}), {len(problems)} problems")
    print("\n".join(problems[:10]))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())

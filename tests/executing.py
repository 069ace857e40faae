"""Schedules whose runs a real worker executed, for tests of what is told of them."""

import shlex

from tests.runner import Arco

DUE = "2025-01-01T10:00:00Z"


def define(arco: Arco, **commands: str) -> None:
    """A schedule for each command, by its name, due each day at ten from 2025-01-01 on; with `-` for `_` in options."""
    for name, command in commands.items():
        line, _, options = command.partition(" -- ")
        arco.ok(*shlex.split(f"schedule create {name} --cron '0 10 * * *' {options}"), *_command(line))


def _command(line: str) -> list[str]:
    return ["--command", line] if line else []


def work(arco: Arco, at: str = DUE, *options: str) -> None:
    """Evaluate at an instant, and let a worker execute what may start; its exit code says whether something failed."""
    arco.ok("tick --quiet", at=at)
    assert arco("work", "--once", *options).code in {0, 5}

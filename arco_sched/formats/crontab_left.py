"""What else a crontab has when arco's own line is in it: entries that arco runs too, and where cron's mail goes."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from arco_sched.formats.crontab import Options, read

_MAILTO: Final = re.compile(r"""[ \t]*["']?MAILTO["']?[ \t]*=[ \t]*(.*?)[ \t]*""")


class Doubled(NamedTuple):
    """A line of a crontab, and the schedule that has the same command."""

    line: int
    schedule_id: str


def doubled(crontab: str, commands: Mapping[str, str]) -> list[Doubled]:
    """The entries of a user's crontab whose command is one of `commands`, which name their schedules."""
    source = crontab.encode("utf-8", "surrogateescape")
    found = read(source, name="crontab", label="crontab:", options=Options(system=False, timezone="UTC"))
    entries = [
        (line.number, found.entries[line.entry].definition.request.command or "")
        for line in found.lines
        if line.entry is not None
    ]
    return [Doubled(number, commands[command]) for number, command in entries if command in commands]


def mails_nothing(crontab: str, mark: str) -> bool:
    """Whether cron mails nothing of the entries below the line `mark`, since MAILTO is set to nothing there."""
    silent = False
    for line in crontab.splitlines():
        if line == mark:
            return silent
        match = _MAILTO.fullmatch(line)
        if match is not None:
            silent = match[1] in {"", '""', "''"}
    return False

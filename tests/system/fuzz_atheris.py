"""Coverage-guided fuzzing of what reads text: cron expressions, and the JSON that is read back from the database.

    make fuzz, or: python -m tests.system.fuzz_atheris cron -max_total_time=60

It wants `atheris` (Linux, a Python that it has a wheel for), which is no dependency of the project: `make fuzz`
installs it where it can. What it holds: a text is refused with `InvalidInput` and nothing else, an expression that is
accepted can be asked for its occurrences, and stored JSON is answered or called damage.
"""

import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris  # type: ignore[import-not-found, unused-ignore]

with atheris.instrument_imports(include=["arco_sched"]):
    from arco_sched.core.cron import check_expression, timetable
    from arco_sched.core.errors import ArcoError, InvalidInput
    from arco_sched.core.identity import parse_run_key, parse_tick_id
    from arco_sched.core.instants import parse_instant
    from arco_sched.service import Workspace
    from tests.database import opened, sql
    from tests.store.pin_schema import START, small

TOKENS = (
    *(
        "*",
        "/",
        "-",
        ",",
        " ",
        " ",
        "?",
        "#",
        "L",
        "W",
        "0",
        "1",
        "2",
        "5",
        "9",
        "12",
        "15",
        "23",
        "28",
        "29",
        "30",
        "31",
    ),
    *(
        "59",
        "60",
        "MON",
        "SUN",
        "SAT",
        "JAN",
        "DEC",
        "@daily",
        "@",
        "*/",
        "0 0 ",
        "* * *",
        "L-1",
        "15W",
        "FRI#L",
        "5#5",
    ),
)
ZONES = ("UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Monrovia")


def cron(data: bytes) -> None:
    """Any text as an expression; a text that is accepted has occurrences that match it."""
    provider = atheris.FuzzedDataProvider(data)
    zone = ZONES[provider.ConsumeIntInRange(0, len(ZONES) - 1)]
    if provider.ConsumeBool():
        text = provider.ConsumeUnicodeNoSurrogates(60)
    else:
        text = "".join(TOKENS[each % len(TOKENS)] for each in provider.ConsumeBytes(24))
    with suppress(InvalidInput):
        parse_instant(text, "--start")
    parse_tick_id(text)
    parse_run_key(text)
    try:
        check_expression(text)
        times = timetable(text, zone, "next", "first")
    except InvalidInput:
        return
    found = times.take(START, START + 400 * 86_400, 20)
    assert found == sorted(set(found))
    assert all(times.matches(at) for at in found)
    if found:
        assert times.next(START) == found[0]
        assert times.count(START, found[-1] + 1) == len(found)


class Stored:
    """A database whose stored JSON is replaced by anything."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.first, self.path = self.folder / "first.db", self.folder / "arco.db"
        small(self.first)

    def __call__(self, data: bytes) -> None:
        """Read it back in every way."""
        text = data.decode("utf-8", "replace").replace("\0", "")
        for leftover in self.folder.glob("arco.db*"):
            leftover.unlink()
        shutil.copy(self.first, self.path)
        with opened(self.path) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute("UPDATE contents SET body = ?", (text,))
            connection.execute("UPDATE event_log SET payload = ? WHERE payload IS NOT NULL AND seq % 3 = 0", (text,))
        with suppress(ArcoError), Workspace.open(self.path) as workspace:
            assert not workspace.verify().ok
            for call in (
                lambda: workspace.schedules(deleted=True),
                lambda: workspace.runs(limit=100),
                lambda: workspace.events(limit=100),
                lambda: workspace.ticks(limit=100),
                lambda: workspace.why("a", now=START + 86_400),
                lambda: list(workspace.evaluate(START + 3 * 86_400).ticks),
            ):
                with suppress(ArcoError):
                    call()

    def seeds(self) -> Path:
        """A folder with what is stored as it should be, for the fuzzer to begin with."""
        folder = self.folder / "seeds"
        folder.mkdir()
        ask = "SELECT body FROM contents UNION SELECT payload FROM event_log WHERE payload IS NOT NULL"
        for number, (text,) in enumerate(sql(self.first, ask)):
            (folder / str(number)).write_text(text)
        return folder


if __name__ == "__main__":
    what = sys.argv.pop(1)
    stored = Stored()
    if what == "stored":
        sys.argv.append(str(stored.seeds()))
    atheris.Setup(sys.argv, cron if what == "cron" else stored)
    atheris.Fuzz()

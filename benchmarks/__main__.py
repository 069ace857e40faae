"""`python -m benchmarks`: one table of what is measured, the yardstick, the ratio, the target, met or not."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Final

from benchmarks.harness import Bench, Row, install

SUBJECTS: Final = {
    "startup": ("1", "1b", "1c"),
    "scale": ("2", "3"),
    "catchup": ("4", "10"),
    "memory": ("5",),
    "occurrences": ("6", "7", "8"),
    "history": ("9",),
    "concurrency": ("11",),
    "listing": ("12",),
    "verification": ("13",),
    "minute": ("14",),
    "engines": ("15", "16", "17", "18"),
    "execution": ("30", "31", "32", "33", "34", "35"),
}
"""The modules, and the rows of the table that each of them measures."""


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for and print the table; returns 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="ROW|SUBJECT", help="measure only this")
    parser.add_argument("--quick", action="store_true", help="small sizes: it works, the ratios say little")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument("--bin", type=Path, help="an environment's bin folder with arco installed; default: a new one")
    options = parser.parse_args(arguments)
    subjects = [name for name, numbers in SUBJECTS.items() if not options.only or {name, *numbers} & set(options.only)]
    unknown = set(options.only) - {*SUBJECTS, *(number for numbers in SUBJECTS.values() for number in numbers)}
    if unknown:
        parser.error(f"no such row or subject: {', '.join(sorted(unknown))}")
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="arco-bench-") as folder:
        bench = _bench(Path(folder), options)
        rows = [row for subject in subjects for row in _rows(bench, subject)]
    rows = [row for row in rows if not options.only or _wanted(row, set(options.only))]
    if options.json:
        print(json.dumps({"rows": [asdict(row) | {"met": row.met} for row in rows]}, indent=2, ensure_ascii=False))
    else:
        print(table(rows))
    _say(f"{time.perf_counter() - begin:.0f} s in all")
    return 0 if all(row.met for row in rows) else 1


def _wanted(row: Row, only: set[str]) -> bool:
    number = row.number.split()[0]
    return number in only or any(number in numbers for name, numbers in SUBJECTS.items() if name in only)


def _bench(folder: Path, options: argparse.Namespace) -> Bench:
    bin_: Path | None = options.bin
    if bin_ is None:
        _say("installing arco into a new environment")
        bin_ = install(folder)
    return Bench(folder, options.quick, bin_.absolute(), _say, frozenset(options.only))


def _rows(bench: Bench, subject: str) -> Iterator[Row]:
    rows: Callable[[Bench], Iterator[Row]] = import_module(f"benchmarks.{subject}").rows
    return rows(bench)


def table(rows: list[Row]) -> str:
    """The rows as text in columns."""
    lines = [("#", "what : yardstick", "ours", "yardstick", "ratio", "target", "")]
    for row in sorted(rows, key=lambda row: (int(row.number.split()[0].rstrip("bc")), row.number)):
        sign, met = (">=" if row.at_least else "<="), ("met" if row.met else "NOT MET")
        ratio = f"{row.ratio:,.0f}" if row.ratio >= 100 else f"{row.ratio:.3g}"
        target = f"{sign} {row.target:,g} {row.unit}"
        lines.append((row.number, row.what, row.ours, row.yardstick, f"{ratio} {row.unit}", target, met))
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    right = {2, 3, 4, 5}
    return "\n".join(
        "  ".join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

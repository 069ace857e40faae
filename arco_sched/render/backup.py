"""`arco backup`."""

from arco_sched.render.json import line
from arco_sched.render.terminal import printable


def as_json(path: str, size: int) -> str:
    """`arco backup --json`."""
    return line({"backup": path, "bytes": size})


def text(path: str, size: int) -> str:
    """`arco backup`."""
    path = printable(path)
    return f"Wrote {path}, {size:,} bytes. `arco --db {path} verify` checks it.\n"

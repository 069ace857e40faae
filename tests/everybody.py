"""A Python that every user of the machine can run, for tests of a worker that is root and becomes somebody else.

Root's own often lies in root's home, where nobody else may look. Then the system's does, if it is of the same version.
"""

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import IMPORTABLE


class Python(NamedTuple):
    """An interpreter, and the PYTHONPATH by which it imports what the tests can."""

    program: str
    path: str


@lru_cache(maxsize=1)
def python() -> Python:
    """One that every user can run; the test is skipped where there is none."""
    if _is_open(Path(sys.executable)) and _is_open(Path(os.__file__)):
        return Python(sys.executable, IMPORTABLE)
    program = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    own = [path for path in IMPORTABLE.split(":") if not Path(path).resolve().is_relative_to(sys.base_prefix)]
    if not program.exists() or not all(_is_open(Path(path)) for path in own if Path(path).exists()):
        pytest.skip(f"another user can run neither {sys.executable} nor {program}, or not read what it imports")
    return Python(str(program), ":".join(own))


def _is_open(path: Path) -> bool:
    """Whether every user can read it, and enter every folder above it."""
    real = path.resolve()
    return bool(real.stat().st_mode & 0o004) and all(above.stat().st_mode & 0o001 for above in real.parents)

"""The tests, in the same packages as the code they are about; `tests.system` starts real processes."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository."""

IMPORTABLE = ":".join(path for path in sys.path if path)
"""PYTHONPATH of a process that is to import what the tests can, also where it starts without site-packages (`-S`)."""

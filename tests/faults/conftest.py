"""What these tests share with those of `tests/trust`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "trust"))

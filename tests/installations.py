"""Installations of arco with zone rules of their own: whole processes that see a `tzdata` package made for the test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import tzdata

ROOT: Final = Path(__file__).resolve().parent.parent
RELEASES: Final = ROOT / "tests" / "zone_data"
_INSTALLED: Final = Path(tzdata.__path__[0])
_USUAL: Final = ("UTC", "Europe/Berlin")


class Installation:
    """One `arco` whose zone rules are those of a release in tests/zone_data, on a database that others may use too."""

    def __init__(self, folder: Path, db: Path, release: str, *, without: str | None = None) -> None:
        self.release, self._db = release, db
        package = folder / release / "tzdata"
        zones = {str(path.relative_to(RELEASES / release)): path for path in (RELEASES / release).rglob("*/*")}
        zones |= {name: _INSTALLED / "zoneinfo" / name for name in _USUAL}
        for name, source in zones.items():
            if name != without:
                target = package / "zoneinfo" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        names = [name for name in zones if name != without]
        (package / "zones").write_text("".join(f"{name}\n" for name in names))
        for inner in (package, *(path for path in package.rglob("*") if path.is_dir())):
            (inner / "__init__.py").write_text(f'IANA_VERSION = "{release}"\n')
        self._path = f"{package.parent}{os.pathsep}{ROOT}"

    def __call__(self, *arguments: str, at: str, code: int = 0) -> Any:
        """The JSON answer of a command at an instant."""
        done = subprocess.run(
            [sys.executable, "-m", "arco_sched", "--db", str(self._db), *arguments, "--json"],
            env={**os.environ, "PYTHONPATH": self._path, "ARCO_NOW": at},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        return json.loads(done.stdout)

"""Running `arco` in this process on a database and files of its own."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arco_sched.cli import entry


@dataclass(frozen=True)
class Answer:
    """What a command did: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as the one JSON document that it must be."""
        return json.loads(self.out)


@dataclass
class Arco:
    """`arco` in a folder; `at` is `ARCO_NOW`, and stays until it is set anew."""

    folder: Path
    at: str = "2025-01-15T12:00:00Z"

    @property
    def db(self) -> Path:
        """The database, which is there when a command has made it."""
        return self.folder / "arco.db"

    def __call__(self, *argv: str) -> Answer:
        """Run a command."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = entry.run(argv, {"ARCO_DB": str(self.db), "ARCO_NOW": self.at})
        return Answer(code, out.getvalue(), err.getvalue())

    def json(self, *argv: str) -> Any:
        """The JSON answer of a command that must succeed."""
        answer = self(*argv, "--json")
        assert answer.code == 0, answer
        return answer.json

    def file(self, name: str, content: str | bytes) -> str:
        """A file in the folder; returns its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return str(path)

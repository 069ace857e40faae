"""Running `arco` in this process: the same door as the console script's, with its own environment and streams."""

import contextlib
import io
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arco_sched.cli import entry
from tests.database import dump


@dataclass(frozen=True)
class Result:
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
    """`arco` on one database; `at` is `ARCO_NOW`, and stays until it is set anew."""

    db: Path
    at: str | None = "2025-01-01T00:00:00Z"

    @property
    def folder(self) -> Path:
        """Where the database is, or will be."""
        return self.db.parent

    def run(self, argv: Sequence[str], **environ: str) -> Result:
        """Run a command, given as its arguments."""
        known = {
            "ARCO_BY": "me@here",
            "ARCO_DB": str(self.db),
            **({} if self.at is None else {"ARCO_NOW": self.at}),
            **environ,
        }
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = entry.run(argv, known)
        return Result(code, out.getvalue(), err.getvalue())

    def __call__(self, *command: str, **environ: str) -> Result:
        """Run a command, given as one line as in a shell, or as its arguments."""
        return self.run(shlex.split(command[0]) if len(command) == 1 else command, **environ)

    def ok(self, *command: str, at: str | None = None) -> Result:
        """Run a command that must succeed, after setting the clock."""
        self.at = at or self.at
        result = self(*command)
        assert result.code == 0, result
        return result

    def json(self, *command: str, at: str | None = None) -> Any:
        """The JSON answer of a command that must succeed; the command is a line or its arguments, as in a call."""
        *first, last = command
        return self.ok(*((*first, last, "--json") if first else (f"{last} --json",)), at=at).json

    def file(self, name: str, content: str | bytes) -> str:
        """A file beside the database; returns its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return str(path)

    def content(self) -> list[str] | None:
        """Everything in the database, None where there is none."""
        return dump(self.db) if self.db.exists() else None

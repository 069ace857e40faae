"""The line of each key of a TOML document, which `tomllib` doesn't tell."""

import re
import tomllib
from bisect import bisect_left
from typing import Final

Path = tuple[str | int, ...]
"""The keys and array indexes that lead to a value."""

_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_STRINGS: Final = (
    # Up to two quotes may precede the closing three.
    re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)


def key_lines(source: str) -> dict[Path, int]:
    """The line, counted from 1, where each key, table and array entry of a document first appears.

    `source` must be TOML that `tomllib` accepts; anything else may raise `ValueError`.
    """
    scan = _Scan(source.replace("\r\n", "\n"))
    scan.document()
    return scan.lines


class _Scan:
    def __init__(self, source: str) -> None:
        self.lines: dict[Path, int] = {}
        self._source = source
        self._at = 0
        self._ends = [place for place, char in enumerate(source) if char == "\n"]
        self._arrays: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._skip(_BLANK):
            if self._take("[["):
                table = self._header(array=True)
            elif self._take("["):
                table = self._header(array=False)
            else:
                self._pair(table)

    def _header(self, *, array: bool) -> Path:
        line = self._line()
        keys = self._keys()
        self._expect("]]" if array else "]")
        path: Path = ()
        for place, key in enumerate(keys):
            path = (*path, key)
            self.lines.setdefault(path, line)
            if array and place == len(keys) - 1:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path])
                self.lines.setdefault(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("["):
            place = 0
            while self._more("]"):
                entry = (*path, place)
                self.lines.setdefault(entry, self._line())
                self._value(entry)
                place += 1
        elif self._take("{"):
            while self._more("}"):
                self._pair(path)
        elif self._source[self._at : self._at + 1] in {'"', "'"}:
            self._string()
        else:
            self._skip(_SCALAR)

    def _more(self, closing: str) -> bool:
        self._skip(_BLANK)
        if self._take(","):
            self._skip(_BLANK)
        if self._at >= len(self._source):
            raise self._lost()
        return not self._take(closing)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if not self._take("."):
                return keys

    def _key(self) -> str:
        match = _BARE.match(self._source, self._at)
        if match is not None:
            self._at = match.end()
            return match[0]
        text: str = tomllib.loads(f"key = {self._string()}")["key"]
        return text

    def _string(self) -> str:
        for form in _STRINGS:
            match = form.match(self._source, self._at)
            if match is not None:
                self._at = match.end()
                return match[0]
        raise self._lost()

    def _skip(self, what: re.Pattern[str]) -> bool:
        """Move past it; returns whether any text is left."""
        match = what.match(self._source, self._at)
        self._at = self._at if match is None else match.end()
        return self._at < len(self._source)

    def _take(self, text: str) -> bool:
        found = self._source.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._lost()

    def _line(self) -> int:
        return bisect_left(self._ends, self._at) + 1

    def _lost(self) -> ValueError:
        return ValueError(f"not TOML at line {self._line()}")

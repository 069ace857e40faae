"""Unit files of systemd as text: their settings line by line, words, spans, specifiers (systemd.syntax(7))."""

import re
import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

from arco_sched.formats.entries import Unfit

_SPAN: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ]*)")
_MICROSECONDS: Final = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1_000_000),
    **dict.fromkeys(("us", "usec", "µs"), 1),
    **dict.fromkeys(("ms", "msec"), 1_000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000_000),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600_000_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000_000),
    **dict.fromkeys(("w", "week", "weeks"), 604_800_000_000),
    **dict.fromkeys(("M", "month", "months"), 2_629_800_000_000),
    **dict.fromkeys(("y", "year", "years"), 31_557_600_000_000),
}
_SPECIFIER: Final = re.compile(r"%(.)")


class Setting(NamedTuple):
    """A setting of a unit: the line where it begins, its section, key and value, and its text."""

    number: int
    section: str
    key: str
    value: str
    text: str


class Unit(NamedTuple):
    """A unit file: its name (`backup.timer`), its settings, and the lines that aren't settings, with their reasons."""

    name: str
    settings: tuple[Setting, ...]
    broken: tuple[tuple[int, str, str], ...]

    @property
    def stem(self) -> str:
        """The name without the unit type."""
        return self.name.rpartition(".")[0]

    def values(self, section: str, key: str) -> list[Setting]:
        """The settings of a key in order; an empty value clears the ones above it."""
        found: list[Setting] = []
        for setting in self.settings:
            if (setting.section, setting.key) == (section, key):
                found = [*found, setting] if setting.value else []
        return found


def read_unit(source: bytes, name: str) -> Unit:
    """The settings of a unit file; a line that ends in a backslash continues on the next."""
    settings, broken = [], []
    section = ""
    lines = source.decode("utf-8", "backslashreplace").split("\n")
    number = 0
    while number < len(lines):
        first, text = number + 1, lines[number].strip()
        number += 1
        if not text or text[0] in "#;":
            continue
        while text.endswith("\\") and number < len(lines):
            following = lines[number].strip()
            number += 1
            if following[:1] not in {"#", ";"}:
                text = f"{text[:-1].rstrip()} {following}"
        key, equals, value = text.partition("=")
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
        elif not equals or not section:
            broken.append((first, text, "it isn't a setting in a section: systemd ignores it"))
        else:
            settings.append(Setting(first, section, key.strip(), value.strip(), text))
    return Unit(name, tuple(settings), tuple(broken))


def seconds(text: str) -> int:
    """A span of time in whole seconds; raises `Unfit`."""
    total = at = 0
    while at < len(text.rstrip()):
        match = _SPAN.match(text, at)
        if match is None or match[2] not in _MICROSECONDS:
            raise Unfit(f"{text!a} isn't a time span")
        total += round(float(match[1]) * _MICROSECONDS[match[2]])
        at = match.end()
    if not text.strip() or total % 1_000_000:
        raise Unfit(f"{text!a} isn't a whole number of seconds")
    return total // 1_000_000


def is_flag(text: str) -> bool:
    """Whether systemd reads a value as true."""
    return text.lower() in {"1", "yes", "y", "true", "t", "on"}


def specified(text: str, unit: str) -> str:
    """The value with its specifiers expanded for this unit; raises `Unfit` for one that depends on the host."""
    stem, _, _ = unit.rpartition(".")
    prefix, at, instance = stem.partition("@")
    known = {"%": "%", "n": unit, "N": stem, "p": prefix, "i": instance if at else "", "t": "/run", "S": "/var/lib"}
    known |= {"C": "/var/cache", "L": "/var/log", "E": "/etc", "T": "/tmp", "V": "/var/tmp"}  # noqa: S108 - as it says
    known["j"] = prefix.rpartition("-")[2]

    def of(match: "re.Match[str]") -> str:
        if match[1] not in known:
            raise Unfit(f"the specifier %{match[1]} depends on the host or means nothing to arco")
        return known[match[1]]

    return _SPECIFIER.sub(of, text)


def words(text: str) -> list[str]:
    """The words of a value, without their quotes; raises `Unfit`."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        raise Unfit("its quotes aren't closed") from None


def shell_line(given: Sequence[str]) -> str:
    """A command line for sh of words that systemd passes on unchanged except for `$`."""
    return " ".join(map(_shell_word, given))


def _shell_word(word: str) -> str:
    # `$X` as a separate word is split at blanks, `${X}` isn't, and nothing else is special.
    if re.fullmatch(r"\$[A-Za-z_][A-Za-z0-9_]*", word):
        return word
    parts = re.split(r"(\$\{[A-Za-z_][A-Za-z0-9_]*\})", word)
    found = [f'"{part}"' if part.startswith("${") else shlex.quote(part.replace("$$", "$")) for part in parts if part]
    return "".join(found) or "''"

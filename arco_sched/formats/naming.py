"""Ids for schedules that never had one: found in the command, the same each time, and unique in a file."""

import re
from typing import Final

_QUOTED: Final = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\$\([^)]*\)|`[^`]*`")
_REDIRECTION: Final = re.compile(r"\d*[<>]+(?:&\d|&?\s*\S+)")
_BETWEEN: Final = re.compile(r"&&|\|\||[;|&\n]")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_NUMBER: Final = re.compile(r"[0-9.]+[smhd]?")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,30}")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_ENDING: Final = re.compile(r"\.(?:sh|bash|py|pl|rb|php|js)$")

_SYNTAX: Final = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "(", ")"}
)
_GUARDS: Final = frozenset(
    {".", ":", "[", "[[", "cd", "command", "echo", "exit", "export", "false", "mkdir", "set", "sleep", "source", "test"}
    | {"true", "type", "ulimit", "umask", "unset", "wait", "which"}
)
_WRAPPERS: Final = frozenset(
    {"chronic", "chrt", "cronic", "env", "eval", "exec", "flock", "ionice", "nice", "nohup", "run-one", "runuser"}
    | {"setsid", "stdbuf", "su", "sudo", "systemd-cat", "time", "timeout", "xargs"}
)
_INTERPRETERS: Final = frozenset({"bash", "dash", "java", "node", "perl", "php", "ruby", "sh", "zsh"})
_WITH_VALUE: Final = frozenset({"-u", "-g", "-w", "-n", "-c", "-s"})


def telling_name(command: str, comment: str) -> str:
    """A name for a command: its program, behind guards and wrappers, with the words that say what it shall do.

    Where the command has none, the first words of the comment; nothing where there is none either.
    """
    plain = _REDIRECTION.sub(" ", _QUOTED.sub(" ", command))
    for segment in _BETWEEN.split(plain):
        name = _clean(_program(segment.replace("(", " ( ").replace(")", " ) ").split()))
        if name:
            return name
    return _clean(" ".join(comment.lower().split()[:5]))


def _program(words: list[str]) -> str:
    wrapped = ""
    while words:
        word = words.pop(0)
        base = word.rsplit("/", 1)[-1]
        if word in _SYNTAX or _ASSIGNMENT.match(word):
            continue
        if wrapped and (word.startswith("-") or _NUMBER.fullmatch(word)):
            if word in _WITH_VALUE and words and not _NUMBER.fullmatch(words[0]):
                words.pop(0)
            continue
        if wrapped == "flock":
            wrapped = "its file is behind us"
            continue
        if base in _WRAPPERS:
            wrapped = base
            continue
        if base in _GUARDS:
            return ""
        if base in _INTERPRETERS or re.fullmatch(r"python[0-9.]*", base):
            return _script(words)
        return _with_words(base, words)
    return ""


def _script(words: list[str]) -> str:
    """The script or module that an interpreter runs; nothing where its text is on the line."""
    while words:
        word = words.pop(0)
        if word == "-m" and words:
            return words[0]
        if word in {"-c", "-e", "-r"}:
            return ""
        if not word.startswith("-"):
            return _with_words(_ENDING.sub("", word.rsplit("/", 1)[-1]), words)
    return ""


def _with_words(base: str, words: list[str]) -> str:
    base = _ENDING.sub("", base)
    if base == "run-parts":
        folders = [word.rstrip("/").rsplit("/", 1)[-1] for word in words if word.startswith("/")]
        return "-".join([base, *folders[:1]])
    told: list[str] = []
    for word in words:
        if len(told) == 2 or not (word.startswith("-") or _WORD.fullmatch(word)):
            break
        if not word.startswith("-"):
            told.append(word)
    return "-".join([base, *told])


def _clean(text: str) -> str:
    return _UNFIT.sub("-", text)[:48].strip("._-")


class Names:
    """Ids that are given once each.

    The first entry with a name has it as its id. Another one gets a few characters of its command's hash behind it, and
    of its time's where the command is the same, so that the order of the others does not matter.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._given: set[str] = set()

    def take(self, name: str, command: str, rest: str) -> str:
        """An id that nothing else has."""
        marks = [_mark(command), _mark(f"{command}\n{rest}")]
        name = name or f"entry-{marks[0]}"
        candidates = [name, f"{name}-{marks[0]}", f"{name}-{marks[1]}"]
        number = 2
        while f"{self._prefix}{candidates[0]}" in self._given:
            candidates.pop(0)
            if not candidates:
                candidates.append(f"{name}-{marks[1]}-{number}")
                number += 1
        found = f"{self._prefix}{candidates[0]}"
        self._given.add(found)
        return found


def _mark(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]

"""A name for a command: the program behind guards, wrappers and interpreters, and the words that say what it does."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_HERE_DOCUMENT: Final = re.compile(r"\Aexec <<'(STDIN\d*)'\n.*?^\1\n", re.DOTALL | re.MULTILINE)
_SUBSTITUTION: Final = re.compile(r"\$\([^()]*\)|`[^`]*`")
_REDIRECTION: Final = re.compile(r"(?<!\d)\d*[<>]+(?:&\d|&?\s*(?:\"[^\"]*\"|'[^']*'|[^\s;&|()]+))")
_OPERATORS: Final = frozenset(";&|()\n")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,30}")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_ENDING: Final = re.compile(r"\.(?:sh|bash|py|pl|rb|php|js|jar)$")
_SEPARATORS: Final = re.compile(r"[/=?&:,@#\s]+")

_SYNTAX: Final = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "(", ")"}
)
_GUARDS: Final = frozenset(
    {".", ":", "[", "[[", "cd", "command", "echo", "exit", "export", "false", "mkdir", "set", "sleep", "source", "test"}
    | {"true", "type", "ulimit", "umask", "unset", "wait", "which"}
)
_SHELLS: Final = frozenset({"ash", "bash", "dash", "fish", "ksh", "mksh", "sh", "zsh"})


class _Wrapper(NamedTuple):
    """A program that runs another: its options that take a value or a command line, and its number of arguments."""

    valued: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    positional: int = 0


def _wrapper(valued: str = "", lines: str = "", positional: int = 0) -> _Wrapper:
    return _Wrapper(frozenset(valued.split()), frozenset(lines.split()), positional)


_WRAPPERS: Final = {
    **{name: _wrapper() for name in ("chronic", "cronic", "eval", "exec", "nohup", "run-one", "setsid", "time")},
    "chrt": _wrapper("-T -P -D", positional=1),
    "env": _wrapper("-u --unset -C --chdir", "-S --split-string"),
    "flock": _wrapper("-w --wait --timeout -E --conflict-exit-code", "-c --command", positional=1),
    "ionice": _wrapper("-c --class -n --classdata -p -P -u"),
    "nice": _wrapper("-n --adjustment"),
    "runuser": _wrapper("-u --user -g --group -G --supp-group -s --shell -w", "-c --command"),
    "stdbuf": _wrapper("-i -o -e --input --output --error"),
    "su": _wrapper("-g --group -G --supp-group -s --shell -w", "-c --command"),
    "sudo": _wrapper("-u --user -g --group -h --host -p --prompt -C -T -U -r -t -D --chdir -R"),
    "systemd-cat": _wrapper("-t --identifier -p --priority"),
    "systemd-run": _wrapper("-u --unit -p --property -M --machine -E --setenv --description --slice"),
    "timeout": _wrapper("-s --signal -k --kill-after", positional=1),
    "xargs": _wrapper("-n -I -P -d -L -a -s -E"),
}
_INTERPRETERS: Final = {
    "java": _wrapper("-cp -classpath --class-path -p --module-path", "-jar"),
    "node": _wrapper("-r --require --import", "-e --eval -p --print"),
    "perl": _wrapper("-I -M", "-e -E"),
    "php": _wrapper("-d --define -c --php-ini -z", "-r --run -B -R"),
    "python": _wrapper("-W -X", "-c"),
    "ruby": _wrapper("-I -r -C", "-e"),
}
"""Options that take a value, and those that take the program's text, which has no name."""


def telling_name(command: str, comment: str = "") -> str:
    """A name for a command: the program behind guards and wrappers, and the words that say what it does.

    Without one, the first words of the comment; empty if there is no comment either.
    """
    return _of_line(_HERE_DOCUMENT.sub("", command), depth=3) or clean(" ".join(comment.lower().split()[:5]))


def telling_words(command: str) -> list[str]:
    """The parts of a command that may distinguish it from others with its name, in order."""
    found = []
    for words in _segments(_HERE_DOCUMENT.sub("", command)):
        for word in words:
            found += [clean(part) for part in _SEPARATORS.split(word.removeprefix("https://").removeprefix("http://"))]
    return [word for word in found if word]


def clean(text: str) -> str:
    """The text as a part of an id, at most 48 characters."""
    return _UNFIT.sub("-", text)[:48].strip("._-")


def _of_line(line: str, depth: int) -> str:
    for words in _segments(line):
        name = clean(_program(words, depth))
        if name:
            return name
    return ""


def _segments(line: str) -> Iterator[list[str]]:
    """The words of each simple command of a line, without quotes and redirections."""
    plain = _REDIRECTION.sub(" ", _SUBSTITUTION.sub(" ", line))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for token in lexer:
            if token and _OPERATORS.issuperset(token):
                yield words
                words = []
            else:
                words.append(token)
    except ValueError:
        words = plain.replace('"', " ").replace("'", " ").split()
    yield words


def wrappers(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each program in front of a command that runs what follows it, with its own options and arguments."""
    left = list(words)
    while left:
        word = left.pop(0)
        base = word.rsplit("/", 1)[-1]
        if word in _SYNTAX or _ASSIGNMENT.match(word):
            continue
        if base not in _WRAPPERS:
            return
        following = list(left)
        line = _unwrap(base, left)
        yield base, following[: len(following) - len(left)]
        if line is not None:
            return


def _program(words: list[str], depth: int) -> str:
    while words:
        word = words.pop(0)
        base = word.rsplit("/", 1)[-1]
        if word in _SYNTAX or _ASSIGNMENT.match(word):
            continue
        if base in _WRAPPERS:
            line = _unwrap(base, words)
            if line is not None:
                return _of_line(line, depth - 1) if depth else ""
            continue
        if base in _GUARDS:
            return ""
        if base in _SHELLS:
            return _of_shell(words, depth)
        kind = "python" if re.fullmatch(r"python[0-9.]*", base) else re.sub(r"[0-9.]+$", "", base)
        return _script(_INTERPRETERS[kind], words) if kind in _INTERPRETERS else _with_words(base, words)
    return ""


def _unwrap(base: str, words: list[str]) -> str | None:
    """Remove a wrapper's own words; returns the command line that it runs if that is the value of an option."""
    wrapper = _WRAPPERS[base]
    positional = wrapper.positional
    of_user = base == "su"
    while words:
        word = words[0]
        if word in wrapper.lines and len(words) > 1:
            return words[1]
        if word == "--":
            words.pop(0)
        elif word.startswith("-"):
            # `su - user` and `runuser - user` name a user, and their command comes as an option.
            of_user = of_user or (word in {"-", "-l", "--login"} and base == "runuser")
            del words[: 2 if word in wrapper.valued else 1]
        elif base in {"env", "sudo", "nice"} and _ASSIGNMENT.match(word):
            words.pop(0)
        elif positional or of_user:
            words.pop(0)
            positional -= 1
        else:
            return None
    return None


def _of_shell(words: list[str], depth: int) -> str:
    """The name of the script that a shell runs, or of what its command line runs."""
    while words:
        word = words.pop(0)
        if re.fullmatch(r"-[a-zA-Z]*c", word):
            return _of_line(words[0], depth - 1) if words and depth else ""
        if word in {"-o", "-O"}:
            del words[:1]
        elif not word.startswith("-"):
            return _with_words(word.rsplit("/", 1)[-1], words)
    return ""


def _script(interpreter: _Wrapper, words: list[str]) -> str:
    """The name of the script or module that an interpreter runs; empty if the program's text is on the line."""
    while words:
        word = words.pop(0)
        if word in {"-m", "-jar", "-f"} and words:
            return _with_words(words.pop(0).rsplit("/", 1)[-1], words if word != "-m" else [])
        if word in interpreter.lines:
            return ""
        if word in interpreter.valued:
            del words[:1]
        elif not word.startswith("-"):
            return _with_words(word.rsplit("/", 1)[-1], words)
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

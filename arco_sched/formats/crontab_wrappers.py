"""What in a command defeats what arco does: wrappers that lock or time it, and endings that lose its exit code.

The reader knows quotes, `$( )` and backquotes. It gives up, without a remark, where a line has groups or compound
commands, whose exit code is that of what is inside.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from arco_sched.formats.naming import wrappers

_MAILERS: Final = frozenset({"mail", "mailx", "s-nail", "mutt", "sendmail", "msmtp"})
_SINKS: Final = _MAILERS | {"logger", "systemd-cat", "tee", "ts"}
"""Programs that end with 0, whatever was piped into them."""

_ALWAYS: Final = _SINKS | {"true", ":", "echo", "printf"}
_COMPOUND: Final = frozenset({"if", "case", "for", "while", "until", "{", "}", "!", "function", "select"})
_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<redirection>[<>]&|&>)|(?P<operator>\|\||&&|\|&|[|;&\n])"""
    r"""|(?P<quoted>'[^']*'|"(?:\\.|[^"\\])*")|(?P<nested>\$\((?:[^()'"]|'[^']*'|"[^"]*")*\)|`[^`]*`)"""
    r"""|(?P<escaped>\\.)|(?P<plain>[^\s|;&()'"\\`])""",
    re.DOTALL,
)
_DURATION: Final = re.compile(r"([0-9]+)([smhd]?)")
_LOST: Final = "hides the exit code: a failed run counts as succeeded, so it isn't retried or reported."


class _Part(NamedTuple):
    """A simple command, which has at least one word, and the operator in front of it."""

    operator: str
    words: list[str]


def remarks(command: str) -> list[str]:
    """A sentence for each wrapper that a field of the schedule replaces, in the order of the command."""
    parts = list(_parts(command))
    found = [remark for part in parts for remark in _of_wrappers(part.words)]
    lost = _of_exit_code(parts)
    return found if lost is None else [*found, lost]


def _of_wrappers(words: list[str]) -> Iterator[str]:
    for base, own in wrappers(words):
        if base == "timeout" and own:
            limit = _DURATION.fullmatch(own[-1])
            instead = f"`--timeout {limit[1]}{limit[2] or 's'}`" if limit else "`--timeout`"
            yield (
                f"`timeout {own[-1]}` looks like any other failure: {instead} ends everything the command started and "
                "records that it timed out"
            )
        elif base == "flock" and own:
            if any(re.fullmatch(r"-[a-zA-Z]*n[a-zA-Z]*|--nonblock|--nb", word) for word in own):
                yield (
                    "`flock -n` fails the run (exit code 1) while the last one still runs: if nothing else uses that "
                    "lock, `--overlap skip` skips it instead"
                )
            else:
                yield (
                    "`flock` makes a run wait that has started already: if nothing else uses that lock, "
                    "`--overlap queue` starts it after the last one"
                )


def _of_exit_code(parts: list[_Part]) -> str | None:
    """What is said where the exit code of the last list of a line is not that of its work."""
    if not parts or any(part.words[0] in _COMPOUND for part in parts):
        return None
    begin = max((place for place, part in enumerate(parts) if part.operator in {";", "&", "\n"}), default=0)
    last = parts[begin:]
    pipeline = max((place for place, part in enumerate(last) if part.operator in {"||", "&&"}), default=0)
    first, final = last[pipeline], last[-1]
    program = _program(final.words)
    dots = "… | " if len(last) - pipeline > 1 else ""
    if first.operator == "||" and (program in _ALWAYS or final.words == ["exit", "0"]):
        named = f"`|| {dots}{'exit 0' if program == 'exit' else program}`"
        if program in _SINKS | {"echo", "printf"}:
            return f"{named} {_LOST} `--on-failure` runs a command when a run has failed"
        return f"{named} {_LOST} Leave it out"
    if dots and program in _SINKS:
        instead = ", and `--on-failure` can send mail" if program in _MAILERS else ""
        return f"`| {program}` {_LOST} arco keeps the output (`arco runs log`){instead}"
    return None


def _program(words: list[str]) -> str:
    return words[0].rsplit("/", 1)[-1]


def _parts(command: str) -> Iterator[_Part]:
    """The simple commands of a line, with their words unquoted; none where it has groups, or can't be read."""
    parts = [_Part("", [])]
    word: str | None = None
    place = 0
    while place < len(command) and not (command[place] == "#" and word is None):
        token = _TOKEN.match(command, place)
        if token is None:
            return
        place = token.end()
        if token.lastgroup in {"blank", "operator"}:
            parts[-1].words.extend([] if word is None else [word])
            word = None
            if token.lastgroup == "operator":
                parts.append(_Part(token[0].replace("|&", "|"), []))
            continue
        piece = {"quoted": token[0][1:-1], "escaped": token[0][1:]}.get(token.lastgroup or "", token[0])
        word = (word or "") + piece
    parts[-1].words.extend([] if word is None else [word])
    yield from (part for part in parts if part.words)

"""YAML documents as plain values, with the line of each key."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

from arco_sched.formats.entries import Unfit

Path = tuple[str | int, ...]

MAX_NODES: Final = 200_000
"""Maximum values in a document, counting aliases each time: anything larger isn't a manifest and may be an attack."""

MAX_DEPTH: Final = 100
_TEMPLATE: Final = re.compile(r"\{\{|<%")
_BRACES: Final = re.compile(r"\{\{-?([^{}]*)\}\}")
_OF_A_COMMAND: Final = re.compile(
    r"\.(?!(?:Values|Release|Chart|Capabilities|Files|Template)\b)|\"|\$\w*\s*:?="
    r"|(?:range|if|else|end|with|index|printf?|println|json|len|eq|ne|and|or|not|join|split)\b"
)
"""What the braces of a Go template hold that is an argument of a program such as `docker` or `kubectl`."""
_BEGIN: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)


class Document(NamedTuple):
    """One document: the line where it begins, its value, the lines of its keys.

    `problem` says why it can't be read: the line, its text, and the reason.
    """

    line: int
    value: Any
    lines: dict[Path, int]
    problem: tuple[int, str, str] | None = None


def documents(source: bytes) -> Iterator[Document]:
    """Every document of a file, broken ones with their reasons; raises `Unfit` if the file isn't UTF-8."""
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit("the file isn't UTF-8") from None
    starts = [0, *(match.start() for match in _BEGIN.finditer(text) if match.start()), len(text)]
    for start, end in pairwise(starts):
        before = text.count("\n", 0, start)
        part = text[start:end]
        if any(line.strip() and not line.lstrip().startswith(("#", "---")) for line in part.split("\n")):
            yield _document(part, before)


def _document(text: str, before: int) -> Document:
    from yaml import SafeLoader, YAMLError

    try:
        loader = SafeLoader(text)
    except YAMLError:
        why = "not YAML: it has characters that YAML doesn't allow"
        return Document(before + 1, None, {}, (before + 1, _at(text, 1), why))
    try:
        node = loader.get_node() if loader.check_node() else None
        lines: dict[Path, int] = {}
        if node is not None:
            _walk(node, (), before, lines, [0])
        value = None if node is None else loader.construct_document(node)
        template = None if node is None else _template(value, ())
    except YAMLError as error:
        sign = _template_line(text, before)
        if sign is not None:
            return Document(before + 1, None, {}, sign)
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        number = before + 1 + (mark.line if mark is not None else 0)
        said = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        return Document(before + 1, None, {}, (number, _at(text, number - before), f"not YAML: {said}"))
    except (RecursionError, ValueError, Unfit) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Document(before + 1, None, {}, (before + 1, _at(text, 1), why))
    finally:
        loader.dispose()
    if template is not None:
        path, shown = template
        number = next((lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in lines), before + 1)
        return Document(before + 1, None, {}, (number, shown, _WRITE_OUT))
    first = lines.get((), before + 1)
    return Document(first, value, lines)


_WRITE_OUT: Final = "it is a template: render it first, for example with `helm template`"


def _template_line(text: str, before: int) -> tuple[int, str, str] | None:
    """The first line that looks like a template, in a text that isn't YAML."""
    for number, line in enumerate(text.split("\n"), before + 1):
        if _TEMPLATE.search(line.split(" #", 1)[0]) and not line.lstrip().startswith("#"):
            return number, line.strip(), _WRITE_OUT
    return None


def _template(value: Any, path: Path) -> tuple[Path, str] | None:
    """The first string that is a template, and its path; a command's argument may contain one for its program."""
    if isinstance(value, str):
        if not _TEMPLATE.search(value):
            return None
        of_command = any(key in {"command", "args"} for key in path) and "<%" not in value
        inner = _BRACES.findall(value)
        if of_command and inner and all(_OF_A_COMMAND.match(each.strip()) for each in inner):
            return None
        return path, next(line for line in value.split("\n") if _TEMPLATE.search(line)).strip()
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        found = _template(key, path) if isinstance(key, str) else None
        found = found or _template(each, (*path, key if isinstance(key, int) else str(key)))
        if found is not None:
            return found
    return None


def _at(text: str, number: int) -> str:
    lines = text.split("\n")
    return lines[min(number, len(lines)) - 1].strip()


def _walk(node: Any, path: Path, before: int, lines: dict[Path, int], count: list[int]) -> None:
    count[0] += 1
    if count[0] > MAX_NODES or len(path) > MAX_DEPTH:
        raise Unfit("it has too many values, or is nested too deeply")
    lines.setdefault(path, before + node.start_mark.line + 1)
    kind = getattr(node, "id", "")
    if kind == "mapping":
        for key, value in node.value:
            inner = (*path, str(key.value))
            lines.setdefault(inner, before + key.start_mark.line + 1)
            _walk(value, inner, before, lines, count)
    elif kind == "sequence":
        for place, value in enumerate(node.value):
            _walk(value, (*path, place), before, lines, count)

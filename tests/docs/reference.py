"""The reference of the command line, docs/cli.md, from the commands themselves.

python -m tests.docs.reference    writes it anew, and the tables of other pages (`tests.docs.tables`)
"""

import sys
from collections.abc import Container, Iterator
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

from arco_sched.cli.app import command
from tests import ROOT
from tests.docs import tables as tables_of_pages

PAGE: Final = ROOT / "docs" / "cli.md"

HEAD: Final = """\
# Command reference

Every command with its options, as `arco COMMAND --help` shows them. [The rules](semantics.md) say what they mean and
what the [exit codes](semantics/answers.md#exit-codes) are, [json.md](json.md) has the output of `--json`. This page is
generated from the commands: `python -m tests.docs.reference`.

`ID` is a schedule's id. `INSTANT` is an RFC 3339 time such as `2025-01-15T10:00:00Z`; options that say so also take
plain words ([the rules](semantics/time.md#instants-in-words)). `SPAN` is a number with a unit: `90m`, `24h`, `7d`.
Give a repeatable option once for each value.
"""


class Documented(NamedTuple):
    """A command: what to type to call it, its group in the help, and what it is."""

    path: str
    group: str
    command: Any
    context: typer.Context


def documented() -> list[Documented]:
    """Every command that does something, in the order of the help."""
    root = command()
    return list(_below(root, typer.Context(root, info_name="arco"), "arco"))


def _below(group: Any, context: typer.Context, path: str, panel: str = "") -> Iterator[Documented]:
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        inner = typer.Context(found, parent=context, info_name=name)
        if isinstance(found, TyperGroup):
            yield from _below(found, inner, f"{path} {name}", panel or found.rich_help_panel)
        else:
            yield Documented(f"{path} {name}", panel or found.rich_help_panel, found, inner)


def page() -> str:
    """The whole page."""
    commands = documented()
    tables = [dict(_options(each.command.get_params(each.context))) for each in commands]
    shared = {option: words for option, words in tables[0].items() if all(option in table for table in tables)}
    root = command()
    before = dict(_options(root.get_params(typer.Context(root, info_name="arco"))))
    parts = [HEAD, _contents(commands)]
    parts += ["## Before the command", "`arco [options] COMMAND …`", _table(before)]
    parts += ["## With every command", _table(shared)]
    for each, table in zip(commands, tables, strict=True):
        parts += [f"## {each.path}", _words(each), _usage(each), _table(table, but=shared)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _contents(commands: list[Documented]) -> str:
    """A table for each group of the help: the command, linked to its section, and its first sentence."""
    groups: dict[str, list[str]] = {}
    for each in commands:
        words = " ".join(_words(each).partition("\n\n")[0].split()).replace("|", chr(92) + "|")
        row = f"| [`{each.path}`](#{each.path.replace(' ', '-')}) | {words} |"
        groups.setdefault(each.group, []).append(row)
    return "\n\n".join("\n".join((f"| {group} | |", "|---|---|", *rows)) for group, rows in groups.items())


def _words(each: Documented) -> str:
    """What the command does, as its help has it."""
    return str(each.command.help or "").strip()


def _usage(each: Documented) -> str:
    """What to type, and what the arguments are."""
    pieces = [each.path]
    arguments = []
    for parameter in each.command.get_params(each.context):
        if parameter.param_type_name == "argument":
            pieces.append(parameter.metavar)
            arguments.append(f"`{parameter.metavar.strip('[].')}`: {parameter.help}")
        elif parameter.required:
            pieces.append(f"{parameter.opts[0]} {parameter.metavar}")
    return "  \n".join((f"`{' '.join(pieces)} [options]`", *arguments))


def _options(parameters: list[Any]) -> Iterator[tuple[str, str]]:
    """A row an option: how it is written, what it does."""
    for parameter in parameters:
        if parameter.param_type_name != "option" or parameter.hidden:
            continue
        name = f"`{' '.join(filter(None, (parameter.opts[0], parameter.metavar)))}`"
        choices = getattr(parameter.type, "choices", ())
        name += "".join(f" `{choice}`{',' if choice != choices[-1] else ''}" for choice in choices)
        yield name, str(parameter.help) + _default(parameter) + (" Required." if parameter.required else "")


def _default(parameter: Any) -> str:
    shown = parameter.default not in (None, False) and parameter.show_default
    return f" Default: {parameter.default}." if shown else ""


def _table(rows: dict[str, str], but: Container[str] = ()) -> str:
    lines = [f"| {name} | {words.replace('|', chr(92) + '|')} |" for name, words in rows.items() if name not in but]
    return "\n".join(("| option | |", "|---|---|", *lines)) if lines else ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{', '.join((str(PAGE.relative_to(ROOT)), *tables_of_pages.write()))} written\n")

"""Help pages: one column of names and one of what they mean, the same in every section of a page."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from arco_sched.render.drawing import Screen

Item = tuple[str, str]
"""A name and what it means."""

Sections = dict[str, list[Item]]
"""The items of a page by the titles above them."""

WIDTH: Final = 100
"""The longest line of a help page, in columns: longer ones are hard to read."""

PIPE_WIDTH: Final = 80
"""The same if the width of the screen is unknown."""

NAMES: Final = 28
"""The widest column of names; a longer name gets its own line."""


class Command(TyperCommand):
    """A command with such a help page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the page to stdout."""
        _write(self, ctx)


class Group(TyperGroup):
    """A group of commands with such a help page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the page to stdout."""
        _write(self, ctx)


class Application(typer.Typer):
    """A typer application of such groups and commands."""

    def __init__(self, *, cls: type[TyperGroup] = Group, **options: Any) -> None:
        super().__init__(cls=cls, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """The decorator of a function that is a command."""
        return super().command(name, cls=options.pop("cls", Command), **options)


def _write(command: TyperCommand | TyperGroup, ctx: Any) -> None:
    from arco_sched.render.drawing import Screen
    from arco_sched.render.terminal import is_unbounded

    screen = Screen()
    screen.console.width = PIPE_WIDTH if is_unbounded() else min(screen.console.width, WIDTH)
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)]).replace("{", "").replace("}", "")
    _paragraph(screen, f"Usage: {usage}", "bold")
    for text in inspect.cleandoc(command.help or "").split("\n\n"):
        screen.line("")
        _paragraph(screen, " ".join(text.split()))
    for sections in (_commands(command, ctx), _parameters(command, ctx)):
        width = max((len(name) for items in sections.values() for name, _ in items if len(name) <= NAMES), default=0)
        for title, items in sections.items():
            screen.line("")
            screen.line(f"{title}:", "bold")
            for name, meaning in items:
                _item(screen, name, meaning, width)
    if command.epilog:
        screen.line("")
        first, *lines = command.epilog.splitlines()
        screen.line(first, "bold")
        for line in lines:
            screen.verbatim(f"  {line}")


def _commands(command: TyperCommand | TyperGroup, ctx: Any) -> Sections:
    """The commands of a group by their panels, each with the first sentence of its help."""
    found: Sections = {}
    if not isinstance(command, TyperGroup):
        return found
    for name in command.list_commands(ctx):
        inner = command.get_command(ctx, name)
        if inner is not None and not inner.hidden:
            summary = inspect.cleandoc(inner.short_help or inner.help or "").split("\n\n")[0]
            found.setdefault(_panel(inner) or "Commands", []).append((name, " ".join(summary.split())))
    return found


def _parameters(command: TyperCommand | TyperGroup, ctx: Any) -> Sections:
    """Arguments, options without a panel, the panels, and `--help` last where it would be alone."""
    found: Sections = {}
    others: list[Item] = []
    for param in command.get_params(ctx):
        item = _named(param, ctx), _meaning(param)
        if isinstance(param, TyperArgument):
            found.setdefault("Arguments", []).append(item)
        elif panel := _panel(param):
            found.setdefault(panel, []).append(item)
        elif not getattr(param, "hidden", False):
            others.append(item)
    arguments = {"Arguments": found.pop("Arguments")} if "Arguments" in found else {}
    if len(others) > 1 or not found:
        return arguments | {"Options": others} | found
    return arguments | found | {"Other options": others}


def _panel(part: Any) -> str | None:
    panel = getattr(part, "rich_help_panel", None)
    return panel if isinstance(panel, str) else None


def _named(param: Any, ctx: Any) -> str:
    """`--cron EXPR`, `-h, --help`, or the name of an argument."""
    if isinstance(param, TyperArgument):
        return re.sub(r"[][{}]", "", str(param.make_metavar(ctx=ctx)))
    names = ", ".join(sorted([*param.opts, *param.secondary_opts], key=len))
    return names if param.is_flag or param.count else f"{names} {param.make_metavar(ctx=ctx)}"


def _meaning(param: Any) -> str:
    said = " ".join((param.help or "").split())
    return f"{said.removesuffix('.')} (required)." if param.required else said


def _paragraph(screen: Screen, text: str, style: str = "") -> None:
    from arco_sched.render.wrapping import wrapped

    for line in wrapped(text, screen.console.width):
        screen.verbatim(line, style)


def _item(screen: Screen, name: str, meaning: str, width: int) -> None:
    """A name and what it means beside it, or below it where the name is too long for its column."""
    from arco_sched.render.drawing import BUSY
    from arco_sched.render.wrapping import wrapped

    begin = 2 + width + 2
    lines = wrapped(meaning, max(screen.console.width - begin, 20)) or [""]
    beside = " " * (begin - 2 - len(name)) + lines.pop(0) if len(name) <= width else ""
    screen.parts(("  ", ""), (name, BUSY), (beside, ""))
    for line in lines:
        screen.verbatim(" " * begin + line)

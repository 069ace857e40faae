"""Which schedules a command is about: those named, those with labels, or all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from arco_sched.cli.completion import complete_schedule
from arco_sched.cli.options import PAGES, Problems
from arco_sched.cli.run_changes import confirm

if TYPE_CHECKING:
    from arco_sched.service.workspace import Workspace

WHICH = "Which"
NAMED = 20
"""Schedules that a question names; of the others it says how many there are."""

Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="The schedules; or give --label or --all.",
        autocompletion=complete_schedule,
        show_default=False,
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="K=V",
        help="All schedules with this label; repeatable, all must match.",
        rich_help_panel=WHICH,
    ),
]
OfLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="K=V", help="Only those with this label; repeatable, all must match.", rich_help_panel=PAGES
    ),
]
Every = Annotated[bool, typer.Option("--all", help="All schedules that are not deleted.", rich_help_panel=WHICH)]
Yes = Annotated[bool, typer.Option("--yes", help="With --label or --all: do not ask.", rich_help_panel=WHICH)]


class Which:
    """The schedules of a command; what is wrong with the options is noted at once."""

    def __init__(
        self, problems: Problems, ids: Sequence[str] | None, labels: Sequence[str] | None, *, everything: bool
    ) -> None:
        self.ids = tuple(dict.fromkeys(ids or ()))
        self.labels = read_labels(problems, labels)
        self.is_one = len(self.ids) == 1 and not labels and not everything
        ways = bool(self.ids) + bool(labels) + everything
        problems.add("give an ID, --label K=V or --all", when=ways == 0)
        problems.add("give IDs, --label or --all, not several of them", when=ways > 1)

    def choose(self, workspace: "Workspace", verb: str, *, yes: bool) -> tuple[str, ...]:
        """Their ids. What labels or `--all` chose is shown and asked about, unless with `yes`.

        Raises `NotFound` where there is none.
        """
        if self.ids:
            return self.ids
        chosen = workspace.choose(self.labels)
        if not yes:
            names = ", ".join(chosen[:NAMED]) + (f" and {len(chosen) - NAMED:,} more" if len(chosen) > NAMED else "")
            count = "1 schedule" if len(chosen) == 1 else f"{len(chosen):,} schedules"
            confirm(f"{verb} {count} ({names})")
        return tuple(chosen)


def read_labels(problems: Problems, texts: Sequence[str] | None) -> dict[str, str]:
    """The labels that `--label K=V` asks for."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, separator, value = text.partition("=")
        problems.add(f"--label {text[:60]!r} must be KEY=VALUE", when=not (separator and key))
        problems.add(f"--label {key[:60]!r} is given twice, with different values", when=found.get(key, value) != value)
        found[key] = value
    return found

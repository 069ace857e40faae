"""Which schedules a command acts on: those named, those with labels, or all."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from arco_sched.cli.completion import complete_schedule
from arco_sched.cli.options import PAGES, Problems
from arco_sched.cli.run_changes import confirm

if TYPE_CHECKING:
    from arco_sched.service.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])

WHICH = "Selection"
NAMED = 20
"""How many schedules a question names; the rest are only counted."""

_Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="Schedule ids; or use --label or --all.",
        autocompletion=complete_schedule,
        show_default=False,
    ),
]
_Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="K=V",
        help="All schedules with this label; repeatable, and all must match.",
        rich_help_panel=WHICH,
    ),
]
OfLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="K=V",
        help="Only schedules with this label; repeatable, and all must match.",
        rich_help_panel=PAGES,
    ),
]
_Every = Annotated[bool, typer.Option("--all", help="All schedules that are not deleted.", rich_help_panel=WHICH)]
_Yes = Annotated[
    bool, typer.Option("--yes", help="Don't ask for confirmation, with --label or --all.", rich_help_panel=WHICH)
]


class Which:
    """The schedules that a command's options select."""

    def __init__(self, ids: Sequence[str] | None, labels: Sequence[str] | None, *, everything: bool, yes: bool) -> None:
        self._problems = Problems()
        self._ids = tuple(dict.fromkeys(ids or ()))
        self._labels = read_labels(self._problems, labels)
        self._yes = yes
        self.is_one = len(self._ids) == 1 and not labels and not everything
        ways = bool(self._ids) + bool(labels) + everything
        self._problems.add("give an ID, --label K=V or --all", when=ways == 0)
        self._problems.add("give only one of IDs, --label and --all", when=ways > 1)

    def problems(self) -> Problems:
        """What is wrong with the options, for the command to add to."""
        return self._problems

    def choose(self, workspace: "Workspace", verb: str, *, ask: bool = True) -> tuple[str, ...]:
        """Their ids. With `ask`, and without --yes, what --label or --all chose is shown and confirmed first.

        Raises `NotFound` where nothing has the labels.
        """
        if self._ids:
            return self._ids
        chosen = workspace.choose(self._labels)
        if ask and not self._yes:
            names = ", ".join(chosen[:NAMED]) + (f" and {len(chosen) - NAMED:,} more" if len(chosen) > NAMED else "")
            count = "1 schedule" if len(chosen) == 1 else f"{len(chosen):,} schedules"
            confirm(f"{verb} {count} ({names})")
        return tuple(chosen)


def choosing(function: F) -> F:
    """Give a command the IDs, --label, --all and --yes; its parameter `which` gets what they select."""
    signature = inspect.signature(function)
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter("schedule_ids", keyword, default=None, annotation=_Ids),
        inspect.Parameter("labels", keyword, default=None, annotation=_Labels),
        inspect.Parameter("everything", keyword, default=False, annotation=_Every),
        inspect.Parameter("yes", keyword, default=False, annotation=_Yes),
    ]
    own = [each.replace(kind=keyword) for each in signature.parameters.values()]
    place = [each.name for each in own].index("which")

    @wraps(function)
    def chosen(**given: Any) -> Any:
        which = Which(
            given.pop("schedule_ids"),
            given.pop("labels"),
            everything=given.pop("everything"),
            yes=given.pop("yes"),
        )
        return function(**given, which=which)

    ordered = [*own[:place], *options, *own[place + 1 :]]
    chosen.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined] # typer reads it
    return chosen  # type: ignore[return-value] # the same but for `which`


def read_labels(problems: Problems, texts: Sequence[str] | None) -> dict[str, str]:
    """The labels of `--label K=V`."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, separator, value = text.partition("=")
        problems.add(f"--label {text[:60]!r} must be KEY=VALUE", when=not (separator and key))
        problems.add(f"--label {key[:60]!r} is given twice, with different values", when=found.get(key, value) != value)
        found[key] = value
    return found

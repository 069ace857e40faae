"""Who made a change, and why: `--by` and `--note` of every command that changes something."""

import inspect
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, TypeVar

import typer

from arco_sched.core.errors import InvalidInput
from arco_sched.core.history import Signature
from arco_sched.core.kinds import text_problems

F = TypeVar("F", bound=Callable[..., Any])

AUDIT = "Audit"

By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who makes this change, for the record (default: $ARCO_BY, else user@host).",
        rich_help_panel=AUDIT,
    ),
]
Note = Annotated[
    str | None,
    typer.Option("--note", metavar="TEXT", help="Why you make this change, for the record.", rich_help_panel=AUDIT),
]


def signed(function: F) -> F:
    """Give a command `--by` and `--note`, which sign what it records."""
    signature = inspect.signature(function)
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(name, keyword, default=None, annotation=annotation)
        for name, annotation in (("by", By), ("note", Note))
    ]
    named = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    rest = [each for each in signature.parameters.values() if each.kind is inspect.Parameter.VAR_KEYWORD]
    # Before `--json`, which is always the last option.
    ordered = [*(each.replace(kind=keyword) for each in (*named[:-1], *options, named[-1])), *rest]

    @wraps(function)
    def signing(**given: Any) -> Any:
        given["ctx"].obj.sign(given.pop("by"), given.pop("note"))
        return function(**given)

    signing.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined] # typer reads it
    return signing  # type: ignore[return-value] # the same but for the two options


def signature_of(by: str | None, note: str | None, environ: Mapping[str, str]) -> Signature:
    """The signature from the options and the environment; raises `InvalidInput`."""
    named = by if by is not None else environ.get("ARCO_BY") or None
    found = [] if named is None else text_problems("--by" if by is not None else "ARCO_BY", named)
    found += [] if note is None else text_problems("--note", note)
    if found:
        raise InvalidInput(*found)
    return Signature(named or _user(), note)


def _user() -> str:
    return f"{user_name(os.geteuid())}@{os.uname().nodename}"


def user_name(uid: int) -> str:
    """The name of a user, or its number if it has no name."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

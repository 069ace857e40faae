"""Who does something by hand, and why: `--by` and `--note` of every command that changes something."""

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

SIGNATURE = "Signature"

By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who does this, for the record (default: ARCO_BY, else user@host).",
        rich_help_panel=SIGNATURE,
    ),
]
Note = Annotated[
    str | None,
    typer.Option("--note", metavar="TEXT", help="Why, for the record.", rich_help_panel=SIGNATURE),
]


def signed(function: F) -> F:
    """Give a command `--by` and `--note`; what it records is signed with them."""
    signature = inspect.signature(function)
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(name, keyword, default=None, annotation=annotation)
        for name, annotation in (("by", By), ("note", Note))
    ]
    named = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    rest = [each for each in signature.parameters.values() if each.kind is inspect.Parameter.VAR_KEYWORD]
    # Before `--json`, which is the last of all options.
    ordered = [*(each.replace(kind=keyword) for each in (*named[:-1], *options, named[-1])), *rest]

    @wraps(function)
    def signing(**given: Any) -> Any:
        given["ctx"].obj.sign(given.pop("by"), given.pop("note"))
        return function(**given)

    signing.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined] # typer reads it
    return signing  # type: ignore[return-value] # the same but for the two options


def signature_of(by: str | None, note: str | None, environ: Mapping[str, str]) -> Signature:
    """The signature that options and the environment say; raises `InvalidInput`."""
    named = by if by is not None else environ.get("ARCO_BY") or None
    found = [] if named is None else text_problems("--by" if by is not None else "ARCO_BY", named)
    found += [] if note is None else text_problems("--note", note)
    if found:
        raise InvalidInput(*found)
    return Signature(named or _user(), note)


def _user() -> str:
    """`user@host`; a user without a name is its number."""
    import pwd

    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return f"{name}@{os.uname().nodename}"

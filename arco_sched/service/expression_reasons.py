"""What an expression says of an instant, as sentences for `arco why`."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from arco_sched.core.cron import Explanation
from arco_sched.core.definitions import Term
from arco_sched.core.instants import format_instant

Said: TypeAlias = tuple[str, bool | None, str]
"""What was checked, whether it speaks for a tick at the instant, and a sentence."""

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def reading(explanation: Explanation) -> str:
    """What the zone's clock reads."""
    return f"the clock in {explanation.timezone} reads {explanation.local}"


def occurs(term: Term, explanation: Explanation) -> Iterator[Said]:
    """Why the instant is an occurrence."""
    counted = f", counted from the start {format_instant(term.start_at)}" if explanation.kind == "every" else ""
    yield "expression", True, f"`{term.cron_expression}` matches{counted}: {reading(explanation)}"
    if explanation.note == "gap":
        moved = f"the clock goes forward by {explanation.shift} s, and a time in the gap moves to its end"
        yield "clock change", True, f"{moved} (dst_gap={term.dst_gap})"
    elif explanation.note is not None:
        which = "first" if explanation.note == "overlap-first" else "second"
        yield "clock change", True, f"the clock shows this time twice, and this is the {which} of the two"


def does_not_occur(term: Term, explanation: Explanation) -> Iterator[Said]:
    """Why it is none, and which the neighbors are."""
    start = format_instant(term.start_at)
    if explanation.kind == "once":
        yield "expression", False, f"`{term.cron_expression}` is due only at the start of the schedule, {start}"
    elif explanation.kind == "every":
        text = f"`{term.cron_expression}` counts from the start, {start}, and no interval ends at that time"
        yield "expression", False, text
    else:
        yield from _fields(explanation)
    near = [
        f"{word} {format_instant(instant)}"
        for word, instant in (("the previous one is at", explanation.previous), ("the next one at", explanation.next))
        if instant is not None
    ]
    if near:
        yield "neighbours", None, "in this version, " + ", ".join(near)


def _fields(explanation: Explanation) -> Iterator[Said]:
    failing = [field for field in explanation.fields if not field.matches]
    days = {"day-of-month", "day-of-week"}
    named = [field for field in failing if field.name not in days or not explanation.day_matches]
    if explanation.day_rule != "either":
        named = [field for field in named if field.name not in days or field.name == explanation.day_rule]
    for field in named:
        day = f" ({_WEEKDAYS[field.value]})" if field.name == "day-of-week" else ""
        yield "expression", False, f"the {field.name} is {field.value}{day}, which `{field.text}` does not match"
    if not named:
        if explanation.clock.startswith("overlap"):
            which = "first" if explanation.clock == "overlap-first" else "second"
            text = f"the clock shows {explanation.local} twice; this is the {which} time, and only the other counts"
        else:
            text = f"the fields match {explanation.local}, but a clock change moves the occurrence"
        yield "clock change", False, text

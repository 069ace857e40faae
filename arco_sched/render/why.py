"""`arco why`: the verdict in a sentence, the chain of checks behind it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from arco_sched.core.cron import Explanation
from arco_sched.render.drawing import ALARM, BAD, GOOD, NOTE, STYLES, Cell, Column, Screen, Styled
from arco_sched.render.json import (
    Row,
    conflict_rows,
    instant,
    lapse_row,
    line,
    optional,
    tick_row,
    version_row,
)
from arco_sched.render.lives import attempt_row, ended, life_row
from arco_sched.render.times import Clocks, distance, instant_in, span
from arco_sched.render.waits import advice as run_advice
from arco_sched.render.waits import outcome
from arco_sched.service.why_by_hand import is_by_hand

if TYPE_CHECKING:
    from arco_sched.service.life import RunLife
    from arco_sched.service.why import Why
    from arco_sched.service.why_during import Occasion, WhyDuring

VERDICT_STYLES: Final = {
    "triggered": GOOD,
    "skipped": NOTE,
    "waiting": NOTE,
    "lapsed": BAD,
    "unevaluable": ALARM,
    "unaccounted": ALARM,
}
_SKIPPED: Final = {None: "", "paused": "the schedule was paused", "excluded": "that day is excluded"}
_IN_THE_FUTURE: Final = {
    "no-occurrence": "will not be due: its expression does not match that time",
    "not-started": "will not be due: the schedule will not have started",
    "ended": "will not be due: the schedule will have ended",
    "deleted": "will not be due: the schedule is deleted",
    "unevaluable": "can't be evaluated",
}
_ENDED: Final = ("succeeded", "failed")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ABOUT: Final = {"neighbours": "neighbors"}
"""What a link of the chain is called for people, where that differs from JSON."""

_MARKS: Final = {True: ("ok", GOOD), False: ("!!", ALARM), None: ("", "")}
"""Whether a link of the chain is in favor of a run, or against it."""


def as_json(answer: Why, logs: Sequence[str | None], log_tail: str | None, during: WhyDuring | None = None) -> str:
    """`arco why --json`; `logs` are the paths of what each attempt printed, `log_tail` is the end of the last; `during`
    is there where more than an instant was asked about."""
    detail = answer.tick
    return line(
        {
            "schedule_id": answer.schedule_id,
            "at": instant(answer.at),
            "now": instant(answer.now),
            "verdict": answer.verdict,
            "late_seconds": late_seconds(answer),
            "reasons": [{"about": each.about, "holds": each.holds, "text": each.text} for each in answer.reasons],
            "version": None if answer.version is None else version_row(answer.version),
            "explanation": None if answer.explanation is None else _explanation(answer.explanation),
            "tick": None if detail is None else tick_row(detail.tick),
            "run": _run(answer, logs, log_tail),
            "conflicts": [] if detail is None else conflict_rows(detail.conflicts),
            "lapse": None if answer.lapse is None else lapse_row(answer.lapse),
            "other_ticks": [tick_row(tick) for tick in answer.other_ticks],
            "from": None if during is None else instant(during.start),
            "to": None if during is None else instant(during.stop),
            "occurrences": None if during is None else [_occasion(each) for each in during.occasions],
        }
    )


def _occasion(each: Occasion) -> Row:
    return {
        "first": instant(each.first),
        "last": instant(each.last),
        "count": each.count,
        "verdict": each.verdict,
        "reason": each.reason,
        "run_status": each.run_status,
        "tick_id": each.tick_id,
        "run_id": each.run_id,
    }


def _run(answer: Why, logs: Sequence[str | None], log_tail: str | None) -> Row | None:
    life = answer.life
    if life is None:
        return None
    attempts = [attempt_row(each, log) for each, log in zip(life.attempts, logs, strict=True)]
    return life_row(life) | {"attempts": attempts, "log_tail": log_tail}


def _explanation(explanation: Explanation) -> Row:
    return {
        "timezone": explanation.timezone,
        "local": explanation.local,
        "kind": explanation.kind,
        "fields": [
            {"name": field.name, "text": field.text, "value": field.value, "matches": field.matches}
            for field in explanation.fields
        ],
        "day_rule": explanation.day_rule,
        "day_matches": explanation.day_matches,
        "clock": explanation.clock,
        "shift_seconds": explanation.shift,
        "occurs": explanation.occurs,
        "note": explanation.note,
        "previous": optional(explanation.previous),
        "next": optional(explanation.next),
    }


def draw(answer: Why, clocks: Clocks, log_tail: str | None) -> None:
    """`arco why`; `log_tail` is the end of what the run printed."""
    screen = Screen()
    failed = answer.verdict == "triggered" and _ran(answer) == "failed"
    screen.line(_verdict(answer, clocks), ALARM if failed else VERDICT_STYLES.get(answer.verdict, "bold"))
    screen.line("")
    screen.table(
        [Column("", whole=True), Column("CHECKED", whole=True), Column("RESULT")],
        (
            [_MARKS[holds], _ABOUT.get(about, about), clocks.localized(text, answer.schedule_id)]
            for about, holds, text in _links(answer)
        ),
    )
    if answer.explanation is not None and not all(field.matches for field in answer.explanation.fields):
        screen.line("")
        _draw_fields(screen, answer.explanation)
    if answer.life is not None and answer.life.attempts:
        screen.line("")
        screen.line(
            f"Run: {outcome(answer.life)}{_begun(answer.life, answer.at)}.",
            STYLES.get(answer.life.state.status, ""),
        )
        if log_tail:
            screen.line("Last lines of the log:")
            for each in log_tail.splitlines():
                screen.verbatim(f"  {each}")
    advice = list(_advice(answer, clocks))
    if advice:
        screen.line("")
    for each in advice:
        screen.line(f"Next: {each}")


def _links(answer: Why) -> Iterator[tuple[str, bool | None, str]]:
    """The links of the chain; who made a version or discarded something is said where that is told."""
    reasons = iter(answer.reasons)
    link = next(reasons, None)
    while link is not None:
        text, after = link.text, next(reasons, None)
        if after is not None and after.about == "author":
            _, _, who = after.text.partition(" was ")
            text += f"; {who}"
            after = next(reasons, None)
        yield link.about, link.holds, text
        link = after


def _begun(life: RunLife, at: int) -> str:
    """How late the first attempt started, if by a minute or more."""
    began = life.attempts[0].started_at
    return "" if began is None or began - at < 60 else f", started {span(began - at)} after it was due"


def _draw_fields(screen: Screen, explanation: Explanation) -> None:
    zone = explanation.timezone
    offset = None if zone == "UTC" else explanation.offset
    screen.line(f"The clock in {zone} reads {instant_in(explanation.instant, offset)}.")
    rows: list[list[Cell]] = []
    for field in explanation.fields:
        if field.name == "second" and field.text == "0" and field.matches:
            continue  # an expression of five fields says nothing of seconds
        value = _WEEKDAYS[field.value] if field.name == "day-of-week" else str(field.value)
        mark: Styled = ("matches", GOOD) if field.matches else ("does NOT match", ALARM)
        rows.append([field.name, field.text, value, mark])
    if rows:
        screen.table([Column("FIELD", whole=True), Column("EXPRESSION"), Column("CLOCK", right=True), Column("")], rows)
    if explanation.day_rule == "either":
        screen.line(
            f"A day counts if either day field matches: {'it does' if explanation.day_matches else 'neither does'}."
        )


def _verdict(answer: Why, clocks: Clocks) -> str:
    schedule_id = answer.schedule_id
    when = f"{clocks.show(answer.at, schedule_id)} ({distance(answer.at, answer.now)})"
    conflict = answer.tick is not None and answer.tick.run is not None and _lost(answer)
    lapse = answer.lapse
    late = _late(answer)
    by_hand = " by hand" if answer.tick is not None and is_by_hand(answer.tick.tick) else ""
    ran = _ran(answer)
    if answer.verdict == "triggered" and ran in _ENDED and not conflict:
        what = "triggered by hand" if by_hand else "due"
        evaluated = f", evaluated{late}," if late else ""
        return f"{ran.upper()}: the run of {schedule_id} {what} at {when}{evaluated} {_how(answer)}."
    became = "" if ran is None else f", and its run was {ran}"
    sentence = {
        "triggered": f"was triggered{by_hand}"
        + late
        + (", but its run key was already reserved for different content" if conflict else became),
        "skipped": f"was skipped{late}: {_SKIPPED[_skip_reason(answer)]}",
        "lapsed": "lapsed" + ("" if lapse is None else f" ({lapse.reason})") + ": it was never evaluated",
        "waiting": "is due and has not been evaluated yet",
        "future": "is not due yet",
        "no-occurrence": "was not due: its expression does not match that time",
        "not-started": "was not due: the schedule had not started",
        "ended": "was not due: the schedule had ended",
        "deleted": "was not due: the schedule was deleted",
        "unevaluable": "could not be evaluated",
        "pruned": "was accounted for, but its history has been pruned",
        "moved": "was accounted for at another time, under other zone rules",
        "unaccounted": "is NOT accounted for, which should never happen",
    }[answer.verdict]
    if answer.at > answer.now:
        sentence = _IN_THE_FUTURE.get(answer.verdict, sentence)
    return f"{answer.verdict.upper()}: {schedule_id} at {when} {sentence}."


def _how(answer: Why) -> str:
    """How a run that succeeded or failed ended: `failed with exit code 69`, `timed out`."""
    last = None if answer.life is None else answer.life.state.attempt
    if last is None or last.end is None:
        return _ran(answer) or ""
    return ended(last.number, last.end).removeprefix(f"attempt {last.number} ")


def _ran(answer: Why) -> str | None:
    """The status of the run, where it is final."""
    return answer.life.state.status if answer.life is not None and answer.life.state.final else None


def _late(answer: Why) -> str:
    """How late the occurrence was evaluated, if by a minute or more."""
    late = late_seconds(answer)
    return f" {span(late)} late" if late is not None and late >= 60 else ""


def late_seconds(answer: Why) -> int | None:
    """How many seconds late its scheduled tick was evaluated; None if there is no such tick."""
    return None if answer.tick is None else answer.tick.tick.evaluated_at - answer.at


def _skip_reason(answer: Why) -> str | None:
    return None if answer.tick is None else answer.tick.tick.skip_reason


def _lost(answer: Why) -> bool:
    detail = answer.tick
    return (
        detail is not None
        and detail.run is not None
        and detail.run.request_fingerprint != detail.tick.request_fingerprint
    )


def _advice(answer: Why, clocks: Clocks) -> Iterator[str]:
    """What to do next, a sentence each."""
    schedule_id, at = answer.schedule_id, answer.at
    ends = [clocks.show(each, schedule_id) for each in (at, at + 1)]
    again = f'`arco backfill {schedule_id} --from "{ends[0]}" --to "{ends[1]}"`'
    backfilled = any(tick.tick_id.startswith(f"{schedule_id}:backfill:") for tick in answer.other_ticks)
    if answer.life is not None:
        yield run_advice(answer.life, answer.now, clocks)
    if _skip_reason(answer) == "excluded":
        yield f"`arco schedule trigger {schedule_id}` requests a run now; a backfill leaves out excluded days."
    elif answer.verdict in {"lapsed", "skipped"} and not backfilled:
        yield f"{again} requests the run now."
    occurs = answer.explanation is not None and answer.explanation.occurs
    if answer.verdict == "not-started" and occurs and at <= answer.now and not backfilled:
        yield f"{again} requests a run as if it had started earlier."
    if answer.verdict == "waiting":
        yield "`arco tick` evaluates it; `arco status` shows whether the scheduler is running."
        yield f"`arco schedule discard {schedule_id}` lets everything that is waiting lapse instead."
    if answer.verdict == "no-occurrence":
        yield f"`arco schedule preview {schedule_id}` shows when it is due."
    if answer.verdict == "unevaluable":
        errors = f"`arco ticks list --schedule {schedule_id} --status failed`"
        yield f"{errors} shows the error; `arco schedule update` can fix it."
    if answer.verdict in {"deleted", "ended"}:
        yield f"`arco schedule versions {schedule_id}` shows what changed and when."
    if answer.verdict == "unaccounted":
        yield "`arco verify` lists every such difference."

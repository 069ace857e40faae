"""Answers as JSON: one explicit function an answer, in the order of the keys in docs/json.md.

Instants are RFC 3339 with `Z`. A document of rows is written row by row, one a line, so that it may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from json import JSONEncoder
from typing import TYPE_CHECKING, Any, Final

from arco_sched.core.definitions import Version
from arco_sched.core.fields import content_document
from arco_sched.core.fields import document as version_document
from arco_sched.core.history import Event, LapseRecord, Run, RunConflict, Schedule, Tick
from arco_sched.core.instants import DAY, format_instant, format_local
from arco_sched.render.terminal import Document

if TYPE_CHECKING:
    from arco_sched.core.run_subjects import Worker
    from arco_sched.service.definitions import PreviewedOccurrence, ScheduleDetail, VersionChange
    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.lists import Page
    from arco_sched.service.requests import Requested, TickDetail, Triggered
    from arco_sched.service.schedules import ScheduleChange

Row = dict[str, Any]

_plain = JSONEncoder(ensure_ascii=False, check_circular=False).encode
_escape = JSONEncoder().encode


def _encode(value: object) -> str:
    """A value as JSON on one line; what would steer a terminal, or is not seen, by its number; it reads the same."""
    text = _plain(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char)[1:-1] for char in text)


def document(members: Iterable[tuple[str, Any]]) -> Iterator[Document]:
    """The text of one object, piece by piece; a member that is an iterator becomes an array with one row a line."""
    return map(Document, _pieces(members))


def _pieces(members: Iterable[tuple[str, Any]]) -> Iterator[str]:
    opening = "{"
    for name, value in members:
        yield f"{opening}{_encode(name)}: "
        if isinstance(value, Iterator):
            before = "[\n  "
            for row in value:
                yield before + _encode(row)
                before = ",\n  "
            yield "[]" if before[0] == "[" else "\n]"
        else:
            yield _encode(value)
        opening = ", "
    yield "}\n"


def line(row: Row) -> Document:
    """One document on a line of its own."""
    return Document(_encode(row) + "\n")


def error(code: int, message: str, problems: Sequence[tuple[int | None, str]] = ()) -> str:
    """What went wrong; `problems` are those of a file, with their lines."""
    content: Row = {"code": int(code), "message": message}
    if problems:
        content["problems"] = [{"line": number, "message": text} for number, text in problems]
    return line({"error": content})


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return format_instant(days * DAY)[:-9]


@lru_cache(maxsize=65_536)
def instant(epoch: int) -> str:
    """RFC 3339 in UTC."""
    # Rows share days, and the instants of a row are often one and the same; formatting each anew would be most of the
    # cost of a long list.
    days, second = divmod(epoch, DAY)
    minute, second = divmod(second, 60)
    return f"{_day(days)}{minute // 60:02}:{minute % 60:02}:{second:02}Z"


def optional(epoch: int | None) -> str | None:
    """RFC 3339 in UTC, null where there is none."""
    return None if epoch is None else instant(epoch)


# Definitions.


def version_row(version: Version) -> Row:
    """A definition version."""
    return version_document(version)


def _schedule(schedule: Schedule) -> Row:
    row = version_row(schedule.version)
    row["last_scheduled_for"] = optional(schedule.last_scheduled_for)
    row["last_tick_id"] = schedule.last_tick_id
    row["last_run_key"] = schedule.last_run_key
    row["next_due_at"] = optional(schedule.next_due_at)
    return row


def _standing(schedule: Schedule, now: int) -> Row:
    """A schedule with how it stands at `now`."""
    return {
        **_schedule(schedule),
        "overdue": overdue(schedule, now),
        "last_run_status": schedule.last_run_status,
        "last_success_at": optional(schedule.last_success_at),
        "stale": schedule.is_stale(now),
    }


def overdue(schedule: Schedule, now: int) -> bool:
    """Whether an occurrence that is not accounted for lies at `now` or before."""
    return schedule.next_due_at is not None and schedule.next_due_at <= now


def schedule_list(schedules: Iterable[Schedule], now: int) -> Iterator[str]:
    """`arco schedule list`."""
    return document([("schedules", (_standing(schedule, now) for schedule in schedules))])


def schedule_detail(detail: ScheduleDetail, now: int) -> str:
    """`arco schedule show`."""
    return line(
        {
            **_standing(detail.schedule, now),
            "waiting": detail.waiting,
            "next_occurrences": [instant(at) for at in detail.next_occurrences],
        }
    )


def schedule_change(change: ScheduleChange) -> str:
    """`arco schedule create`, `update`, `enable`, `disable` and `delete`."""
    return line(_changed(change))


def schedule_changes(changes: Iterable[ScheduleChange]) -> Iterator[str]:
    """`arco schedule enable`, `disable` and `delete` of many."""
    return document([("schedules", map(_changed, changes))])


def _changed(change: ScheduleChange) -> Row:
    return {
        **_schedule(change.schedule),
        "change": change.change,
        "waiting": change.waiting,
        "discarded": change.discarded,
        "runs_waiting": change.runs_waiting,
        "runs_discarded": change.runs_discarded,
        "will_trigger": change.will_trigger,
    }


def versions(changes: Iterable[VersionChange]) -> Iterator[str]:
    """`arco schedule versions`."""
    return document([("versions", map(_version_change, changes))])


def _version_change(each: VersionChange) -> Row:
    row = version_row(each.version)
    earlier = {} if each.previous is None else version_row(each.previous)
    changes = {name: {"old": earlier.get(name), "new": row[name]} for name in each.changed if name in row}
    return {**row, "changed": each.changed, "changes": changes, "by": each.by, "note": each.note}


def preview(occurrences: Iterable[PreviewedOccurrence]) -> Iterator[str]:
    """`arco schedule preview`."""
    rows = (
        {
            "at": instant(each.at),
            "local": format_local(each.at, each.offset),
            "starts_at": instant(each.starts_at),
            "note": each.note,
            "skipped": each.skipped,
        }
        for each in occurrences
    )
    return document([("occurrences", rows)])


# Ticks and lapses.


def tick_row(tick: Tick) -> Row:
    """A tick."""
    return {
        "tick_id": tick.tick_id,
        "schedule_id": tick.schedule_id,
        "scheduled_for": instant(tick.scheduled_for),
        "definition_version": tick.definition_version,
        "status": tick.status,
        "skip_reason": tick.skip_reason,
        "error": tick.error,
        "run_key": tick.run_key,
        "run_id": tick.run_id,
        "request_fingerprint": tick.request_fingerprint,
        "evaluated_at": instant(tick.evaluated_at),
    }


def lapse_row(lapse: LapseRecord) -> Row:
    """A lapse."""
    return {
        "schedule_id": lapse.schedule_id,
        "after": instant(lapse.after),
        "before": instant(lapse.before),
        "missed": lapse.missed,
        "reason": lapse.reason,
        "recorded_at": instant(lapse.recorded_at),
        "first_missed": optional(lapse.first_missed),
        "last_missed": optional(lapse.last_missed),
    }


def evaluation(answer: Evaluation) -> Iterator[str]:
    """`arco tick`; the ticks and lapses are read while they are written."""
    counts = [getattr(answer, name) for name in _COUNTED]
    return _evaluation(answer.now, counts, answer.ticks, answer.lapses, dry_run=answer.dry_run)


def nothing_due(now: int) -> Iterator[str]:
    """`arco tick` with nothing to do: an evaluation in which all counts are 0."""
    return _evaluation(now, [0] * len(_COUNTED), (), (), dry_run=False)


_COUNTED: Final = ("evaluated", "triggered", "skipped", "failed", "lapsed", "deferred", "conflicts")


def _evaluation(
    now: int, counts: Sequence[int], ticks: Iterable[Tick], lapses: Iterable[LapseRecord], *, dry_run: bool
) -> Iterator[str]:
    return document(
        [
            ("now", instant(now)),
            *zip(_COUNTED, counts, strict=True),
            ("dry_run", dry_run),
            ("ticks", map(tick_row, ticks)),
            ("lapses", map(lapse_row, lapses)),
        ]
    )


def ticks(page: Page[Tick]) -> Iterator[str]:
    """`arco ticks list`."""
    return document([("ticks", map(tick_row, page.rows)), ("next_cursor", page.next_cursor)])


def lapses(page: Page[LapseRecord]) -> Iterator[str]:
    """`arco lapses list`."""
    return document([("lapses", map(lapse_row, page.rows)), ("next_cursor", page.next_cursor)])


def tick_detail(detail: TickDetail, run: Row | None) -> str:
    """`arco ticks show`: the content asked for is that of the tick's definition version; `run` is its run with its
    life."""
    request = detail.version.definition.request
    return line(
        {
            **tick_row(detail.tick),
            "definition": version_row(detail.version),
            "asset_selection": request.asset_selection,
            "partition_selection": request.partition_selection,
            "run": run,
            "conflicts": conflict_rows(detail.conflicts),
        }
    )


# Runs.


def conflict_rows(conflicts: Sequence[RunConflict]) -> list[Row]:
    """The conflicts of a run."""
    return [
        {
            "run_key": conflict.run_key,
            "first_fingerprint": conflict.first_fingerprint,
            "requested_fingerprint": conflict.requested_fingerprint,
            "requested_at": instant(conflict.requested_at),
            "tick_id": conflict.tick_id,
        }
        for conflict in conflicts
    ]


def run_row(run: Run) -> Row:
    """A run."""
    return {
        "run_id": run.run_id,
        "run_key": run.run_key,
        "request_fingerprint": run.request_fingerprint,
        "status": run.status,
        "schedule_id": run.schedule_id,
        "tick_id": run.tick_id,
        **content_document(run.content),
        "code_version": run.code_version,
        "requested_at": instant(run.requested_at),
        "conflicts": conflict_rows(run.conflicts),
    }


def worker_row(worker: Worker, **counts: int) -> Row:
    """A worker, with what is counted of it."""
    return {
        "worker": worker.worker,
        "host": worker.host,
        "pid": worker.pid,
        "executor": worker.executor,
        "pools": list(worker.pools),
        "slots": worker.slots,
        **counts,
        "seen_at": instant(worker.seen_at),
    }


def requested(answer: Requested) -> str:
    """`arco runs request`."""
    return line({**run_row(answer.run), "change": answer.change})


def triggered(answer: Triggered) -> str:
    """`arco schedule trigger`."""
    return line(_triggered(answer))


def triggered_all(answers: Iterable[Triggered]) -> Iterator[str]:
    """`arco schedule trigger` of many."""
    return document([("ticks", map(_triggered, answers))])


def _triggered(answer: Triggered) -> Row:
    return {**tick_row(answer.tick), "run": run_row(answer.run), "change": answer.change}


# Events.


def event_row(event: Event) -> Row:
    """An event."""
    return {
        "seq": event.seq,
        "type": event.type,
        "idempotency_key": event.idempotency_key,
        "schedule_id": event.schedule_id,
        "recorded_at": instant(event.recorded_at),
        "payload": event.payload,
        "by": event.by,
        "note": event.note,
    }


def events(page: Page[Event]) -> Iterator[str]:
    """`arco events list`."""
    return document([("events", map(event_row, page.rows)), ("next_cursor", page.next_cursor)])


def event_line(event: Event) -> str:
    """One event of `arco events list --follow`."""
    return line(event_row(event))

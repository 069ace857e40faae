"""A naive second reading of docs/semantics/: plain lists, every minute looked at, nothing shared with the code.

It knows whole-minute expressions of a few forms, and versions that can be evaluated. Instants are epochs.
"""

import datetime as dt
import zoneinfo
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import tzdata

MINUTE = 60
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
BASE = int((dt.datetime(2025, 3, 8, 12, tzinfo=dt.UTC) - EPOCH).total_seconds())
"""Where the stories begin: 19 hours before the clocks of New York go forward."""
SPAN = range(BASE - 2 * 86_400, BASE + 4 * 86_400, MINUTE)
"""Every minute that a story can reach."""


class Refused(Exception):
    """The request is refused: `kind` is the name of the error's type."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def _matches(field_: str, value: int) -> bool:
    for part in field_.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span == "*":
            if value % int(step or 1) == 0:
                return True
        elif int(low) <= value <= int(high or low) and (value - int(low)) % int(step or 1) == 0:
            return True
    return False


@cache
def _clock(zone: str) -> list[tuple[int, dt.datetime]]:
    with (Path(tzdata.__path__[0]) / "zoneinfo" / zone).open("rb") as file:
        rules = zoneinfo.ZoneInfo.from_file(file, key=zone)
    return [
        (at, (EPOCH + dt.timedelta(seconds=at)).astimezone(rules).replace(tzinfo=None, fold=0))
        for at in range(SPAN.start - 86_400, SPAN.stop + 86_400, MINUTE)
    ]


@cache
def _readings(zone: str) -> dict[int, dt.datetime]:
    return dict(_clock(zone))


@cache
def occurrences(cron: str, zone: str) -> frozenset[int]:
    """Every occurrence in `SPAN`, with `dst_gap` next and `dst_overlap` first; minute and hour fields, the rest `*`."""
    minute, hour, *rest = cron.split()
    assert rest == ["*", "*", "*"]
    clock = _clock(zone)
    if minute[0] == "*" or hour[0] == "*":  # an interval: every instant whose reading matches
        found = [at for at, wall in clock if _matches(minute, wall.minute) and _matches(hour, wall.hour)]
    else:  # an appointment: its first instant, or where the clock never shows it, the first one after the gap
        first: dict[dt.datetime, int] = {}
        for at, wall in clock:
            first.setdefault(wall, at)
        found = []
        wall, last = clock[0][1], clock[-1][1]
        while wall <= last:
            if _matches(minute, wall.minute) and _matches(hour, wall.hour):
                found.append(first[wall] if wall in first else min(at for at, shown in clock if shown > wall))
            wall += dt.timedelta(minutes=1)
    return frozenset(at for at in found if at in SPAN)


@dataclass
class Kept:
    """A definition version: its number, when it is in force, the definition's fields by name, and when it was made."""

    number: int
    since: int
    start: int
    fields: dict[str, Any]
    enabled: bool
    deleted: bool = False
    made: int = 0

    def has(self, at: int) -> bool:
        """Whether an instant is one of this version's occurrences, if the version is in force at it."""
        end = self.fields["end_at"]
        return not self.deleted and self.start <= at and (end is None or at < end) and at in self.candidates(at, at + 1)

    def skips(self, at: int) -> str | None:
        """Why an occurrence at an instant requests no run."""
        until = self.fields["paused_until"]
        if not self.enabled or (until is not None and at < until):
            return "paused"
        wall = _readings(self.fields["timezone"])[at - at % MINUTE]
        return "excluded" if wall.date().isoformat() in self.fields["excluded_days"] else None

    def candidates(self, start: int, stop: int) -> set[int]:
        """The instants of `[start, stop)` that its expression names, whenever it is in force."""
        word, _, span = self.fields["cron_expression"].partition(" ")
        if word == "@once":
            return {self.start} & set(range(start, stop))
        if word == "@every":
            step = int(span[:-1]) * {"s": 1, "m": MINUTE}[span[-1]]
            first = self.start + max(0, -(-(start - self.start) // step)) * step
            return set(range(first, stop, step))
        found = occurrences(self.fields["cron_expression"], self.fields["timezone"])
        # The smaller of the two is gone through: most questions are about one instant.
        if stop - start < len(found):
            return set(found.intersection(range(start, stop)))
        return {at for at in found if start <= at < stop}


@dataclass
class Made:
    """What an evaluation says that it did."""

    triggered: int = 0
    skipped: int = 0
    lapsed: int = 0
    deferred: int = 0
    conflicts: int = 0
    evaluated: int = 0


@dataclass
class Schedule:
    """The history of one id."""

    versions: list[Kept] = field(default_factory=list)
    cursor: int = 0
    first: int = 0
    ticks: dict[str, tuple[int, int, str, object]] = field(default_factory=dict)
    lapses: list[tuple[int, int, int, str]] = field(default_factory=list)

    def is_touched(self, kept: list[Kept]) -> bool:
        """Whether anything that these versions had is accounted for."""
        return self.cursor >= min(each.since for each in kept)

    def add(self, kept: Kept) -> None:
        """A version that is to be in force from an instant on, as far as that is not accounted for."""
        if self.is_touched(self.versions):
            kept.since = max(kept.since, self.cursor + 1)
        self.versions.append(kept)
        self.cursor = min(self.cursor, kept.since - 1)
        self.first = min(self.first, kept.since)

    def in_force(self, at: int) -> Kept | None:
        """The highest-numbered version whose `since` is not after `at`."""
        return next((kept for kept in reversed(self.versions) if kept.since <= at), None)

    def between(self, start: int, stop: int) -> list[int]:
        """Every occurrence in `[start, stop)`, each under the version in force at it."""
        candidates = {at for kept in self.versions for at in kept.candidates(start, stop)}
        found = []
        for at in sorted(candidates):
            kept = self.in_force(at)
            if kept is not None and kept.has(at):
                found.append(at)
        return found


class Oracle:
    """A workspace."""

    def __init__(self) -> None:
        self.schedules: dict[str, Schedule] = {}
        self.runs: dict[str, Any] = {}
        self.conflicts: set[tuple[str, object]] = set()

    def create(self, name: str, fields: dict[str, Any], now: int, start: int | None, enabled: bool | None) -> str:
        """Create, or make anew after a deletion."""
        end = fields["end_at"]
        if name not in self.schedules:
            begin = now if start is None else start
            if end is not None and end <= begin:
                raise Refused("InvalidInput")
            kept = Kept(1, begin, begin, fields, enabled=enabled is not False, made=now)
            self.schedules[name] = Schedule([kept], begin - 1, begin)
            return "created"
        schedule = self.schedules[name]
        newest = schedule.versions[-1]
        if not newest.deleted:
            same = newest.fields == fields and start in {None, newest.start} and enabled in {None, newest.enabled}
            if same:
                return "unchanged"
            raise Refused("Conflict")
        deleted = newest.made if newest.made <= now + 60 else now
        if start is not None and start < deleted:
            raise Refused("InvalidInput")
        begin = max(now, deleted) if start is None else start
        if end is not None and end <= begin:
            raise Refused("InvalidInput")
        kept = Kept(newest.number + 1, begin, begin, fields, enabled=enabled is not False, made=now)
        schedule.add(kept)
        return "created"

    def change(
        self, name: str, now: int, differences: dict[str, Any], expect: int | None, *, discard: bool
    ) -> tuple[str, int]:
        """Update, enable, disable or delete: `differences` are fields of the definition, or `enabled`, `deleted` or
        `start`."""
        schedule = self.schedules.get(name)
        deleting = "deleted" in differences
        if schedule is None or (schedule.versions[-1].deleted and not deleting):
            raise Refused("NotFound")
        newest = schedule.versions[-1]
        differences = self._pausing(newest, now, differences)
        fields = newest.fields | {key: value for key, value in differences.items() if key in newest.fields}
        enabled = differences.get("enabled", newest.enabled)
        if expect is not None and expect != newest.number:
            raise Refused("Conflict")
        start = differences.get("start", newest.start)
        same = fields == newest.fields and enabled == newest.enabled and start == newest.start
        unchanged = newest.deleted if deleting else same
        end = fields["end_at"]
        if not unchanged and not deleting and end is not None and end <= start:
            raise Refused("InvalidInput")
        since = now
        if start != newest.start:
            since = min(now, start, self._beginning(schedule, start, now))
        kept = replace(
            newest,
            number=newest.number + 1,
            since=since,
            start=start,
            enabled=enabled,
            deleted=deleting,
            fields=fields,
            made=now,
        )
        until = (
            since if not unchanged and not schedule.is_touched(schedule.versions) else max(since, schedule.cursor + 1)
        )
        waiting = schedule.between(schedule.cursor + 1, until)
        if discard and waiting:
            schedule.lapses.append((schedule.cursor, until, len(waiting), "discarded"))
            schedule.cursor = until - 1
        if unchanged:
            return "unchanged", len(waiting)
        schedule.add(kept)
        return ("deleted" if deleting else "updated"), len(waiting)

    def _beginning(self, schedule: Schedule, start: int, now: int) -> int:
        """When a schedule of which nothing is accounted for since it was created begins; another start is refused."""
        ended = max((kept.number for kept in schedule.versions if kept.deleted), default=0)
        life = [kept for kept in schedule.versions if kept.number > ended]
        if schedule.is_touched(life):
            raise Refused("InvalidInput")
        if ended:
            deleted = schedule.versions[ended - 1].made
            if start < (deleted if deleted <= now + 60 else now):
                raise Refused("InvalidInput")
        return min(kept.since for kept in life)

    @staticmethod
    def _pausing(newest: Kept, now: int, differences: dict[str, Any]) -> dict[str, Any]:
        """What an enable or a disable changes: a pause that is over stays as it is, any other is replaced."""
        if set(differences) not in ({"enabled"}, {"enabled", "until"}):
            return differences
        enabled, until = differences["enabled"], differences.get("until")
        if until is not None and until <= now:
            raise Refused("InvalidInput")
        ended = newest.fields["paused_until"] is not None and newest.fields["paused_until"] <= now
        kept = newest.fields["paused_until"] if enabled and ended else None if enabled else until
        return {"enabled": enabled or until is not None, "paused_until": kept}

    def trigger(self, name: str, now: int) -> str:
        """A manual tick and its run."""
        schedule = self.schedules.get(name)
        if schedule is None or schedule.versions[-1].deleted:
            raise Refused("NotFound")
        newest = schedule.versions[-1]
        tick_id = f"{name}:manual:{now}"
        key = "sched:" + tick_id
        new = tick_id not in schedule.ticks
        if tick_id not in schedule.ticks:
            schedule.ticks[tick_id] = (now, newest.number, "triggered", newest.fields["asset"])
            self._request(key, newest.fields["asset"])
        if schedule.ticks[tick_id][3] != self.runs[key]:
            raise Refused("Conflict")
        return "created" if new else "existing"

    def request(self, key: str, asset: object) -> str:
        """A run request by hand."""
        new = key not in self.runs
        if not self._request(key, asset):
            raise Refused("Conflict")
        return "created" if new else "existing"

    def _request(self, key: str, asset: object) -> bool:
        if self.runs.setdefault(key, asset) == asset:
            return True
        self.conflicts.add((key, asset))
        return False

    def evaluate(self, names: list[str], now: int) -> Made:
        """One evaluation of some schedules, or of all."""
        for name in names:
            if name not in self.schedules:
                raise Refused("NotFound")
        made = Made()
        for name in dict.fromkeys(names or self.schedules):
            self._evaluate(name, self.schedules[name], now, made)
        return made

    def _evaluate(self, name: str, schedule: Schedule, now: int, made: Made) -> None:
        current = schedule.in_force(now)
        if current is None:
            return
        horizon = now - current.fields["catchup_window_minutes"] * 60
        bound = current.fields["max_catchup_ticks"]
        waiting = schedule.between(schedule.cursor + 1, now + 1)
        made.evaluated += bool(waiting)
        late = [at for at in waiting if at < horizon]
        due = [at for at in waiting if at >= horizon]
        if late:
            schedule.lapses.append((schedule.cursor, horizon, len(late), "window"))
            schedule.cursor = horizon - 1
            made.lapsed += len(late)
        if current.fields["catchup_policy"] == "latest":
            superseded, due = due[: max(0, len(due) - bound)], due[max(0, len(due) - bound) :]
            if superseded:
                schedule.lapses.append((schedule.cursor, due[0], len(superseded), "superseded"))
                schedule.cursor = due[0] - 1
                made.lapsed += len(superseded)
        made.deferred += len(due[bound:])
        for at in due[:bound]:
            kept = schedule.in_force(at)
            assert kept is not None
            tick_id = f"{name}:{at}"
            assert tick_id not in schedule.ticks
            schedule.cursor = at
            reason = kept.skips(at)
            if reason is None:
                schedule.ticks[tick_id] = (at, kept.number, "triggered", kept.fields["asset"])
                made.triggered += 1
                made.conflicts += not self._request("sched:" + tick_id, kept.fields["asset"])
            else:
                schedule.ticks[tick_id] = (at, kept.number, f"skipped {reason}", None)
                made.skipped += 1

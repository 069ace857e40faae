"""Checks of what a rewind says against the versions at that time."""

from collections.abc import Mapping
from typing import Any

from arco_sched.core.errors import InvalidInput
from arco_sched.core.instants import MAX_INSTANT, format_instant, parse_instant
from arco_sched.core.ports import StoredEvent


class Versions:
    """When the versions of each schedule are in force and start, as the events so far say."""

    def __init__(self) -> None:
        self._of: dict[str | None, dict[int, tuple[int, int]]] = {}
        self._gone: dict[str | None, int] = {}

    def add(self, event: StoredEvent, payload: Mapping[str, Any]) -> None:
        """Add a version; one that can't be read is reported elsewhere."""
        try:
            span = parse_instant(payload["effective_from"]), parse_instant(payload["start_at"])
        except (InvalidInput, AttributeError, KeyError, TypeError):
            return
        if event.version is not None:
            self._of.setdefault(event.schedule_id, {})[event.version] = span

    def prune_runs(self, event: StoredEvent, payload: Mapping[str, Any]) -> list[str]:
        """What is contradictory in a pruning of runs; no later rewind goes back before the last of them."""
        wrong = [name for name in ("after", "through", "runs", "events") if type(payload.get(name)) is not int]
        if wrong:
            return [f"it has no count of {', '.join(wrong)}"]
        try:
            last = parse_instant(payload["last_for"])
        except (InvalidInput, AttributeError, KeyError, TypeError) as problem:
            return [f"its payload can't be read: {problem}"]
        self._gone[event.schedule_id] = max(last, self._gone.get(event.schedule_id, last))
        return []

    def rewind(self, event: StoredEvent, payload: Mapping[str, Any]) -> list[str]:
        """What contradicts itself in a rewind: it goes to the clock, and not behind the beginning of the schedule; what
        it moves begins or ends there, or at its start."""
        try:
            return self._rewind(event, payload)
        except (InvalidInput, AttributeError, KeyError, TypeError) as problem:
            return [f"its payload can't be read: {problem}"]

    def _rewind(self, event: StoredEvent, payload: Mapping[str, Any]) -> list[str]:
        versions = self._of.setdefault(event.schedule_id, {})
        clock, found = event.recorded_at, []
        moved = {entry["definition_version"]: entry for entry in payload["versions"]}
        former = {number: versions[number][0] for number in moved if number in versions}
        for number, entry in moved.items():
            _, start = versions.get(number, (0, 0))
            if "start_at" in entry:
                start = parse_instant(entry["start_at"])
                if start != clock + 1:
                    found.append(f"it moves a start to {entry['start_at']!a} instead of the clock")
            versions[number] = parse_instant(entry["effective_from"]), start
        gone = [self._gone[event.schedule_id]] if event.schedule_id in self._gone else []
        end = max([clock, *gone, *([min(begin for begin, _ in versions.values()) - 1] if versions else [])])
        cursor = min(end, parse_instant(payload["from"]))
        if payload["to"] != format_instant(cursor):
            found.append(f"it goes to {payload['to']!a} instead of {format_instant(cursor)}")
        # One that was in force already stays so, where its start alone is moved.
        ends = {number: min(max(end + 1, versions[number][1]), former.get(number, MAX_INSTANT)) for number in moved}
        found += [
            f"it moves version {number} to {moved[number]['effective_from']!a} instead of its end"
            for number, at in ends.items()
            if versions[number][0] != at
        ]
        cuts = [cut["before"] for cut in payload["lapses"] if cut["before"] is not None]
        return found + [f"it cuts a lapse at {at!a} instead of its end" for at in cuts if at != format_instant(end + 1)]

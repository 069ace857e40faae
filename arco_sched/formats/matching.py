"""Which schedule an entry of a file is: one that the file made before, or a new one with a telling id.

Ids stay with what they name. Entries are matched by what they run and when, before anything gets a new id, so that
lines can be moved, changed and removed without an id passing to another command.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, Final

from arco_sched.core.changes import check_schedule_id
from arco_sched.core.definitions import SOURCE, Definition, Version, Wanted
from arco_sched.core.errors import InvalidInput
from arco_sched.core.fields import CONTENT, POLICY, merge, normal
from arco_sched.formats.entries import MAX_PREFIX, Entry, source_of
from arco_sched.formats.naming import clean, telling_name, telling_words

LABELS: Final = frozenset({SOURCE, "comment", "user"})
"""The labels that an import decides; all others were set by people and stay."""

_CONTENT: Final = frozenset(field.name for field in CONTENT)
_POLICY: Final = frozenset(field.name for field in POLICY)


def check_prefix(prefix: str) -> None:
    """Raise `InvalidInput` for a text that can't begin an id."""
    try:
        check_schedule_id(prefix + "x")
    except InvalidInput:
        raise InvalidInput(
            f"--prefix {prefix[:60]!a} may contain only A-Z a-z 0-9 . _ -, and must begin with a letter or digit"
        ) from None
    if len(prefix) > MAX_PREFIX:
        raise InvalidInput(f"--prefix is longer than {MAX_PREFIX} characters")


def wanted(entries: Sequence[Entry], there: Sequence[Version], prefix: str = "") -> list[Wanted]:
    """What the entries want, in their order, given the existing schedules.

    A matched entry changes only what the file decides, and keeps everything else that people set on the schedule.
    """
    sources = {entry.source for entry in entries}
    own = [version for version in there if source_of(version.definition) in sources]
    before = {version.schedule_id: version.definition for version in own}
    found = []
    for entry, schedule_id in zip(entries, _identify(entries, own, prefix), strict=True):
        known = before.get(schedule_id)
        definition = entry.definition if known is None else _onto(known, entry)
        found.append(Wanted(schedule_id, normal(definition), entry.enabled))
    return found


def _onto(known: Definition, entry: Entry) -> Definition:
    """The schedule's definition, with the fields that the file decides taken from the file."""
    kept = [(name, value) for name, value in known.request.labels if name not in LABELS]
    values = {name: _value(entry.definition, name) for name in entry.owned}
    return merge(
        known, {**values, "labels": tuple(sorted({**dict(kept), **dict(entry.definition.request.labels)}.items()))}
    )


def _value(definition: Definition, name: str) -> Any:
    owner = definition.request if name in _CONTENT else definition.policy if name in _POLICY else definition
    return getattr(owner, name)


def _identify(entries: Sequence[Entry], own: Sequence[Version], prefix: str) -> list[str]:
    ids: dict[int, str] = {
        place: f"{prefix}{entry.asked_id}" for place, entry in enumerate(entries) if entry.asked_id is not None
    }
    left = {version.schedule_id: version for version in own if version.schedule_id not in ids.values()}
    for key, alone in _WAYS:
        _pair(entries, ids, left, key, alone=alone)
    taken = {*ids.values(), *(version.schedule_id for version in own)}
    others = [entries[place].definition for place in ids] + [version.definition for version in left.values()]
    named: dict[str, list[Definition]] = {}
    for other in others:
        named.setdefault(_name(other), []).append(other)
    groups: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        if place not in ids:
            groups.setdefault(_name(entry.definition), []).append(place)
    for name in sorted(groups):
        members = [entries[place].definition for place in groups[name]]
        told = _told_apart(name, members, named.get(name, []))
        for place, schedule_id in zip(groups[name], told, strict=True):
            ids[place] = _free(f"{prefix}{schedule_id}", taken)
            taken.add(ids[place])
    return [ids[place] for place in range(len(entries))]


def _name(definition: Definition) -> str:
    return _telling_name(definition.request.command or "", dict(definition.request.labels).get("comment", ""))


_telling_name: Final = lru_cache(maxsize=65_536)(telling_name)
"""The name of a command; each way of matching asks for it again."""


def _time(definition: Definition) -> tuple[str, str]:
    return definition.cron_expression, definition.timezone


def _what(definition: Definition) -> tuple[str | None, str | None]:
    return definition.request.command, definition.request.run_as


Key = Callable[[Definition], Hashable]


def _both(*keys: Key) -> Key:
    return lambda definition: (source_of(definition), *(key(definition) for key in keys))


_WAYS: Final[tuple[tuple[Key, bool], ...]] = (
    (_both(_what, _time), False),
    (_both(_what), False),
    # A different command with the same name is the same entry only if there is no other candidate.
    (_both(_name, _time), True),
    (_both(_name), True),
)
"""How an entry is recognized: what must be equal, and whether it must be the only one of its kind."""


def _pair(entries: Sequence[Entry], ids: dict[int, str], left: dict[str, Version], key: Key, *, alone: bool) -> None:
    waiting: dict[Hashable, list[int]] = {}
    for place, entry in enumerate(entries):
        if place not in ids:
            waiting.setdefault(key(entry.definition), []).append(place)
    there: dict[Hashable, list[str]] = {}
    for schedule_id, version in left.items():
        there.setdefault(key(version.definition), []).append(schedule_id)
    for what, places in waiting.items():
        known = there.get(what, [])
        if alone and not (len(places) == len(known) == 1):
            continue
        for place, schedule_id in zip(places, known, strict=False):
            ids[place] = schedule_id
            del left[schedule_id]


def _told_apart(name: str, members: Sequence[Definition], others: Sequence[Definition]) -> list[str]:
    """The ids of several entries with one name, independent of the entries' order.

    Each gets a word that no other entry has after the name. One of them may lack such a word and has the name alone.
    """
    first = [_mark(member.request.command or "") for member in members]
    times = Counter(first)
    marks = [
        mark if times[mark] == 1 else _mark("\n".join(map(str, (*_what(member), *_time(member)))))
        for mark, member in zip(first, members, strict=True)
    ]
    if not name:
        return [f"entry-{mark}" for mark in marks]
    told = [_words(member) for member in members]
    count = Counter(word for words in (*told, *map(_words, others)) for word in set(words))
    shown = set(name.split("-"))
    best = []
    for words in told:
        telling = [word for word in words if count[word] == 1 and word not in shown]
        alone = len(members) == 1 and not others
        best.append(clean(f"{name}-{telling[0][:24]}") if telling and not alone else name)
    often = Counter(best)
    return [one if often[one] == 1 else f"{name}-{mark}" for one, mark in zip(best, marks, strict=True)]


def _free(wanted: str, taken: set[str]) -> str:
    """The id, with a number appended if it is taken."""
    number = 2
    found = wanted
    while found in taken:
        found = f"{wanted}-{number}"
        number += 1
    return found


def _words(definition: Definition) -> tuple[str, ...]:
    """What distinguishes an entry from others with its name: its command's words, its file, its user, its time."""
    request = definition.request
    file = clean(source_of(definition).rpartition(":")[2].rsplit("/", 1)[-1])
    found = [*telling_words(request.command or ""), file, request.run_as or ""]
    found += [*_words_of_time(definition.cron_expression), clean(definition.timezone)]
    return tuple(word for word in found if word)


def _words_of_time(expression: str) -> list[str]:
    if expression.startswith("@"):
        return [clean(expression[1:])]
    *_, minute, hour, month_day, month, weekday = expression.split()
    at = f"{int(hour):02}{int(minute):02}" if minute.isdigit() and hour.isdigit() else ""
    named = {"minute": minute, "hour": hour, "day": month_day, "month": month, "weekday": weekday}
    return [at, *(f"{name}-{clean(text)}" for name, text in named.items() if text != "*" and not (at and name in _AT))]


_AT: Final = frozenset({"minute", "hour"})


def _mark(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]

"""The arguments of one call: each is converted to a plain value, and all their problems are reported at once."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from arco_sched.api import values
from arco_sched.core import fields
from arco_sched.core.definitions import Definition, RequestContent, Wanted
from arco_sched.core.errors import InvalidFields, InvalidInput
from arco_sched.core.history import (
    LAPSE_REASONS,
    RUN_STATUSES,
    TICK_STATUSES,
    LapseReason,
    RunStatus,
    Signature,
    TickStatus,
)
from arco_sched.core.kinds import Choice, Kind, Note, Pairs, Span, Text, problems_of
from arco_sched.core.policy import MAX_EXIT_CODE, MAX_SECONDS, Policy
from arco_sched.core.ports import Store
from arco_sched.core.problems import CLOSE, Problem
from arco_sched.core.rows import REQUIRED, Field, part_types, rows

P = ParamSpec("P")
T = TypeVar("T")

if TYPE_CHECKING:
    from arco_sched.service.check import Asked

_FIELDS: Final = {field.name: field for field in fields.FIELDS if field.path[:1] == ("definition",)}
"""The fields that an update may set."""

MAX_SIGNAL: Final = 64
"""The largest number of a signal."""

_SECONDS: Final = Span("seconds", 0, MAX_SECONDS)
_LABELS: Final = Pairs(Text(empty=True))


class Given:
    """The arguments of one call.

    Each method takes the name and the value of an argument and returns the plain value; for an invalid one it notes the
    problem, and the return value is meaningless. Finally, `call` raises `InvalidInput` with all problems, or calls the
    method.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._plain: list[tuple[Kind, str, Any]] = []
        """Fields of the right type: their values are only checked here if there are other problems."""
        self._of_schedules: list[tuple[str, Given]] = []
        """The arguments for each schedule, by its id."""
        self._store: Store | None = None
        self._signature: Signature | None = None

    def signed(self, store: Store, by: object, note: object) -> "Given":
        """These arguments; what the call records in the store is signed, where `by` says by whom."""
        named = self.optional(self.label, "by", by)
        why = self.optional(self.label, "note", note)
        if by is None and note is not None:
            self.problems.append(Problem("note", "unsigned"))
        if named is not None:
            self._store, self._signature = store, Signature(named, why)
        return self

    def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The method's return value; raises `InvalidInput` without calling it if there are any problems."""
        if self.problems:
            raise InvalidInput(*self.problems, *self.unacceptable())
        if any(one.problems for _, one in self._of_schedules):
            found = [(name, [*one.problems, *one.unacceptable()]) for name, one in self._of_schedules]
            raise InvalidFields(*((name, problem) for name, problems in found for problem in problems))
        if self._store is None:
            return method(*args, **kwargs)
        before, self._store.signature = self._store.signature, self._signature
        try:
            return method(*args, **kwargs)
        finally:
            self._store.signature = before

    def unacceptable(self) -> list[Problem]:
        """The problems of fields that have the right type."""
        return [problem for field in self._plain for problem in problems_of(*field)]

    def _note(self, field: str) -> Note:
        def note(code: str, **data: Any) -> None:
            self.problems.append(Problem(field, code, data))

        return note

    # Arguments.

    def optional(self, read: Callable[[str, object], T], argument: str, value: object) -> T | None:
        """What `read` returns for a value; None for None."""
        return None if value is None else read(argument, value)

    def instant(self, argument: str, value: object) -> int:
        """The epoch of an aware datetime or of whole seconds."""
        return values.instant(value, self._note(argument))

    def instants(self, argument: str, value: object) -> tuple[int, ...]:
        """Several of them."""
        return values.several(value, self._note(argument), "a list of instants", values.instant)

    def schedule_id(self, argument: str, value: object) -> str:
        """The id of a schedule, existing or not."""
        return values.schedule_id(value, self._note(argument))

    def schedule_ids(self, argument: str, value: object) -> tuple[str, ...]:
        """Several of them; a single string is one id, not its letters."""
        ids = (value,) if isinstance(value, str) else value
        return values.several(ids, self._note(argument), "a list of schedule ids", values.schedule_id)

    def labels(self, argument: str, value: object) -> dict[str, str]:
        """Names and values of labels."""
        return dict(values.plain(_LABELS, value, self._note(argument)))

    def label(self, argument: str, value: object) -> str:
        """A string of one line: the name of a workspace, a run key."""
        return values.label(value, self._note(argument))

    def text(self, argument: str, value: object) -> str:
        """Any string."""
        return values.text(value, self._note(argument))

    def name(self, argument: str, value: object) -> str:
        """A string that refers to something: the id of a tick or a run, a status, a cursor."""
        return values.label(value, self._note(argument), empty=True)

    def tick_status(self, argument: str, value: object) -> TickStatus:
        """A status that ticks have."""
        return self._one_of(TICK_STATUSES, argument, value)

    def lapse_reason(self, argument: str, value: object) -> LapseReason:
        """A reason that lapses have."""
        return self._one_of(LAPSE_REASONS, argument, value)

    def run_status(self, argument: str, value: object) -> RunStatus:
        """A status that runs have."""
        return self._one_of(RUN_STATUSES, argument, value)

    def _one_of(self, choices: tuple[T, ...], argument: str, value: object) -> T:
        found = self.name(argument, value)
        if isinstance(value, str) and not (self.problems and self.problems[-1].field == argument):
            Choice(cast("tuple[str, ...]", choices)).check(found, self._note(argument))
        return cast("T", found)

    def seq(self, argument: str, value: object) -> int:
        """The number in a `next_cursor` of events, which is a string."""
        note = self._note(argument)
        found = values.label(value, note, empty=True)
        if isinstance(value, str) and not (found.isascii() and found.isdigit() and len(found) < 19):
            note("cursor", value=found)
            return 0
        return int(found or 0)

    def whole(self, argument: str, value: object, least: int = 0, most: int = values.MAX_NUMBER) -> int:
        """A whole number within bounds."""
        return values.whole(value, self._note(argument), least, most)

    def number(self, argument: str, value: object) -> int:
        """A whole number whose bounds the service checks."""
        return values.number(value, self._note(argument))

    def size(self, argument: str, value: object) -> int:
        """A whole number of at least one."""
        return self.whole(argument, value, 1)

    def seconds(self, argument: str, value: object) -> float:
        """A number of seconds to wait."""
        return values.seconds(value, self._note(argument))

    def flag(self, argument: str, value: object) -> bool:
        """True or False."""
        return values.flag(value, self._note(argument))

    def path(self, argument: str, value: object) -> Path:
        """The path of a file."""
        return values.path(value, self._note(argument))

    def callback(self, argument: str, value: T) -> T:
        """A function, or None."""
        return value if value is None else self.function(argument, value)

    def function(self, argument: str, value: T) -> T:
        """A function."""
        if not callable(value):
            self._note(argument)("type", what="a function", given=values.given(value))
        return value

    # Runs.

    def exit_code(self, argument: str, value: object) -> int:
        """An exit code; what `subprocess` returns for a signal is not one."""
        signal = -value if isinstance(value, int) else 0
        if 0 < signal <= MAX_SIGNAL:
            note = self._note(argument)
            note("signal", most=MAX_EXIT_CODE, value=value, signal=signal, shown=128 + signal)
            return 0
        return self.whole(argument, value, 0, MAX_EXIT_CODE)

    def run(self, argument: str, value: object) -> str:
        """A reference to a run: a run id or its beginning, a tick id, a schedule id."""
        return values.label(value, self._note(argument))

    def runs(self, argument: str, value: object) -> tuple[str, ...]:
        """Several of them."""
        return values.several(value, self._note(argument), "a list of runs", values.label)

    def pool(self, argument: str, value: object) -> str:
        """The name of a pool, with a limit or without."""
        return values.pool(value, self._note(argument))

    def asked(self, argument: str, value: object) -> "Asked":
        """What to check, with plain values in its fields."""
        from arco_sched.service.check import Asked

        if not isinstance(value, Asked):
            self._note(argument)("type", what="an Asked", given=values.given(value))
            return Asked()
        return Asked(
            max_lag=self.optional(self._span, "max_lag", value.max_lag),
            late=self.optional(self._span, "late", value.late),
            waiting=self.optional(self.whole, "waiting", value.waiting),
            stale=self.flag("stale", value.stale),
            failed=self.flag("failed", value.failed),
            unevaluable=self.flag("unevaluable", value.unevaluable),
            unless_idle=self.flag("unless_idle", value.unless_idle),
        )

    def _span(self, argument: str, value: object) -> int:
        """Whole seconds from a number or a timedelta."""
        before = len(self.problems)
        found: int = values.plain(_SECONDS, value, self._note(argument))
        if len(self.problems) == before:
            _SECONDS.check(found, self._note(argument))
        return found

    # Definitions.

    def definition(self, argument: str, value: object) -> Definition:
        """A definition with plain values in its fields."""
        return self._parts(argument, Definition, value)

    def content(self, argument: str, value: object) -> RequestContent:
        """A request content with plain values."""
        return self._parts(argument, RequestContent, value)

    def policy(self, argument: str, value: object) -> Policy:
        """An execution policy with plain values."""
        return self._parts(argument, Policy, value)

    def _parts(self, argument: str, type_: type[T], value: object) -> T:
        if not isinstance(value, type_):
            self._note(argument)("type", what=f"a {type_.__name__}", given=values.given(value))
            return cast("T", None)
        plain: dict[str, Any] = {}
        for field in _rows(cast("type", type_)):
            plain[field.name] = self._field(field, getattr(value, field.name))
        for part, part_type in part_types(type_).items():
            plain[part] = self._parts(part, part_type, getattr(value, part))
        return type_(**plain)

    def _field(self, field: Field, value: object) -> Any:
        if value is None and field.default is None:
            return None
        before = len(self.problems)
        found = values.plain(field.kind, value, self._note(field.name))
        if len(self.problems) == before:
            self._plain.append((field.kind, field.name, found))
        return found

    def fields(self, argument: str, value: object) -> dict[str, Any]:
        """New values for fields of a definition, its request and its policy, by their names."""
        note = self._note(argument)
        if not isinstance(value, Mapping):
            note("type", what="a dict of fields", given=values.given(value))
            return {}
        parts = part_types(Definition)
        plain: dict[str, Any] = {}
        for key, each in value.items():
            name = str.__str__(key) if isinstance(key, str) else ""
            if name in parts:
                plain[name] = self._parts(name, parts[name], each)
            elif name in _FIELDS:
                plain[name] = self._replacement(_FIELDS[name], each)
            else:
                note("unknown_field", given=ascii(name[:40]) if name else values.given(key), meant=_meant(name))
        return plain

    def _replacement(self, field: Field, value: object) -> Any:
        """The new value of a field: None clears one that can be empty."""
        if value is not None:
            return self._field(field, value)
        if not field.clearable:
            default = "" if field.default is REQUIRED else f": its default is {field.default!r}"
            note = self._note(field.name)
            note("no_clearing", default=default)
        return field.default

    def wanted(self, argument: str, value: object) -> list[Wanted]:
        """What schedules should be; their problems are raised as `InvalidFields`."""
        if isinstance(value, Mapping | Wanted) or not isinstance(value, Iterable):
            self._note(argument)("type", what="a list of Wanted", given=values.given(value))
            return []
        found: list[Wanted] = []
        for place, each in enumerate(value):
            if not isinstance(each, Wanted):
                self._note(argument)("type", what="a Wanted", given=values.given(each), entry=place)
                continue
            one = Given()
            found.append(
                Wanted(
                    one.schedule_id("schedule_id", each.schedule_id),
                    one.definition("definition", each.definition),
                    one.optional(one.flag, "enabled", each.enabled),
                    one.optional(one.instant, "start_at", each.start_at),
                )
            )
            self._of_schedules.append((found[-1].schedule_id, one))
        return found


_WORDS: Final = {
    "cron": "cron_expression",
    "expression": "cron_expression",
    "schedule": "cron_expression",
    "tz": "timezone",
    "zone": "timezone",
    "asset": "asset_selection",
    "assets": "asset_selection",
    "partition": "partition_selection",
    "partitions": "partition_selection",
    "label": "labels",
    "tags": "labels",
    "workdir": "working_directory",
    "cwd": "working_directory",
    "env": "environment",
    "env_file": "environment_file",
    "resource": "resources",
    "user": "run_as",
    "exclude": "excluded_days",
    "max_catchup": "max_catchup_ticks",
    "retries": "max_retries",
    "retry_on": "retry_exit_codes",
    "until": "paused_until",
    "end": "end_at",
}
"""The fields that other words mean, including the names of command-line options."""


def _meant(name: str) -> str:
    """What to write instead of an unknown name; empty if nothing is close."""
    if name in {"start_at", "enabled"}:
        return f": {name} is a separate argument"
    if name == "start":
        return ": start_at is a separate argument"
    names = [*_FIELDS, *part_types(Definition)]
    beginning = [each for each in names if name and each.startswith(f"{name}_")]
    from difflib import get_close_matches

    near = get_close_matches(name[:100], names, n=1, cutoff=CLOSE)
    nearest = _WORDS.get(name) or (beginning[0] if len(beginning) == 1 else None) or (near[0] if near else None)
    return f": did you mean {nearest}?" if nearest else ""


@lru_cache(maxsize=16)
def _rows(type_: type) -> tuple[Field, ...]:
    """The fields of a class without those of its parts."""
    return tuple(field for field in rows(type_) if not field.path)

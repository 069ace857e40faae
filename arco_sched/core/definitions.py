"""What a person defines of a schedule: the values of definitions and their versions.

Each field stands here once, with a row that says what it is: `arco_sched.core.fields` makes a table of the rows, and
everything else that is said, read, written and checked of a field follows from that (docs/architecture.md). Instants
are integer epochs (whole UTC seconds). The names are those of the JSON answers.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, MISSING, dataclass, fields, is_dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, TypeVar

from arco_sched.core.instants import MAX_MINUTES
from arco_sched.core.kinds import MAX_COMMAND, Choice, Cron, Flag, Instant, Kind, Many, Pairs, Span, Text, Whole, Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

T = TypeVar("T")

CatchupPolicy = Literal["oldest-first", "latest"]

DstGap = Literal["next", "skip"]

DstOverlap = Literal["first", "last", "both"]

CATCHUP_POLICIES: Final[tuple[CatchupPolicy, ...]] = ("oldest-first", "latest")

DST_GAPS: Final[tuple[DstGap, ...]] = ("next", "skip")

DST_OVERLAPS: Final[tuple[DstOverlap, ...]] = ("first", "last", "both")

MAX_TICKS: Final = 1_000_000_000

REQUIRED: Final = object()
"""The default of what a value of the class can't be made without."""

Group = Literal["when", "catching up", "run", "version"]
"""What a field is about; nobody gives those of `version`, they follow from what is done."""


@dataclass(frozen=True, slots=True)
class Field:
    """The row of a field: what its values are, and how it is offered.

    `words` is one sentence for help, schema and documents, `otherwise` what holds where nothing is given and no
    constant says it. `always` marks the fields of the first schema: canonical texts and payloads have their keys, set
    or not, so that what is stored stays as it is; any other has a key only where it differs from its default, which
    therefore never changes. `for_requests` is whether `runs request` has it too, `in_defaults` whether a file may say
    it for all its schedules, `fixed` whether it can't be changed later. `name`, `path` (the attributes of a `Version`
    that lead to it), `default` and `value` (which gives the value in a version) are read off the class in which the row
    stands.
    """

    kind: Kind
    group: Group
    words: str
    _: KW_ONLY
    always: bool = False
    for_requests: bool = False
    in_defaults: bool = True
    fixed: bool = False
    otherwise: str = ""
    examples: tuple[str, ...] = ()
    name: str = ""
    path: tuple[str, ...] = ()
    default: Any = REQUIRED
    value: Callable[[Any], Any] = repr

    @property
    def required(self) -> bool:
        """Whether a definition must say it."""
        return self.default is REQUIRED and not self.otherwise

    @property
    def clearable(self) -> bool:
        """Whether it may be taken away again."""
        return self.default in (None, ()) and not self.fixed

    @property
    def stem(self) -> str:
        """The name without its unit, for where the value has one."""
        return self.name.removesuffix("_minutes").removesuffix("_seconds") if isinstance(self.kind, Span) else self.name

    @property
    def default_words(self) -> str:
        """What holds where nothing is given, as people write it; empty for nothing."""
        if self.otherwise or self.default in (REQUIRED, None, ()):
            return self.otherwise
        return self.kind.show(self.default)

    def sentence(self, more: str = "") -> str:
        """The words, with how a value is written, `more`, and what holds where none is given."""
        forms = f": {self.kind.forms}" if isinstance(self.kind, Span) else ""
        default = f" (default: {self.default_words})" if self.default_words else ""
        return f"{self.words[:-1]}{forms}{more}{default}."

    def to_json(self, value: Any) -> Any:
        """A value as JSON has it, null where there is none."""
        return None if value is None else self.kind.to_json(value)


def rows(owner: type, path: tuple[str, ...] = ()) -> list[Field]:
    """The rows of a class and of the parts that it consists of, in order; `path` leads to the class."""
    found: list[Field] = []
    parts = part_types(owner)
    for each in fields(owner):
        if each.name in parts:
            found += rows(parts[each.name], (*path, each.name))
        for row in getattr(each.type, "__metadata__", ()):
            default = REQUIRED if each.default is MISSING else each.default
            value = attrgetter(".".join((*path, each.name)))
            found.append(replace(row, name=each.name, path=path, default=default, value=value))
    return found


def part_types(owner: type) -> dict[str, type]:
    """The parts that a class consists of, which have fields of their own, by their names."""
    return {each.name: each.type for each in fields(owner) if isinstance(each.type, type) and is_dataclass(each.type)}


def described(owner: type[T]) -> type[T]:
    """The class with its rows in its docstring, for `help()`, and without them in its signature."""
    lines = []
    for row in rows(owner):
        if not row.path:
            default = "required" if row.default is REQUIRED else f"default {row.default!r}"
            lines.append(f"    {row.name} ({row.kind.about()}; {default}):\n        {row.words}")
    owner.__doc__ = "\n".join([(owner.__doc__ or "").rstrip(), "", "Fields:", *lines])
    taken = owner.__init__.__annotations__
    taken.update({name: getattr(type_, "__origin__", type_) for name, type_ in taken.items() if _is_row(type_)})
    return owner


def _is_row(type_: Any) -> bool:
    return hasattr(type_, "__metadata__")


SOURCE: Final = "source"
"""The label that says which file a schedule was imported from."""


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContent:
    """What a run is asked to do: the part of a request that its fingerprint covers."""

    asset_selection: Annotated[
        tuple[str, ...], Field(Many(Text()), "run", "The assets that a run makes.", always=True, for_requests=True)
    ] = ()
    partition_selection: Annotated[
        tuple[str, ...], Field(Many(Text()), "run", "The partitions that a run makes.", always=True, for_requests=True)
    ] = ()
    command: Annotated[
        str | None,
        Field(
            Text(MAX_COMMAND, lines=True),
            "run",
            "A command line for whoever executes the run; arco records it and never runs it.",
            always=True,
            for_requests=True,
        ),
    ] = None
    labels: Annotated[
        tuple[tuple[str, str], ...],
        Field(Pairs(Text(empty=True)), "run", "Names and values that a run carries.", always=True, for_requests=True),
    ] = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            asset_selection: Collection[str] = (),
            partition_selection: Collection[str] = (),
            command: str | None = None,
            labels: Mapping[str, str] | Collection[tuple[str, str]] = (),
        ) -> None:
            """What a workspace takes for a field; the types above are what it is kept as, and what answers have."""


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a person defines of a schedule: everything that makes a new definition version when it changes.

    `request` is what its runs are asked to do.
    """

    cron_expression: Annotated[
        str,
        Field(
            Cron(),
            "when",
            "When it is due: five fields, six with the second first, or a nickname such as @daily.",
            always=True,
            in_defaults=False,
            examples=("0 10 * * 1-5", "*/15 * * * *", "@daily"),
        ),
    ]
    timezone: Annotated[
        str,
        Field(
            Zone(),
            "when",
            "IANA name of the time zone whose clock the expression means.",
            always=True,
            examples=("UTC", "Europe/Berlin", "America/New_York"),
        ),
    ] = "UTC"
    catchup_window_minutes: Annotated[
        int, Field(Span("minutes", 1, MAX_MINUTES), "catching up", "How far back to catch up.", always=True)
    ] = 1440
    max_catchup_ticks: Annotated[
        int, Field(Whole(1, MAX_TICKS), "catching up", "Maximum ticks per evaluation.", always=True)
    ] = 10
    catchup_policy: Annotated[
        CatchupPolicy,
        Field(
            Choice(CATCHUP_POLICIES),
            "catching up",
            "Beyond that maximum: `oldest-first` and the others wait, or only the `latest` and the others lapse.",
            always=True,
        ),
    ] = "oldest-first"
    dst_gap: Annotated[
        DstGap,
        Field(
            Choice(DST_GAPS),
            "when",
            "A time that clocks jump over: due at the `next` instant there is, or `skip` it.",
            always=True,
        ),
    ] = "next"
    dst_overlap: Annotated[
        DstOverlap,
        Field(
            Choice(DST_OVERLAPS),
            "when",
            "A time that clocks show twice: due the `first` time, the `last`, or `both`.",
            always=True,
        ),
    ] = "first"
    request: RequestContent = RequestContent()
    code_version: Annotated[str | None, Field(Text(), "run", "The code that a run is for.", always=True)] = None
    end_at: Annotated[
        int | None,
        Field(
            Instant(),
            "when",
            "Occurrences count until before this instant.",
            always=True,
            in_defaults=False,
            examples=("2025-01-15T10:00:00Z",),
        ),
    ] = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            cron_expression: str,
            timezone: str | ZoneInfo = "UTC",
            catchup_window_minutes: int | timedelta = 1440,
            max_catchup_ticks: int = 10,
            catchup_policy: CatchupPolicy = "oldest-first",
            dst_gap: DstGap = "next",
            dst_overlap: DstOverlap = "first",
            request: RequestContent = ...,
            code_version: str | None = None,
            end_at: datetime | int | None = None,
        ) -> None:
            """What a workspace takes for a field; the types above are what it is kept as, and what answers have."""


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One immutable definition version of a schedule.

    `created_at` is when it was made, `effective_from` the first instant at which it is in force.
    """

    schedule_id: str
    definition_version: int
    definition: Definition
    start_at: Annotated[
        int,
        Field(
            Instant(),
            "when",
            "Occurrences count from this instant on.",
            always=True,
            in_defaults=False,
            fixed=True,
            otherwise="when it is created",
            examples=("2025-01-15T10:00:00Z",),
        ),
    ]
    enabled: Annotated[
        bool,
        Field(
            Flag(),
            "when",
            "Whether occurrences request runs; those of a disabled schedule are recorded as skipped.",
            always=True,
            otherwise="as it is; a new one is enabled",
        ),
    ]
    deleted: Annotated[bool, Field(Flag(), "version", "Whether it ends the schedule.", always=True, in_defaults=False)]
    created_at: int
    effective_from: int


class Term(NamedTuple):
    """A definition version as the evaluator sees it; `content` is the store's number for what its runs shall do."""

    version: int
    effective_from: int
    start_at: int
    end_at: int | None
    enabled: bool
    deleted: bool
    cron_expression: str
    timezone: str
    dst_gap: DstGap
    dst_overlap: DstOverlap
    catchup_window_minutes: int
    max_catchup_ticks: int
    catchup_policy: CatchupPolicy
    content: int


class Wanted(NamedTuple):
    """What a file says that a schedule should be; `enabled` and `start_at` are None where it does not say."""

    schedule_id: str
    definition: Definition
    enabled: bool | None = None
    start_at: int | None = None

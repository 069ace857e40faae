"""Definitions of schedules, and their versions, as values.

Each field is declared here once, with a row that describes it. `arco_sched.core.fields` collects the rows in a table,
and options, file keys, JSON, checks and documents are all derived from it (docs/architecture.md). Instants are integer
epochs (whole UTC seconds). The names are those of the JSON answers.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from arco_sched.core.instants import MAX_MINUTES, epoch_of
from arco_sched.core.kinds import MAX_COMMAND, Choice, Flag, Instant, Many, Pairs, Span, Text, Whole
from arco_sched.core.policy import DEFAULT, Policy
from arco_sched.core.rows import Field, described
from arco_sched.core.special_kinds import AbsolutePath, Cron, Days, Environment, Name, Resources, Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime, timedelta
    from os import PathLike
    from zoneinfo import ZoneInfo

CatchupPolicy = Literal["oldest-first", "latest"]

DstGap = Literal["next", "skip"]

DstOverlap = Literal["first", "last", "both"]

CATCHUP_POLICIES: Final[tuple[CatchupPolicy, ...]] = ("oldest-first", "latest")

DST_GAPS: Final[tuple[DstGap, ...]] = ("next", "skip")

DST_OVERLAPS: Final[tuple[DstOverlap, ...]] = ("first", "last", "both")

MAX_TICKS: Final = 1_000_000_000

SOURCE: Final = "source"
"""The label that says which file a schedule was imported from."""


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContent:
    """What a run is asked to do: the part of a request that its fingerprint covers."""

    asset_selection: Annotated[
        tuple[str, ...], Field(Many(Text()), "run", "Assets that a run produces.", always=True, for_requests=True)
    ] = ()
    partition_selection: Annotated[
        tuple[str, ...], Field(Many(Text()), "run", "Partitions that a run produces.", always=True, for_requests=True)
    ] = ()
    command: Annotated[
        str | None,
        Field(
            Text(MAX_COMMAND, lines=True),
            "run",
            "Command line that a worker passes to the shell, or that an executor of your own reads.",
            always=True,
            for_requests=True,
        ),
    ] = None
    labels: Annotated[
        tuple[tuple[str, str], ...],
        Field(
            Pairs(Text(empty=True)),
            "run",
            "Labels that a run carries, each with a value.",
            always=True,
            for_requests=True,
        ),
    ] = ()
    shell: Annotated[
        str | None,
        Field(AbsolutePath(), "execution", "Shell that runs the command.", for_requests=True, otherwise="/bin/sh"),
    ] = None
    working_directory: Annotated[
        str | None,
        Field(
            AbsolutePath(),
            "execution",
            "Working directory of the command.",
            for_requests=True,
            otherwise="the home directory of the user it runs as",
        ),
    ] = None
    environment: Annotated[
        tuple[tuple[str, str], ...],
        Field(
            Environment(),
            "execution",
            "Environment variables of the command; stored and shown as they are, so not for secrets.",
            for_requests=True,
        ),
    ] = ()
    environment_file: Annotated[
        str | None,
        Field(
            AbsolutePath(),
            "execution",
            "File of K=V lines that the worker reads at each start, for secrets; overrides `environment`.",
            for_requests=True,
        ),
    ] = None
    run_as: Annotated[
        str | None,
        Field(
            Name(),
            "execution",
            "User that the command runs as; needs a worker that is root or this user.",
            for_requests=True,
        ),
    ] = None
    resources: Annotated[
        tuple[tuple[str, int], ...],
        Field(
            Resources(),
            "execution",
            "Resources that an engine reserves for a run: cpus, memory_mib, gpus; a local worker ignores them.",
            for_requests=True,
        ),
    ] = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            asset_selection: Collection[str] = (),
            partition_selection: Collection[str] = (),
            command: str | None = None,
            labels: Mapping[str, str] | Collection[tuple[str, str]] = (),
            shell: str | PathLike[str] | None = None,
            working_directory: str | PathLike[str] | None = None,
            environment: Mapping[str, str] | Collection[tuple[str, str]] = (),
            environment_file: str | PathLike[str] | None = None,
            run_as: str | None = None,
            resources: Mapping[str, int] | Collection[tuple[str, int]] = (),
        ) -> None:
            """The types that a workspace accepts; the types above are those it keeps, and those that answers have."""


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The definition of a schedule: a change to any of it makes a new definition version.

    `request` is what its runs are asked to do, `policy` how they are executed.
    """

    cron_expression: Annotated[
        str,
        Field(
            Cron(),
            "when",
            "When it is due: five fields, six with seconds first, a nickname such as @daily, `@every 90m`, or @once.",
            always=True,
            in_defaults=False,
            examples=("0 10 * * 1-5", "*/15 * * * *", "@daily", "@every 90m"),
        ),
    ]
    timezone: Annotated[
        str,
        Field(
            Zone(),
            "when",
            "IANA name of the time zone in which the expression is read.",
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
            "When more are due than that: `oldest-first` lets the rest wait, `latest` lets the rest lapse.",
            always=True,
        ),
    ] = "oldest-first"
    dst_gap: Annotated[
        DstGap,
        Field(
            Choice(DST_GAPS),
            "when",
            "Local times that a clock change skips: due at the `next` instant that exists, or `skip` them.",
            always=True,
        ),
    ] = "next"
    dst_overlap: Annotated[
        DstOverlap,
        Field(
            Choice(DST_OVERLAPS),
            "when",
            "Local times that a clock change repeats: due the `first` time, the `last`, or `both` times.",
            always=True,
        ),
    ] = "first"
    excluded_days: Annotated[
        tuple[str, ...],
        Field(
            Days(),
            "when",
            "Days in the schedule's zone on which nothing runs: their occurrences are recorded as skipped.",
            examples=("2025-12-25", "2025-12-24..2026-01-01"),
        ),
    ] = ()
    request: RequestContent = RequestContent()
    policy: Policy = DEFAULT
    paused_until: Annotated[
        int | None,
        Field(
            Instant(),
            "when",
            "Pause until this instant: occurrences before it are recorded as skipped.",
            in_defaults=False,
            examples=("2025-01-15T10:00:00Z",),
        ),
    ] = None
    code_version: Annotated[
        str | None, Field(Text(), "run", "Version of the code that runs, for the record.", always=True)
    ] = None
    end_at: Annotated[
        int | None,
        Field(
            Instant(),
            "when",
            "Only occurrences before this instant count.",
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
            excluded_days: Collection[str | date] = (),
            request: RequestContent = ...,
            policy: Policy = ...,
            paused_until: datetime | int | None = None,
            code_version: str | None = None,
            end_at: datetime | int | None = None,
        ) -> None:
            """The types that a workspace accepts; the types above are those it keeps, and those that answers have."""


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
            "Only occurrences from this instant on count.",
            always=True,
            in_defaults=False,
            until_begun=True,
            otherwise="when it is created",
            examples=("2025-01-15T10:00:00Z",),
        ),
    ]
    enabled: Annotated[
        bool,
        Field(
            Flag(),
            "when",
            "Whether occurrences request runs; those of a paused schedule are recorded as skipped.",
            always=True,
            otherwise="unchanged; a new schedule is enabled",
        ),
    ]
    deleted: Annotated[
        bool, Field(Flag(), "version", "Whether this version ends the schedule.", always=True, in_defaults=False)
    ]
    created_at: int
    effective_from: int

    def is_paused(self, at: "datetime | int") -> bool:
        """Whether a pause would skip an occurrence at this instant."""
        until = self.definition.paused_until
        return not self.enabled or (until is not None and epoch_of(at, "at") < until)


class Term(NamedTuple):
    """A definition version as the evaluator sees it; `content` is the store's number for its request content."""

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
    policy: str | None = None
    """The execution policy as JSON text, without the defaults; None if everything is a default."""
    created_at: int = 0
    excluded_days: str | None = None
    """The excluded days as JSON text; None if there are none."""
    paused_until: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a schedule should be, as a file says; `enabled` and `start_at` are None if the file doesn't say."""

    schedule_id: str
    definition: Definition
    enabled: bool | None = None
    start_at: int | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            schedule_id: str,
            definition: Definition,
            enabled: bool | None = None,
            start_at: datetime | int | None = None,
        ) -> None:
            """What a workspace takes; the types above are what it is kept as."""

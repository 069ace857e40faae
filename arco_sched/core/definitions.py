"""What a person defines of a schedule: the values of definitions and their versions.

Instants are integer epochs (whole UTC seconds). The names are those of the JSON answers.
"""

from typing import Final, Literal, NamedTuple

CatchupPolicy = Literal["oldest-first", "latest"]

DstGap = Literal["next", "skip"]

DstOverlap = Literal["first", "last", "both"]

CATCHUP_POLICIES: Final[tuple[CatchupPolicy, ...]] = ("oldest-first", "latest")

DST_GAPS: Final[tuple[DstGap, ...]] = ("next", "skip")

DST_OVERLAPS: Final[tuple[DstOverlap, ...]] = ("first", "last", "both")


class RequestContent(NamedTuple):
    """What a run is asked to do: the part of a request that its fingerprint covers.

    `asset_selection` and `partition_selection` are sorted by code point without repeats, `labels` by key.
    """

    asset_selection: tuple[str, ...] = ()
    partition_selection: tuple[str, ...] = ()
    command: str | None = None
    labels: tuple[tuple[str, str], ...] = ()


class Definition(NamedTuple):
    """What a person defines of a schedule: everything that makes a new definition version when it changes."""

    cron_expression: str
    timezone: str = "UTC"
    catchup_window_minutes: int = 1440
    max_catchup_ticks: int = 10
    catchup_policy: CatchupPolicy = "oldest-first"
    dst_gap: DstGap = "next"
    dst_overlap: DstOverlap = "first"
    request: RequestContent = RequestContent()
    code_version: str | None = None
    end_at: int | None = None


class Version(NamedTuple):
    """One immutable definition version of a schedule."""

    schedule_id: str
    definition_version: int
    definition: Definition
    start_at: int
    enabled: bool
    deleted: bool
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

"""`arco verify`: the proof that the tables follow from the events and that nothing was silently lost."""

from typing import Final

from arco_sched.core.errors import DatabaseUnusable
from arco_sched.core.identity import run_ids
from arco_sched.core.ports import Audit, RowDifference, Store, Unfoldable
from arco_sched.service.verification.findings import Findings, Verification
from arco_sched.service.verification.lives import check_lives
from arco_sched.service.verification.recount import Progress, recount
from arco_sched.service.verification.rows import check_events, check_names, check_schema

_OF_ROWS: Final = ("CHECK constraint failed in ", "NULL value in ")
"""How lines of SQLite's own check begin that are about values in rows of an intact file."""


def verify(store: Store, workspace: str, progress: Progress | None = None) -> Verification:
    """Check everything that can be checked; writes nothing, and others may write meanwhile."""
    findings = Findings()
    refused: Exception | None = None
    with store.integrity() as checked:
        try:
            with store.audit() as audit:
                _check(audit, workspace, findings, progress or (lambda _what, _done, _all: None))
        except Exception as error:  # a damaged file can give anything
            refused = error
        broken = checked()
    if broken and (refused is not None or not all(line.startswith(_OF_ROWS) for line in broken)):
        findings = Findings()  # anything else about a damaged file would be noise
    for line in broken:
        findings.add("integrity", f"SQLite's integrity check: {line}")
    if refused is not None and not broken:
        raise refused
    return findings.answer()


def _check(audit: Audit, workspace: str, findings: Findings, report: Progress) -> None:
    # Anything else about tables with dangling references would be noise.
    if not check_schema(audit, findings) or not check_names(audit, findings):
        return
    findings.events, findings.schedules = audit.size()
    check_events(audit, findings)
    try:
        audit.fold_all_again(lambda done, total: report("events", done, total))
    except Unfoldable as refused:
        findings.add("fold", f"event seq={refused.seq} can't be folded: {refused}")
        return
    for difference in audit.row_differences():
        findings.add(difference.table, _row_text(audit, difference))
    _check_runs(audit, workspace, findings)
    try:
        for difference in audit.queue_differences():
            findings.add("queue", _row_text(audit, difference))
        check_lives(audit, findings)
    except DatabaseUnusable as error:
        findings.add("runs", f"the lives of runs can't be checked: {error}")
    try:
        recount(audit, findings, report)
    except DatabaseUnusable as error:
        findings.add("recount", f"occurrences can't be recounted: {error}")


_PUBLIC: Final = {
    "definition_rows": "definition",
    "schedule_rows": "schedule",
    "tick_rows": "tick",
    "lapse_rows": "lapse",
    "run_rows": "run",
    "conflict_rows": "conflict",
    "run_states": "run",
    "attempt_rows": "attempt",
    "pool_rows": "pool",
    "served_rows": "served occurrence",
    "queue": "run",
    "workspace": "workspace",
}


def _row_text(audit: Audit, difference: RowDifference) -> str:
    key = dict(difference.key)
    key.pop("one", None)
    schedule = key.pop("schedule", None)
    if isinstance(schedule, int):
        key = {"schedule_id": audit.schedule_id(schedule)} | key
    what = " ".join([_PUBLIC[difference.table], *(f"{name}={value}" for name, value in key.items())])
    if difference.kind == "extra":
        return f"{what}: this row of {difference.table} doesn't follow from any event"
    if difference.kind == "missing":
        return f"{what}: the row of {difference.table} that follows from the events is missing"
    columns = ", ".join(
        f"{name} is {mine!r} instead of {given!r}" for name, (mine, given) in difference.columns.items()
    )
    return f"{what}: {columns}, by the events"


def _check_runs(audit: Audit, workspace: str, findings: Findings) -> None:
    for page in audit.request_ids():
        given = run_ids(workspace, [key or b"" for _, key, _ in page])
        for (seq, key, run_id), wanted in zip(page, given, strict=True):
            if key is None:
                findings.add("run ids", f"event seq={seq}: its columns name no run key")
            elif run_id != wanted:
                text = f"event seq={seq}: its run id {run_id} doesn't fit the run key {key.decode(errors='replace')!a}"
                findings.add("run ids", text)
    for tick_id in audit.ticks_without_their_run():
        findings.add("runs", f"tick {tick_id}: triggered, but its run is missing")
    for seq, tick_id in audit.conflicts_of_other_versions():
        findings.add("runs", f"event seq={seq}: its version differs from that of tick {tick_id}")
    for tick_id, status in audit.ticks_with_a_run():
        findings.add("runs", f"tick {tick_id}: {status}, but it requested a run")

"""Short answers in words, and notes beside an answer."""

from typing import TYPE_CHECKING

from arco_sched.render.drawing import for_screen
from arco_sched.render.terminal import printable
from arco_sched.render.times import Clocks, distance, instant_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arco_sched.service.evaluation import Evaluation
    from arco_sched.service.requests import Requested, Triggered
    from arco_sched.service.schedules import ScheduleChange

NO_WORKER = "note: nothing will run until you start a worker: `arco work`"
RESOURCES = "note: resources are what an engine reserves: a worker on this machine (`local`) ignores them"


def no_command(schedule_ids: "Sequence[str]") -> str:
    """That new schedules have no command, in a database whose runs workers execute."""
    from arco_sched.render.applied import named

    if len(schedule_ids) > 1:
        return (
            f"note: {named(schedule_ids)} have no command, so no worker runs them; their runs wait for a program of "
            "yours"
        )
    return (
        f"note: {schedule_ids[0]} has no command, so no worker runs it; its runs wait for a program of yours. "
        f"To give it one: `arco schedule update {schedule_ids[0]} --command LINE`"
    )


def no_limit(pool: str) -> str:
    """The note that a pool has no limit."""
    set_, work = f"`arco pool set {pool} --slots N` sets one", f"`arco work --pool {pool}` serves it"
    return f"note: pool {pool} has no limit yet: {set_}, {work}"


def made(path: str, name: str, *, new: bool, as_json: bool) -> str:
    """`arco init`."""
    if as_json:
        from arco_sched.render import json

        return json.line({"database": path, "workspace": name, "change": "created" if new else "unchanged"})
    path, name = printable(path), printable(name)
    if new:
        return for_screen(f"Created {path} (workspace {name}).\n")
    return for_screen(f"{path} already exists (workspace {name}): nothing changed.\n")


def schedule_change(answer: "ScheduleChange", now: int) -> str:
    """`arco schedule create`, `update`, `enable`, `disable` and `delete`: what changed, what is next, what waits."""
    version = answer.schedule.version
    schedule_id = version.schedule_id
    clock = Clocks({schedule_id: version.definition.timezone}.get)
    which = f"version {version.definition_version}"
    if answer.change in {"updated", "deleted"} and version.effective_from > now + 1:
        which += f", for what is due after {clock.show(version.effective_from - 1, schedule_id)}"
    if answer.change == "updated" and _is_only_pause(answer):
        text = _paused_or_not(answer, clock, now, which)
    else:
        text = f"{schedule_id}: {answer.change}, {which}"
        if not version.deleted:
            state = f" ({_pause(answer, clock)})" if version.is_paused(now) else f", {_next(answer, clock, now)}"
            text += f"; {version.definition.cron_expression} in {version.definition.timezone}{state}"
    return for_screen(f"{text}.\n{_fields(answer, clock)}{_waiting(answer, now)}{_runs_waiting(answer, now)}")


def _is_only_pause(answer: "ScheduleChange") -> bool:
    return bool(answer.changed) and answer.changed.keys() <= {"enabled", "paused_until"}


def _paused_or_not(answer: "ScheduleChange", clock: Clocks, now: int, which: str) -> str:
    """What a pause, or the end of one, means."""
    version = answer.schedule.version
    schedule_id = version.schedule_id
    if not version.is_paused(now):
        return f"{schedule_id}: enabled, {which}; {_next(answer, clock, now)}"
    until = "" if version.enabled else f" until `arco schedule enable {schedule_id}`"
    return f"{schedule_id}: {_pause(answer, clock)}, {which}; what comes due is recorded as skipped{until}"


def _pause(answer: "ScheduleChange", clock: Clocks) -> str:
    version = answer.schedule.version
    until = version.definition.paused_until
    return f"paused until {clock.show(until, version.schedule_id)}" if version.enabled else "paused"


def _next(answer: "ScheduleChange", clock: Clocks, now: int) -> str:
    due = answer.schedule.next_due_at
    if due is None:
        return "nothing is due"
    return f"next due {clock.show(due, answer.schedule.version.schedule_id)} ({distance(due, now)})"


def _fields(answer: "ScheduleChange", clocks: Clocks) -> str:
    """Each field that changed, a line each; nothing where it is only the pause, which is told already."""
    from arco_sched.render import changes

    if _is_only_pause(answer):
        return ""
    schedule_id = answer.schedule.version.schedule_id
    told = (changes.field(name, *values, clocks, schedule_id) for name, values in answer.changed.items())
    return "".join(f"  {printable(each)}\n" for each in told)


def _waiting(answer: "ScheduleChange", now: int) -> str:
    """What became of the occurrences before the change; a warning if a deleted or paused schedule still runs."""
    version, count = answer.schedule.version, answer.waiting
    if answer.discarded:
        return f"{_occurrences(answer.discarded)} that waited {_were(answer.discarded)} discarded.\n"
    if not count or answer.change == "created":
        return ""
    before = "before the change"
    if answer.will_trigger and (version.deleted or version.is_paused(now)):
        runs = "1 run" if answer.will_trigger == 1 else f"{answer.will_trigger:,} runs"
        return (
            f"warning: {version.schedule_id} was overdue, so {runs} will still be requested "
            f"({_occurrences(count)} {before} {_is(count)} waiting to be evaluated). "
            "To prevent that, repeat the command with --discard-waiting.\n"
        )
    return (
        f"{_occurrences(count)} {before} {_is(count)} still waiting to be evaluated, {_will_request(answer)}. "
        f"To discard {_them(count)}, repeat the command with --discard-waiting.\n"
    )


def _will_request(answer: "ScheduleChange") -> str:
    if not answer.will_trigger:
        return "without a run"
    if answer.will_trigger == answer.waiting:
        return "and will request a run" if answer.waiting == 1 else "and all of them will request runs"
    return f"and {answer.will_trigger:,} of them will request {'a run' if answer.will_trigger == 1 else 'runs'}"


def _runs_waiting(answer: "ScheduleChange", now: int) -> str:
    """How many requested runs are still waiting, if the schedule was deleted or paused."""
    count, version = answer.runs_waiting, answer.schedule.version
    runs = "1 run" if count == 1 else f"{count:,} runs"
    if answer.runs_discarded:
        return f"{runs} that waited for a worker {_were(count)} skipped.\n"
    if count and (version.deleted or version.is_paused(now)):
        return (
            f"{runs} requested earlier {_is(count)} still waiting for a worker. "
            f"To skip {_them(count)}, repeat the command with --discard-waiting.\n"
        )
    return ""


def _occurrences(count: int) -> str:
    return "1 occurrence" if count == 1 else f"{count:,} occurrences"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def _waits(count: int) -> str:
    return "waits" if count == 1 else "wait"


def triggered(answer: "Triggered") -> str:
    """`arco schedule trigger`."""
    tick = answer.tick
    what = "run requested" if answer.change == "created" else "already triggered this second"
    return for_screen(f"{tick.tick_id}: {what}; {answer.run.run_id}, version {tick.definition_version}.\n")


def requested(answer: "Requested") -> str:
    """`arco runs request`."""
    new = answer.change == "created"
    what = "run requested" if new else "already requested with the same content"
    return for_screen(f"{answer.run.run_key}: {what}; {answer.run.run_id}{'' if new else f', {answer.run.status}'}.\n")


def nothing_due(now: int) -> str:
    """`arco tick` with nothing to do."""
    return f"Nothing is due at {instant_in(now, None)}.\n"


def evaluation(answer: "Evaluation") -> str:
    """`arco tick`: the counts, in one line."""
    schedules = "1 schedule" if answer.evaluated == 1 else f"{answer.evaluated:,} schedules"
    verb = "would be" if answer.dry_run else ""
    parts = [f"{answer.triggered:,} triggered"]
    parts += [f"{answer.skipped:,} skipped"] if answer.skipped else []
    parts += [f"{answer.lapsed:,} lapsed"] if answer.lapsed else []
    parts += [f"{answer.failed:,} failed"] if answer.failed else []
    counts = ", ".join(parts)
    head = f"{schedules} at {instant_in(answer.now, None)}: "
    return f"Dry run, nothing is recorded. {head}{counts.replace(' ', f' {verb} ', 1)}." if verb else f"{head}{counts}."


def deferred(count: int) -> str:
    """How many occurrences are left to the next evaluation."""
    return f"{_occurrences(count)} {_waits(count)} for the next evaluation (max_catchup_ticks)."


def failed(count: int) -> str:
    """How to see why schedules failed."""
    which = "1 schedule" if count == 1 else f"{count:,} schedules"
    return f"{which} can't be evaluated: see `arco ticks list --status failed`."


def conflicts(count: int, tick_ids: list[str]) -> str:
    """Where conflicts are shown."""
    which = "1 run key was" if count == 1 else f"{count:,} run keys were"
    shown = "; ".join(f"`arco ticks show {tick_id}`" for tick_id in tick_ids) or "`arco ticks show TICK_ID`"
    return f"{which} already reserved for different content, and the first run was kept: see {shown}."

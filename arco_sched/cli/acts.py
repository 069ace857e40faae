"""`arco schedule enable`, `disable`, `delete`, `trigger`, `discard`: acting on one schedule or many."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from arco_sched.cli import definition_options as defining
from arco_sched.cli import many
from arco_sched.cli import options as opt
from arco_sched.cli.context import Session, clock_of, clocks, note_no_worker
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.moments import question
from arco_sched.cli.options import Problems
from arco_sched.cli.outputs import show_following
from arco_sched.cli.run_changes import exit_of, until_final
from arco_sched.cli.signing import signed
from arco_sched.core.errors import InvalidInput
from arco_sched.render.terminal import say, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from arco_sched.cli.moments import Asked
    from arco_sched.service.schedules import ScheduleChange
    from arco_sched.service.workspace import Workspace


def answer_change(
    answer: "ScheduleChange", session: Session, *, as_json: bool, said: "Mapping[str, Any] | None" = None
) -> None:
    """Show the change of one schedule; `said` holds the fields that options set."""
    from arco_sched.render import json, sentences
    from arco_sched.service.definitions import cautious

    chosen = [name for name in said or () if name in {"dst_gap", "dst_overlap"}]
    more = cautious(answer.schedule.version.definition, chosen) if chosen else ()
    for warning in dict.fromkeys((*answer.warnings, *more)):
        say(f"warning: {warning}")
    write(json.schedule_change(answer) if as_json else sentences.schedule_change(answer, session.now))


def _change(
    session: Session,
    which: many.Which,
    verb: str,
    act: "Callable[[Workspace, tuple[str, ...]], Sequence[ScheduleChange]]",
    *,
    as_json: bool,
) -> None:
    with session.open() as workspace:
        answers = act(workspace, which.choose(workspace, verb))
    if which.is_one or not as_json:
        for answer in answers:
            answer_change(answer, session, as_json=as_json)
    else:
        from arco_sched.render import json

        write(json.schedule_changes(answers))


@signed
@many.choosing
def enable(
    ctx: typer.Context,
    which: many.Which,
    expect_version: defining.ExpectVersion = None,
    discard_waiting: defining.DiscardWaiting = False,
    as_json: opt.Json = False,
) -> None:
    """Let paused schedules request runs again.

    Occurrences during the pause are not made up for. All schedules change in one transaction, or none does.
    """
    _set_enabled(
        ctx.obj,
        which,
        enabled=True,
        as_json=as_json,
        expect_version=expect_version,
        discard_waiting=discard_waiting,
    )


@signed
@many.choosing
def disable(
    ctx: typer.Context,
    which: many.Which,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="INSTANT",
            help='Pause only until this instant, such as 2025-01-20, "monday 9:00" or "in 2h".',
        ),
    ] = None,
    expect_version: defining.ExpectVersion = None,
    discard_waiting: defining.DiscardWaiting = False,
    as_json: opt.Json = False,
) -> None:
    """Pause schedules: what is due is recorded as skipped and requests no run.

    A pause ends with `arco schedule enable`, or at --until. All schedules change in one transaction, or none does.
    """
    _set_enabled(
        ctx.obj,
        which,
        enabled=False,
        until=until,
        as_json=as_json,
        expect_version=expect_version,
        discard_waiting=discard_waiting,
    )


def _set_enabled(
    session: Session,
    which: many.Which,
    *,
    enabled: bool,
    as_json: bool,
    until: str | None = None,
    expect_version: int | None,
    discard_waiting: bool,
) -> None:
    problems = which.problems()
    ends = question(problems, until, "--until", session.now, ahead=True)
    _check_one(problems, which, expect_version)

    def act(workspace: "Workspace", schedule_ids: tuple[str, ...]) -> "Sequence[ScheduleChange]":
        guards: dict[str, Any] = {"expect_version": expect_version, "discard_waiting": discard_waiting}
        return workspace.set_enabled_all(
            schedule_ids, enabled, now=session.now, until=_end(workspace, schedule_ids, ends), **guards
        )

    _change(session, which, "enable" if enabled else "disable", act, as_json=as_json)


def _end(workspace: "Workspace", schedule_ids: tuple[str, ...], ends: "Asked | None") -> int | None:
    """When a pause ends, on the clock of the schedules; raises `InvalidInput` if their clocks differ."""
    if ends is None:
        return None
    found = {ends(clock_of(workspace, schedule_id, None)) for schedule_id in schedule_ids}
    if len(found) > 1:
        raise InvalidInput("--until is a different instant in the zones of these schedules: add a zone or an offset")
    return found.pop()


def _check_one(problems: Problems, which: many.Which, expect_version: int | None) -> None:
    problems.add("--expect-version needs a single ID", when=expect_version is not None and not which.is_one)
    problems.check()


@signed
@many.choosing
def delete(
    ctx: typer.Context,
    which: many.Which,
    expect_version: defining.ExpectVersion = None,
    discard_waiting: defining.DiscardWaiting = False,
    as_json: opt.Json = False,
) -> None:
    """Delete schedules; their history stays.

    What was due before is still evaluated, unless you add --discard-waiting. All schedules are deleted in one
    transaction, or none is.
    """
    session: Session = ctx.obj
    problems = which.problems()
    _check_one(problems, which, expect_version)
    _change(
        session,
        which,
        "delete",
        lambda workspace, chosen: workspace.delete_all(
            chosen, now=session.now, expect_version=expect_version, discard_waiting=discard_waiting
        ),
        as_json=as_json,
    )


@signed
@many.choosing
def trigger(
    ctx: typer.Context,
    which: many.Which,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the run is over, and exit as it did.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Wait, and print the run's output as it comes.")] = False,
    as_json: opt.Json = False,
) -> int:
    """Request runs now, in addition to what is due.

    Each is recorded as a manual tick, which doesn't replace a scheduled one. --wait has the exit codes of
    `arco runs wait`.
    """
    from arco_sched.render import json, lives, sentences
    from arco_sched.service.workspace import Workspace

    session: Session = ctx.obj
    problems = which.problems()
    problems.add("--follow and --json can't be combined", when=follow and as_json)
    problems.add("--wait and --follow need a single ID", when=(wait or follow) and not which.is_one)
    problems.check()
    with session.store() as store:
        workspace = Workspace(store)
        answers = workspace.trigger_all(which.choose(workspace, "trigger"), now=session.now)
        asked = [workspace.tick(answer.tick.tick_id).version.definition for answer in answers]
        note_no_worker(workspace, *((each.request, each.policy) for each in asked))
        if not (wait or follow):
            if as_json and not which.is_one:
                write(json.triggered_all(answers))
            else:
                for answer in answers:
                    write(json.triggered(answer) if as_json else sentences.triggered(answer))
            return ExitCode.DONE
        answer = answers[0]
        if not as_json:
            say(sentences.triggered(answer).rstrip())
        run_id = answer.run.run_id
        life = show_following(store, session, run_id) if follow else until_final(store, session, run_id)[0]
    write(lives.triggered(answer, life)) if as_json else say(lives.sentence(life))
    return exit_of(life.state)


@signed
@many.choosing
def discard(
    ctx: typer.Context,
    which: many.Which,
    dry_run: opt.DryRun = False,
    tz: opt.Tz = None,
    utc: opt.Utc = False,
    as_json: opt.Json = False,
) -> None:
    """Let the backlog of schedules lapse, with reason `discarded`.

    Use it for a backlog that you don't need. What comes due later isn't affected.
    """
    from arco_sched.render import rewinding

    session: Session = ctx.obj
    problems = which.problems()
    problems.check()
    zone = opt.zone_of(utc=utc, tz=tz)
    with session.open(asking=dry_run) as workspace:
        chosen = which.choose(workspace, "discard what waits of", ask=not dry_run)
        lapses = workspace.discard_all(chosen, now=session.now, dry_run=dry_run)
        found = {name: [lapse for lapse in lapses if lapse.schedule_id == name] for name in chosen}
        if as_json and not which.is_one:
            write(rewinding.all_discarded_json(found, dry_run=dry_run))
            return
        for schedule_id, answer in found.items():
            if as_json:
                write(rewinding.discarded_json(schedule_id, answer, dry_run=dry_run))
            else:
                write(rewinding.discarded(schedule_id, answer, clocks(workspace, zone), dry_run=dry_run))

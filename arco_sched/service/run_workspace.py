"""The use cases about the life of runs, pools and workers: a part of `Workspace`.

A run is named by a run id, a tick id, a schedule id (its last run; for `retry` the last that failed, for `finish_run`,
`fail_run` and `cancel` the one that is running), the unique beginning of a run id, or a run key. The expected interval
between evaluations is kept here too.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from arco_sched.core.errors import InvalidInput
from arco_sched.core.ports import Store
from arco_sched.core.problems import Problem

if TYPE_CHECKING:
    from arco_sched.core.history import RunStatus
    from arco_sched.core.run_subjects import Worker
    from arco_sched.service.check import Asked, Finding, IsHere
    from arco_sched.service.life import Changed, Pool, RunChange, RunLife
    from arco_sched.service.lists import Page
    from arco_sched.service.upcoming import Upcoming


def presumed_here(_: "Worker") -> bool:
    """That a worker that was seen and did not leave still works, where nobody can tell."""
    return True


class RunWorkspace:
    """The life of runs. `now` is an epoch, and nothing here waits or executes anything."""

    _store: Store
    name: str

    def run_life(self, run: str, *, now: int) -> "RunLife":
        """One run with its attempts and what it waits for; raises `NotFound`."""
        from arco_sched.service import life

        with self._store.read() as transaction:
            return life.look(transaction, life.resolve(transaction, run), now)

    def run_lives(
        self,
        *,
        now: int,
        schedule_id: str | None = None,
        status: "RunStatus | None" = None,
        since: int | None = None,
        until: int | None = None,
        due_since: int | None = None,
        due_until: int | None = None,
        last: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> "Page[RunLife]":
        """Runs with their lives, newest request first, without the attempts before the last.

        `since <= requested_at < until` and `due_since <= scheduled_for < due_until`; `last`: of each schedule only the
        run that was due last. The conditions combine.
        """
        from arco_sched.service.life import look_at_all
        from arco_sched.service.lists import Page, run_page

        with self._store.read() as transaction:
            page = run_page(
                transaction,
                schedule_id,
                status,
                since=since,
                until=until,
                due_since=due_since,
                due_until=due_until,
                last=last,
                limit=limit,
                cursor=cursor,
            )
            return Page(rows=look_at_all(transaction, page.rows, now), next_cursor=page.next_cursor)

    def chosen_runs(self, schedule_id: str, status: "RunStatus") -> list[str]:
        """The ids of all runs of a schedule with a status, oldest request first; raises `NotFound`."""
        from arco_sched.service.life import chosen

        return chosen(self._store, schedule_id, status)

    def retry(self, *runs: str, now: int, current: bool = False, force: bool = False) -> "Changed":
        """Let final runs wait again, with a new round of retries; all of them or none. Successes only with `force`.

        With `current` each is repeated by a new run for the same occurrence, with what its schedule asks for now, under
        the run key `{run key}:retry:{n}`. Raises `Conflict` for a run that is not over.
        """
        from arco_sched.service import life, repeating

        ids = life.resolve_all(self._store, runs, wanted=("failed",))
        if current:
            return repeating.retry_current(self._store, self.name, ids, now=now, force=force)
        return life.retry(self._store, ids, now=now, force=force)

    def cancel(self, *runs: str, now: int) -> "Changed":
        """Cancel runs that wait, and ask those that run to end; all of them or none. Raises `Conflict`."""
        from arco_sched.service import life

        run_ids = life.resolve_all(self._store, runs, wanted=("running",), canceling=True)
        return life.cancel(self._store, run_ids, now=now)

    def skip(self, *runs: str, now: int) -> "Changed":
        """Skip runs that wait, reason `discarded`; all of them or none. Raises `Conflict`."""
        from arco_sched.service import life

        return life.skip(self._store, life.resolve_all(self._store, runs), now=now)

    def start_run(self, run: str, *, external_id: str, now: int) -> "Changed":
        """An executor of one's own begins the next attempt; the same id again is `existing`, another a `Conflict`."""
        from arco_sched.service import life

        (run_id,) = life.resolve_all(self._store, [run])
        return life.start(self._store, run_id, external_id=external_id, now=now)

    def finish_run(self, run: str, *, attempt: int, exit_code: int, now: int, message: str | None = None) -> "Changed":
        """An executor of one's own tells how an attempt ended. Raises `Conflict` if it is not the current one."""
        from arco_sched.service import life

        (run_id,) = life.resolve_all(self._store, [run], wanted=("running",))
        return life.finish(self._store, run_id, attempt=attempt, exit_code=exit_code, message=message, now=now)

    def fail_run(self, run: str, *, now: int, attempt: int | None = None, message: str | None = None) -> "Changed":
        """The open attempt of an executor of one's own failed, without an exit code. Raises `Conflict`, also where
        it is not the `attempt` that is given."""
        from arco_sched.service import life

        (run_id,) = life.resolve_all(self._store, [run], wanted=("running",))
        return life.fail(self._store, run_id, attempt=attempt, message=message, now=now)

    def pools(self) -> "list[Pool]":
        """Every pool that has a limit, or in which something runs or waits, and `default`."""
        from arco_sched.service.life import pools

        with self._store.read() as transaction:
            return pools(transaction)

    def set_pool(self, pool: str, slots: int | None, *, now: int) -> "tuple[Pool, RunChange]":
        """Limit a pool to `slots` attempts at once (None: no limit); the pool, and `changed` or `existing`."""
        from arco_sched.service.life import set_pool

        return set_pool(self._store, pool, slots, now=now)

    def workers(self) -> "Sequence[tuple[Worker, int]]":
        """The workers that were seen and did not leave, each with how many attempts of its own are open.

        One that was killed stays here: whether it lives is known on its machine alone (`arco workers` asks there).
        """
        from arco_sched.service.life import workers

        with self._store.read() as transaction:
            return workers(transaction)

    def evaluation_minutes(self) -> int | None:
        """How many minutes are to lie between two evaluations, None if nobody said."""
        with self._store.read() as transaction:
            return transaction.definitions.about().evaluation_minutes

    def expect_every(self, minutes: int | None = None) -> None:
        """Keep how many minutes, 1 to 60, are to lie between two evaluations: warnings and checks go by it. None: 1."""
        if minutes is not None and not 1 <= minutes <= 60:
            raise InvalidInput(Problem("minutes", "bounds", {"least": 1, "most": 60}))
        with self._store.write() as transaction:
            transaction.agenda.expect_every(minutes)

    def had_worker(self) -> bool:
        """Whether any worker was ever at work on this database."""
        with self._store.read() as transaction:
            return transaction.queue.store_id() is not None

    def check(self, asked: "Asked", *, now: int, is_here: "IsHere" = presumed_here) -> "list[Finding]":
        """What asks for attention, of what is asked for; `is_here` tells of a worker whether it still works."""
        from arco_sched.service.check import look

        with self._store.read() as transaction:
            return look(transaction, now, asked, is_here)

    def next(self, *, now: int, count: int = 10, schedules: Iterable[str] = ()) -> "list[Upcoming]":
        """The next occurrences after `now` of the named schedules (default: all), without those that are paused."""
        from arco_sched.service.upcoming import upcoming

        with self._store.read() as transaction:
            return upcoming(transaction, now, count, schedules)

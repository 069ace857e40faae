"""A worker whose executor queues: attempts are submitted, wait in the engine, begin there, and end there."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from arco_sched.api import Workspace
from arco_sched.core.definitions import Definition, RequestContent
from arco_sched.core.executor import Attempt, AttemptId, Cancellation, CannotStart, Ending, Observation, Outcome, State
from arco_sched.core.policy import Policy
from arco_sched.execution.hooks import Hooks
from arco_sched.execution.presence import Presence
from arco_sched.execution.worker import Worker
from arco_sched.service.working import Terms

NOW = 1_736_935_200


class Engine:
    """An engine whose answers the test writes: `seen` by run id; what it was asked is noted."""

    kind = "slurm"
    interval = 0.0

    def __init__(self, *, queues: bool = True) -> None:
        self.queues = queues
        self.seen: dict[str, Observation] = {}
        self.submitted: list[Attempt] = []
        self.ended: list[Cancellation] = []
        self.problem: str | None = None

    def place(self) -> str:
        """The name of the cluster."""
        return "cluster"

    def check(self) -> None:
        """Out of reach where the test says so."""
        if self.problem is not None:
            raise CannotStart(self.problem)

    def submit(self, attempt: Attempt) -> str | None:
        """Noted; the id comes by `poll`."""
        self.submitted.append(attempt)
        return None

    def poll(self, attempts: Sequence[AttemptId]) -> list[Observation]:
        """What the test wrote."""
        return [self.seen.get(one.run_id, Observation(State.STARTING)) for one in attempts]

    def cancel(self, cancellations: Sequence[Cancellation], *, now: float, grace: float) -> list[Ending]:
        """Noted."""
        self.ended += cancellations
        return [Ending(True, 1) for _ in cancellations]

    def tend(self, attempts: Sequence[AttemptId]) -> None:
        """Nothing."""

    def log(self, attempt: AttemptId) -> str | None:
        """None is kept."""
        return None

    def settle(self, attempts: Iterable[AttemptId]) -> None:
        """Nothing."""

    def discard(self, attempts: Iterable[AttemptId]) -> None:
        """Nothing."""

    def remove_old_logs(self, before: float) -> int:
        """There are none."""
        return 0

    def awaited(self) -> set[int]:
        """Nobody."""
        return set()

    def close(self) -> None:
        """Nothing."""


class Scene:
    """A database, an engine and its worker."""

    def __init__(self, workspace: Workspace, path: Path, *, queues: bool = True) -> None:
        self.workspace, self.engine, self.said = workspace, Engine(queues=queues), []  # type: ignore[var-annotated]
        terms = Terms("w", "here", "slurm", "cluster", ("default",), 3, "root", is_root=True, queues=queues)
        hooks = Hooks({}, lambda _: None, self.said.append, clock=time.monotonic)
        self.worker = Worker(
            workspace._store, self.engine, terms, presence=Presence(str(path)), hooks=hooks, say=self.said.append
        )

    def request(self, key: str, **policy: Any) -> str:
        """A run that waits."""
        content = RequestContent(command="true", resources={"cpus": 2})
        return self.workspace.request_run(key, content, now=NOW, policy=Policy(**policy)).run.run_id

    def round(self, at: int) -> int:
        """A round of the worker, so many seconds after the request."""
        return self.worker.round(NOW + at, float(at))

    def life(self, run_id: str) -> Any:
        """The run as it stands."""
        return self.workspace.run_life(run_id, now=NOW + 1000)


@pytest.fixture
def scene(workspace: Workspace, path: Path) -> Scene:
    """A worker with an engine."""
    return Scene(workspace, path.parent)


def times(scene: Scene, run_id: str) -> tuple[Any, ...]:
    """Status, id in the engine, and seconds from the request to submission, beginning and end."""
    life = scene.life(run_id)
    (attempt,) = life.attempts
    ended = None if attempt.end is None else attempt.end.ended_at - NOW
    started = None if attempt.started_at is None else attempt.started_at - NOW
    return life.state.status, attempt.external_id, attempt.submitted_at - NOW, started, ended


def test_an_attempt_waits_in_the_engine_begins_and_ends(scene: Scene) -> None:
    """`submitted_at` is when it was told, `started_at` when it began; requested until then."""
    run = scene.request("a")
    assert scene.round(1) == 1
    assert times(scene, run) == ("requested", None, 1, None, None)
    (told,) = scene.engine.submitted
    assert (told.place, told.resources, told.again) == ("cluster", (("cpus", 2),), False)
    scene.engine.seen[run] = Observation(State.STARTING, external_id="17")
    scene.round(2)
    assert times(scene, run) == ("requested", "17", 1, None, None)
    scene.engine.seen[run] = Observation(State.RUNNING, elapsed_ms=2000, external_id="17", begun_at=NOW + 5, host="n1")
    scene.round(8)
    assert times(scene, run) == ("running", "17", 1, 5, None)
    assert scene.life(run).state.attempt.host == "n1"
    scene.engine.seen[run] = Observation(State.ENDED, elapsed_ms=6000, exit_code=0, external_id="17")
    assert scene.round(20) == 0
    assert times(scene, run) == ("succeeded", "17", 1, 5, 11)
    assert scene.workspace.verify().ok


def test_an_end_that_is_the_first_thing_seen_has_its_beginning_before_it(scene: Scene) -> None:
    """What ended while no worker looked began and ended when it did, by the clock of where it ran."""
    run = scene.request("a")
    scene.round(1)
    scene.engine.seen[run] = Observation(
        State.ENDED, elapsed_ms=3000, exit_code=7, external_id="17", begun_at=NOW + 4, host="n1"
    )
    assert scene.round(500) == 0
    assert times(scene, run) == ("failed", "17", 1, 4, 7)
    assert scene.workspace.verify().ok


def test_a_beginning_before_the_submission_is_a_clock_that_is_behind(scene: Scene) -> None:
    """The clocks of machines differ: an attempt neither begins before it was submitted nor in the future."""
    one, two = scene.request("a"), scene.request("b")
    scene.round(5)
    scene.engine.seen[one] = Observation(State.RUNNING, elapsed_ms=0, begun_at=NOW - 50)
    scene.engine.seen[two] = Observation(State.RUNNING, elapsed_ms=0, begun_at=NOW + 50)
    scene.round(6)
    assert (times(scene, one)[3], times(scene, two)[3]) == (5, 6)


def test_a_timeout_counts_from_the_beginning(scene: Scene) -> None:
    """Time in the engine's queue is none of the command's."""
    run = scene.request("a", timeout_seconds=10)
    scene.round(1)
    scene.round(100)
    assert scene.engine.ended == []
    scene.engine.seen[run] = Observation(State.RUNNING, elapsed_ms=9_999)
    scene.round(200)
    assert scene.engine.ended == []
    scene.engine.seen[run] = Observation(State.RUNNING, elapsed_ms=10_000)
    scene.round(201)
    assert [each.reason for each in scene.engine.ended] == [Outcome.TIMED_OUT]


@pytest.mark.parametrize(
    ("queues", "elapsed", "interval"),
    [
        (False, (500, 8_000), 2.0),
        (False, (7_500, 8_000), 0.5),
        (False, (7_999, 9_999), 0.01),
        (True, (7_500, 8_000), 5.0),
    ],
)
def test_the_next_look_is_when_a_timeout_is_reached(
    workspace: Workspace, path: Path, queues: bool, elapsed: tuple[int, int], interval: float
) -> None:
    """Of those that are open, the first; an engine is not asked more often than it wants."""
    scene = Scene(workspace, path.parent, queues=queues)
    scene.engine.interval = 5.0
    assert scene.worker.interval == 5.0
    runs = scene.request("a", timeout_seconds=8), scene.request("b", timeout_seconds=10)
    never = scene.request("c")
    scene.round(1)
    scene.engine.seen[never] = Observation(State.RUNNING, elapsed_ms=100_000)
    for run, milliseconds in zip(runs, elapsed, strict=True):
        scene.engine.seen[run] = Observation(State.RUNNING, elapsed_ms=milliseconds)
    scene.round(2)
    assert scene.worker.interval == interval
    for run in runs:
        scene.engine.seen[run] = Observation(State.ENDED, elapsed_ms=8_000, exit_code=0)
    scene.round(3)
    assert scene.worker.interval == 5.0


def test_start_within_holds_while_it_waits_in_the_engine(scene: Scene) -> None:
    """Past its deadline it is asked to end; skipped once it has; one that began in time goes on."""
    late, begun = scene.request("a", start_within_seconds=60), scene.request("b", start_within_seconds=60)
    scene.round(1)
    scene.engine.seen[begun] = Observation(State.RUNNING, elapsed_ms=0)
    scene.round(60)
    assert scene.life(late).state.cancel is None
    scene.round(61)
    scene.round(62)
    assert [(each.attempt.run_id, each.reason) for each in scene.engine.ended] == [(late, Outcome.CANCELED)]
    scene.engine.seen[late] = Observation(State.ENDED, ending=Outcome.CANCELED)
    scene.round(63)
    assert (scene.life(late).state.status, scene.life(late).state.reason) == ("skipped", "deadline")
    assert scene.life(begun).state.status == "running"
    assert scene.workspace.verify().ok


def test_what_the_engine_forgot_is_submitted_again_as_the_same_attempt(scene: Scene) -> None:
    """At once at first, then after ever longer waits; a new id is recorded."""
    run = scene.request("a")
    scene.round(1)
    scene.engine.seen[run] = Observation(State.STARTING, external_id="17")
    scene.round(2)
    scene.engine.seen[run] = Observation(State.NOT_BEGUN, external_id="17")
    scene.round(3)
    scene.engine.seen[run] = Observation(State.STARTING, external_id="18")
    scene.round(4)
    assert [(one.attempt, one.again) for one in scene.engine.submitted] == [(1, False), (1, True)]
    assert scene.life(run).state.attempt.external_id == "18"
    for number in range(19, 23):
        scene.engine.seen[run] = Observation(State.STARTING, external_id=str(number))
        scene.round(5)
    assert scene.life(run).state.attempt.submissions == 7
    scene.engine.seen[run] = Observation(State.NOT_BEGUN)
    scene.round(12)
    assert len(scene.engine.submitted) == 2
    scene.round(13)
    assert len(scene.engine.submitted) == 3


def test_slots_bound_what_is_submitted_and_each_executor_has_its_own(scene: Scene) -> None:
    """Attempts of another executor are neither counted nor looked after."""
    runs = [scene.request(key) for key in "abcde"]
    assert scene.round(1) == 3
    assert [one.run_id for one in scene.engine.submitted] == runs[:3]
    engine = Engine()
    engine.kind = "program"
    terms = Terms("v", "here", "program", "x", ("default",), 1, "root", is_root=True, queues=True)
    hooks = Hooks({}, lambda _: None, scene.said.append, clock=time.monotonic)
    presence = Presence(str(Path(scene.worker._presence._folder).parent))
    other = Worker(scene.workspace._store, engine, terms, presence=presence, hooks=hooks, say=scene.said.append)
    assert other.round(NOW + 2, 2.0) == 1
    assert [one.run_id for one in engine.submitted] == runs[3:4]
    assert scene.life(runs[3]).state.attempt.executor == "program"


def test_an_engine_that_cant_be_reached_takes_nothing_and_is_told_once(scene: Scene) -> None:
    """Nothing is claimed, nothing is lost."""
    run = scene.request("a")
    scene.engine.problem = "slurm can't be reached"
    for at in (1, 2, 3):
        assert scene.round(at) == 0
    assert (scene.said, scene.life(run).state.status) == (["slurm can't be reached"], "requested")
    scene.engine.problem = None
    assert scene.round(4) == 1


def test_it_counts_as_running_for_overlap_while_it_waits_in_the_engine(scene: Scene) -> None:
    """`overlap: queue`: the next run of the schedule is not submitted beside it."""
    content = RequestContent(command="true")
    scene.workspace.create_schedule("s", Definition(cron_expression="* * * * *", request=content), now=NOW)
    scene.workspace.evaluate(NOW + 130)
    assert scene.round(131) == 1
    assert scene.round(132) == 1
    assert len(scene.engine.submitted) == 1

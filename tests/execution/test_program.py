"""The executor `program`: what it asks, and what it makes of answers that are wrong."""

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.errors import InvalidInput
from arco_sched.core.executor import Attempt, AttemptId, Command, Observation, Outcome, State, outcome
from arco_sched.execution import folder
from arco_sched.execution.calls import Answer
from arco_sched.execution.program import ProgramExecutor, _observation

SCRIPT = """\
import json, os, sys
question = json.load(sys.stdin)
with open({asked!r}, "a") as file: file.write(json.dumps(question) + "\\n")
if question["call"] == "capabilities":
    print(json.dumps({{"protocol": 1, "place": "there", "logs": {logs}}}))
else:
    answers = json.load(open({answers!r}))
    sys.stderr.write(answers.get("stderr", ""))
    said = answers[question["call"]]
    print(said if isinstance(said, str) else json.dumps(said))
    sys.exit(answers.get("exit", 0))
"""


class Told:
    """A program whose answers the test writes; `asked` are the questions it got."""

    def __init__(self, path: Path, *, logs: bool = False) -> None:
        self.path = path
        script = path / "engine.py"
        script.write_text(SCRIPT.format(asked=str(path / "asked"), answers=str(path / "answers"), logs=logs))
        folder.create(str(path / "runs"), "s")
        self.answers: dict[str, Any] = {}
        program = f"{sys.executable} {script}"
        environment = {"PATH": "/usr/bin:/bin", "ARCO_NOW": "x", "ARCO_RUN_ID": "mine"}
        self.executor = ProgramExecutor(
            str(path / "runs"), "s", program=program, worker_environment=environment, ask=0.0
        )
        self.attempt = Attempt(
            run_id="r",
            attempt=2,
            place=self.executor.place(),
            command=Command(command="true", environment=(("A", "b"),)),
            variables=(("ARCO_RUN_KEY", "k"),),
            resources=(("cpus", 2),),
        )
        self.id = AttemptId("r", 2, self.attempt.place)

    def answer(self, **answers: Any) -> None:
        """From now on it answers so: an object by attempts for a call, or a text."""
        told = {
            call: {"protocol": 1, "attempts": {"r.2": each}} if isinstance(each, dict) else each
            for call, each in answers.items()
        }
        (self.path / "answers").write_text(json.dumps(self.answers | told))

    def asked(self, call: str) -> list[dict[str, Any]]:
        """The questions of a kind."""
        lines = (self.path / "asked").read_text().splitlines()
        return [each for line in lines if (each := json.loads(line))["call"] == call]

    def poll(self) -> Observation:
        """One look."""
        return self.executor.poll([self.id])[0]

    def until(self, state: State) -> Observation:
        """Looks until a state is seen."""
        deadline = time.monotonic() + 20
        while (seen := self.poll()).state is not state:
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)
        return seen

    def problem(self) -> str:
        """What the executor says the matter is, after some looks."""
        deadline = time.monotonic() + 20
        while not self.executor._problems:
            assert time.monotonic() < deadline
            self.poll()
            time.sleep(0.01)
        return next(iter(self.executor._problems.values()))


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """A program without logs."""
    made = Told(tmp_path)
    yield made
    made.executor.close()


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[Told]:
    """A program with logs."""
    made = Told(tmp_path, logs=True)
    yield made
    made.executor.close()


def test_what_a_program_is_asked(told: Told) -> None:
    """The documents of docs/engines.md, and nothing of the worker's own."""
    told.answer(submit={"external_id": "17"}, poll={"state": "waiting"})
    told.executor.submit(told.attempt)
    assert told.until(State.STARTING).external_id is None
    deadline = time.monotonic() + 20
    while told.poll().external_id is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (submit,) = told.asked("submit")
    assert submit == {
        "protocol": 1,
        "call": "submit",
        "store": "s",
        "attempts": [
            {
                "name": "r.2",
                "run_id": "r",
                "attempt": 2,
                "again": False,
                "command": "true",
                "shell": "/bin/sh",
                "working_directory": None,
                "run_as": None,
                "environment": {
                    "A": "b",
                    "ARCO_RUN_KEY": "k",
                    "ARCO_RUN_ID": "r",
                    "ARCO_ATTEMPT": "2",
                    "ARCO_STORE_ID": "s",
                },
                "worker_environment": {"PATH": "/usr/bin:/bin"},
                "resources": {"cpus": 2},
            }
        ],
    }
    told.id = told.id._replace(external_id="17")
    told.answer(poll={"state": "running", "elapsed_ms": 7, "host": "n", "started_at": "2025-01-15T10:00:00Z"})
    seen = told.until(State.RUNNING)
    assert (seen.elapsed_ms, seen.begun_at, seen.host, seen.external_id) == (7, 1736935200, "n", "17")
    assert told.asked("poll")[-1]["attempts"] == [{"name": "r.2", "run_id": "r", "attempt": 2, "external_id": "17"}]


def test_the_page_shows_the_documents_as_they_are(told: Told) -> None:
    """Whoever writes a program from docs/engines.md: each question there has the keys of the real one, and each answer
    is understood."""
    page = (Path(__file__).parents[2] / "docs" / "engines.md").read_text()
    shown = {}
    for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL):
        decoder, rest = json.JSONDecoder(), block.strip()
        question, end = decoder.raw_decode(rest)
        answer, _ = decoder.raw_decode(rest[end:].strip())
        shown[question["call"]] = (question, answer)
    assert set(shown) == {"capabilities", "submit", "poll", "cancel", "logs"}
    executor, name = told.executor, "run_abc.1"
    one = replace(told.attempt, run_id="run_abc", attempt=1)
    executor._prepare(one)
    executor._ids[name] = "job-17"
    real = {
        "capabilities": executor._request("capabilities", None),
        "submit": executor._submission([one]),
        "poll": executor._question([AttemptId("run_abc", 1, one.place)]),
        "cancel": executor._request("cancel", [executor._named(told.id) | dict.fromkeys(("reason", "force", "grace"))]),
        "logs": executor._request("logs", [executor._named(told.id) | dict.fromkeys(("offset", "limit"))]),
    }
    for call, (question, answer) in shown.items():
        document = json.loads(real[call].stdin)
        assert question.keys() == document.keys(), call
        assert answer["protocol"] == document["protocol"]
        if call != "capabilities":
            assert question["attempts"][0].keys() == document["attempts"][0].keys(), call
            assert list(answer["attempts"]) == [name]
    said = shown["submit"][1]
    assert executor._submitted([one], Answer(0, json.dumps(said).encode(), b"")) == {name: "job-17"}
    seen = _observation(shown["poll"][1]["attempts"][name], None)
    assert (outcome(seen), seen.elapsed_ms, seen.host) == (Outcome.SUCCEEDED, 1250, "node7")


def test_what_the_engine_refuses_is_not_started(told: Told) -> None:
    """With its reason, in one line."""
    told.answer(submit={"refused": "no such\n queue"}, poll={"state": "none"})
    told.executor.submit(told.attempt)
    assert told.until(State.NOT_STARTED).message == "no such queue"


def test_an_environment_file_is_read_once_and_refused_before_anybody_is_asked(told: Told) -> None:
    """The message names it."""
    told.answer(poll={"state": "none"})
    attempt = Attempt(run_id="r", attempt=2, place=told.id.place, command=Command(command="x", environment_file="/no"))
    told.executor.submit(attempt)
    assert "/no" in str(told.until(State.NOT_STARTED).message)
    assert told.asked("submit") == []


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"poll": "?"}, "didn't answer with a JSON document"),
        ({"poll": "[]"}, "answered in a protocol other than 1"),
        ({"poll": '{"protocol": 2, "attempts": {}}'}, "answered in a protocol other than 1"),
        ({"poll": '{"protocol": 1, "error": "cluster\\nis down"}'}, "cluster is down"),
        ({"poll": '{"protocol": 1, "attempts": []}'}, 'answered without "attempts" keyed by name'),
        ({"poll": '{"protocol": 1, "attempts": {"r.2": 3}}'}, 'answered without "attempts" keyed by name'),
        ({"poll": "x", "exit": 3, "stderr": "a\n\nno route\n"}, "failed (exit code 3): no route"),
        ({"poll": "[" * 100_000}, "didn't answer with a JSON document"),
    ],
)
def test_an_answer_that_makes_no_sense_is_none(told: Told, answers: dict[str, Any], says: str) -> None:
    """The engine counts as out of reach: nothing is taken, nothing is concluded."""
    told.answer(**answers)
    assert says in told.problem()
    assert told.poll().state is State.UNKNOWN


def test_a_submission_that_is_not_answered_is_made_again(told: Told) -> None:
    """An attempt that the answer leaves out, or gives an id that is none."""
    told.answer(submit={"external_id": 17}, poll={"state": "none"})
    told.executor.submit(told.attempt)
    assert "didn't say what became of r.2" in told.problem()
    told.until(State.NOT_BEGUN)
    told.answer(submit={"external_id": "17"}, poll={"state": "waiting"})
    told.executor.submit(told.attempt)
    deadline = time.monotonic() + 20
    while told.poll().external_id is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_known_of_other_engines_is_not_asked_here(told: Told) -> None:
    """Nothing is concluded; but of the original of a copied database, that they are lost to the copy."""
    elsewhere = told.id._replace(place="elsewhere/s")
    (seen,) = told.executor.poll([elsewhere])
    assert (seen.state, seen.message) == (State.UNKNOWN, "it was submitted to another engine: elsewhere/s")
    (seen,) = told.executor.poll([told.id._replace(place="there/original")])
    assert (seen.state, "a copy of" in str(seen.message)) == (State.LOST, True)


@pytest.mark.parametrize("said", [{"text": "héllo\n"}, {"base64": "aMOpbGxvCg=="}])
def test_output_is_fetched_before_the_end_is_told(talkative: Told, said: dict[str, str]) -> None:
    """From where the file ends, until nothing comes."""
    told, tmp_path = talkative, talkative.path
    told.answer(submit={"external_id": "1"}, poll={"state": "ended", "exit_code": 0}, logs=said)
    told.executor.submit(told.attempt)
    log = tmp_path / "runs" / "attempts" / "r.2" / "log"
    deadline = time.monotonic() + 20
    while not log.exists():
        assert told.poll().state is not State.ENDED
        assert time.monotonic() < deadline
        time.sleep(0.01)
    told.answer(poll={"state": "ended", "exit_code": 0}, logs={})
    assert told.until(State.ENDED).exit_code == 0
    assert log.read_text().startswith("héllo\n")
    offsets = [each["attempts"][0]["offset"] for each in told.asked("logs")]
    assert (offsets[0], offsets[1]) == (0, 7)


def test_output_that_lies_here_is_read_in_place(talkative: Told) -> None:
    """`path`."""
    told, tmp_path = talkative, talkative.path
    there = tmp_path / "there"
    there.write_text("x\n")
    told.answer(submit={"external_id": "1"}, poll={"state": "ended", "exit_code": 0}, logs={"path": str(there)})
    told.executor.submit(told.attempt)
    told.until(State.ENDED)
    assert told.executor.log(told.id) == str(there)


def test_output_that_cant_be_had_keeps_no_run_open(talkative: Told) -> None:
    """The end is told without it, and says so."""
    told = talkative
    told.answer(submit={"external_id": "1"}, poll={"state": "ended", "exit_code": 3}, logs="?")
    told.executor.submit(told.attempt)
    seen = told.until(State.ENDED)
    assert (seen.exit_code, "its output is incomplete" in str(seen.message)) == (3, True)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("", "--program is empty"),
        ("'", "No closing quotation"),
        ("/no/such/program", "No such file or directory"),
        ("/bin/false", "failed (exit code 1)"),
        ("/bin/echo {}", "answered in a protocol other than 1"),
        ("""/bin/echo '{"protocol": 1}'""", "its capabilities lack `place`"),
        ("""/bin/echo '{"protocol": 1, "place": "x", "logs": 1}'""", "`logs` is not a boolean"),
        ("/bin/sh -c 'sleep 60'", "didn't answer within 0.2 s"),
    ],
)
def test_a_program_that_cant_be_used_is_refused_at_once(tmp_path: Path, program: str, says: str) -> None:
    """Before anything is taken."""
    with pytest.raises(InvalidInput) as refused:
        ProgramExecutor(str(tmp_path), "s", program=program, worker_environment={}, seconds=0.2)
    assert says in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_root_refuses_a_program_that_others_can_write(tmp_path: Path) -> None:
    """The program itself, and a script that its interpreter reads."""
    script = tmp_path / "engine"
    script.write_text("#!/bin/sh\necho '{}'\n")
    script.chmod(0o777)
    for program in (str(script), f"/bin/sh {script}"):
        with pytest.raises(InvalidInput, match="can be written by everybody"):
            ProgramExecutor(str(tmp_path), "s", program=program, worker_environment={})


@pytest.mark.parametrize(
    ("said", "ending", "how"),
    [
        ({"state": "ended", "exit_code": 0}, None, "succeeded"),
        ({"state": "ended", "exit_code": 0}, "canceled", "succeeded"),
        ({"state": "ended", "exit_code": 0, "canceled": True}, "timed-out", "timed-out"),
        ({"state": "ended", "exit_code": 0, "canceled": True}, None, "canceled"),
        ({"state": "ended", "canceled": True}, None, "canceled"),
        ({"state": "ended", "exit_code": 9}, None, "failed"),
        ({"state": "ended"}, None, None),
        ({"state": "ended", "exit_code": "0"}, None, None),
        ({"state": "ended", "exit_code": False}, None, None),
        ({"state": "ended", "exit_code": -9}, None, None),
        ({"state": "ended", "exit_code": 256}, None, None),
        ({"state": "ENDED", "exit_code": 0}, None, None),
        ({"state": 0}, None, None),
        ({"state": None}, None, None),
        ({"state": []}, None, None),
        ({}, None, None),
        ({"exit_code": 0}, None, None),
        ({"state": "lost"}, None, "lost"),
        ({"state": "lost", "canceled": True}, "timed-out", "timed-out"),
        ({"state": "not-started"}, None, "not-started"),
        ({"state": "running", "exit_code": 0}, None, None),
    ],
)
def test_what_an_answer_means(said: dict[str, Any], ending: str | None, how: str | None) -> None:
    """A success needs an exit code 0 in so many words."""
    assert outcome(_observation(said, ending)) == how


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
)
KEYS = ("exit_code", "signal", "elapsed_ms", "started_at", "host", "external_id", "message", "canceled")
STATES = st.sampled_from(["none", "waiting", "running", "ended", "not-started", "lost", "unknown"])


@given(st.fixed_dictionaries({"state": STATES | VALUES}, optional=dict.fromkeys(KEYS, VALUES)))
def test_no_answer_is_a_success_but_one(said: dict[str, Any]) -> None:
    """Whatever a program says: what makes no sense is left out, and nothing but `exit_code: 0` succeeds."""
    seen = _observation(said, None)
    assert (outcome(seen) is Outcome.SUCCEEDED) == (
        said["state"] == "ended"
        and type(said.get("exit_code")) is int
        and said["exit_code"] == 0
        and said.get("canceled") is not True
    )
    assert seen.elapsed_ms is None or seen.elapsed_ms >= 0
    assert seen.message is None or "\n" not in seen.message

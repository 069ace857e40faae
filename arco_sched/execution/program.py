"""The executor `program`: an engine behind a program that speaks JSON (docs/engines.md, "A program of your own").

Each call is one process, with one document on its stdin and one on its stdout. Answers are checked: an answer that
makes no sense counts as none, and nothing is concluded from it.
"""

import base64
import binascii
import contextlib
import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Final

from arco_sched.core.errors import InvalidInput
from arco_sched.core.executor import (
    Attempt,
    AttemptId,
    Cancellation,
    Ending,
    NotStarted,
    Observation,
    Outcome,
    State,
    attempt_name,
    signal_of,
)
from arco_sched.core.instants import parse_instant
from arco_sched.execution import environment, logs
from arco_sched.execution.calls import Answer, Request, ask
from arco_sched.execution.engine import EngineExecutor, Unreachable
from arco_sched.execution.writers import writers

PROTOCOL: Final = 1
REPEAT: Final = 1.0
"""Seconds between two calls to end the same attempt, or for more of its output."""
PIECE: Final = 1 << 20
"""Maximum bytes of an attempt's output that one call may return."""

_STATES: Final = {
    "none": State.NOT_BEGUN,
    "waiting": State.STARTING,
    "running": State.RUNNING,
    "ended": State.ENDED,
    "not-started": State.NOT_STARTED,
    "lost": State.LOST,
    "unknown": State.UNKNOWN,
}
_LONGEST: Final = 300


class ProgramExecutor(EngineExecutor):
    """Hands attempts to the engine behind `program`, a command line that is split as in a shell.

    The program runs in the worker's environment and is told it. `others` are as for every engine. Raises `InvalidInput`
    if the program doesn't say what it can do.
    """

    kind = "program"
    batch = 100
    lanes = 1

    def __init__(self, path: str, store_id: str, *, program: str, **others: Any) -> None:
        super().__init__(path, store_id, **others)
        self._arguments = _arguments(program)
        self._place, self._has_logs = self._capabilities(program)
        self._seen: dict[str, dict[str, Any]] = {}
        self._ending: dict[str, tuple[str, float]] = {}
        self._last_step: dict[str, float] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._wants: dict[str, dict[str, Any]] = {}
        self._fetch_at = 0.0
        self._complete: set[str] = set()
        self._without_output: dict[str, str] = {}

    def place(self) -> str:
        """What the program calls its engine, and the store."""
        return f"{self._place}/{self._store_id}"

    def _capabilities(self, program: str) -> tuple[str, bool]:
        try:
            said = self._read(ask(self._request("capabilities", {}), self._worker))
        except (OSError, Unreachable) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise InvalidInput(f"--program {program[:200]!a} can't be used: {reason}") from None
        place, has_logs = said.get("place"), said.get("logs", False)
        if not isinstance(place, str) or not 0 < len(place) <= _LONGEST or not isinstance(has_logs, bool):
            raise InvalidInput(
                f"--program {program[:200]!a}: its capabilities lack `place`, or `logs` is not a boolean"
            )
        return place, has_logs

    # Questions and answers.

    def _request(self, call: str, attempts: Any) -> Request:
        document = {"protocol": PROTOCOL, "call": call, "store": self._store_id}
        if call != "capabilities":
            document["attempts"] = attempts
        return Request(self._arguments, json.dumps(document).encode(), self._seconds)

    def _read(self, answer: Answer) -> dict[str, Any]:
        """The document of an answer. Raises `Unreachable`."""
        if answer.timed_out:
            raise Unreachable(f"{self._arguments[0]} didn't answer within {self._seconds:g} s")
        if answer.code:
            how = f"exit code {answer.code}" if answer.code > 0 else f"signal {-answer.code}"
            raise Unreachable(f"{self._arguments[0]} failed ({how}){_after(answer.complaint)}")
        try:
            document = json.loads(answer.out)
        except (ValueError, RecursionError):
            raise Unreachable(f"{self._arguments[0]} didn't answer with a JSON document") from None
        if not isinstance(document, dict) or document.get("protocol") != PROTOCOL:
            raise Unreachable(f"{self._arguments[0]} answered in a protocol other than {PROTOCOL}")
        if isinstance(document.get("error"), str):
            raise Unreachable(f"{self._arguments[0]}: {_line(document['error'])}")
        return document

    def _answers(self, answer: Answer) -> dict[str, dict[str, Any]]:
        found = self._read(answer).get("attempts")
        if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
            raise Unreachable(f'{self._arguments[0]} answered without "attempts" keyed by name')
        return found

    def _named(self, one: AttemptId) -> dict[str, Any]:
        return {
            "name": attempt_name(one),
            "run_id": one.run_id,
            "attempt": one.attempt,
            "external_id": self._ids.get(attempt_name(one)) or one.external_id,
        }

    # Submitting.

    def _prepare(self, attempt: Attempt) -> str | None:
        """Write what the program is told; what is there already, it finds by the name."""
        command = attempt.command
        os.makedirs(f"{self._path}/attempts/{attempt_name(attempt)}", mode=0o700, exist_ok=True)
        self._documents[attempt_name(attempt)] = {
            "name": attempt_name(attempt),
            "run_id": attempt.run_id,
            "attempt": attempt.attempt,
            "again": attempt.again,
            "command": command.command,
            "shell": command.shell,
            "working_directory": command.working_directory,
            "run_as": command.run_as,
            "environment": environment.own(attempt, self._store_id),
            "worker_environment": environment.inherited(self._worker),
            "resources": dict(attempt.resources),
        }
        return None

    def _submission(self, attempts: Sequence[Attempt]) -> Request:
        return self._request("submit", [self._documents[attempt_name(one)] for one in attempts])

    def _submitted(self, attempts: Sequence[Attempt], answer: Answer) -> Mapping[str, str | NotStarted]:
        said = self._answers(answer)
        found: dict[str, str | NotStarted] = {}
        for one in attempts:
            each = said.get(attempt_name(one), {})
            match each:
                case {"refused": str(why)}:
                    found[attempt_name(one)] = NotStarted(_line(why) or "the engine rejected it")
                case {"external_id": str(external_id)} if 0 < len(external_id) <= _LONGEST:
                    found[attempt_name(one)] = external_id
                case _:
                    self._fail("tell", f"{self._arguments[0]} didn't say what became of {attempt_name(one)}")
        for name in found:
            del self._documents[name]
        return found

    # Asking.

    def _question(self, attempts: Sequence[AttemptId]) -> Request:
        return self._request("poll", [self._named(one) for one in attempts])

    def _learn(self, attempts: Sequence[AttemptId], answer: Answer) -> None:
        said = self._answers(answer)
        for one in attempts:
            self._seen[attempt_name(one)] = said.get(attempt_name(one), {})

    def _look(self, one: AttemptId, name: str, *, known: bool) -> Observation:
        said = self._seen.get(name)
        if said is None or not known:
            return Observation(State.UNKNOWN)
        seen = _observation(said, self._ending.get(name, (None, 0.0))[0])
        if seen.state is State.ENDED and self._has_logs and name not in self._complete:
            # The end is reported once the output is here; a program that can't provide it doesn't keep the run open.
            self._wants[name] = self._named(one)
            return Observation(State.RUNNING, None, seen.elapsed_ms, begun_at=seen.begun_at, host=seen.host)
        if seen.state is State.ENDED and seen.message is None and name in self._without_output:
            seen = seen._replace(message=f"its output is incomplete: {self._without_output[name]}")
        return seen

    # Ending.

    def _step(self, wish: Cancellation, name: str, *, now: float, grace: float) -> Ending:
        said = self._seen.get(name)
        if said is None:
            # Only its first answer tells whether the engine has it.
            return Ending(False, 1)
        if said.get("state") in {"ended", "lost", "not-started"}:
            return Ending(name in self._ending, 0)
        reason, since = self._ending.setdefault(name, (wish.reason.value, now))
        if self._clock() - self._last_step.get(name, -REPEAT) >= REPEAT and self._calls.count("end") < self.lanes:
            self._last_step[name] = self._clock()
            ending = {"reason": reason, "force": now - since >= grace, "grace": grace}
            self._start("end", self._request("cancel", [self._named(wish.attempt) | ending]), self._stepped)
        return Ending(True, 1)

    def _stepped(self, answer: Answer) -> None:
        try:
            self._answers(answer)
        except Unreachable as error:
            self._fail("end", str(error))
        else:
            self._succeed("end")

    def _forget(self, name: str) -> None:
        for kept in (self._seen, self._ending, self._last_step, self._documents, self._wants, self._without_output):
            kept.pop(name, None)
        self._complete.discard(name)

    # Output.

    def _errands(self, attempts: Sequence[AttemptId]) -> None:
        """Ask for more output of what runs, and for the remaining output of what ended."""
        if not self._has_logs or self._calls.count("logs") or (self._clock() < self._fetch_at and not self._wants):
            return
        running = {
            attempt_name(one): self._named(one)
            for one in attempts
            if self._seen.get(attempt_name(one), {}).get("state") == "running" and self._clock() >= self._fetch_at
        }
        wanted = dict(list((self._wants | running).items())[: self.batch])
        if not wanted:
            return
        over = [name for name in wanted if name in self._wants]
        asked = [each | {"offset": self._size(name), "limit": PIECE} for name, each in wanted.items()]
        self._fetch_at = self._clock() + REPEAT
        self._start("logs", self._request("logs", asked), lambda answer: self._fetched(list(wanted), over, answer))

    def _fetched(self, names: Sequence[str], over: Sequence[str], answer: Answer) -> None:
        try:
            said = self._answers(answer)
        except Unreachable as error:
            self._fail("logs", str(error))
            self._without_output.update(dict.fromkeys(over, str(error)))
            said = {}
        else:
            self._succeed("logs")
        for name in names:
            more = False
            with contextlib.suppress(OSError):
                more = self._keep(name, said.get(name, {}))
            if name in over and not more:
                self._wants.pop(name, None)
                self._complete.add(name)

    def _keep(self, name: str, said: Mapping[str, Any]) -> bool:
        """Keep a piece of output; returns whether there may be more. Raises `OSError`."""
        match said:
            case {"path": str(path)} if os.path.isabs(path):
                self._files.note(name, {"log": path})
                return False
            case {"text": str(text)}:
                piece = text.encode(errors="surrogateescape")
            case {"base64": str(text)}:
                try:
                    piece = base64.b64decode(text, validate=True)
                except binascii.Error:
                    return False
            case _:
                return False
        descriptor = logs.open_log(self._files.log_path(name), None)
        try:
            os.write(descriptor, piece)
        finally:
            os.close(descriptor)
        return bool(piece)

    def _size(self, name: str) -> int:
        try:
            return os.stat(self._files.log_path(name)).st_size
        except OSError:
            return 0


def _observation(said: Mapping[str, Any], ending: str | None) -> Observation:
    """What the answer about one attempt means; one that makes no sense is ignored."""
    state = _STATES.get(said.get("state", "unknown")) if isinstance(said.get("state", "unknown"), str) else None
    message = _line(said["message"]) if isinstance(said.get("message"), str) else None
    if state is None:
        return Observation(State.UNKNOWN, f"the program reported an unknown state: {said.get('state')!a}"[:_LONGEST])
    canceled = said.get("canceled", False)
    because = Outcome(ending) if ending is not None and canceled is True else None
    if because is None and canceled is True:
        because = Outcome.CANCELED
    if state is State.ENDED and because is None and _number(said.get("exit_code"), 255) is None:
        return Observation(State.UNKNOWN, "the program reported an end without an exit code")
    ended = state is State.ENDED
    code = _number(said.get("exit_code"), 255) if ended else None
    signal = _number(said.get("signal"), 64) if ended else None
    return Observation(
        state,
        message,
        _number(said.get("elapsed_ms"), 1 << 53),
        code,
        signal_of(code) if signal is None and code is not None else signal,
        because if state in {State.ENDED, State.LOST} else None,
        _text(said.get("external_id")),
        _instant(said.get("started_at")),
        _text(said.get("host")),
    )


def _number(value: object, most: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST else None


def _instant(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_instant(value)
    except InvalidInput:
        return None


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _after(complaint: str) -> str:
    return f": {complaint}" if complaint else ""


def _arguments(program: str) -> list[str]:
    try:
        words = shlex.split(program)
    except ValueError as error:
        raise InvalidInput(f"--program {program[:200]!a}: {error}") from None
    if not words:
        raise InvalidInput("--program is empty")
    if os.geteuid() == 0:
        for path in (shutil.which(words[0]) or words[0], *words[1:]):
            # Anyone who can write what root starts, including a script for an interpreter, is root.
            if os.path.isfile(path) and (who := writers(path)):
                raise InvalidInput(f"a worker that is root refuses --program {path[:200]!a}: {who[0]}")
    return words

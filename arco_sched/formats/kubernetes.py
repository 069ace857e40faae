"""CronJobs of Kubernetes -> entries, and a note on every setting of their manifests."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from arco_sched.core.changes import check_schedule_id
from arco_sched.core.cron import check_expression, load_zone, parse_expression
from arco_sched.core.definitions import SOURCE, Definition
from arco_sched.core.errors import InvalidInput
from arco_sched.core.fields import merge, normal_content, problems
from arco_sched.core.instants import format_span
from arco_sched.core.policy import Policy
from arco_sched.formats.entries import Entry, Kind, Line, ReadFile, Unfit
from arco_sched.formats.kubernetes_pod import command_of_pod
from arco_sched.formats.yaml_lines import Document, Path, documents

Runs = Literal["command", "kubectl"]

_OVERLAPS: Final[Mapping[str, str]] = {"Allow": "allow", "Forbid": "skip", "Replace": "cancel"}
_OWNED: Final = frozenset(
    {"cron_expression", "timezone", "command", "shell", "working_directory", "environment", "resources"}
    | {"overlap", "start_within_seconds", "timeout_seconds", "max_retries"}
)
_BACKOFF_LIMIT: Final = 6
_TEMPLATE: Final[Path] = ("spec", "jobTemplate", "spec")
_CLUSTER: Final = "left out: it belongs to the cluster"
_SAID: Final[Mapping[Path, str]] = {
    ("apiVersion",): "says that this is a CronJob",
    ("kind",): "says that this is a CronJob",
    ("metadata", "name"): "the id",
    ("metadata", "namespace"): "prefix of the id",
    ("spec", "successfulJobsHistoryLimit"): "left out: runs are kept until `arco prune`",
    ("spec", "failedJobsHistoryLimit"): "left out: runs are kept until `arco prune`",
    (*_TEMPLATE, "ttlSecondsAfterFinished"): "left out: runs are kept until `arco prune`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read manifests.

    `runs` is what a run does: run the container's command, or create a Job of the CronJob with kubectl. `timezone` is
    for CronJobs without a timeZone.
    """

    runs: Runs = "command"
    timezone: str | None = None
    with_secrets: bool = False


def read(source: bytes, *, name: str, label: str, options: Options) -> ReadFile:
    """The entries of the CronJobs in a file. Raises `InvalidInput` for an unknown zone."""
    load_zone("UTC" if options.timezone is None else options.timezone)
    reader = _Reader(label, options)
    try:
        for document in documents(source):
            reader.document(document)
    except Unfit as reason:
        raise InvalidInput(f"{name}: {reason}") from None
    lines = tuple(sorted(reader.lines, key=lambda line: line.number))
    notes: tuple[str, ...] = ()
    if options.runs == "kubectl" and reader.entries:
        notes = ("suspend these CronJobs in the cluster; otherwise it creates Jobs too",)
    return ReadFile(name, label, "kubernetes", tuple(reader.entries), lines, reader.unzoned, notes)


class _Reader:
    def __init__(self, label: str, options: Options) -> None:
        self.entries: list[Entry] = []
        self.lines: list[Line] = []
        self.unzoned = False
        self._label = label
        self._options = options

    def document(self, document: Document) -> None:
        """Read one document: a CronJob, a list of them, or something else, which is reported."""
        if document.problem is not None:
            number, text, why = document.problem
            self.lines.append(Line(number, "problem", text, message=why))
        elif isinstance(document.value, dict) and document.value.get("kind") == "List":
            items = document.value.get("items")
            for place in range(len(items) if isinstance(items, list) else 0):
                self._object(document, ("items", place), items[place])  # type: ignore[index]
        else:
            self._object(document, (), document.value)

    def _object(self, document: Document, at: Path, value: Any) -> None:
        number = document.lines.get(at, document.line)
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            self.lines.append(Line(number, "problem", _shown(value), message="it isn't a Kubernetes object"))
        elif value["kind"] != "CronJob":
            self.lines.append(Line(number, "setting", f"kind: {value['kind']}", message="left out: it isn't a CronJob"))
        else:
            job = _CronJob(document, at, value, self._options, self._label)
            job.read()
            for line in job.lines:
                entry = None if line.entry is None else len(self.entries)
                self.lines.append(line._replace(entry=entry))
            self.unzoned |= job.unzoned
            self.entries += job.entries


class _CronJob:
    """Reads one CronJob: each setting gets one line, those that nothing asked for at the end."""

    def __init__(self, document: Document, at: Path, value: dict[str, Any], options: Options, label: str) -> None:
        self.entries: list[Entry] = []
        self.lines: list[Line] = []
        self.unzoned = False
        self._document = document
        self._at = at
        self._value = value
        self._options = options
        self._label = label
        self._told: dict[Path, tuple[Kind, str]] = {}
        self._note: str | None = None

    def read(self) -> None:
        """Read it; a mistake becomes a line with its reason, and there is no entry."""
        message: str | None = None
        try:
            self.entries.append(self._entry())
            message = self._note
        except Unfit as reason:
            message = str(reason)
        schedule = ("spec", "schedule")
        kind: Kind = "schedule" if self.entries else "problem"
        number = self._line(schedule)
        text = f"schedule: {self._get(schedule)}"
        self.lines.append(Line(number, kind, text, 0 if self.entries else None, message))
        self._told[schedule] = (kind, "")
        for path, value in _leaves(self._value, (), self._told):
            if path == schedule:
                continue
            kind, said = self._told.get(path, ("setting", self._otherwise(path)))
            shown = ".".join(map(str, path))
            hidden = "env" in path and said != "environment"
            self.lines.append(
                Line(self._line(path), kind, f"{shown}: {'…' if hidden else _shown(value)}", message=said)
            )

    def _otherwise(self, path: Path) -> str:
        if path in _SAID:
            return _SAID[path]
        if self._options.runs == "kubectl" and path[:2] == ("spec", "jobTemplate"):
            return "stays in the cluster: the Job has it"
        return "left out: labels and annotations are for the cluster" if path[0] == "metadata" else _CLUSTER

    def _entry(self) -> Entry:
        name = self._text(("metadata", "name"), required=True)
        namespace = self._text(("metadata", "namespace")) or "default"
        schedule_id = name if namespace == "default" else f"{namespace}.{name}"
        try:
            check_schedule_id(schedule_id)
        except InvalidInput as error:
            raise Unfit(str(error)) from None
        expression, zone = self._when()
        values: dict[str, Any] = {"max_retries": 0}
        overlap = self._overlap()
        self._starts_within(values)
        if self._options.runs == "kubectl":
            request = _kubectl(name, namespace)
            said = "the run ends once the Job is created, so arco can't see whether another Job is running"
            if overlap != "allow":
                self._say(("spec", "concurrencyPolicy"), said, "problem")
        else:
            request = command_of_pod(
                self._get((*_TEMPLATE, "template", "spec")), self._of_pod, self._options.with_secrets
            )
            self._of_job(values)
        definition = Definition(
            cron_expression=expression,
            timezone=zone or self._options.timezone or "UTC",
            catchup_policy="latest",
            max_catchup_ticks=1,
            dst_gap="next" if expression.startswith("@") or not parse_expression(expression).fixed_time else "skip",
            request=normal_content(**request, labels={SOURCE: self._label}),
            policy=Policy(overlap=overlap),  # type: ignore[arg-type]
        )
        definition = merge(definition, values)
        wrong = [problem.sentence() for problem in problems(definition)]
        if wrong:
            raise Unfit("; ".join(wrong))
        self.unzoned = zone is None and self._options.timezone is None and not expression.startswith("@every")
        return Entry(definition, schedule_id, self._enabled(), _OWNED)

    def _when(self) -> tuple[str, str | None]:
        text = self._text(("spec", "schedule"), required=True)
        zone = self._text(("spec", "timeZone"))
        inner = re.match(r"(?:CRON_)?TZ=(\S+)\s+(.*)", text)
        if inner is not None:
            zone, text = inner[1], inner[2]
        if zone is not None:
            try:
                load_zone(zone)
            except InvalidInput as error:
                raise Unfit(str(error)) from None
            self._say(("spec", "timeZone"), "timezone")
        return _expression(text), zone

    def _overlap(self) -> str:
        policy = self._text(("spec", "concurrencyPolicy"))
        if policy is None:
            return "allow"
        if policy not in _OVERLAPS:
            raise Unfit(f"concurrencyPolicy {policy!a} must be one of {', '.join(_OVERLAPS)}")
        self._say(("spec", "concurrencyPolicy"), f"overlap: {_OVERLAPS[policy]}")
        return _OVERLAPS[policy]

    def _starts_within(self, values: dict[str, Any]) -> None:
        within = self._whole(("spec", "startingDeadlineSeconds"))
        if within is not None:
            values["start_within_seconds"] = max(1, within)
            self._say(("spec", "startingDeadlineSeconds"), "start_within_seconds")

    def _of_job(self, values: dict[str, Any]) -> None:
        limit = self._whole((*_TEMPLATE, "backoffLimit"))
        values |= {"max_retries": _BACKOFF_LIMIT if limit is None else limit, "retry_delay_seconds": 10}
        self._say((*_TEMPLATE, "backoffLimit"), "max_retries")
        if limit is None:
            self._note = f"retried {_BACKOFF_LIMIT} times, as in Kubernetes without a backoffLimit"
        for path, what in (
            (
                (*_TEMPLATE, "activeDeadlineSeconds"),
                "timeout_seconds, for each attempt; Kubernetes counts all attempts together",
            ),
            ((*_TEMPLATE, "template", "spec", "activeDeadlineSeconds"), "timeout_seconds"),
        ):
            timeout = self._whole(path)
            if timeout is not None:
                values["timeout_seconds"] = timeout
                self._say(path, what)
        for key in ("parallelism", "completions"):
            if (self._whole((*_TEMPLATE, key)) or 1) > 1:
                raise Unfit(
                    f"{key} is more than 1, but a run is one command: use --run kubectl to leave it to the cluster"
                )

    def _enabled(self) -> bool | None:
        suspend = self._get(("spec", "suspend"))
        if suspend is None:
            return None
        if not isinstance(suspend, bool):
            raise Unfit("spec.suspend must be true or false")
        if self._options.runs == "kubectl":
            self._say(("spec", "suspend"), "left out: it keeps the cluster from creating Jobs while arco does")
            return None
        self._say(("spec", "suspend"), "disabled" if suspend else "enabled")
        return not suspend

    def _of_pod(self, path: Path, message: str, kind: Kind = "setting") -> None:
        self._say((*_TEMPLATE, "template", "spec", *path), message, kind)

    def _say(self, path: Path, message: str, kind: Kind = "setting") -> None:
        self._told[path] = (kind, message)

    def _line(self, path: Path) -> int:
        found = None
        while found is None and path:
            found = self._document.lines.get((*self._at, *path))
            path = path[:-1]
        return found or self._document.lines.get(self._at, self._document.line)

    def _get(self, path: Path) -> Any:
        value: Any = self._value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def _text(self, path: Path, *, required: bool = False) -> Any:
        value = self._get(path)
        if value is None and not required:
            return None
        if not isinstance(value, str) or not value.strip():
            raise Unfit(f"{'.'.join(map(str, path))} must be a string")
        return value.strip()

    def _whole(self, path: Path) -> int | None:
        value = self._get(path)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise Unfit(f"{'.'.join(map(str, path))} must be a whole number")
        return value


def _kubectl(name: str, namespace: str) -> dict[str, Any]:
    """A Job of the CronJob, named after the attempt, so that no Job is created twice."""
    job = f'{name[:30].rstrip("-.")}-"${{ARCO_RUN_ID#run_}}-$ARCO_ATTEMPT"'
    where = "" if namespace == "default" else f" --namespace {namespace}"
    return {"command": f"kubectl create job --from=cronjob/{name}{where} {job}"}


def _expression(text: str) -> str:
    """The expression that means here what Kubernetes' parser, robfig/cron v3, makes of it; raises `Unfit`."""
    if text.startswith("@every "):
        return f"@every {format_span(_go_seconds(text.removeprefix('@every ').strip()), 'seconds')}"
    fields = text.split()
    if len(fields) == 5:
        fields = [_field(place, field) for place, field in enumerate(fields)]
    elif not text.startswith("@"):
        raise Unfit(f"it has {len(fields)} fields, but Kubernetes reads five")
    try:
        checked = check_expression(" ".join(fields)).text
        found = parse_expression(checked)
    except InvalidInput as error:
        raise Unfit(str(error)) from None
    if found.special_days:
        raise Unfit("Kubernetes doesn't know L, W and #: use `arco schedule create` for them")
    return checked


_GO: Final[Mapping[str, int]] = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}


def _go_seconds(text: str) -> int:
    """A Go duration in whole seconds, at least one, truncated as robfig/cron does; raises `Unfit`."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(h|ms|us|ns|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Unfit(f"{text!a} isn't an interval: write it like 90m or 1h30m")
    return max(1, int(sum(float(number) * _GO[unit] for number, unit in parts)) // 1_000_000_000)


_HIGHS: Final = (59, 23, 31, 12, 6)


def _field(place: int, text: str) -> str:
    items = [_item(place, item) for item in text.split(",")]
    return "*" if "*" in items else ",".join(items)


def _item(place: int, item: str) -> str:
    body, slash, step = item.partition("/")
    body = "*" if body == "?" else body
    if place == 4 and re.search(r"(?:^|-)0?7$|-sun$", body, re.IGNORECASE) and body.lower() != "sun-sun":
        raise Unfit(f"Kubernetes doesn't know the weekday {item!a}: it counts from 0, Sunday, to 6")
    if body == "*" and step == "1":
        return "*"
    if slash and body != "*" and "-" not in body:
        body = f"{body}-{_HIGHS[place]}"
    return f"{body}{slash}{step}"


def _leaves(value: Any, path: Path, told: Mapping[Path, object]) -> Iterator[tuple[Path, Any]]:
    """The settings of an object; a part that has its own message counts as one setting."""
    if path not in told and isinstance(value, dict) and value and path[-2:-1] != ("env",):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)), told)
    elif path not in told and isinstance(value, list) and value and any(key[: len(path)] == path for key in told):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place), told)
    else:
        yield path, value


def _shown(value: Any) -> str:
    from json import dumps

    # It may contain a secret.
    if isinstance(value, dict | list):
        return "…"
    text = value if isinstance(value, str) else dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"

"""A systemd timer with its service -> entries, and a note on every setting of both (systemd.timer(5))."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from arco_sched.core.changes import check_schedule_id
from arco_sched.core.cron import load_zone, parse_expression
from arco_sched.core.definitions import SOURCE, Definition
from arco_sched.core.errors import InvalidInput
from arco_sched.core.fields import merge, normal_content, problems
from arco_sched.core.instants import format_span
from arco_sched.core.policy import Policy
from arco_sched.formats.crontab_content import is_secret
from arco_sched.formats.entries import Entry, Kind, Line, ReadFile, Unfit
from arco_sched.formats.naming import clean
from arco_sched.formats.systemd_calendar import read_calendar
from arco_sched.formats.systemd_units import (
    Setting,
    Unit,
    is_flag,
    read_unit,
    seconds,
    shell_line,
    specified,
    words,
)

NOT_PERSISTENT: Final = 5
"""Minutes of catch-up for a timer that isn't persistent: a late evaluation is not an outage."""

_OWNED: Final = frozenset(
    {"cron_expression", "timezone", "command", "shell", "working_directory", "environment", "environment_file"}
    | {"run_as", "timeout_seconds", "spread_seconds", "on_failure", "catchup_window_minutes"}
)
_SHELLS: Final = re.compile(r"/(?:usr/)?bin/(?:sh|bash|dash|zsh|ksh)")
_EVERY: Final = frozenset({"OnUnitActiveSec", "OnUnitInactiveSec"})
_ONCE: Final = frozenset({"OnBootSec", "OnStartupSec", "OnActiveSec"})
_SAID: Final[Mapping[str, str]] = {
    "AccuracySec": "left out: a run is due to the second",
    "FixedRandomDelay": "left out: spread_seconds is the same on every machine and every day",
    "RemainAfterElapse": "left out: a schedule stays defined",
    "WakeSystem": "left out: arco can't wake a machine",
    "OnClockChange": "left out: arco doesn't watch for clock changes",
    "OnTimezoneChange": "left out: a schedule has its own zone",
    "Description": "the label comment",
    "Type": "left out: a run ends when its command ends",
    "Group": "left out: a run has the groups of its user",
    "Restart": "left out: --retries and --retry-on say what is retried",
    "RestartSec": "left out: --retry-delay says when it is retried",
    "StandardOutput": "left out: output is kept (`arco runs log`)",
    "StandardError": "left out: output is kept (`arco runs log`)",
    "Documentation": "left out: it is for people",
    "WantedBy": "left out: a schedule is active once it exists",
}
_OF_SERVICE: Final = frozenset(
    {"ExecStart", "ExecStartPre", "ExecStartPost", "User", "WorkingDirectory", "Environment", "EnvironmentFile"}
    | {"TimeoutStartSec", "TimeoutSec", "RuntimeMaxSec"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read timers: the zone of those that name none, and whether secrets are carried over.

    `of_user` is whether they are user units, whose commands run in the user's home.
    """

    timezone: str | None = None
    with_secrets: bool = False
    of_user: bool = False


class _Due(NamedTuple):
    """What triggers a timer: the setting, its expression, and the zone that it names."""

    setting: Setting
    expression: str
    timezone: str | None


def read(
    source: bytes,
    *,
    name: str,
    label: str,
    unit: str,
    find: Callable[[str], tuple[str, bytes] | None],
    options: Options,
) -> list[ReadFile]:
    """The timer, with its entries, and its service, each as one file.

    `find` gives the name and the text of a service's file. `unit` is the timer's own name, `backup.timer`. Raises
    `InvalidInput` for an unknown zone.
    """
    load_zone("UTC" if options.timezone is None else options.timezone)
    reader = _Reader(read_unit(source, unit), label, options)
    reader.read(find)
    timer = ReadFile(
        name, label, "systemd", tuple(reader.entries), _in_order(reader.lines), reader.unzoned, tuple(reader.notes)
    )
    if reader.service is None:
        return [timer]
    return [timer, ReadFile(reader.service, label, "systemd", (), _in_order(reader.service_lines))]


def _in_order(lines: list[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.number))


class _Reader:
    def __init__(self, timer: Unit, label: str, options: Options) -> None:
        self.entries: list[Entry] = []
        self.lines: list[Line] = []
        self.service: str | None = None
        self.service_lines: list[Line] = []
        self.notes: list[str] = []
        self.unzoned = False
        self._timer = timer
        self._label = label
        self._options = options

    def read(self, find: Callable[[str], tuple[str, bytes] | None]) -> None:
        """Read the timer, then its service; every setting becomes a line."""
        timer = self._timer
        self.lines += [Line(number, "problem", text, message=why) for number, text, why in timer.broken]
        if timer.stem.endswith("@"):
            self._all(f"{timer.name} is a template: name the instance, as in {timer.stem}NAME.timer")
            return
        named = timer.values("Timer", "Unit")
        try:
            service_name = specified(named[-1].value, timer.name) if named else f"{timer.stem}.service"
        except Unfit as reason:
            self._all(f"its Unit: {reason}")
            return
        found = find(service_name) if service_name.endswith(".service") else None
        if found is None:
            self._all(f"its service {service_name} is neither among the files nor next to the timer")
            return
        self.service = found[0]
        try:
            values, self.service_lines = _service(read_unit(found[1], service_name), self._options)
        except Unfit as reason:
            self._all(f"{found[0]}: {reason}")
            return
        values["policy"] |= self._policy()
        dues = list(self._dues())
        for place, due in enumerate(dues):
            self._entry(due, values, alone=place == 0)
        self._rest(is_due=bool(dues))

    def _all(self, reason: str) -> None:
        dues = [setting for setting in self._timer.settings if setting.key == "OnCalendar" or setting.key in _EVERY]
        number = dues[0].number if dues else 1
        self.lines.append(Line(number, "problem", dues[0].text if dues else self._timer.name, message=reason))

    def _dues(self) -> Iterator[_Due]:
        timer = self._timer
        for setting in timer.values("Timer", "OnCalendar"):
            try:
                found = read_calendar(specified(setting.value, timer.name))
            except Unfit as reason:
                self._problem(setting, str(reason))
            else:
                yield _Due(setting, found.expression, found.timezone)
        for key in sorted(_EVERY):
            for setting in timer.values("Timer", key):
                try:
                    every = seconds(setting.value)
                except Unfit as reason:
                    self._problem(setting, str(reason))
                else:
                    yield _Due(setting, f"@every {format_span(every, 'seconds')}", None)

    def _entry(self, due: _Due, values: Mapping[str, Any], *, alone: bool) -> None:
        setting, timer = due.setting, self._timer
        named = clean(timer.stem.replace("@", "-"))
        schedule_id = named if alone else clean(f"{named}-{setting.value}")
        comment = "".join(each.value for each in timer.values("Unit", "Description")[-1:])
        labels = {SOURCE: self._label, **({"comment": comment} if comment.strip() else {})}
        definition = Definition(
            cron_expression=due.expression,
            timezone=due.timezone or self._options.timezone or "UTC",
            catchup_policy="latest",
            max_catchup_ticks=1,
            catchup_window_minutes=1440 if self._is_persistent() else NOT_PERSISTENT,
            dst_gap="skip" if _skips(due.expression) else "next",
            request=normal_content(**values["request"], labels=labels),
            policy=Policy(overlap="skip"),
        )
        definition = merge(definition, values["policy"])
        wrong = [problem.sentence() for problem in problems(definition)]
        if any(entry.asked_id == schedule_id for entry in self.entries):
            wrong.append("it appears twice")
        try:
            check_schedule_id(schedule_id)
        except InvalidInput as error:
            wrong += error.problems
        if wrong:
            self._problem(setting, "; ".join(wrong))
            return
        self.unzoned |= due.timezone is None and self._options.timezone is None and not due.expression.startswith("@")
        self.entries.append(Entry(definition, schedule_id, owned=_OWNED))
        message = None
        if setting.key == "OnUnitActiveSec":
            message = "counted from the start of the schedule, not from a boot"
        elif setting.key == "OnUnitInactiveSec":
            message = "counted from the start of the schedule; systemd counts from the end of the last run"
        self.lines.append(Line(setting.number, "schedule", setting.text, len(self.entries) - 1, message))

    def _is_persistent(self) -> bool:
        return any(is_flag(setting.value) for setting in self._timer.values("Timer", "Persistent")[-1:])

    def _policy(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for setting in self._timer.values("Timer", "RandomizedDelaySec")[-1:]:
            try:
                found["spread_seconds"] = seconds(setting.value)
            except Unfit as reason:
                self._problem(setting, str(reason))
            else:
                self._say(setting, "spread_seconds, the same on every machine and every day")
        return found

    def _rest(self, *, is_due: bool) -> None:
        said = {line.number for line in self.lines}
        for setting in self._timer.settings:
            if setting.number in said:
                continue
            if setting.key in _ONCE:
                message = "arco doesn't see a machine boot or a unit start"
                if is_due:
                    self._say(setting, f"left out: {message}; the rest of the timer is carried over")
                else:
                    self._problem(setting, f"{message}, and the timer has no other trigger")
            elif setting.key == "Persistent" and setting.section == "Timer":
                what = "the latest missed time runs" if is_flag(setting.value) else "missed times don't run"
                self._say(setting, f"after an outage, {what}")
            elif setting.key == "Unit" and setting.section == "Timer":
                self._say(setting, "the service to carry over")
            elif not setting.value and setting.key == "OnCalendar":
                self._say(setting, "clears the ones above it")
            else:
                self._say(setting, _SAID.get(setting.key, "left out: it is for systemd"))
        if not self._is_persistent():
            self.notes.append(
                f"{self._timer.name} isn't persistent: what is missed by more than {NOT_PERSISTENT} minutes isn't "
                "caught up (catchup_window_minutes)"
            )

    def _say(self, setting: Setting, message: str) -> None:
        self.lines.append(Line(setting.number, "setting", setting.text, message=message))

    def _problem(self, setting: Setting, message: str) -> None:
        self.lines.append(Line(setting.number, "problem", setting.text, message=message))


def _skips(expression: str) -> bool:
    """Whether clock changes can jump over its times; systemd skips those."""
    return not expression.startswith("@") and parse_expression(expression).fixed_time


# The service.


def _service(service: Unit, options: Options) -> tuple[dict[str, Any], list[Line]]:
    """What a run does and how, by field name, and a line for each setting. Raises `Unfit`."""
    request: dict[str, Any] = {}
    policy: dict[str, Any] = {}
    lines: list[Line] = []

    def say(setting: Setting, message: str, kind: Kind = "setting") -> None:
        text = "Environment=…" if setting.key == "Environment" and kind == "problem" else setting.text
        lines.append(Line(setting.number, kind, text, message=message))

    lines += [Line(number, "problem", text, message=why) for number, text, why in service.broken]
    request |= _command(service)
    request["working_directory"] = None if options.of_user else "/"
    for setting in service.settings:
        if setting.section == "Service" and setting.key in _OF_SERVICE:
            _carry(setting, service, options, request, policy, say)
        elif setting.section == "Unit" and setting.key == "OnFailure":
            policy["on_failure"] = f"systemctl start {specified(setting.value, service.name)}"
            say(setting, "on_failure")
        elif setting.key.startswith(("Condition", "Assert")) or setting.key == "ExecCondition":
            say(setting, "not carried over: check it in the command", "problem")
        elif setting.key.startswith("Exec"):
            say(setting, "not carried over: do it in the command", "problem")
        else:
            say(setting, _SAID.get(setting.key, "left out: it is for systemd, and the command runs without it"))
    return {"request": {key: value for key, value in request.items() if value is not None}, "policy": policy}, lines


def _carry(
    setting: Setting,
    service: Unit,
    options: Options,
    request: dict[str, Any],
    policy: dict[str, Any],
    say: Callable[..., None],
) -> None:
    key, value = setting.key, specified(setting.value, service.name)
    if key.startswith("Exec"):
        say(setting, "the command")
    elif key == "User":
        request["run_as"] = value or None
        say(setting, "run_as, for a worker running as root or as this user")
    elif key == "WorkingDirectory":
        path = value.removeprefix("-")
        request["working_directory"] = None if path == "~" else path or "/"
        say(setting, "working_directory")
    elif key == "EnvironmentFile":
        if request.get("environment_file") and value:
            say(setting, "not carried over: only the first environment file is read", "problem")
            return
        request["environment_file"] = value.removeprefix("-") or None
        say(setting, "environment_file; it must exist, and its K=V lines aren't expanded")
    elif key == "Environment":
        kept, secret = dict(request.get("environment", {})), []
        for word in words(value):
            name, _, content = word.partition("=")
            if is_secret(name, content) and not options.with_secrets:
                secret.append(name)
            else:
                kept[name] = content
        request["environment"] = kept if value else {}
        message = (
            f"{', '.join(secret)} looks like a secret and is left out: pass --with-secrets, or use --env-file later"
        )
        say(setting, message if secret else "environment", "problem" if secret else "setting")
    elif value.lower() in {"infinity", "0", ""} or (key == "RuntimeMaxSec") == _is_oneshot(service):
        say(setting, "left out: it doesn't end a run")
    else:
        policy["timeout_seconds"] = seconds(value)
        say(setting, "timeout_seconds")


def _is_oneshot(service: Unit) -> bool:
    """Whether starting it takes as long as its command: then the start timeout is the run's timeout."""
    return any(setting.value == "oneshot" for setting in service.values("Service", "Type")[-1:])


def _command(service: Unit) -> dict[str, Any]:
    """The command line of a service and its shell; raises `Unfit`."""
    starts = service.values("Service", "ExecStart")
    if not starts:
        raise Unfit("it has no ExecStart")
    before, after = service.values("Service", "ExecStartPre"), service.values("Service", "ExecStartPost")
    if not before and not after and len(starts) == 1:
        line, plain = _line(starts[0], service.name)
        if plain is not None:
            return plain
        return {"command": line}
    return {"command": " && ".join(_line(setting, service.name)[0] for setting in (*before, *starts, *after))}


def _line(setting: Setting, unit: str) -> tuple[str, dict[str, Any] | None]:
    """A command line for sh; if the setting calls a shell itself, also the fields for that."""
    text = setting.value
    prefixes = re.match(r"[-@:+!|]*", text)
    marks = "" if prefixes is None else prefixes[0]
    for mark in marks:
        if mark not in "-:":
            raise Unfit(f"{setting.key}={mark}… has no equivalent in arco: write the command without it")
    text = specified(text[len(marks) :].lstrip(), unit)
    if re.search(r"(?:^|\s);(?:\s|$)", text):
        raise Unfit(f"{setting.key} has several commands on one line: write one per line")
    given = words(text)
    if not given:
        raise Unfit(f"{setting.key} has no command")
    if ":" in marks:
        given = [word.replace("$", "$$") for word in given]
    plain = None
    if len(given) == 3 and given[1] == "-c" and _SHELLS.fullmatch(given[0]) and not marks:
        plain = {"command": given[2].replace("$$", "$"), "shell": None if given[0] == "/bin/sh" else given[0]}
    line = shell_line(given)
    return (f"{{ {line} || true; }}" if "-" in marks else line), plain

"""The container of a CronJob's pod as what a run executes: command, environment, working directory, resources."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from arco_sched.formats.crontab_content import is_secret
from arco_sched.formats.entries import Unfit

Said = Callable[..., None]
"""Called with the path of a setting within the pod's spec, what becomes of it, and its kind (default `setting`)."""

_SHELLS: Final = re.compile(r"(?:/usr)?/bin/(?:sh|bash|dash|ash|zsh)")
_REFERENCE: Final = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")
_UNITS: Final[Mapping[str, float]] = {
    "": 1, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def command_of_pod(spec: Any, say: Said, with_secrets: bool) -> dict[str, Any]:
    """The fields, by name, of a run that executes what the pod's container does. Raises `Unfit`."""
    containers = spec.get("containers") if isinstance(spec, dict) else None
    if not isinstance(containers, list) or not all(isinstance(each, dict) for each in containers) or not containers:
        raise Unfit("it has no containers")
    if len(containers) > 1 or spec.get("initContainers"):
        raise Unfit(
            "it has several containers, but a run is one command: use --run kubectl to leave them to the cluster"
        )
    container = containers[0]
    here = ("containers", 0)
    say((*here, "image"), "left out: the command runs on the worker's machine, not in this image")
    say((*here, "name"), "left out: a run is named after its schedule")
    say(("restartPolicy",), "left out: max_retries says how often a command is retried")
    known, environment = _environment(container, here, say, with_secrets)
    found: dict[str, Any] = {"environment": environment} if environment else {}
    found |= _command(container, here, say, known)
    if container.get("workingDir"):
        found["working_directory"] = container["workingDir"]
        say((*here, "workingDir"), "working_directory")
    resources = _resources(container, here, say)
    return {**found, **({"resources": resources} if resources else {})}


def _environment(
    container: dict[str, Any], here: tuple[str | int, ...], say: Said, with_secrets: bool
) -> tuple[dict[str, str | None], dict[str, str]]:
    """The values of all variables, None for those that only the cluster knows, and the ones to carry over."""
    known: dict[str, str | None] = {}
    kept: dict[str, str] = {}
    given = container.get("env") or []
    if not isinstance(given, list) or not all(isinstance(each, dict) and "name" in each for each in given):
        raise Unfit("env must be a list of names and values")
    for place, each in enumerate(given):
        at, name = (*here, "env", place), str(each["name"])
        if "valueFrom" in each:
            known[name] = None
            say(
                at,
                f"{name} isn't carried over, since only the cluster knows its value: set it with --env-file",
                "problem",
            )
            continue
        value = each.get("value")
        if value is not None and not isinstance(value, str):
            raise Unfit(f"the value of {name} must be a string: write it in quotes")
        known[name] = _expanded(value or "", known)
        if is_secret(name, known[name] or "") and not with_secrets:
            say(
                at,
                f"{name} looks like a secret and is left out: pass --with-secrets, or set it later with --env-file",
                "problem",
            )
        else:
            kept[name] = known[name] or ""
            say(at, "environment")
    if container.get("envFrom"):
        say(
            (*here, "envFrom"),
            "not carried over, since only the cluster knows these variables: set them with --env-file",
            "problem",
        )
    return known, kept


def _expanded(text: str, known: Mapping[str, str | None]) -> str:
    """The text with `$(NAME)` replaced as Kubernetes does: undefined names stay, and `$$` is a `$`."""

    def of(match: "re.Match[str]") -> str:
        name = match[1]
        if name is None:
            return "$"
        if name in known and known[name] is None:
            raise Unfit(f"the command needs {name}, whose value only the cluster knows")
        return str(known[name]) if name in known else match[0]

    return _REFERENCE.sub(of, text)


def _command(
    container: dict[str, Any], here: tuple[str | int, ...], say: Said, known: Mapping[str, str | None]
) -> dict[str, Any]:
    words: list[str] = []
    for key in ("command", "args"):
        given = container.get(key)
        if given is None:
            continue
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise Unfit(f"{key} must be a list of strings")
        words += [_expanded(each, known) for each in given]
        say((*here, key), "the command")
    if not container.get("command"):
        raise Unfit("it has no command, so only the image says what runs: add a command, or use --run kubectl")
    if len(words) == 3 and words[1] == "-c" and (_SHELLS.fullmatch(words[0]) or words[0] in {"sh", "bash"}):
        shell = words[0] if words[0].startswith("/") else f"/bin/{words[0]}"
        return {"command": words[2], **({} if shell == "/bin/sh" else {"shell": shell})}
    return {"command": shlex.join(words)}


def _resources(container: dict[str, Any], here: tuple[str | int, ...], say: Said) -> dict[str, int]:
    """What the container asks for, in whole processors and MiB, rounded up."""
    given = container.get("resources")
    if not isinstance(given, dict) or not given:
        return {}
    asked = {**(given.get("limits") or {}), **(given.get("requests") or {})}
    found: dict[str, int] = {}
    if "cpu" in asked:
        found["cpus"] = -int(-_quantity(asked["cpu"]) // 1)
    if "memory" in asked:
        found["memory_mib"] = -int(-_quantity(asked["memory"]) // 2**20)
    gpus = [value for name, value in asked.items() if str(name).endswith("/gpu")]
    if gpus:
        found["gpus"] = int(_quantity(gpus[0]))
    say((*here, "resources"), "resources, rounded up; a local worker ignores them")
    return {name: value for name, value in found.items() if value > 0}


def _quantity(value: Any) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", str(value))
    if match is None or match[2] not in _UNITS:
        raise Unfit(f"{value!a} isn't a Kubernetes quantity")
    return float(match[1]) * _UNITS[match[2]]

"""Identities: every name that `arco` gives is a pure function of what it names: another machine computes the same.

The forms are those of docs/semantics.md, "Identity".
"""

import hashlib
import hmac
import json
import re
from typing import Final, Literal, NamedTuple

from arco_sched.model import RequestContent

SCHEDULE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)

Origin = Literal["scheduled", "backfill", "failed", "manual"]
ORIGINS: Final[tuple[Origin, ...]] = ("scheduled", "backfill", "failed", "manual")
"""Where a tick comes from. The order is that of the tick ids of one schedule at one instant, as text."""

_INFIX: Final[dict[Origin, str]] = {"scheduled": "", "backfill": "backfill:", "failed": "failed:", "manual": "manual:"}
_KEY: Final = re.compile(r"(?:(backfill|failed|manual):)?(0|-?[1-9][0-9]{0,17})", re.ASCII)
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = tuple(high + low for high in _BASE32 for low in _BASE32)


class TickKey(NamedTuple):
    """What a tick id or a schedule's run key says: the schedule, the origin, and the epoch (failed: the version)."""

    schedule_id: str
    origin: Origin
    number: int


def tick_id(schedule_id: str, origin: Origin, number: int) -> str:
    """`{schedule_id}:{epoch}`, `{schedule_id}:manual:{epoch}`, `{schedule_id}:failed:{version}`."""
    return f"{schedule_id}:{_INFIX[origin]}{number}"


def run_key(schedule_id: str, origin: Origin, number: int) -> str:
    """`sched:{schedule_id}:{epoch}` or `sched:{schedule_id}:manual:{epoch}`: the tick id behind `sched:`."""
    return "sched:" + tick_id(schedule_id, origin, number)


def parse_tick_id(text: str) -> TickKey | None:
    """What `tick_id` was made of, or None for a text that it never makes."""
    schedule_id, colon, rest = text.partition(":")
    match = _KEY.fullmatch(rest)
    if not colon or match is None or SCHEDULE_ID.fullmatch(schedule_id) is None:
        return None
    origin = next(word for word in ORIGINS if _INFIX[word] == ("" if match[1] is None else match[1] + ":"))
    return TickKey(schedule_id, origin, int(match[2]))


def parse_run_key(text: str) -> TickKey | None:
    """What `run_key` was made of, or None for a run key of another form (which is as good as any)."""
    if not text.startswith("sched:"):
        return None
    key = parse_tick_id(text[6:])
    return None if key is None or key.origin == "failed" else key


def run_id(workspace: str, key: str) -> str:
    """`run_` and 26 characters of lower-case base32 of HMAC-SHA256(key = workspace name, message = run_key)."""
    digest = hmac.digest(workspace.encode(), key.encode(), "sha256")
    bits = int.from_bytes(digest[:17], "big") >> 6  # the first 130 bits: 26 characters of 5, taken two at a time
    return "run_" + "".join([_PAIRS[(bits >> shift) & 1023] for shift in range(120, -1, -10)])


def content_text(content: RequestContent) -> str:
    """The canonical JSON text of what a run is asked to do; its UTF-8 bytes are what the fingerprint covers."""
    return json.dumps(
        {
            "asset_selection": sorted(set(content.asset_selection)),
            "command": content.command,
            "labels": dict(sorted(content.labels)),
            "partition_selection": sorted(set(content.partition_selection)),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def fingerprint(text: str) -> str:
    """SHA-256, in hex, of the UTF-8 bytes of a `content_text`."""
    return hashlib.sha256(text.encode()).hexdigest()

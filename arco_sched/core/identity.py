"""Identities: every name that `arco` gives is a pure function of what it names: another machine computes the same.

The forms are those of docs/semantics.md, "Identity".
"""

import json
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from arco_sched.core.definitions import RequestContent
from arco_sched.core.fields import canonical

# CPython's own SHA-256 where it is built: on messages as short as ours it takes a third of the time of hashlib's, which
# goes through OpenSSL (and takes 5 ms to import). `random` in the standard library imports it the same way.
try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from hashlib import sha256

SCHEDULE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)

Origin = Literal["scheduled", "backfill", "failed", "manual"]
ORIGINS: Final[tuple[Origin, ...]] = ("scheduled", "backfill", "failed", "manual")
"""Where a tick comes from. The order is that of the tick ids of one schedule at one instant, as text."""

_INFIX: Final[dict[Origin, str]] = {"scheduled": "", "backfill": "backfill:", "failed": "failed:", "manual": "manual:"}
_KEY: Final = re.compile(r"(?:(backfill|failed|manual):)?(0|-?[1-9][0-9]{0,17})", re.ASCII)
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = tuple(high + low for high in _BASE32 for low in _BASE32)
_WORDS: Final = struct.Struct(">QQB").unpack_from
_BLOCK: Final = 64
"""The block of SHA-256 in bytes, to which HMAC fills up its key."""


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
    return str(run_ids(workspace)(key.encode()))


@lru_cache(maxsize=16)
def run_ids(workspace: str) -> Callable[[bytes | None], str | None]:
    """The function that gives the run id of a run key, as UTF-8, in one workspace: a catch-up asks it once a tick.

    It raises nothing, whatever bytes it is given; of no run key (None) it gives none.
    """
    # HMAC (RFC 2104) with its two states after the key made once: each run id then hashes two blocks instead of four.
    secret = workspace.encode()
    if len(secret) > _BLOCK:
        secret = sha256(secret).digest()
    secret = secret.ljust(_BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in secret)).copy
    outer = sha256(bytes(byte ^ 0x5C for byte in secret)).copy
    pairs, words = _PAIRS, _WORDS

    def of(key: bytes | None) -> str | None:
        if key is None:
            return None
        message, digest = inner(), outer()
        message.update(key)
        digest.update(message.digest())
        # The first 130 bits are 26 characters of 5, taken two at a time: as numbers of 64, 64 and 8 bits.
        a, b, c = words(digest.digest())
        return (
            f"run_{pairs[a >> 54]}{pairs[a >> 44 & 1023]}{pairs[a >> 34 & 1023]}{pairs[a >> 24 & 1023]}"
            f"{pairs[a >> 14 & 1023]}{pairs[a >> 4 & 1023]}{pairs[(a & 15) << 6 | b >> 58]}{pairs[b >> 48 & 1023]}"
            f"{pairs[b >> 38 & 1023]}{pairs[b >> 28 & 1023]}{pairs[b >> 18 & 1023]}{pairs[b >> 8 & 1023]}"
            f"{pairs[(b & 255) << 2 | c >> 6]}"
        )

    return of


def content_text(content: RequestContent) -> str:
    """The canonical JSON text of what a run is asked to do; its UTF-8 bytes are what the fingerprint covers."""
    return json.dumps(canonical(content), ensure_ascii=False, separators=(",", ":"))


def fingerprint(text: str) -> str:
    """SHA-256, in hex, of the UTF-8 bytes of a `content_text`."""
    return str(sha256(text.encode()).hexdigest())

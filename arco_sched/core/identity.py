"""Identities: every name that `arco` assigns is a pure function of what it names, so every machine computes the same.

The forms are those of docs/semantics/requests.md.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

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

INFIXES: Final = ("", "backfill:", "failed:", "manual:")
"""What stands between schedule id and number in a tick id, by origin."""

_INFIX: Final[dict[Origin, str]] = dict(zip(ORIGINS, INFIXES, strict=True))
_KEY: Final = re.compile(r"(?:(backfill|failed|manual):)?(0|-?[1-9][0-9]{0,17})", re.ASCII)
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz234567" * 8
"""Base32 (RFC 4648) in lower case, as a table for `bytes.translate`; only its first 32 places are used."""
RUN_ID_LENGTH: Final = 30
"""`run_` and 26 characters."""
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
    return run_ids(workspace, [key.encode()])[0]


def run_ids(workspace: str, keys: Sequence[bytes]) -> list[str]:
    """The run ids of run keys, given as UTF-8, in one workspace."""
    text = packed_run_ids(workspace, keys).decode("ascii")
    return [text[begin : begin + RUN_ID_LENGTH] for begin in range(0, len(text), RUN_ID_LENGTH)]


def packed_run_ids(workspace: str, keys: Sequence[bytes]) -> bytes:
    """The same as ASCII, one behind the other: those of a batch at once, since a catch-up asks for them by the hundred
    thousand."""
    inner, outer = _states(workspace)
    digests = []
    for key in keys:
        message, digest = inner(), outer()
        message.update(key)
        digest.update(message.digest())
        digests.append(digest.digest())
    return _base32(b"".join(digests), len(keys))


@lru_cache(maxsize=16)
def _states(workspace: str) -> "tuple[Callable[[], Any], Callable[[], Any]]":
    # HMAC (RFC 2104) with its two states after the key made once: each run id then hashes two blocks instead of four.
    secret = workspace.encode()
    if len(secret) > _BLOCK:
        secret = sha256(secret).digest()
    secret = secret.ljust(_BLOCK, b"\0")
    return (
        sha256(bytes(byte ^ 0x36 for byte in secret)).copy,
        sha256(bytes(byte ^ 0x5C for byte in secret)).copy,
    )


def _base32(digests: bytes, count: int) -> bytes:
    """`run_` and the first 26 characters of each of `count` digests of 32 bytes.

    Character by character for all digests at once: the bytes that hold its five bits are translated as whole columns,
    which CPython does in C.
    """
    texts = bytearray(b"run_".ljust(RUN_ID_LENGTH, b"\0")) * count
    for place, (byte, high, low) in enumerate(_columns()):
        column = digests[byte::32].translate(high)
        if low is not None:
            rest = digests[byte + 1 :: 32].translate(low)
            both = int.from_bytes(column, "little") | int.from_bytes(rest, "little")
            column = both.to_bytes(count, "little")
        texts[4 + place :: RUN_ID_LENGTH] = column.translate(_LETTERS)
    return bytes(texts)


@lru_cache(maxsize=1)
def _columns() -> list[tuple[int, bytes, bytes | None]]:
    """For each character: the byte that its five bits begin in, what that byte gives of them, and what the next one
    does where they reach into it."""
    high = [bytes((value << skip & 0xFF) >> 3 for value in range(256)) for skip in range(8)]
    low = {skip: bytes(value >> (11 - skip) for value in range(256)) for skip in range(4, 8)}
    places = (divmod(5 * place, 8) for place in range(26))
    return [(byte, high[skip], low.get(skip)) for byte, skip in places]


def content_text(content: RequestContent) -> str:
    """The canonical JSON text of what a run is asked to do; its UTF-8 bytes are what the fingerprint covers."""
    return json.dumps(canonical(content), ensure_ascii=False, separators=(",", ":"))


def fingerprint(text: str) -> str:
    """SHA-256, in hex, of the UTF-8 bytes of a `content_text`."""
    return str(sha256(text.encode()).hexdigest())

"""Who did something by hand, and why, in a few words."""

from arco_sched.core.events import LAPSED, TICKED
from arco_sched.core.history import LapseRecord, Signature, Tick
from arco_sched.core.identity import ORIGINS, parse_tick_id
from arco_sched.core.ports import Transaction


def words(signature: Signature | None) -> str:
    """`by alice@host: why`; empty for nobody."""
    if signature is None:
        return ""
    return f"by {signature.by}" + (f": {signature.note}" if signature.note else "")


def of_version(transaction: Transaction, schedule: int, version: int) -> str:
    """Who made a definition version."""
    return words(transaction.events.signatures(schedule).get(version))


def of_lapse(transaction: Transaction, schedule: int, lapse: LapseRecord) -> str:
    """Who made a lapse; empty if an evaluation did."""
    return words(transaction.events.signature_at(schedule, lapse.before, LAPSED))


def of_tick(transaction: Transaction, schedule: int, tick: Tick) -> str:
    """Who made a tick; empty if an evaluation did."""
    key = parse_tick_id(tick.tick_id)
    if key is None:
        return ""
    return words(transaction.events.signature_at(schedule, key.number, TICKED, ORIGINS.index(key.origin)))


def newest(transaction: Transaction) -> dict[str, str]:
    """Who made the newest version of each schedule, if known, with its number."""
    found = transaction.events.newest_signatures()
    return {name: f"version {version}, {words(signature)}" for name, (version, signature) in found.items()}

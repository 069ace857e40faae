"""What a change of a schedule changes, field by field: `timeout: none -> 10s`."""

from typing import Any, Final

from arco_sched.core.definitions import Version
from arco_sched.core.fields import BY_NAME, differences
from arco_sched.render.times import Clocks

_INSTANTS: Final = frozenset({"start_at", "end_at", "paused_until"})


def between(old: Version, new: Version, clocks: Clocks) -> list[str]:
    """Each field that differs between two versions of a schedule, old and new."""
    return [field(name, *values, clocks, new.schedule_id) for name, values in differences(old, new).items()]


def field(name: str, old: Any, new: Any, clocks: Clocks, schedule_id: str) -> str:
    """One field, old and new; instants are on the clock of the schedule."""
    if name == "deleted":
        return "deleted" if new else "created again"
    if name == "enabled":
        return "paused -> enabled" if new else "enabled -> paused"
    return f"{name}: {_value(name, old, clocks, schedule_id)} -> {_value(name, new, clocks, schedule_id)}"


def _value(name: str, value: Any, clocks: Clocks, schedule_id: str) -> str:
    if name in _INSTANTS:
        return clocks.show(value, schedule_id) or "none"
    return "none" if value in (None, ()) else BY_NAME[name].kind.show(value)

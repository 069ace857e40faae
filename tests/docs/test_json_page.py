"""The objects of docs/json.md have the keys that the answers have.

Of the others, the examples say it: `"...": "a tick"` stands for all keys of a tick, or the example would not be right.
"""

import json
import re

import pytest

from arco_sched.core.run_subjects import Worker
from arco_sched.render.json import worker_row
from tests import ROOT
from tests.docs.documents import keys_of

PAGE = (ROOT / "docs" / "json.md").read_text("utf-8")


def shown(heading: str) -> dict[str, object]:
    """The answer that is shown under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found: dict[str, object] = json.loads(re.findall(r"```json\n(.*?)```", section, re.DOTALL)[-1])
    return found


@pytest.mark.parametrize(
    ("name", "heading", "key"),
    [
        ("an attempt", "runs show", "attempts"),
        ("a finding", "check", "findings"),
        ("an event", "events list", "events"),
        ("a tick", "ticks list", "ticks"),
        ("a lapse", "lapses list", "lapses"),
        ("a run", "runs list", "runs"),
    ],
)
def test_an_object_is_shown_in_full(name: str, heading: str, key: str) -> None:
    """One example has all its keys, in the order of its table."""
    rows = shown(heading)[key]
    assert isinstance(rows, list)
    assert tuple(rows[0]) == keys_of(name)


def test_a_change_is_shown_in_full() -> None:
    """So are the keys of a schedule, and of its version."""
    heading = "schedule create, update, enable, disable, delete"
    assert tuple(shown(heading)) == keys_of("a change")


def test_a_worker() -> None:
    """None is at work in the examples."""
    worker = Worker("worker", "host", 1, "local", ("default",), 1, 0)
    assert tuple(worker_row(worker, running=0)) == keys_of("a worker")

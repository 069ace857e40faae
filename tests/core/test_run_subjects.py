"""When a pool counts as served by a worker that comes by and goes."""

import pytest

from arco_sched.core.run_subjects import Visit, Worker


@pytest.mark.parametrize(
    ("before", "interval", "served_for"),
    [
        (None, None, 600),  # once, as if another visit would follow after five minutes
        (9_990, 10, 120),  # so often that two minutes are allowed
        (9_939, 61, 122),
        (9_000, 1_000, 2_000),
        (10_000 - 90_000, 90_000, 180_000),  # daily, on a day with an hour more
        (10_000 - 90_001, None, 600),  # no rhythm
    ],
)
def test_visits(before: int | None, interval: int | None, served_for: int) -> None:
    """A pool is served for twice the time between two visits; a clock may be two minutes behind."""
    visit = Visit("local", "default", visited_at=10_000, before=before)
    assert visit.interval == interval
    assert [visit.serves(10_000 + late) for late in (served_for, served_for + 1)] == [True, False]
    assert [visit.serves(10_000 - early) for early in (120, 121)] == [True, False]


@pytest.mark.parametrize(("name", "stays"), [("h:12", True), ("h:12:once", False), ("once", True)])
def test_workers(name: str, stays: bool) -> None:
    """The name of a worker says whether it goes when nothing is left."""
    assert Worker(name, "h", 12, "local", ("default",), 4, 10_000).stays is stays

"""What importing the package costs: `arco tick` starts often."""

import subprocess
import sys

import pytest

import arco_sched.core.cron
from tests import IMPORTABLE


def modules_after(code: str) -> set[str]:
    program = f"import sys; {code}; print(*sys.modules)"
    # -S: no site-packages hooks of the test machine, which import modules of their own.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": IMPORTABLE},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_import_is_light() -> None:
    """Neither the import nor an occurrence loads croniter, datetime, zoneinfo, pendulum or difflib."""
    heavy = {"croniter", "datetime", "zoneinfo", "pendulum", "difflib", "importlib.resources", "dateutil"}
    loaded = modules_after("from arco_sched.core.cron import timetable")
    assert "arco_sched.core.cron" in loaded
    assert not loaded & {*heavy, "arco_sched.core.cron.explanation", "arco_sched.core.cron.anchored"}
    asked = "t = timetable('30 9 * * 1-5', 'America/New_York'); t.next(0); t.count(0, 10**10); t.explain(0)"
    assert not modules_after(f"from arco_sched.core.cron import timetable; {asked}") & heavy


def test_croniter_is_loaded_by_the_check() -> None:
    """The second reader is imported when an expression is checked, and only then."""
    loaded = modules_after("from arco_sched.core.cron import check_expression; check_expression('0 9 * * *')")
    assert "croniter" in loaded


def test_every_public_name_is_there() -> None:
    """The names of `__all__` can all be imported, those that are loaded late among them; others are none."""
    assert all(getattr(arco_sched.core.cron, name) for name in arco_sched.core.cron.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = arco_sched.core.cron.nothing

"""The benchmarks run, on small sizes; what they measure is for `make bench` to say."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from arco_sched import Workspace
from benchmarks import databases
from benchmarks.__main__ import SUBJECTS, main
from benchmarks.harness import START
from tests.database import dump
from tests.execution.slurm_host import lacking

pytestmark = pytest.mark.slow

BESIDE = Path(sys.executable).with_name("arco")
ARCO = BESIDE if BESIDE.exists() else shutil.which("arco")


@pytest.mark.skipif(ARCO is None, reason="arco is not installed")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_it_runs(subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each subject gives the rows of the table that are its own, each with a ratio."""
    if subject == "engines" and (reason := lacking()) is not None:
        pytest.skip(reason)
    assert main(["--quick", "--json", "--only", subject, "--bin", str(Path(str(ARCO)).parent)]) in {0, 1}
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["number"].split()[0] for row in rows} == set(SUBJECTS[subject])
    assert all(row["ratio"] > 0 and row["target"] > 0 for row in rows)


def test_databases_made_by_sets_are_those_made_one_by_one(tmp_path: Path) -> None:
    """What is measured on a million schedules is what a million calls would have made."""
    one_by_one = databases.by_face(tmp_path / "face.db", 5, databases.EVERY_MINUTE)
    by_sets = databases.by_sets(tmp_path / "sets.db", [("s", 5, databases.EVERY_MINUTE)])
    assert dump(by_sets) == dump(one_by_one)


def test_a_history_made_by_sets_is_one(tmp_path: Path) -> None:
    """It verifies, and goes on where it ends."""
    with Workspace.open(databases.with_ticks(tmp_path / "history.db", 3, 40)) as workspace:
        assert workspace.verify().ok
        assert workspace.evaluate(START + 60 * 40).triggered == 3
        assert workspace.verify().ok

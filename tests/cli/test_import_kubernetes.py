"""`arco import kubernetes`: files of CronJobs, twice, and what is reported."""

from pathlib import Path

import pytest

from tests.runner import Arco

JOB = """\
kind: CronJob
metadata: {name: NAME}
spec:
  schedule: "30 2 * * *"
  suspend: false
  jobTemplate: {spec: {template: {spec: {containers: [{command: [run, NAME]}]}}}}
"""


@pytest.fixture
def arco(path: Path) -> Arco:
    """`arco` on a database that does not exist yet."""
    return Arco(path, "2025-01-15T12:00:00Z")


def test_a_file_with_several_documents(arco: Arco) -> None:
    """A schedule each; importing again changes nothing, and what is gone can be deleted."""
    file = arco.file("jobs.yaml", JOB.replace("NAME", "a") + "---\n" + JOB.replace("NAME", "b"))
    answer = arco("import", "kubernetes", file)
    assert answer.code == 0
    assert "some CronJobs have no timeZone, so UTC is assumed" in answer.err
    assert "created  a: 30 2 * * * in UTC" in answer.out
    again = arco.json("import", "kubernetes", file, "--tz", "UTC")
    assert [(each["schedule_id"], each["change"]) for each in again["changes"]] == [
        ("a", "unchanged"),
        ("b", "unchanged"),
    ]
    assert again["files"] == [{"file": file, "source": f"kubernetes:{file}", "format": "kubernetes"}]
    arco.file("jobs.yaml", JOB.replace("NAME", "b").replace("suspend: false", "suspend: true"))
    third = arco.json("import", "kubernetes", file, "--tz", "UTC", "--prune")
    assert [(each["schedule_id"], each["change"]) for each in third["changes"]] == [("b", "updated"), ("a", "deleted")]
    assert arco.json("schedule", "show", "b")["enabled"] is False


def test_a_folder_and_kubectl(arco: Arco) -> None:
    """Manifests alone are read; --run says what a run is."""
    (arco.folder / "k").mkdir()
    arco.file("k/a.yml", JOB.replace("NAME", "a"))
    arco.file("k/notes.txt", "nothing")
    answer = arco("import", "kubernetes", f"{arco.folder}/k", "--tz", "UTC", "--run", "kubectl", "--toml")
    assert "kubectl create job --from=cronjob/a" in answer.out
    assert "suspend these CronJobs in the cluster" in answer.err
    wrong = arco("import", "kubernetes", f"{arco.folder}/k", "--run", "docker")
    assert (wrong.code, wrong.err) == (2, "arco: --run 'docker' must be one of command, kubectl\n")


def test_a_template_is_named(arco: Arco) -> None:
    """Exit 7, with its line, and the others are carried over."""
    file = arco.file("jobs.yaml", JOB.replace("NAME", "a") + "---\n" + JOB.replace("NAME", "{{ .Values.name }}"))
    answer = arco("import", "kubernetes", file, "--tz", "UTC")
    assert answer.code == 7
    assert "it is a template: render it first" in answer.out
    assert arco.json("schedule", "show", "a")["command"] == "run a"

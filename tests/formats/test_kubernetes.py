"""CronJobs of Kubernetes: every setting carried over, or named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco_sched.core.errors import InvalidInput
from arco_sched.formats.entries import ReadFile
from arco_sched.formats.kubernetes import Options, read


def _job(schedule: str = "0 5 * * *", container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "c", "image": "i", "command": ["run", "a b"], **(container or {})}]}
    template = {"spec": {"template": {"spec": pod}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "night"},
        "spec": {"schedule": schedule, "jobTemplate": template, **spec},
    }


def _read(*documents: Any, **options: Any) -> ReadFile:
    text = "\n---\n".join(each if isinstance(each, str) else json.dumps(each) for each in documents)
    asked = Options(**({"timezone": "UTC"} | options))
    return read(text.encode(), name="jobs.yaml", label="kubernetes:/jobs.yaml", options=asked)


def _reason(*documents: Any, **options: Any) -> str:
    found = _read(*documents, **options)
    assert not found.entries, found
    return "; ".join(line.message or "" for line in found.problems)


MANIFEST = """\
# What the team has
apiVersion: batch/v1
kind: CronJob
metadata:
  name: hello
  namespace: prod
spec:
  schedule: "*/5 * * * 1-5"
  timeZone: Europe/Berlin
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 200
  suspend: true
  failedJobsHistoryLimit: 1
  jobTemplate:
    spec:
      backoffLimit: 2
      activeDeadlineSeconds: 600
      template:
        spec:
          serviceAccountName: x
          containers:
          - name: hello
            image: busybox:1.28
            command: ["/bin/bash", "-c", "date; echo $(NAME) $(date)"]
            workingDir: /srv
            env:
            - name: NAME
              value: "a b"
            resources: {requests: {cpu: 1500m, memory: 64Mi}}
"""


def test_a_manifest_with_every_setting() -> None:
    """Time, zone, state, overlap, deadlines, retries, command, environment, folder, resources; lines are the file's."""
    found = _read(MANIFEST)
    (entry,) = found.entries
    definition = entry.definition
    assert (entry.asked_id, entry.enabled) == ("prod.hello", False)
    assert (definition.cron_expression, definition.timezone) == ("*/5 * * * 1-5", "Europe/Berlin")
    assert (definition.catchup_policy, definition.max_catchup_ticks) == ("latest", 1)
    policy = definition.policy
    assert (policy.overlap, policy.start_within_seconds, policy.max_retries, policy.timeout_seconds) == (
        "skip",
        200,
        2,
        600,
    )
    request = definition.request
    assert (request.command, request.shell, request.working_directory) == (
        "date; echo a b $(date)",
        "/bin/bash",
        "/srv",
    )
    assert request.environment == (("NAME", "a b"),)
    assert dict(request.resources) == {"cpus": 2, "memory_mib": 64}
    assert not found.problems
    said = {line.number: (line.text.rsplit(".", 1)[-1], line.message) for line in found.lines}
    assert said[10] == ("concurrencyPolicy: Forbid", "overlap: skip")
    assert said[13] == ("failedJobsHistoryLimit: 1", "left out: runs are kept until `arco prune`")
    assert said[20] == ("serviceAccountName: x", "left out: it belongs to the cluster")
    assert [line.number for line in found.lines if line.kind == "schedule"] == [8]


def test_a_job_of_the_cluster() -> None:
    """--run kubectl: a run creates a Job of its own name; what the Job has stays there, and overlap can't be seen."""
    found = _read(MANIFEST, runs="kubectl")
    (entry,) = found.entries
    command = 'kubectl create job --from=cronjob/hello --namespace prod hello-"${ARCO_RUN_ID#run_}-$ARCO_ATTEMPT"'
    assert entry.definition.request.command == command
    assert (entry.enabled, entry.definition.policy.max_retries) == (None, 0)
    assert ["can't see whether another Job is running" in (line.message or "") for line in found.problems] == [True]
    assert found.notes == ("suspend these CronJobs in the cluster; otherwise it creates Jobs too",)


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [
        ("0 0 ? * 1", "0 0 * * 1"),
        ("0 0 */1 * 1", "0 0 * * 1"),
        ("0 0 */2 * 1", "0 0 */2 * 1"),
        ("5/15 * * * *", "5-59/15 * * * *"),
        ("0 0 * JAN Mon-Fri", "0 0 * JAN Mon-Fri"),
        ("@daily", "@daily"),
        ("@every 1h30m", "@every 90m"),
        ("@every 90m", "@every 90m"),
        ("@every 1.5s", "@every 1s"),
        ("CRON_TZ=Asia/Tokyo 0 6 * * *", "0 6 * * *"),
    ],
)
def test_a_time_is_carried_over_as_kubernetes_reads_it(schedule: str, expression: str) -> None:
    """robfig/cron v3: `?` is `*`, a value with a step goes on to the end, either day field matches."""
    try:
        (entry,) = _read(_job(schedule)).entries
    except ValueError:
        pytest.fail(str(_read(_job(schedule)).problems))
    assert entry.definition.cron_expression == expression
    assert entry.definition.timezone == ("Asia/Tokyo" if "TZ=" in schedule else "UTC")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (_job("0 0 * * 7"), "counts from 0, Sunday, to 6"),
        (_job("0 0 * * 5-7"), "counts from 0, Sunday, to 6"),
        (_job("0 0 * * FRI-SUN"), "counts from 0, Sunday, to 6"),
        (_job("0 0 0 * * *"), "it has 6 fields, but Kubernetes reads five"),
        (_job("0 0 L * *"), "doesn't know L, W and #"),
        (_job("0 22-4 * * *"), "runs backwards"),
        (_job("@reboot"), "doesn't see a machine boot"),
        (_job("@every soon"), "isn't an interval"),
        (_job(timeZone="Mars/X"), "unknown"),
        (_job(concurrencyPolicy="Maybe"), "must be one of Allow, Forbid, Replace"),
        (_job(suspend="yes"), "must be true or false"),
        (_job(startingDeadlineSeconds="1"), "must be a whole number"),
        (_job(container={"command": None}), "the image says what runs"),
        (_job(container={"command": "run"}), "must be a list of strings"),
        (_job(container={"env": [{"name": "A", "value": 1}]}), "write it in quotes"),
        (_job(container={"resources": {"requests": {"cpu": "much"}}}), "isn't a Kubernetes quantity"),
        (
            _job(container={"env": [{"name": "A", "valueFrom": {}}], "args": ["$(A)"]}),
            "needs A, whose value only the cluster knows",
        ),
        ({**_job(), "metadata": {}}, "metadata.name must be a string"),
        ({**_job(), "spec": {"schedule": "@daily"}}, "it has no containers"),
        ("just text", "isn't a Kubernetes object"),
        ("a: [1", "not YAML"),
        ("a: \x00", "not YAML: it has characters that YAML doesn't allow"),
        ("kind: CronJob\nmetadata: {name: {{ .Values.name }}}", "it is a template"),
        ("kind: CronJob\nmetadata: {name: '{{ .Release.Name }}'}", "it is a template"),
        ("a: &a [*a]", "too many values, or is nested too deeply"),
        ("a: !!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_what_cannot_be_carried_over_has_its_reason(document: Any, says: str) -> None:
    """A line of the file says why there is no schedule."""
    assert says in _reason(document)


def test_several_containers_stay_in_the_cluster() -> None:
    """A run is one command; kubectl creates what has more."""
    job = _job()
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["initContainers"] = [{"name": "first"}]
    assert "several containers" in _reason(job)
    assert len(_read(job, runs="kubectl").entries) == 1
    many = _job()
    many["spec"]["jobTemplate"]["spec"]["parallelism"] = 3
    assert "parallelism is more than 1" in _reason(many)


def test_documents_stand_for_themselves() -> None:
    """A broken one, a template and another kind keep nothing from coming; lists have CronJobs inside."""
    other = {**_job(), "metadata": {"name": "other"}}
    inner = {"apiVersion": "v1", "kind": "List", "items": [other, {"kind": "Service"}]}
    found = _read(_job(), "# only a comment", "kind: ConfigMap", "a: {{ x }}", "b: [", inner)
    assert [entry.asked_id for entry in found.entries] == ["night", "other"]
    assert len(found.problems) == 2
    assert [line.entry for line in found.lines if line.kind == "schedule"] == [0, 1]
    left = [line.text for line in found.lines if line.message == "left out: it isn't a CronJob"]
    assert left == ["kind: ConfigMap", "kind: Service"]


def test_secrets_are_shown_nowhere() -> None:
    """A variable that looks like one, or comes from elsewhere, is a problem; --with-secrets carries over the former."""
    env = [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"name": "K", "valueFrom": {"secretKeyRef": {"key": "hunter2"}}},
    ]
    for job in (_job(container={"env": env, "envFrom": [{}]}), _job("x", container={"env": env})):
        found = _read(job)
        assert "hunter2" not in str(found)
        assert "hunter2" not in str(_read(job, runs="kubectl"))
    assert len(_read(_job(container={"env": env, "envFrom": [{}]})).problems) == 3
    said = _read(_job(container={"env": env}), with_secrets=True).entries[0].definition.request
    assert said.environment == (("DB_PASSWORD", "hunter2"),)


@pytest.mark.parametrize(
    ("container", "command"),
    [
        ({"command": ["run", "a b", "$X"]}, "run 'a b' '$X'"),
        ({"command": ["run"], "args": ["--x", "$(A)", "$$(A)", "$(B)"]}, "run --x 1 '$(A)' '$(B)'"),
        ({"command": ["sh", "-c"], "args": ["echo $HOME"]}, "echo $HOME"),
    ],
)
def test_a_command_is_what_the_container_gets(container: dict[str, Any], command: str) -> None:
    """`$(NAME)` as Kubernetes replaces it, words as they are."""
    found = _read(_job(container={**container, "env": [{"name": "A", "value": "1"}]}))
    assert found.entries[0].definition.request.command == command


@pytest.mark.parametrize(
    ("text", "is_template"),
    [
        ("kubectl get x -o go-template='{{range .items}}{{.name}}{{\"\\n\"}}{{end}}'", False),
        ("docker ps --format '{{ .Names }}'", False),
        ("run {{ .Values.folder }}", True),
        ("run {{ folder }}", True),
        ("run {{ include x . }}", True),
        ("run <%= folder %>", True),
    ],
)
def test_braces_of_a_program_are_no_template(text: str, is_template: bool) -> None:
    """An argument may be a Go template for its program; what Helm or Jinja would fill in is refused."""
    found = _read(_job(container={"command": ["/bin/sh", "-c", text]}))
    assert [("template" in (line.message or "")) for line in found.problems] == [True] * is_template
    if not is_template:
        assert found.entries[0].definition.request.command == text
    elsewhere = _read({**_job(), "metadata": {"name": "x", "labels": {"a": "{{ .x }}"}}})
    assert "it is a template" in (elsewhere.problems[0].message or "")


def test_no_retries_said_are_six() -> None:
    """As in Kubernetes, and the report says so."""
    found = _read(_job())
    assert found.entries[0].definition.policy.max_retries == 6
    assert "retried 6 times" in str([line.message for line in found.lines if line.kind == "schedule"])


@given(st.text(alphabet=":-[]{}&*!|>'\"#, \n\t\x00\x85kindCronJb0", max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No text is too strange for a report."""
    found = _read(text)
    assert all(line.message for line in found.problems)


def test_what_is_no_text() -> None:
    """A file that is not UTF-8 is refused as a whole; so is a zone that there is not."""
    with pytest.raises(InvalidInput, match=r"jobs\.yaml: the file isn't UTF-8"):
        read(b"\xff", name="jobs.yaml", label="x", options=Options())
    with pytest.raises(InvalidInput):
        _read(_job(), timezone="Mars/X")

"""Definitions files: a right one, one with every kind of mistake, and versions to write."""

from hypothesis import strategies as st

from arco_sched.core.definitions import CATCHUP_POLICIES, DST_GAPS, DST_OVERLAPS, MAX_TICKS, Definition, Version
from arco_sched.core.fields import normal_content, normal_policy
from arco_sched.core.instants import MAX_INSTANT, MAX_MINUTES, MIN_INSTANT
from arco_sched.core.kinds import text_problems
from arco_sched.core.policy import MAX_PRIORITY, MAX_RETRIES, MAX_SECONDS, ON_LOST, OVERLAPS, RETRY_BACKOFFS

TWO = """\
[defaults]
timezone = "Europe/Berlin"

[schedules.daily]
cron_expression = "0 10 * * *"
max_catchup_ticks = 3

[schedules."team.load"]
cron_expression = "@hourly"
catchup_window = "72h"
labels = { team = "data" }
"""

WRONG = """\
[defaults]
timezone = "Europe/Berln"
start_at = 2025-01-01T00:00:00Z

[schedules.daily]
cron = "0 10 * * *"
max_catchup_ticks = "3"
labels = { a = 1, "b.c" = "x" }
asset_selection = [
  "a", # ] not the end
  5,
  "",
]
command = \"\"\"
x\"\"\"
end_at = 2025-01-01
[schedules.a.b]
cron_expression = "61 5/15 * * *"
[schedules."ü"]
cron_expression = '@daily'
enabled = 1
"dst_gap" = 'nxt'
[other]
"""

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda text: not text_problems("", text))

LINES = st.text(st.sampled_from("a\"'\\\n\t#[]{}=,.%\u202e\u2028é😀"), min_size=1, max_size=30).filter(str.strip)

VERSIONS = st.builds(
    Version,
    schedule_id=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,9}\Z"),
    definition_version=st.just(1),
    definition=st.builds(
        Definition,
        cron_expression=st.sampled_from(["0 10 * * *", "@daily", "*/5 9-17 * * MON-FRI", "0 0 L * *"]),
        timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
        catchup_window_minutes=st.integers(1, MAX_MINUTES) | st.sampled_from([60, 1440, 2880]),
        max_catchup_ticks=st.integers(1, MAX_TICKS),
        catchup_policy=st.sampled_from(CATCHUP_POLICIES),
        dst_gap=st.sampled_from(DST_GAPS),
        dst_overlap=st.sampled_from(DST_OVERLAPS),
        paused_until=st.one_of(st.none(), st.integers(0, 2_000_000_000)),
        excluded_days=st.sampled_from([(), ("2025-12-25",), ("2025-12-24..2026-01-01", "2026-05-01")]),
        request=st.builds(
            normal_content,
            asset_selection=st.lists(TEXTS, max_size=3),
            partition_selection=st.lists(TEXTS, max_size=3),
            command=st.none() | LINES,
            labels=st.dictionaries(TEXTS, TEXTS | st.just(""), max_size=3),
            shell=st.none() | st.just("/bin/bash"),
            working_directory=st.none() | TEXTS.map("/{}".format),
            environment=st.dictionaries(st.sampled_from(["A", "_b1"]), LINES | st.just("")),
            environment_file=st.none() | st.just("/etc/secret"),
            run_as=st.none() | st.just("www-data"),
            resources=st.dictionaries(st.sampled_from(["cpus", "memory_mib", "gpus"]), st.integers(1, 1_000_000_000)),
        ),
        policy=st.builds(
            normal_policy,
            timeout_seconds=st.none() | st.integers(1, MAX_SECONDS),
            max_retries=st.integers(0, MAX_RETRIES),
            retry_exit_codes=st.lists(st.integers(1, 255), max_size=3),
            retry_delay_seconds=st.integers(0, MAX_SECONDS),
            retry_backoff=st.sampled_from(RETRY_BACKOFFS),
            on_lost=st.sampled_from(ON_LOST),
            overlap=st.sampled_from(OVERLAPS),
            start_within_seconds=st.none() | st.sampled_from([1, 60, 86_400, MAX_SECONDS]),
            spread_seconds=st.integers(0, MAX_SECONDS),
            pool=st.sampled_from(["default", "external", "gpu.big-1"]),
            priority=st.integers(-MAX_PRIORITY, MAX_PRIORITY),
            on_failure=st.none() | LINES,
            success_within_seconds=st.none() | st.integers(1, MAX_SECONDS),
        ),
        code_version=st.none() | TEXTS,
        end_at=st.none() | st.integers(MIN_INSTANT, MAX_INSTANT),
    ),
    start_at=st.integers(MIN_INSTANT, MAX_INSTANT),
    enabled=st.booleans(),
    deleted=st.just(False),
    created_at=st.just(0),
    effective_from=st.just(0),
)

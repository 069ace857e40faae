"""APScheduler's part, run in an environment of its own: `python apscheduler_peer.py FOLDER prepare|run JOBS`.

`prepare` stores jobs of every minute that are all due, in a SQLite file in WAL mode; `run` is one round of the
scheduler over them with its SQLAlchemy job store, which commits each job's next time. The jobs do nothing, in the
executor that costs least. Nothing but the next time is recorded: APScheduler keeps neither ticks nor requests.
"""

import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import create_engine, event

folder, what, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
engine = create_engine(f"sqlite:///{folder / 'jobs.sqlite'}")


@event.listens_for(engine, "connect")
def durable(connection, _record):
    """What arco uses as well."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def nothing():
    """What each job does."""


scheduler = BackgroundScheduler(
    jobstores={"default": SQLAlchemyJobStore(engine=engine)},
    executors={"default": DebugExecutor()},
    job_defaults={"coalesce": True, "misfire_grace_time": None},
    timezone="America/New_York",
)
if what == "prepare":
    scheduler.start(paused=True)
    trigger = CronTrigger.from_crontab("* * * * *", timezone="America/New_York")
    for number in range(count):
        due = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
        scheduler.add_job(nothing, trigger, id=f"s{number:07}", next_run_time=due)
    scheduler.shutdown()
else:
    done, all_done = [], threading.Event()

    def count_one(_event):
        """Called after each job."""
        done.append(1)
        if len(done) == count:
            all_done.set()

    scheduler.add_listener(count_one, EVENT_JOB_EXECUTED)
    scheduler.start()
    all_done.wait()
    scheduler.shutdown()

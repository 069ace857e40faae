#!/bin/sh
# Takes twelve jobs from a crontab to runs that are retried, timed out and watched. Call it in the directory that has
# `jobs/`; ARCO_DB names the database.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
arco import crontab "$here/crontab" --tz Europe/Vienna

# The commands are relative to this directory. cron would start them in the user's home.
for job in $(arco schedule list --json | tr ',{' '\n\n' | sed -n 's/ *"schedule_id": *"\(.*\)"/\1/p'); do
    arco schedule update "$job" --workdir "$PWD"
done

# What a crontab can't say, or only with lock files, wrappers and mail.
arco schedule update nightly-backup    --overlap skip --start-within 4h --success-within 26h
arco schedule update last-business-day --cron '0 18 LW * *'
arco schedule update sync              --overlap skip --timeout 20m
arco schedule update fetch             --retries 3 --retry-delay 1m --retry-on 75
arco schedule update crunch            --timeout 10m --overlap queue
arco schedule update check-disk        --on-failure 'echo "$ARCO_SCHEDULE_ID $ARCO_STATUS, exit $ARCO_EXIT_CODE: $ARCO_LOG" >> alerts'
arco schedule update hang              --timeout "${HANG:-10m}" --overlap queue

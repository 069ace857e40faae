#!/usr/bin/env bash
# The story of a data team's schedules, from definition to questions, on a temporary database.
# `make demo` runs it. By hand: put `arco` on your PATH, then `bash examples/quickstart.sh`.
#
# ARCO_NOW stands in for the clock, so days pass in seconds and the output is the same every time.
set -Eeuo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'echo "quickstart: the last command failed, so the story ends here" >&2' ERR
export ARCO_DB="$folder/arco.db"

bold="" plain=""
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

chapter() { printf '\n%s== %s ==%s\n' "$bold" "$1" "$plain"; }
say() { printf '\n' && printf '%s\n' "$@"; }
at() { export ARCO_NOW=$1; printf '\n%s$ export ARCO_NOW=%s%s\n' "$bold" "$1" "$plain"; }

# Print a command as a person would type it, then run it.
arco() {
    local word line='$ arco'
    for word in "$@"; do
        case $word in
            *[\"\$]*) line+=" '$word'" ;;
            *[!A-Za-z0-9_.:/=+-]*) line+=" \"$word\"" ;;
            *) line+=" $word" ;;
        esac
    done
    printf '\n%s%s%s\n' "$bold" "$line" "$plain"
    command arco "$@"
}

chapter "1. Define"
at 2025-03-07T17:30:00Z
say "A nightly warehouse load, at half past two in New York. It may catch up three nights at most:"
arco schedule create nightly --cron "30 2 * * *" --tz America/New_York --asset warehouse.orders \
    --asset warehouse.payments --catchup-window 3d --max-catchup 3 --label team=data
say "An ingest every quarter of an hour, from Tuesday on. Whatever is older than six hours isn't worth fetching:"
arco schedule create ingest --cron "*/15 * * * *" --start 2025-03-11T08:00:00Z --asset raw.events \
    --catchup-window 6h --max-catchup 8
say "An hourly report:"
arco schedule create hourly --cron "0 * * * *" --asset reports.hourly --catchup-window 7d --max-catchup 100
say "And a monthly close on the last Friday. (The last weekday of a month would be LW instead of FRI#L.)"
arco schedule create close --cron "0 18 * * FRI#L" --tz Europe/London --asset ledger.month --label team=finance
arco schedule preview close --count 3
arco schedule list

chapter "2. A clock change"
say "On 9 March, New York has no half past two: the clock jumps from 02:00 to 03:00. The load isn't lost. It happens at" \
    "the first instant after the gap:"
arco schedule preview nightly --from 2025-03-08T00:00:00-05:00 --count 3
say "In November the clock goes back from 02:00 to 01:00, and half past one happens twice. The job is due once:"
arco schedule preview --cron "30 1 * * *" --tz America/New_York --from 2025-11-01T00:00:00-04:00 --count 3

chapter "3. A weekend off"
at 2025-03-07T18:05:00Z
say "Friday evening. Nobody reads reports on a weekend, so after the tick of 18:00 the reports are paused:"
arco tick --schedule hourly
arco schedule disable hourly
at 2025-03-10T06:55:00Z
say "Monday morning, and nothing was evaluated meanwhile. Enabling replays nothing: each occurrence belongs to the" \
    "definition that was in force at its instant, so those of the weekend become skipped ticks without runs:"
arco schedule enable hourly
at 2025-03-10T07:00:00Z
arco tick --schedule hourly --quiet
arco ticks list --schedule hourly --limit 3
arco runs list --schedule hourly
arco schedule versions hourly

chapter "4. The load after the clock change"
arco tick --schedule nightly
say "The half past two that didn't exist became three o'clock, once. What was decided about it, and what came of it:"
arco ticks show nightly:1741503600

chapter "5. An outage"
at 2025-03-11T08:00:00Z
say "Tuesday, eight o'clock: the ingest begins. From here on everything is evaluated, as by cron every minute ..."
arco tick --quiet
at 2025-03-12T08:00:00Z
say "... and then the machine is down for a day, 96 quarters of an hour. The first evaluation afterwards:"
arco tick --schedule ingest
say "What lies before the window of six hours lapsed, and is on record with its count. The others become ticks," \
    "eight per evaluation, so that the executors aren't overrun:"
at 2025-03-12T08:01:00Z
arco tick --quiet
at 2025-03-12T08:02:00Z
arco tick --quiet
at 2025-03-12T08:03:00Z
arco tick
say "Nothing is left to do, and evaluating again creates nothing twice:"
arco tick
arco lapses list

chapter "6. Questions"
say "How are all of them doing?"
arco schedule list
say "What were the executors asked to do last?"
arco runs list --limit 4
say "Run the close now, by hand. Its next scheduled tick stays as planned:"
arco schedule trigger close
arco schedule show close

chapter "7. Execute"
at 2025-03-12T08:55:00Z
say "So far the runs were for executors of the team's own. arco executes runs with a command: an extract, a load that needs" \
    "two attempts, and a message that can't be sent."
arco schedule create extract --cron "0 9 * * *" --command 'echo "1204 rows"'
arco schedule create load --cron "0 9 * * *" --retries 2 --retry-delay 1m --timeout 10m \
    --command 'echo "attempt $ARCO_ATTEMPT of $ARCO_RUN_KEY"; test "$ARCO_ATTEMPT" -gt 1'
arco schedule create message --cron "0 9 * * *" --command 'echo "no mail server" >&2; exit 69'
at 2025-03-12T09:00:00Z
say "Nine o'clock. A worker evaluates, executes what can start, waits for it, and exits. Its exit code says that a run failed" \
    "for good:"
code=0
arco work --once --tick || code=$?
echo "exit $code"
[ "$code" -eq 5 ]
at 2025-03-12T09:01:00Z
say "A minute later the load is retried:"
arco work --once --tick
say "What failed, and why? The output of every attempt is kept:"
arco runs list --failed --limit 3
arco runs log message
arco runs log load --attempt 1
arco runs log load

chapter "What next"
cat <<'TEXT'

Define your own:      arco schedule create daily --cron "0 10 * * *" --tz Europe/Berlin --command "echo good morning"
Let cron do the rest: arco setup cron --work
From a crontab:       crontab -l | arco import crontab - --tz Europe/Berlin --dry-run
From Python:          examples/embed.py
Read on:              docs/jobs.md, docs/recipes.md
TEXT

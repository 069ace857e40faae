-- Schema version 2: the tables and indexes. views.sql has the views.
--
-- Instants are integer epochs. The tables hold integers where a text repeats (schedule ids, request contents) or can
-- be derived (tick ids, run keys, idempotency keys); the views have the public names and texts, and are what to query
-- by hand.

-- One row: what the database is, and what lies outside the events.
CREATE TABLE workspace (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    name       TEXT NOT NULL CHECK (name <> ''),  -- the key of every run id; fixed when the database is made
    zone_rules TEXT NOT NULL,                     -- the tzdata release last recorded; at first the one it was made with
    visited_at INTEGER,                           -- the `now` of the evaluator's last visit
    held_through INTEGER NOT NULL DEFAULT 0,      -- runs through this number are of before execution: no worker takes them
    store_id   TEXT,                              -- what the folder of the attempts must hold too; set by the first worker
    evaluation_minutes INTEGER CHECK (evaluation_minutes BETWEEN 1 AND 60)  -- how often somebody is to evaluate; null: each minute
) STRICT;

-- Two dictionaries that the events refer to. A row never changes.
CREATE TABLE schedule_ids (
    schedule    INTEGER PRIMARY KEY,
    schedule_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE contents (
    content     INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,  -- SHA-256 of body
    body        TEXT NOT NULL          -- canonical JSON: asset_selection, command, labels, partition_selection
) STRICT;

-- The words behind the small integers, filled from the registries of event types and origins.
CREATE TABLE words (
    kind TEXT NOT NULL,
    code INTEGER NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (kind, code)
) STRICT, WITHOUT ROWID;

-- The event table: append-only, everything else is a fold of it.
-- A tick (type 2) and the request of a tick (type 4) are told by columns alone; `key` is the idempotency key of the
-- other events and of a failed tick, and the run key of a request that somebody made by hand. `run_id` is of requests.
CREATE TABLE event_log (
    seq         INTEGER PRIMARY KEY,
    type        INTEGER NOT NULL,
    schedule    INTEGER,
    origin      INTEGER,
    instant     INTEGER,  -- of ticks and their requests: the instant in the tick id; of a failed tick, when it failed
    version     INTEGER,
    status      INTEGER,  -- of ticks: 1 triggered, 2 skipped (paused), 3 failed, 4 skipped (excluded)
    content     INTEGER,
    key         TEXT,
    run_id      TEXT CHECK ((run_id IS NOT NULL) = (type = 4)),  -- of requests: the run that the run key reserves
    recorded_at INTEGER NOT NULL,
    payload     TEXT CHECK (payload IS NULL OR json_valid(payload)),
    author      TEXT,  -- who did it by hand, null for what evaluators and workers do
    note        TEXT CHECK (note IS NULL OR author IS NOT NULL),  -- and why
    -- A column that a type does not use is null; one that it needs is not.
    CONSTRAINT columns_of_type CHECK (CASE type
        WHEN 1 THEN schedule IS NOT NULL AND version IS NOT NULL AND content IS NOT NULL AND key IS NOT NULL
            AND payload IS NOT NULL AND origin IS NULL AND instant IS NULL AND status IS NULL
        WHEN 2 THEN schedule IS NOT NULL AND origin IS NOT NULL AND instant IS NOT NULL AND version IS NOT NULL
            AND status IS NOT NULL AND origin BETWEEN 0 AND 3 AND status BETWEEN 1 AND 4
            AND (content IS NOT NULL) = (status = 1) AND (origin = 2) = (status = 3)
            AND (key IS NOT NULL) = (status = 3) AND (payload IS NOT NULL) = (status = 3)
        WHEN 3 THEN schedule IS NOT NULL AND instant IS NOT NULL AND key IS NOT NULL AND payload IS NOT NULL
            AND origin IS NULL AND version IS NULL AND status IS NULL AND content IS NULL
        WHEN 4 THEN content IS NOT NULL AND status IS NULL AND (key IS NULL) = (origin IS NOT NULL)
            AND (origin IS NULL OR (origin IN (0, 1, 3) AND schedule IS NOT NULL AND instant IS NOT NULL))
            AND (key IS NULL OR (schedule IS NULL) = (version IS NULL) AND (schedule IS NULL) = (instant IS NULL))
        ELSE key IS NOT NULL AND payload IS NOT NULL AND origin IS NULL AND instant IS NULL AND version IS NULL
            AND status IS NULL AND content IS NULL
            AND (schedule IS NULL) >= (type = 5) AND (schedule IS NOT NULL) >= (type IN (6, 7))
    END)
) STRICT;

-- The idempotency keys: an event whose key exists is not written again, whoever tries.
CREATE UNIQUE INDEX event_tick ON event_log (schedule, origin, instant) WHERE type = 2;
CREATE UNIQUE INDEX event_request ON event_log (schedule, origin, instant, content) WHERE type = 4 AND schedule IS NOT NULL;
CREATE UNIQUE INDEX event_keyed_request ON event_log (key, content) WHERE type = 4 AND key IS NOT NULL;
CREATE UNIQUE INDEX event_key ON event_log (key) WHERE type <> 4 AND key IS NOT NULL;
-- The rare types, so that looking for one does not read all ticks.
CREATE INDEX event_rare ON event_log (schedule, type) WHERE type NOT IN (2, 4);

-- Folded tables.

CREATE TABLE definition_rows (
    schedule               INTEGER NOT NULL,
    version                INTEGER NOT NULL CHECK (version >= 1),
    cron_expression        TEXT NOT NULL,
    timezone               TEXT NOT NULL,
    catchup_window_minutes INTEGER NOT NULL CHECK (catchup_window_minutes >= 1),
    max_catchup_ticks      INTEGER NOT NULL CHECK (max_catchup_ticks >= 1),
    catchup_policy         TEXT NOT NULL CHECK (catchup_policy IN ('oldest-first', 'latest')),
    dst_gap                TEXT NOT NULL CHECK (dst_gap IN ('next', 'skip')),
    dst_overlap            TEXT NOT NULL CHECK (dst_overlap IN ('first', 'last', 'both')),
    content                INTEGER NOT NULL,
    policy                 TEXT CHECK (policy IS NULL OR json_valid(policy)),  -- how runs are executed, what is not as by default
    other                  TEXT NOT NULL CHECK (json_valid(other)),  -- the fields that no evaluation needs, by name
    start_at               INTEGER NOT NULL,
    end_at                 INTEGER CHECK (end_at > start_at),
    enabled                INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    deleted                INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    created_at             INTEGER NOT NULL,
    effective_from         INTEGER NOT NULL,
    excluded_days          TEXT CHECK (excluded_days IS NULL OR json_valid(excluded_days)),  -- null for none
    paused_until           INTEGER,
    PRIMARY KEY (schedule, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedule_rows (
    schedule     INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL,   -- the newest
    cursor       INTEGER NOT NULL,   -- everything through it is accounted for
    last_instant INTEGER,            -- of the last scheduled tick
    last_run     INTEGER,            -- of the last scheduled tick that requested a run
    rewound_from INTEGER,            -- only up to it can ticks or served occurrences lie ahead of the cursor
    pruned_through INTEGER           -- history through it was removed; a rewind to before it brings it back as well
) STRICT;

CREATE TABLE tick_rows (
    schedule    INTEGER NOT NULL,
    instant     INTEGER NOT NULL,
    origin      INTEGER NOT NULL,
    tick_id     TEXT NOT NULL,
    version     INTEGER NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('triggered', 'skipped', 'failed')),
    content     INTEGER CHECK ((content IS NOT NULL) = (status = 'triggered')),
    recorded_at INTEGER NOT NULL,
    error       TEXT CHECK ((error IS NOT NULL) = (status = 'failed')),
    skip_reason TEXT CHECK (skip_reason IS NULL OR status = 'skipped'),  -- null of a skipped one: paused
    PRIMARY KEY (schedule, instant, origin)
) STRICT, WITHOUT ROWID;

CREATE INDEX tick_order ON tick_rows (instant, tick_id);
CREATE INDEX tick_skipped ON tick_rows (instant, tick_id) WHERE status = 'skipped';
CREATE INDEX tick_failed ON tick_rows (instant, tick_id) WHERE status = 'failed';

CREATE TABLE lapse_rows (
    lapse       INTEGER PRIMARY KEY,  -- the seq of its event
    schedule    INTEGER NOT NULL,
    after       INTEGER NOT NULL,
    before      INTEGER NOT NULL CHECK (before > after),
    missed      INTEGER CHECK (missed >= 1),
    reason      TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (schedule, after, before, reason)
) STRICT;

-- Occurrences after the cursor of then whose appointments were accounted for before, under other zone rules.
CREATE TABLE served_rows (
    schedule INTEGER NOT NULL,
    instant  INTEGER NOT NULL,
    PRIMARY KEY (schedule, instant)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_rows (
    run          INTEGER PRIMARY KEY,  -- the seq of its first request
    schedule     INTEGER,              -- with origin and instant: the run key of a tick; or
    origin       INTEGER,
    instant      INTEGER,
    key          TEXT,                 -- any other run key; with schedule and instant where it repeats a schedule's run
    version      INTEGER,              -- the definition version that asked, null when asked by hand
    content      INTEGER NOT NULL,
    run_id       TEXT NOT NULL,
    status       TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    policy       TEXT CHECK (policy IS NULL OR json_valid(policy)),  -- of its request
    CHECK ((key IS NULL) = (origin IS NOT NULL) AND (origin IS NULL OR schedule IS NOT NULL))
) STRICT;

-- One run a run key.
CREATE UNIQUE INDEX run_of_tick ON run_rows (schedule, origin, instant) WHERE schedule IS NOT NULL;
CREATE UNIQUE INDEX run_of_key ON run_rows (key) WHERE key IS NOT NULL;
-- Run ids are hashes and scatter over the whole index: eight characters after `run_` find the row at a third of the bytes.
CREATE INDEX run_by_id ON run_rows (substr(run_id, 5, 8));
-- Written with OR, since SQLite finds that one of its sides follows from a query, and of no IN.
CREATE INDEX run_by_status ON run_rows (status, run)
    WHERE status = 'failed' OR status = 'running' OR status = 'canceled' OR status = 'skipped';

CREATE TABLE conflict_rows (
    conflict    INTEGER PRIMARY KEY,  -- the seq of the request that conflicts
    run         INTEGER NOT NULL,
    content     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (run, content)
) STRICT;

-- The life of a run, once there is more of it than its request.
CREATE TABLE run_states (
    run      INTEGER PRIMARY KEY,
    schedule INTEGER,           -- with backfill: the runs that heed each other for `overlap`
    backfill INTEGER NOT NULL CHECK (backfill IN (0, 1)),
    pool     TEXT NOT NULL,
    status   TEXT NOT NULL,
    occupies INTEGER NOT NULL CHECK (occupies IN (0, 1)),  -- counts as running for `overlap`
    due_at   INTEGER NOT NULL,  -- by which the last of a schedule is the last
    ended_at INTEGER,           -- of the last attempt, null where none has ended or another is open
    executor TEXT,              -- of the open attempt, null where none is open
    state    TEXT NOT NULL CHECK (json_valid(state))
) STRICT;

CREATE INDEX run_occupies ON run_states (schedule, backfill) WHERE occupies = 1;
CREATE INDEX run_open ON run_states (executor, run) WHERE executor IS NOT NULL;
CREATE INDEX run_over ON run_states (schedule, due_at, run) WHERE status IN ('succeeded', 'failed');
CREATE INDEX run_success ON run_states (schedule, ended_at) WHERE status = 'succeeded';

CREATE TABLE attempt_rows (
    run          INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    executor     TEXT NOT NULL,
    worker       TEXT,
    host         TEXT,
    place        TEXT,
    external_id  TEXT,
    submissions  INTEGER NOT NULL,
    submitted_at INTEGER,
    started_at   INTEGER,
    ended_at     INTEGER,
    duration_ms  INTEGER,
    outcome      TEXT CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    exit_code    INTEGER,
    signal       INTEGER,
    message      TEXT,
    PRIMARY KEY (run, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE pool_rows (
    pool   TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    slots  INTEGER CHECK (slots >= 0)  -- null: no limit
) STRICT, WITHOUT ROWID;

-- Not folded: the runs that wait for an attempt and that a worker may take, in the order in which they start. It follows
-- from the requests and the states.
CREATE TABLE queue (
    run         INTEGER PRIMARY KEY,
    pool        TEXT NOT NULL,
    aside       INTEGER NOT NULL,   -- 0 ready, 1 behind others of its schedule, 2 not before ready_at
    priority    INTEGER NOT NULL,
    backfill    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    ready_at    INTEGER,
    deadline_at INTEGER,
    schedule    INTEGER,
    cancels     INTEGER NOT NULL    -- `overlap` is `cancel`
) STRICT;

CREATE INDEX queue_order ON queue (pool, aside, priority DESC, backfill, due_at, run);
CREATE INDEX queue_ready ON queue (ready_at) WHERE aside = 2;
CREATE INDEX queue_group ON queue (schedule, backfill, aside, priority DESC, due_at, run) WHERE schedule IS NOT NULL;
CREATE INDEX queue_late ON queue (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX queue_cancels ON queue (schedule) WHERE cancels = 1;

-- Not folded: who works, and what is done once a run is final.
CREATE TABLE worker_rows (
    worker   TEXT PRIMARY KEY,
    host     TEXT NOT NULL,
    pid      INTEGER NOT NULL,
    executor TEXT NOT NULL,
    pools    TEXT NOT NULL CHECK (json_valid(pools)),
    slots    INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Not folded: when a worker came by last that does not stay (`work --once`), and when before that.
CREATE TABLE visit_rows (
    executor   TEXT NOT NULL,
    pool       TEXT NOT NULL,
    visited_at INTEGER NOT NULL,
    before     INTEGER CHECK (before < visited_at),
    PRIMARY KEY (executor, pool)
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_rows (
    run     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    done_at INTEGER,
    worker  TEXT,               -- who runs them
    PRIMARY KEY (run, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX hook_owed ON hook_rows (run) WHERE done_at IS NULL;

-- Not folded: when the evaluator must look at a schedule next. It follows from the definitions, the cursor and the zone
-- rules, and is what makes the cost of an evaluation follow what is due.
CREATE TABLE agenda (
    schedule INTEGER PRIMARY KEY,
    due_at   INTEGER NOT NULL,
    failing  INTEGER NOT NULL CHECK (failing IN (0, 1))
) STRICT;

CREATE INDEX agenda_due ON agenda (due_at);

-- Not folded: the schedules whose row of the agenda was made under other zone rules than those recorded.
CREATE TABLE agenda_elsewhere (
    schedule   INTEGER PRIMARY KEY,
    zone_rules TEXT NOT NULL
) STRICT;

-- Not folded: the data of the zones that definitions have, under the rules recorded: what another release changes.
CREATE TABLE zone_data (
    timezone TEXT PRIMARY KEY,
    data     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO words (kind, code, word) VALUES
    ('event', 1, 'ScheduleDefinitionUpserted'),
    ('event', 2, 'ScheduleTicked'),
    ('event', 3, 'OccurrencesLapsed'),
    ('event', 4, 'RunRequested'),
    ('event', 5, 'ZoneRulesChanged'),
    ('event', 6, 'CursorRewound'),
    ('event', 7, 'HistoryPruned'),
    ('event', 8, 'RunSubmitted'),
    ('event', 9, 'RunStarted'),
    ('event', 10, 'RunFinished'),
    ('event', 11, 'RunSkipped'),
    ('event', 12, 'RunCancelRequested'),
    ('event', 13, 'RunCanceled'),
    ('event', 14, 'RunRetryRequested'),
    ('event', 15, 'PoolSet'),
    ('event', 32, 'RunsPruned'),
    ('origin', 0, ''),
    ('origin', 1, 'backfill:'),
    ('origin', 2, 'failed:'),
    ('origin', 3, 'manual:');

-- The views: the public names. `json_extract(c.body, '$.shell') AS shell, json_extract(c.body, '$.working_directory') AS working_directory, coalesce(json_extract(c.body, '$.environment'), '{}') AS environment, json_extract(c.body, '$.environment_file') AS environment_file, json_extract(c.body, '$.run_as') AS run_as, coalesce(json_extract(c.body, '$.resources'), '{}') AS resources, json_extract(d.policy, '$.timeout_seconds') AS timeout_seconds, coalesce(json_extract(d.policy, '$.max_retries'), 0) AS max_retries, coalesce(json_extract(d.policy, '$.retry_exit_codes'), '[]') AS retry_exit_codes, coalesce(json_extract(d.policy, '$.retry_delay_seconds'), 60) AS retry_delay_seconds, coalesce(json_extract(d.policy, '$.retry_backoff'), 'exponential') AS retry_backoff, coalesce(json_extract(d.policy, '$.on_lost'), 'fail') AS on_lost, coalesce(json_extract(d.policy, '$.overlap'), 'queue') AS overlap, json_extract(d.policy, '$.start_within_seconds') AS start_within_seconds, coalesce(json_extract(d.policy, '$.spread_seconds'), 0) AS spread_seconds, coalesce(json_extract(d.policy, '$.pool'), 'default') AS pool, coalesce(json_extract(d.policy, '$.priority'), 0) AS priority, json_extract(d.policy, '$.on_failure') AS on_failure, json_extract(d.policy, '$.success_within_seconds') AS success_within_seconds, json_extract(d.other, '$.code_version') AS code_version` stands for the fields of a definition that have no column of their own,
-- `json_extract(c.body, '$.shell') AS shell, json_extract(c.body, '$.working_directory') AS working_directory, coalesce(json_extract(c.body, '$.environment'), '{}') AS environment, json_extract(c.body, '$.environment_file') AS environment_file, json_extract(c.body, '$.run_as') AS run_as, coalesce(json_extract(c.body, '$.resources'), '{}') AS resources` for those of what a run is asked to do, `'shell', json_extract(c.body, '$.shell'), 'working_directory', json_extract(c.body, '$.working_directory'), 'environment', json(coalesce(json_extract(c.body, '$.environment'), '{}')), 'environment_file', json_extract(c.body, '$.environment_file'), 'run_as', json_extract(c.body, '$.run_as'), 'resources', json(coalesce(json_extract(c.body, '$.resources'), '{}'))` for the same in JSON.

CREATE VIEW definitions AS
SELECT i.schedule_id, d.version AS definition_version, d.cron_expression, d.timezone, d.catchup_window_minutes,
       d.max_catchup_ticks, d.catchup_policy, d.dst_gap, d.dst_overlap, coalesce(d.excluded_days, '[]') AS excluded_days, d.paused_until,
       json_extract(c.body, '$.asset_selection') AS asset_selection, json_extract(c.body, '$.partition_selection') AS partition_selection,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels,
       json_extract(c.body, '$.shell') AS shell, json_extract(c.body, '$.working_directory') AS working_directory, coalesce(json_extract(c.body, '$.environment'), '{}') AS environment, json_extract(c.body, '$.environment_file') AS environment_file, json_extract(c.body, '$.run_as') AS run_as, coalesce(json_extract(c.body, '$.resources'), '{}') AS resources, json_extract(d.policy, '$.timeout_seconds') AS timeout_seconds, coalesce(json_extract(d.policy, '$.max_retries'), 0) AS max_retries, coalesce(json_extract(d.policy, '$.retry_exit_codes'), '[]') AS retry_exit_codes, coalesce(json_extract(d.policy, '$.retry_delay_seconds'), 60) AS retry_delay_seconds, coalesce(json_extract(d.policy, '$.retry_backoff'), 'exponential') AS retry_backoff, coalesce(json_extract(d.policy, '$.on_lost'), 'fail') AS on_lost, coalesce(json_extract(d.policy, '$.overlap'), 'queue') AS overlap, json_extract(d.policy, '$.start_within_seconds') AS start_within_seconds, coalesce(json_extract(d.policy, '$.spread_seconds'), 0) AS spread_seconds, coalesce(json_extract(d.policy, '$.pool'), 'default') AS pool, coalesce(json_extract(d.policy, '$.priority'), 0) AS priority, json_extract(d.policy, '$.on_failure') AS on_failure, json_extract(d.policy, '$.success_within_seconds') AS success_within_seconds, json_extract(d.other, '$.code_version') AS code_version, d.start_at, d.end_at, d.enabled, d.deleted, d.created_at, d.effective_from,
       c.fingerprint AS request_fingerprint
FROM definition_rows d JOIN schedule_ids i USING (schedule) JOIN contents c USING (content);

CREATE VIEW schedules AS
SELECT i.schedule_id, d.version AS definition_version, d.cron_expression, d.timezone, d.catchup_window_minutes,
       d.max_catchup_ticks, d.catchup_policy, d.dst_gap, d.dst_overlap, coalesce(d.excluded_days, '[]') AS excluded_days, d.paused_until,
       json_extract(c.body, '$.asset_selection') AS asset_selection, json_extract(c.body, '$.partition_selection') AS partition_selection,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels,
       json_extract(c.body, '$.shell') AS shell, json_extract(c.body, '$.working_directory') AS working_directory, coalesce(json_extract(c.body, '$.environment'), '{}') AS environment, json_extract(c.body, '$.environment_file') AS environment_file, json_extract(c.body, '$.run_as') AS run_as, coalesce(json_extract(c.body, '$.resources'), '{}') AS resources, json_extract(d.policy, '$.timeout_seconds') AS timeout_seconds, coalesce(json_extract(d.policy, '$.max_retries'), 0) AS max_retries, coalesce(json_extract(d.policy, '$.retry_exit_codes'), '[]') AS retry_exit_codes, coalesce(json_extract(d.policy, '$.retry_delay_seconds'), 60) AS retry_delay_seconds, coalesce(json_extract(d.policy, '$.retry_backoff'), 'exponential') AS retry_backoff, coalesce(json_extract(d.policy, '$.on_lost'), 'fail') AS on_lost, coalesce(json_extract(d.policy, '$.overlap'), 'queue') AS overlap, json_extract(d.policy, '$.start_within_seconds') AS start_within_seconds, coalesce(json_extract(d.policy, '$.spread_seconds'), 0) AS spread_seconds, coalesce(json_extract(d.policy, '$.pool'), 'default') AS pool, coalesce(json_extract(d.policy, '$.priority'), 0) AS priority, json_extract(d.policy, '$.on_failure') AS on_failure, json_extract(d.policy, '$.success_within_seconds') AS success_within_seconds, json_extract(d.other, '$.code_version') AS code_version, d.start_at, d.end_at, d.enabled, d.deleted, d.created_at, d.effective_from, s.cursor,
       s.last_instant AS last_scheduled_for, i.schedule_id || ':' || s.last_instant AS last_tick_id,
       'sched:' || i.schedule_id || ':' || s.last_run AS last_run_key,
       CASE WHEN a.failing THEN NULL ELSE a.due_at END AS next_due_at, coalesce(a.failing, 0) AS failing
FROM schedule_rows s JOIN schedule_ids i USING (schedule)
JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version
JOIN contents c USING (content) LEFT JOIN agenda a ON a.schedule = s.schedule;

-- LEFT JOINs keep the first table in the outer loop, so that a page is read in the order of its index. `schedule` is
-- the number of the schedule, for joins and filters.

CREATE VIEW ticks AS
SELECT t.tick_id, i.schedule_id, t.instant AS scheduled_for, t.version AS definition_version, t.status,
       CASE t.status WHEN 'skipped' THEN coalesce(t.skip_reason, 'paused') END AS skip_reason, t.error,
       CASE t.status WHEN 'triggered' THEN 'sched:' || t.tick_id END AS run_key, r.run_id,
       c.fingerprint AS request_fingerprint, t.recorded_at AS evaluated_at, t.schedule
FROM tick_rows t LEFT JOIN schedule_ids i ON i.schedule = t.schedule LEFT JOIN contents c ON c.content = t.content
LEFT JOIN run_rows r
    ON t.status = 'triggered' AND r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant;

CREATE VIEW lapses AS
SELECT i.schedule_id, l.after, l.before, l.missed, l.reason, l.recorded_at, l.schedule, l.lapse
FROM lapse_rows l LEFT JOIN schedule_ids i ON i.schedule = l.schedule;

CREATE VIEW runs AS
SELECT r.run_id,
       coalesce(r.key, 'sched:' || i.schedule_id || ':' || o.word || r.instant) AS run_key,
       c.fingerprint AS request_fingerprint, r.status,
       i.schedule_id,
       CASE WHEN t.status = 'triggered' THEN t.tick_id
           WHEN t.status IS NULL AND r.version IS NOT NULL THEN i.schedule_id || ':' || o.word || r.instant END AS tick_id,
       json_extract(c.body, '$.asset_selection') AS asset_selection,
       json_extract(c.body, '$.partition_selection') AS partition_selection,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels,
       json_extract(c.body, '$.shell') AS shell, json_extract(c.body, '$.working_directory') AS working_directory, coalesce(json_extract(c.body, '$.environment'), '{}') AS environment, json_extract(c.body, '$.environment_file') AS environment_file, json_extract(c.body, '$.run_as') AS run_as, coalesce(json_extract(c.body, '$.resources'), '{}') AS resources, json_extract(d.other, '$.code_version') AS code_version, r.requested_at, r.schedule, r.run
FROM run_rows r LEFT JOIN contents c ON c.content = r.content
LEFT JOIN schedule_ids i ON i.schedule = r.schedule
LEFT JOIN words o ON o.kind = 'origin' AND o.code = r.origin
LEFT JOIN tick_rows t ON t.schedule = r.schedule AND t.instant = r.instant AND t.origin = r.origin
LEFT JOIN definition_rows d ON d.schedule = r.schedule AND d.version = r.version;

CREATE VIEW conflicts AS
SELECT coalesce(r.key, 'sched:' || i.schedule_id || ':' || o.word || r.instant) AS run_key,
       f.fingerprint AS first_fingerprint, c.fingerprint AS requested_fingerprint, x.recorded_at AS requested_at,
       CASE t.status WHEN 'triggered' THEN t.tick_id END AS tick_id,
       x.run
FROM conflict_rows x LEFT JOIN run_rows r ON r.run = x.run LEFT JOIN contents f ON f.content = r.content
LEFT JOIN contents c ON c.content = x.content
LEFT JOIN schedule_ids i ON i.schedule = r.schedule
LEFT JOIN words o ON o.kind = 'origin' AND o.code = r.origin
LEFT JOIN tick_rows t ON t.schedule = r.schedule AND t.instant = r.instant AND t.origin = r.origin;

-- The events with their idempotency keys and whole payloads. What a payload takes from elsewhere never changes: the
-- dictionaries, and the run id of a tick, which is that of its request.
CREATE VIEW events AS
SELECT e.seq, w.word AS type,
       CASE
           WHEN e.type = 4 THEN 'run_req:' || coalesce(e.key, 'sched:' || i.schedule_id || ':' || o.word || e.instant)
               || ':' || c.fingerprint
           WHEN e.key IS NOT NULL THEN e.key
           ELSE 'sched_tick:' || i.schedule_id || ':' || o.word || e.instant
       END AS idempotency_key,
       i.schedule_id, e.recorded_at,
       CASE
           WHEN e.type = 2 THEN json_object(
               'tick_id', CASE WHEN e.key IS NULL THEN i.schedule_id || ':' || o.word || e.instant ELSE substr(e.key, 12) END,
               'schedule_id', i.schedule_id, 'scheduled_for', strftime('%Y-%m-%dT%H:%M:%SZ', e.instant, 'unixepoch'),
               'definition_version', e.version,
               'status', CASE e.status WHEN 1 THEN 'triggered' WHEN 3 THEN 'failed' ELSE 'skipped' END,
               'skip_reason', CASE e.status WHEN 2 THEN 'paused' WHEN 4 THEN 'excluded' END, 'error', json_extract(e.payload, '$.error'),
               'run_key', CASE e.status WHEN 1 THEN 'sched:' || i.schedule_id || ':' || o.word || e.instant END,
               'run_id', CASE e.status WHEN 1 THEN (
                   SELECT r.run_id FROM run_rows r
                   WHERE r.schedule = e.schedule AND r.origin = e.origin AND r.instant = e.instant) END,
               'request_fingerprint', c.fingerprint)
           WHEN e.type = 4 THEN json_object(
               'run_key', coalesce(e.key, 'sched:' || i.schedule_id || ':' || o.word || e.instant),
               'run_id', e.run_id,
               'request_fingerprint', c.fingerprint,
               'conflict', json(CASE WHEN x.conflict IS NULL THEN 'false' ELSE 'true' END),
               'schedule_id', i.schedule_id,
               'tick_id', CASE WHEN e.version IS NOT NULL THEN i.schedule_id || ':' || o.word || e.instant END,
               'definition_version', e.version, 'code_version', json_extract(d.other, '$.code_version'),
               'asset_selection', json_extract(c.body, '$.asset_selection'), 'partition_selection', json_extract(c.body, '$.partition_selection'),
               'command', json_extract(c.body, '$.command'), 'labels', json_extract(c.body, '$.labels'),
               'shell', json_extract(c.body, '$.shell'), 'working_directory', json_extract(c.body, '$.working_directory'), 'environment', json(coalesce(json_extract(c.body, '$.environment'), '{}')), 'environment_file', json_extract(c.body, '$.environment_file'), 'run_as', json_extract(c.body, '$.run_as'), 'resources', json(coalesce(json_extract(c.body, '$.resources'), '{}')), 'policy', json(coalesce(json_extract(e.payload, '$.policy'), '{}')))
           ELSE e.payload
       END AS payload, e.author, e.note
FROM event_log e LEFT JOIN words w ON w.kind = 'event' AND w.code = e.type
LEFT JOIN schedule_ids i ON i.schedule = e.schedule LEFT JOIN contents c ON c.content = e.content
LEFT JOIN words o ON o.kind = 'origin' AND o.code = e.origin
LEFT JOIN definition_rows d ON e.type = 4 AND d.schedule = e.schedule AND d.version = e.version
LEFT JOIN conflict_rows x ON e.type = 4 AND x.conflict = e.seq;

-- For those who read the file with other tools (docs/analysis.md): nothing here is read by arco itself. `strftime('%Y-%m-%dT%H:%M:%SZ', X, 'unixepoch')` stands
-- for the instant X as text. No column is a number of arco's own.

CREATE VIEW report_schedules AS
SELECT i.schedule_id, d.version AS definition_version, d.cron_expression, d.timezone,
       CASE WHEN d.deleted THEN 'deleted' WHEN coalesce(a.failing, 0) THEN 'failing' WHEN NOT d.enabled THEN 'paused'
           WHEN a.due_at IS NULL THEN 'ended' ELSE 'enabled' END AS state,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.last_instant, 'unixepoch') AS last_scheduled_for, s.last_instant AS last_scheduled_for_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', iif(a.failing, NULL, a.due_at), 'unixepoch') AS next_due_at, iif(a.failing, NULL, a.due_at) AS next_due_at_epoch,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels
FROM schedule_rows s JOIN schedule_ids i USING (schedule)
JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version
JOIN contents c USING (content) LEFT JOIN agenda a ON a.schedule = s.schedule;

CREATE VIEW report_ticks AS
SELECT t.tick_id, i.schedule_id, iif(t.origin = 0, 'scheduled', rtrim(o.word, ':')) AS kind,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.instant, 'unixepoch') AS scheduled_for, t.instant AS scheduled_for_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.recorded_at, 'unixepoch') AS evaluated_at, t.recorded_at AS evaluated_at_epoch,
       iif(t.origin = 0, t.recorded_at - t.instant, NULL) AS late_seconds,
       t.version AS definition_version, t.status,
       CASE t.status WHEN 'skipped' THEN coalesce(t.skip_reason, 'paused') END AS skip_reason, t.error, r.run_id,
       iif(r.content = t.content, r.status, NULL) AS run_status
FROM tick_rows t JOIN schedule_ids i USING (schedule) LEFT JOIN words o ON o.kind = 'origin' AND o.code = t.origin
LEFT JOIN run_rows r
    ON t.status = 'triggered' AND r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant;

CREATE VIEW report_lapses AS
SELECT i.schedule_id, l.reason, l.missed, strftime('%Y-%m-%dT%H:%M:%SZ', l.after + 1, 'unixepoch') AS first_instant, l.after + 1 AS first_instant_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', l.before - 1, 'unixepoch') AS last_instant, l.before - 1 AS last_instant_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', l.recorded_at, 'unixepoch') AS recorded_at, l.recorded_at AS recorded_at_epoch
FROM lapse_rows l JOIN schedule_ids i USING (schedule);

CREATE VIEW report_runs AS
SELECT r.run_id, coalesce(r.key, 'sched:' || i.schedule_id || ':' || o.word || r.instant) AS run_key, i.schedule_id,
       CASE WHEN r.version IS NULL THEN 'by hand' WHEN r.origin = 0 THEN 'scheduled' ELSE coalesce(rtrim(o.word, ':'), 'retry') END AS kind,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.instant, 'unixepoch') AS scheduled_for, r.instant AS scheduled_for_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.requested_at, 'unixepoch') AS requested_at, r.requested_at AS requested_at_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', f.started_at, 'unixepoch') AS started_at, f.started_at AS started_at_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.ended_at, 'unixepoch') AS ended_at, a.ended_at AS ended_at_epoch,
       iif(r.origin = 0, f.started_at - r.instant, NULL) AS late_seconds, a.duration_ms / 1000.0 AS duration_seconds,
       r.status, coalesce(a.attempt, 0) AS attempts, a.outcome, a.exit_code, a.signal,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels
FROM run_rows r JOIN contents c USING (content) LEFT JOIN schedule_ids i ON i.schedule = r.schedule
LEFT JOIN words o ON o.kind = 'origin' AND o.code = r.origin
LEFT JOIN attempt_rows f ON f.run = r.run AND f.attempt = 1
LEFT JOIN attempt_rows a ON a.run = r.run AND a.attempt = (SELECT max(x.attempt) FROM attempt_rows x WHERE x.run = r.run);

CREATE VIEW report_attempts AS
SELECT r.run_id, i.schedule_id, a.attempt, a.executor, a.host, strftime('%Y-%m-%dT%H:%M:%SZ', a.started_at, 'unixepoch') AS started_at, a.started_at AS started_at_epoch,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.ended_at, 'unixepoch') AS ended_at, a.ended_at AS ended_at_epoch, a.duration_ms / 1000.0 AS duration_seconds,
       a.outcome, a.exit_code, a.signal, a.message
FROM attempt_rows a JOIN run_rows r ON r.run = a.run LEFT JOIN schedule_ids i ON i.schedule = r.schedule;

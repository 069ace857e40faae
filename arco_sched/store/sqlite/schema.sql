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

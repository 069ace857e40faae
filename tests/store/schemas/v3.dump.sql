PRAGMA application_id = 1634886511;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE agenda (
    schedule INTEGER PRIMARY KEY,
    due_at   INTEGER NOT NULL,
    failing  INTEGER NOT NULL CHECK (failing IN (0, 1))
) STRICT;
INSERT INTO "agenda" VALUES(1,1741096800,0);
INSERT INTO "agenda" VALUES(2,1741058400,0);
INSERT INTO "agenda" VALUES(3,1767225600,0);
CREATE TABLE agenda_elsewhere (
    schedule   INTEGER PRIMARY KEY,
    zone_rules TEXT NOT NULL
) STRICT;
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
INSERT INTO "attempt_rows" VALUES(47,1,'external',NULL,NULL,NULL,'job-1',0,NULL,1741111600,1741111605,5000,'failed',1,NULL,'no');
INSERT INTO "attempt_rows" VALUES(47,2,'external',NULL,NULL,NULL,'job-2',0,NULL,1741111606,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE conflict_rows (
    conflict    INTEGER PRIMARY KEY,  -- the seq of the request that conflicts
    run         INTEGER NOT NULL,
    content     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (run, content)
) STRICT;
INSERT INTO "conflict_rows" VALUES(9,3,1,1741010800);
CREATE TABLE contents (
    content     INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,  -- SHA-256 of body
    body        TEXT NOT NULL          -- canonical JSON: asset_selection, command, labels, partition_selection
) STRICT;
INSERT INTO "contents" VALUES(1,'61e66562cbc293b4f63eb4fe4ec4b03f09da9d6f4383edece74492f41fd77d26','{"asset_selection":["x"],"command":null,"labels":{},"partition_selection":[]}');
INSERT INTO "contents" VALUES(2,'8be459442b2e1625ca68ba77c18ee2e3c81baf9762142778911a8adc824d6259','{"asset_selection":[],"command":null,"labels":{},"partition_selection":[]}');
INSERT INTO "contents" VALUES(3,'145824da1b7c6d96ab3355081d42cac29c4f653a0bf38ee5b2af11db474d080e','{"asset_selection":["other"],"command":null,"labels":{},"partition_selection":[]}');
INSERT INTO "contents" VALUES(4,'e0b8557b417925e50fbd25edccf7eff373dc098cbe0595f82454a7b6878a2497','{"asset_selection":[],"command":"true","environment":{"A":"1"},"labels":{},"partition_selection":[],"resources":{"cpus":2},"working_directory":"/"}');
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
INSERT INTO "definition_rows" VALUES(1,1,'0 * * * *','UTC',1440,10,'oldest-first','next','first',1,NULL,'{"code_version":null}',1741000000,NULL,1,0,1741000000,1741000000,NULL,NULL);
INSERT INTO "definition_rows" VALUES(2,1,'*/5 * * * *','UTC',1440,2,'oldest-first','next','first',2,NULL,'{"code_version":null}',1741000000,NULL,1,0,1741000000,1741000000,NULL,NULL);
INSERT INTO "definition_rows" VALUES(2,2,'*/5 * * * *','UTC',1440,2,'oldest-first','next','first',2,NULL,'{"code_version":null}',1741000000,NULL,0,0,1741010800,1741010800,NULL,NULL);
INSERT INTO "definition_rows" VALUES(2,3,'*/5 * * * *','UTC',1440,2,'oldest-first','next','first',2,NULL,'{"code_version":null}',1741000000,NULL,0,1,1741111600,1741111600,NULL,NULL);
INSERT INTO "definition_rows" VALUES(3,1,'@yearly','UTC',1440,10,'oldest-first','next','first',4,'{"max_retries":2,"retry_delay_seconds":0,"pool":"heavy"}','{"code_version":null}',1741111600,NULL,1,0,1741111600,1741111600,NULL,NULL);
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
INSERT INTO "event_log" VALUES(1,1,1,NULL,NULL,1,NULL,1,'sched_def:a:1',NULL,1741000000,'{"schedule_id":"a","definition_version":1,"cron_expression":"0 * * * *","timezone":"UTC","catchup_window_minutes":1440,"max_catchup_ticks":10,"catchup_policy":"oldest-first","dst_gap":"next","dst_overlap":"first","asset_selection":["x"],"partition_selection":[],"command":null,"labels":{},"code_version":null,"start_at":"2025-03-03T11:06:40Z","end_at":null,"enabled":true,"deleted":false,"created_at":"2025-03-03T11:06:40Z","effective_from":"2025-03-03T11:06:40Z"}',NULL,NULL);
INSERT INTO "event_log" VALUES(2,1,2,NULL,NULL,1,NULL,2,'sched_def:b:1',NULL,1741000000,'{"schedule_id":"b","definition_version":1,"cron_expression":"*/5 * * * *","timezone":"UTC","catchup_window_minutes":1440,"max_catchup_ticks":2,"catchup_policy":"oldest-first","dst_gap":"next","dst_overlap":"first","asset_selection":[],"partition_selection":[],"command":null,"labels":{},"code_version":null,"start_at":"2025-03-03T11:06:40Z","end_at":null,"enabled":true,"deleted":false,"created_at":"2025-03-03T11:06:40Z","effective_from":"2025-03-03T11:06:40Z"}',NULL,NULL);
INSERT INTO "event_log" VALUES(3,4,1,0,1741003200,NULL,NULL,3,NULL,'run_zptblfpanbhi2sq4ji32kopdc6',1741000001,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(5,4,2,0,1741000200,1,NULL,2,NULL,'run_w7pwostojst65rxvpgoorphuq4',1741010800,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(7,4,2,0,1741000500,1,NULL,2,NULL,'run_u7v7hhs7gjrfrspwz7p3hrultg',1741010800,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(9,4,1,0,1741003200,1,NULL,1,NULL,'run_zptblfpanbhi2sq4ji32kopdc6',1741010800,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(11,4,1,0,1741006800,1,NULL,1,NULL,'run_bmd2vjssqjlooeiypdwraupmbb',1741010800,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(12,2,1,0,1741010400,1,1,1,NULL,NULL,1741010800,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(13,4,1,0,1741010400,1,NULL,1,NULL,'run_oe45pk35ibnn45gdijcqb3qxb6',1741010800,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(14,3,2,NULL,1741010800,NULL,NULL,NULL,'sched_lapse:b:1741000500:1741010800:discarded',NULL,1741010800,'{"schedule_id":"b","after":"2025-03-03T11:15:00Z","before":"2025-03-03T14:06:40Z","missed":34,"reason":"discarded"}',NULL,NULL);
INSERT INTO "event_log" VALUES(15,1,2,NULL,NULL,2,NULL,2,'sched_def:b:2',NULL,1741010800,'{"schedule_id":"b","definition_version":2,"cron_expression":"*/5 * * * *","timezone":"UTC","catchup_window_minutes":1440,"max_catchup_ticks":2,"catchup_policy":"oldest-first","dst_gap":"next","dst_overlap":"first","asset_selection":[],"partition_selection":[],"command":null,"labels":{},"code_version":null,"start_at":"2025-03-03T11:06:40Z","end_at":null,"enabled":false,"deleted":false,"created_at":"2025-03-03T14:06:40Z","effective_from":"2025-03-03T14:06:40Z"}',NULL,NULL);
INSERT INTO "event_log" VALUES(16,2,1,3,1741010807,1,1,1,NULL,NULL,1741010807,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(17,4,1,3,1741010807,1,NULL,1,NULL,'run_ydmjsqklnousg3yt42k5dfplf3',1741010807,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(18,3,2,NULL,1741057600,NULL,NULL,NULL,'sched_lapse:b:1741010799:1741057600:window',NULL,1741144000,'{"schedule_id":"b","after":"2025-03-03T14:06:39Z","before":"2025-03-04T03:06:40Z","missed":156,"reason":"window"}',NULL,NULL);
INSERT INTO "event_log" VALUES(19,2,2,0,1741057800,2,2,NULL,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(20,2,2,0,1741058100,2,2,NULL,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(21,3,1,NULL,1741057600,NULL,NULL,NULL,'sched_lapse:a:1741010400:1741057600:window',NULL,1741144000,'{"schedule_id":"a","after":"2025-03-03T14:00:00Z","before":"2025-03-04T03:06:40Z","missed":13,"reason":"window"}',NULL,NULL);
INSERT INTO "event_log" VALUES(22,2,1,0,1741060800,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(23,4,1,0,1741060800,1,NULL,1,NULL,'run_bxqnvury7hihal4v5e6dwba74z',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(24,2,1,0,1741064400,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(25,4,1,0,1741064400,1,NULL,1,NULL,'run_ovusx5qlemlhinqhtrk4nl44uh',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(26,2,1,0,1741068000,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(27,4,1,0,1741068000,1,NULL,1,NULL,'run_xjardsi4scku5ptv3if2lwyyju',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(28,2,1,0,1741071600,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(29,4,1,0,1741071600,1,NULL,1,NULL,'run_xottzmfn7upswqgqvbexluvjsp',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(30,2,1,0,1741075200,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(31,4,1,0,1741075200,1,NULL,1,NULL,'run_46idt7spb26mb7mxxbw5hgznzc',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(32,2,1,0,1741078800,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(33,4,1,0,1741078800,1,NULL,1,NULL,'run_f5gjl2v3kjvfxv2sx6w4y2uauw',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(34,2,1,0,1741082400,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(35,4,1,0,1741082400,1,NULL,1,NULL,'run_f7fvzfbls3kuwrqy2dnmrjfjbz',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(36,2,1,0,1741086000,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(37,4,1,0,1741086000,1,NULL,1,NULL,'run_o7vbllw3hkw5dzuoweidoplkq7',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(38,2,1,0,1741089600,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(39,4,1,0,1741089600,1,NULL,1,NULL,'run_s55zjwlvw7bccxcsv6kr7a6wy6',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(40,2,1,0,1741093200,1,1,1,NULL,NULL,1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(41,4,1,0,1741093200,1,NULL,1,NULL,'run_iihavmvbx5s5osphzouuy4j2s3',1741144000,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(42,7,1,NULL,NULL,NULL,NULL,NULL,'history_pruned:a:1',NULL,1741108000,'{"schedule_id":"a","through":"2025-03-03T13:06:39Z","cursor":"2025-03-04T13:00:00Z","last_scheduled_for":"2025-03-04T13:00:00Z","last_run_for":"2025-03-04T13:00:00Z","ticks":2,"missed":0,"uncounted":0,"others":0,"lapses":0}',NULL,NULL);
INSERT INTO "event_log" VALUES(43,7,2,NULL,NULL,NULL,NULL,NULL,'history_pruned:b:1',NULL,1741108000,'{"schedule_id":"b","through":"2025-03-03T11:15:00Z","cursor":"2025-03-04T03:15:00Z","last_scheduled_for":"2025-03-04T03:15:00Z","last_run_for":"2025-03-03T11:15:00Z","ticks":2,"missed":0,"uncounted":0,"others":0,"lapses":0}',NULL,NULL);
INSERT INTO "event_log" VALUES(44,1,2,NULL,NULL,3,NULL,2,'sched_def:b:3',NULL,1741111600,'{"schedule_id":"b","definition_version":3,"cron_expression":"*/5 * * * *","timezone":"UTC","catchup_window_minutes":1440,"max_catchup_ticks":2,"catchup_policy":"oldest-first","dst_gap":"next","dst_overlap":"first","asset_selection":[],"partition_selection":[],"command":null,"labels":{},"code_version":null,"start_at":"2025-03-03T11:06:40Z","end_at":null,"enabled":false,"deleted":true,"created_at":"2025-03-04T18:06:40Z","effective_from":"2025-03-04T18:06:40Z"}',NULL,NULL);
INSERT INTO "event_log" VALUES(45,1,3,NULL,NULL,1,NULL,4,'sched_def:c:1',NULL,1741111600,'{"schedule_id":"c","definition_version":1,"cron_expression":"@yearly","timezone":"UTC","catchup_window_minutes":1440,"max_catchup_ticks":10,"catchup_policy":"oldest-first","dst_gap":"next","dst_overlap":"first","asset_selection":[],"partition_selection":[],"command":"true","labels":{},"working_directory":"/","environment":{"A":"1"},"resources":{"cpus":2},"max_retries":2,"retry_delay_seconds":0,"pool":"heavy","code_version":null,"start_at":"2025-03-04T18:06:40Z","end_at":null,"enabled":true,"deleted":false,"created_at":"2025-03-04T18:06:40Z","effective_from":"2025-03-04T18:06:40Z"}',NULL,NULL);
INSERT INTO "event_log" VALUES(46,2,3,3,1741111600,1,1,4,NULL,NULL,1741111600,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(47,4,3,3,1741111600,1,NULL,4,NULL,'run_t7yroxzrrqbcejwzjhcskladnm',1741111600,'{"policy":{"max_retries":2,"retry_delay_seconds":0,"pool":"heavy"}}',NULL,NULL);
INSERT INTO "event_log" VALUES(48,4,NULL,NULL,NULL,NULL,NULL,4,'by-hand','run_rdpv7kvn5lhxi5o6bvotyvvfvo',1741111600,'{"policy":{"timeout_seconds":60}}',NULL,NULL);
INSERT INTO "event_log" VALUES(49,4,NULL,NULL,NULL,NULL,NULL,4,'not-wanted','run_2twoxrc6gs6mc722fs7fdvgz4c',1741111600,NULL,NULL,NULL);
INSERT INTO "event_log" VALUES(50,15,NULL,NULL,NULL,NULL,NULL,NULL,'pool_set:heavy:1',NULL,1741111600,'{"pool":"heavy","number":1,"slots":2}',NULL,NULL);
INSERT INTO "event_log" VALUES(51,9,3,NULL,NULL,NULL,NULL,NULL,'run_started:run_t7yroxzrrqbcejwzjhcskladnm:1',NULL,1741111600,'{"run_id":"run_t7yroxzrrqbcejwzjhcskladnm","attempt":1,"executor":"external","worker":null,"host":null,"external_id":"job-1","started_at":"2025-03-04T18:06:40Z","place":null}',NULL,NULL);
INSERT INTO "event_log" VALUES(52,10,3,NULL,NULL,NULL,NULL,NULL,'run_finished:run_t7yroxzrrqbcejwzjhcskladnm:1',NULL,1741111605,'{"run_id":"run_t7yroxzrrqbcejwzjhcskladnm","attempt":1,"outcome":"failed","exit_code":1,"signal":null,"message":"no","ended_at":"2025-03-04T18:06:45Z","duration_ms":5000,"status":"requested","reason":null,"retry_at":"2025-03-04T18:06:45Z"}',NULL,NULL);
INSERT INTO "event_log" VALUES(53,9,3,NULL,NULL,NULL,NULL,NULL,'run_started:run_t7yroxzrrqbcejwzjhcskladnm:2',NULL,1741111606,'{"run_id":"run_t7yroxzrrqbcejwzjhcskladnm","attempt":2,"executor":"external","worker":null,"host":null,"external_id":"job-2","started_at":"2025-03-04T18:06:46Z","place":null}',NULL,NULL);
INSERT INTO "event_log" VALUES(54,11,NULL,NULL,NULL,NULL,NULL,NULL,'run_skipped:run_2twoxrc6gs6mc722fs7fdvgz4c:0',NULL,1741111607,'{"run_id":"run_2twoxrc6gs6mc722fs7fdvgz4c","round":0,"reason":"discarded"}',NULL,NULL);
CREATE TABLE hook_rows (
    run     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    done_at INTEGER,
    worker  TEXT,               -- who runs them
    PRIMARY KEY (run, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO "hook_rows" VALUES(49,0,NULL,NULL);
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
INSERT INTO "lapse_rows" VALUES(14,2,1741000500,1741010800,34,'discarded',1741010800);
INSERT INTO "lapse_rows" VALUES(18,2,1741010799,1741057600,156,'window',1741144000);
INSERT INTO "lapse_rows" VALUES(21,1,1741010400,1741057600,13,'window',1741144000);
CREATE TABLE pool_rows (
    pool   TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    slots  INTEGER CHECK (slots >= 0)  -- null: no limit
) STRICT, WITHOUT ROWID;
INSERT INTO "pool_rows" VALUES('heavy',1,2);
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
INSERT INTO "queue" VALUES(48,'default',0,0,0,1741111600,NULL,NULL,NULL,0);
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
INSERT INTO "run_rows" VALUES(3,1,0,1741003200,NULL,NULL,3,'run_zptblfpanbhi2sq4ji32kopdc6','requested',1741000001,NULL);
INSERT INTO "run_rows" VALUES(5,2,0,1741000200,NULL,1,2,'run_w7pwostojst65rxvpgoorphuq4','requested',1741010800,NULL);
INSERT INTO "run_rows" VALUES(7,2,0,1741000500,NULL,1,2,'run_u7v7hhs7gjrfrspwz7p3hrultg','requested',1741010800,NULL);
INSERT INTO "run_rows" VALUES(11,1,0,1741006800,NULL,1,1,'run_bmd2vjssqjlooeiypdwraupmbb','requested',1741010800,NULL);
INSERT INTO "run_rows" VALUES(13,1,0,1741010400,NULL,1,1,'run_oe45pk35ibnn45gdijcqb3qxb6','requested',1741010800,NULL);
INSERT INTO "run_rows" VALUES(17,1,3,1741010807,NULL,1,1,'run_ydmjsqklnousg3yt42k5dfplf3','requested',1741010807,NULL);
INSERT INTO "run_rows" VALUES(23,1,0,1741060800,NULL,1,1,'run_bxqnvury7hihal4v5e6dwba74z','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(25,1,0,1741064400,NULL,1,1,'run_ovusx5qlemlhinqhtrk4nl44uh','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(27,1,0,1741068000,NULL,1,1,'run_xjardsi4scku5ptv3if2lwyyju','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(29,1,0,1741071600,NULL,1,1,'run_xottzmfn7upswqgqvbexluvjsp','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(31,1,0,1741075200,NULL,1,1,'run_46idt7spb26mb7mxxbw5hgznzc','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(33,1,0,1741078800,NULL,1,1,'run_f5gjl2v3kjvfxv2sx6w4y2uauw','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(35,1,0,1741082400,NULL,1,1,'run_f7fvzfbls3kuwrqy2dnmrjfjbz','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(37,1,0,1741086000,NULL,1,1,'run_o7vbllw3hkw5dzuoweidoplkq7','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(39,1,0,1741089600,NULL,1,1,'run_s55zjwlvw7bccxcsv6kr7a6wy6','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(41,1,0,1741093200,NULL,1,1,'run_iihavmvbx5s5osphzouuy4j2s3','requested',1741144000,NULL);
INSERT INTO "run_rows" VALUES(47,3,3,1741111600,NULL,1,4,'run_t7yroxzrrqbcejwzjhcskladnm','running',1741111600,'{"max_retries":2,"retry_delay_seconds":0,"pool":"heavy"}');
INSERT INTO "run_rows" VALUES(48,NULL,NULL,NULL,'by-hand',NULL,4,'run_rdpv7kvn5lhxi5o6bvotyvvfvo','requested',1741111600,'{"timeout_seconds":60}');
INSERT INTO "run_rows" VALUES(49,NULL,NULL,NULL,'not-wanted',NULL,4,'run_2twoxrc6gs6mc722fs7fdvgz4c','skipped',1741111600,NULL);
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
INSERT INTO "run_states" VALUES(47,3,0,'heavy','running',1,1741111600,NULL,'external','{"status":"running","reason":null,"held":false,"round":0,"attempts":2,"round_attempts":2,"retries":1,"lost_in_row":0,"retry_at":null,"cancel":null}');
INSERT INTO "run_states" VALUES(49,NULL,0,'default','skipped',0,1741111600,NULL,NULL,'{"status":"skipped","reason":"discarded","held":false,"round":0,"attempts":0,"round_attempts":0,"retries":0,"lost_in_row":0,"retry_at":null,"cancel":null}');
CREATE TABLE schedule_ids (
    schedule    INTEGER PRIMARY KEY,
    schedule_id TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "schedule_ids" VALUES(1,'a');
INSERT INTO "schedule_ids" VALUES(2,'b');
INSERT INTO "schedule_ids" VALUES(3,'c');
CREATE TABLE schedule_rows (
    schedule     INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL,   -- the newest
    cursor       INTEGER NOT NULL,   -- everything through it is accounted for
    last_instant INTEGER,            -- of the last scheduled tick
    last_run     INTEGER,            -- of the last scheduled tick that requested a run
    rewound_from INTEGER,            -- only up to it can ticks or served occurrences lie ahead of the cursor
    pruned_through INTEGER           -- history through it was removed; a rewind to before it brings it back as well
) STRICT;
INSERT INTO "schedule_rows" VALUES(1,1,1741093200,1741093200,1741093200,NULL,1741007199);
INSERT INTO "schedule_rows" VALUES(2,3,1741058100,1741058100,1741000500,NULL,1741000500);
INSERT INTO "schedule_rows" VALUES(3,1,1741111599,NULL,NULL,NULL,NULL);
CREATE TABLE served_rows (
    schedule INTEGER NOT NULL,
    instant  INTEGER NOT NULL,
    PRIMARY KEY (schedule, instant)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "tick_rows" VALUES(1,1741010400,0,'a:1741010400',1,'triggered',1,1741010800,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741010807,3,'a:manual:1741010807',1,'triggered',1,1741010807,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741060800,0,'a:1741060800',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741064400,0,'a:1741064400',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741068000,0,'a:1741068000',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741071600,0,'a:1741071600',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741075200,0,'a:1741075200',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741078800,0,'a:1741078800',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741082400,0,'a:1741082400',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741086000,0,'a:1741086000',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741089600,0,'a:1741089600',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(1,1741093200,0,'a:1741093200',1,'triggered',1,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(2,1741057800,0,'b:1741057800',2,'skipped',NULL,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(2,1741058100,0,'b:1741058100',2,'skipped',NULL,1741144000,NULL,NULL);
INSERT INTO "tick_rows" VALUES(3,1741111600,3,'c:manual:1741111600',1,'triggered',4,1741111600,NULL,NULL);
CREATE TABLE visit_rows (
    executor   TEXT NOT NULL,
    pool       TEXT NOT NULL,
    visited_at INTEGER NOT NULL,
    before     INTEGER CHECK (before < visited_at),
    PRIMARY KEY (executor, pool)
) STRICT, WITHOUT ROWID;
CREATE TABLE words (
    kind TEXT NOT NULL,
    code INTEGER NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (kind, code)
) STRICT, WITHOUT ROWID;
INSERT INTO "words" VALUES('event',1,'ScheduleDefinitionUpserted');
INSERT INTO "words" VALUES('event',2,'ScheduleTicked');
INSERT INTO "words" VALUES('event',3,'OccurrencesLapsed');
INSERT INTO "words" VALUES('event',4,'RunRequested');
INSERT INTO "words" VALUES('event',5,'ZoneRulesChanged');
INSERT INTO "words" VALUES('event',6,'CursorRewound');
INSERT INTO "words" VALUES('event',7,'HistoryPruned');
INSERT INTO "words" VALUES('event',8,'RunSubmitted');
INSERT INTO "words" VALUES('event',9,'RunStarted');
INSERT INTO "words" VALUES('event',10,'RunFinished');
INSERT INTO "words" VALUES('event',11,'RunSkipped');
INSERT INTO "words" VALUES('event',12,'RunCancelRequested');
INSERT INTO "words" VALUES('event',13,'RunCanceled');
INSERT INTO "words" VALUES('event',14,'RunRetryRequested');
INSERT INTO "words" VALUES('event',15,'PoolSet');
INSERT INTO "words" VALUES('event',32,'RunsPruned');
INSERT INTO "words" VALUES('origin',0,'');
INSERT INTO "words" VALUES('origin',1,'backfill:');
INSERT INTO "words" VALUES('origin',2,'failed:');
INSERT INTO "words" VALUES('origin',3,'manual:');
CREATE TABLE worker_rows (
    worker   TEXT PRIMARY KEY,
    host     TEXT NOT NULL,
    pid      INTEGER NOT NULL,
    executor TEXT NOT NULL,
    pools    TEXT NOT NULL CHECK (json_valid(pools)),
    slots    INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "worker_rows" VALUES('host:1:1','host',1,'local','["default"]',2,1741111600);
CREATE TABLE workspace (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    name       TEXT NOT NULL CHECK (name <> ''),  -- the key of every run id; fixed when the database is made
    zone_rules TEXT NOT NULL,                     -- the tzdata release last recorded; at first the one it was made with
    visited_at INTEGER,                           -- the `now` of the evaluator's last visit
    held_through INTEGER NOT NULL DEFAULT 0,      -- runs through this number are of before execution: no worker takes them
    store_id   TEXT,                              -- what the folder of the attempts must hold too; set by the first worker
    evaluation_minutes INTEGER CHECK (evaluation_minutes BETWEEN 1 AND 60)  -- how often somebody is to evaluate; null: each minute
) STRICT;
INSERT INTO "workspace" VALUES(1,'pinned','2026f',1741144000,0,'00000000000000000000000000000000',NULL);
CREATE TABLE zone_data (
    timezone TEXT PRIMARY KEY,
    data     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "zone_data" VALUES('UTC',X'545A69663200000000000000000000000000000000000000000000000000000000000000000000010000000100000000000000545A696632000000000000000000000000000000000000000000000000000000000000000000000100000004000000000000555443000A555443300A');
CREATE UNIQUE INDEX event_tick ON event_log (schedule, origin, instant) WHERE type = 2;
CREATE UNIQUE INDEX event_request ON event_log (schedule, origin, instant, content) WHERE type = 4 AND schedule IS NOT NULL;
CREATE UNIQUE INDEX event_keyed_request ON event_log (key, content) WHERE type = 4 AND key IS NOT NULL;
CREATE UNIQUE INDEX event_key ON event_log (key) WHERE type <> 4 AND key IS NOT NULL;
CREATE INDEX event_rare ON event_log (schedule, type) WHERE type NOT IN (2, 4);
CREATE INDEX tick_order ON tick_rows (instant, tick_id);
CREATE INDEX tick_skipped ON tick_rows (instant, tick_id) WHERE status = 'skipped';
CREATE INDEX tick_failed ON tick_rows (instant, tick_id) WHERE status = 'failed';
CREATE UNIQUE INDEX run_of_tick ON run_rows (schedule, origin, instant) WHERE schedule IS NOT NULL;
CREATE UNIQUE INDEX run_of_key ON run_rows (key) WHERE key IS NOT NULL;
CREATE INDEX run_by_id ON run_rows (substr(run_id, 5, 8));
CREATE INDEX run_by_status ON run_rows (status, run)
    WHERE status = 'failed' OR status = 'running' OR status = 'canceled' OR status = 'skipped';
CREATE INDEX run_occupies ON run_states (schedule, backfill) WHERE occupies = 1;
CREATE INDEX run_open ON run_states (executor, run) WHERE executor IS NOT NULL;
CREATE INDEX run_over ON run_states (schedule, due_at, run) WHERE status IN ('succeeded', 'failed');
CREATE INDEX run_success ON run_states (schedule, ended_at) WHERE status = 'succeeded';
CREATE INDEX queue_order ON queue (pool, aside, priority DESC, backfill, due_at, run);
CREATE INDEX queue_ready ON queue (ready_at) WHERE aside = 2;
CREATE INDEX queue_group ON queue (schedule, backfill, aside, priority DESC, due_at, run) WHERE schedule IS NOT NULL;
CREATE INDEX queue_late ON queue (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX queue_cancels ON queue (schedule) WHERE cancels = 1;
CREATE INDEX hook_owed ON hook_rows (run) WHERE done_at IS NULL;
CREATE INDEX agenda_due ON agenda (due_at);
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
COMMIT;

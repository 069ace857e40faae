-- The views: the public names. `{other}` stands for the fields of a definition that have no column of their own,
-- `{content}` for those of what a run is asked to do, `{members}` for the same in JSON.

CREATE VIEW definitions AS
SELECT i.schedule_id, d.version AS definition_version, d.cron_expression, d.timezone, d.catchup_window_minutes,
       d.max_catchup_ticks, d.catchup_policy, d.dst_gap, d.dst_overlap, coalesce(d.excluded_days, '[]') AS excluded_days, d.paused_until,
       json_extract(c.body, '$.asset_selection') AS asset_selection, json_extract(c.body, '$.partition_selection') AS partition_selection,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels,
       {other}, d.start_at, d.end_at, d.enabled, d.deleted, d.created_at, d.effective_from,
       c.fingerprint AS request_fingerprint
FROM definition_rows d JOIN schedule_ids i USING (schedule) JOIN contents c USING (content);

CREATE VIEW schedules AS
SELECT i.schedule_id, d.version AS definition_version, d.cron_expression, d.timezone, d.catchup_window_minutes,
       d.max_catchup_ticks, d.catchup_policy, d.dst_gap, d.dst_overlap, coalesce(d.excluded_days, '[]') AS excluded_days, d.paused_until,
       json_extract(c.body, '$.asset_selection') AS asset_selection, json_extract(c.body, '$.partition_selection') AS partition_selection,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels,
       {other}, d.start_at, d.end_at, d.enabled, d.deleted, d.created_at, d.effective_from, s.cursor,
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
       {content}, json_extract(d.other, '$.code_version') AS code_version, r.requested_at, r.schedule, r.run
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
               {members}, 'policy', json(coalesce(json_extract(e.payload, '$.policy'), '{}')))
           ELSE e.payload
       END AS payload, e.author, e.note
FROM event_log e LEFT JOIN words w ON w.kind = 'event' AND w.code = e.type
LEFT JOIN schedule_ids i ON i.schedule = e.schedule LEFT JOIN contents c ON c.content = e.content
LEFT JOIN words o ON o.kind = 'origin' AND o.code = e.origin
LEFT JOIN definition_rows d ON e.type = 4 AND d.schedule = e.schedule AND d.version = e.version
LEFT JOIN conflict_rows x ON e.type = 4 AND x.conflict = e.seq;

-- For those who read the file with other tools (docs/analysis.md): nothing here is read by arco itself. `{utc X}` stands
-- for the instant X as text. No column is a number of arco's own.

CREATE VIEW report_schedules AS
SELECT i.schedule_id, d.version AS definition_version, d.cron_expression, d.timezone,
       CASE WHEN d.deleted THEN 'deleted' WHEN coalesce(a.failing, 0) THEN 'failing' WHEN NOT d.enabled THEN 'paused'
           WHEN a.due_at IS NULL THEN 'ended' ELSE 'enabled' END AS state,
       {utc s.last_instant} AS last_scheduled_for, s.last_instant AS last_scheduled_for_epoch,
       {utc iif(a.failing, NULL, a.due_at)} AS next_due_at, iif(a.failing, NULL, a.due_at) AS next_due_at_epoch,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels
FROM schedule_rows s JOIN schedule_ids i USING (schedule)
JOIN definition_rows d ON d.schedule = s.schedule AND d.version = s.version
JOIN contents c USING (content) LEFT JOIN agenda a ON a.schedule = s.schedule;

CREATE VIEW report_ticks AS
SELECT t.tick_id, i.schedule_id, iif(t.origin = 0, 'scheduled', rtrim(o.word, ':')) AS kind,
       {utc t.instant} AS scheduled_for, t.instant AS scheduled_for_epoch,
       {utc t.recorded_at} AS evaluated_at, t.recorded_at AS evaluated_at_epoch,
       iif(t.origin = 0, t.recorded_at - t.instant, NULL) AS late_seconds,
       t.version AS definition_version, t.status,
       CASE t.status WHEN 'skipped' THEN coalesce(t.skip_reason, 'paused') END AS skip_reason, t.error, r.run_id,
       iif(r.content = t.content, r.status, NULL) AS run_status
FROM tick_rows t JOIN schedule_ids i USING (schedule) LEFT JOIN words o ON o.kind = 'origin' AND o.code = t.origin
LEFT JOIN run_rows r
    ON t.status = 'triggered' AND r.schedule = t.schedule AND r.origin = t.origin AND r.instant = t.instant;

CREATE VIEW report_lapses AS
SELECT i.schedule_id, l.reason, l.missed, {utc l.after + 1} AS first_instant, l.after + 1 AS first_instant_epoch,
       {utc l.before - 1} AS last_instant, l.before - 1 AS last_instant_epoch,
       {utc l.recorded_at} AS recorded_at, l.recorded_at AS recorded_at_epoch
FROM lapse_rows l JOIN schedule_ids i USING (schedule);

CREATE VIEW report_runs AS
SELECT r.run_id, coalesce(r.key, 'sched:' || i.schedule_id || ':' || o.word || r.instant) AS run_key, i.schedule_id,
       CASE WHEN r.version IS NULL THEN 'by hand' WHEN r.origin = 0 THEN 'scheduled' ELSE coalesce(rtrim(o.word, ':'), 'retry') END AS kind,
       {utc r.instant} AS scheduled_for, r.instant AS scheduled_for_epoch,
       {utc r.requested_at} AS requested_at, r.requested_at AS requested_at_epoch,
       {utc f.started_at} AS started_at, f.started_at AS started_at_epoch,
       {utc a.ended_at} AS ended_at, a.ended_at AS ended_at_epoch,
       iif(r.origin = 0, f.started_at - r.instant, NULL) AS late_seconds, a.duration_ms / 1000.0 AS duration_seconds,
       r.status, coalesce(a.attempt, 0) AS attempts, a.outcome, a.exit_code, a.signal,
       json_extract(c.body, '$.command') AS command, json_extract(c.body, '$.labels') AS labels
FROM run_rows r JOIN contents c USING (content) LEFT JOIN schedule_ids i ON i.schedule = r.schedule
LEFT JOIN words o ON o.kind = 'origin' AND o.code = r.origin
LEFT JOIN attempt_rows f ON f.run = r.run AND f.attempt = 1
LEFT JOIN attempt_rows a ON a.run = r.run AND a.attempt = (SELECT max(x.attempt) FROM attempt_rows x WHERE x.run = r.run);

CREATE VIEW report_attempts AS
SELECT r.run_id, i.schedule_id, a.attempt, a.executor, a.host, {utc a.started_at} AS started_at, a.started_at AS started_at_epoch,
       {utc a.ended_at} AS ended_at, a.ended_at AS ended_at_epoch, a.duration_ms / 1000.0 AS duration_seconds,
       a.outcome, a.exit_code, a.signal, a.message
FROM attempt_rows a JOIN run_rows r ON r.run = a.run LEFT JOIN schedule_ids i ON i.schedule = r.schedule;

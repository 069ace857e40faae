"""The executors: where a worker starts attempts, and how it learns of their ends.

`local` uses `starting` (spawning), `supervisor` (its text), `observing` and `ending` (poll and cancel). These use
`protocol` (the files of an attempt), `folder` (`DB.runs`), `scene` and `processes` (/proc) and `containers`. `program`
and `slurm` are each an `engine`, which makes `calls` and has `engine_files`; `slurm` has `slurm_words` and a `spool`.
`kinds` makes each by name. `logs`, `watching`, `environment`, `rights` and `writers` are independent of the others.
"""

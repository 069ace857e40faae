"""The executors: where a worker starts attempts, and how it learns of their ends.

`local` uses `starting` (spawning), `supervisor` (its text), `observing` and `ending` (poll and cancel). These use
`protocol` (the files of an attempt), `folder` (`DB.runs`), `scene` and `processes` (/proc) and `containers`. `program`
is an `engine`, which makes `calls`. `logs`, `environment`, `rights` and `writers` stand alone.
"""

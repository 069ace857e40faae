"""The SQLite file: the event table, the tables folded from it, and the queries. `sqlite3` is used nowhere else."""

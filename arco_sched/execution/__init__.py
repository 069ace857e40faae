"""The executors: where a worker starts attempts, and how it learns of their ends."""

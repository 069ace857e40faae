"""Measurements behind docs/performance.md: `make bench` runs them all, `python -m benchmarks --only 4` one of them.

Every figure is a ratio of two things measured in the same run, in turns, so that a slow or busy machine slows both.
"""

"""The tests, in the rooms of the package that they are about; `tests.system` starts real processes."""

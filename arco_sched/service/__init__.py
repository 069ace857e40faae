"""The use cases: what the command line and Python users call."""

"""The use cases: what the command line and Python users call."""

from arco_sched.service.workspace import Workspace

__all__ = ["Workspace"]

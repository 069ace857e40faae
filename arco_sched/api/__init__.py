"""The Python API; docs/python.md is its guide.

`values` converts Python values, `given` collects the problems of a call's arguments, and the other modules have the
methods of `Workspace`: each converts its arguments to the plain values of `arco_sched.service.workspace` and calls the
method of the same name there.
"""

from arco_sched.api.values import Instant
from arco_sched.api.workspace import Workspace

__all__ = ["Instant", "Workspace"]

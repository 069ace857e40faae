"""The door for Python users: docs/python.md shows the way.

`values` says what a Python value is taken for, `given` collects what is wrong with the arguments of a call, and the
other modules are the methods of `Workspace`: each turns its arguments into the plain values of
`arco_sched.service.workspace` and calls the method of the same name there.
"""

from arco_sched.api.values import Instant
from arco_sched.api.workspace import Workspace

__all__ = ["Instant", "Workspace"]

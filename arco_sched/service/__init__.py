"""The use cases: what the command line and Python users call."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arco_sched.service.workspace import Workspace

__all__ = ["Workspace"]


def __getattr__(name: str) -> object:
    """Load `Workspace` when it is used: an evaluation that finds nothing due does without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from arco_sched.service import workspace

    return workspace.Workspace

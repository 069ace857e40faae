"""A progress bar on stderr."""

from typing import TYPE_CHECKING

from arco_sched.render.terminal import console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """Shows progress from the first `update` until `close`."""

    def __init__(self, what: str = "evaluating") -> None:
        self._what = what
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def update(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` is done (None: the total is unknown)."""
        if self._progress is None:
            from rich.progress import Progress

            self._progress = Progress(console=console(to_stderr=True), transient=True)
            self._task = self._progress.add_task(self._what, total=total)
            self._progress.start()
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def close(self) -> None:
        """Remove it."""
        if self._progress is not None:
            self._progress.stop()

"""The kinds of executor by their names, with the options that `arco work` has for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from arco_sched.core.executor import Executor

KINDS: Final = ("local", "slurm", "program")
ENGINE_SLOTS: Final = 1000
"""Attempts at once where nobody says, for an executor that queues: what the engine queues is not queued here too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `arco work` was told about its executor; what belongs to another kind is empty."""

    kind: str
    log_folder: str | None = None
    log_limit: int
    program: str | None = None
    spool: str | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    sbatch: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that the executor writes, beside the runs folder."""
        return tuple(each for each in (self.log_folder, self.spool) if each is not None)


def make(options: Options, path: str, store_id: str, environment: Mapping[str, str]) -> Executor:
    """The executor over the runs folder `path` of a store; `environment` is the worker's.

    Raises `InvalidInput` if an engine's program can't be used.
    """
    match options.kind:
        case "program":
            from arco_sched.execution.program import ProgramExecutor

            return ProgramExecutor(
                path,
                store_id,
                program=options.program or "",
                worker_environment=environment,
                log_limit=options.log_limit,
            )
        case "slurm":
            from arco_sched.execution.slurm import SlurmExecutor
            from arco_sched.execution.slurm_words import Sbatch, require_commands

            require_commands(environment)
            return SlurmExecutor(
                path,
                store_id,
                spool=options.spool or "",
                sbatch=Sbatch(
                    partition=options.partition, account=options.account, qos=options.qos, more=options.sbatch
                ),
                worker_environment=environment,
                log_limit=options.log_limit,
            )
        case _:
            from arco_sched.execution.local import LocalExecutor

            return LocalExecutor(
                path,
                store_id,
                worker_environment=environment,
                log_folder=options.log_folder,
                log_limit=options.log_limit,
            )

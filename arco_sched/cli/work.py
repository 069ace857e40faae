"""`arco work`: a worker, which executes requested runs."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from arco_sched.cli import options as opt
from arco_sched.cli.context import Session
from arco_sched.cli.exits import ExitCode
from arco_sched.cli.help import Application
from arco_sched.cli.options import Problems, examples
from arco_sched.core.errors import InvalidInput
from arco_sched.core.problems import Problem

_ENGINES = "Engines"

work_app = Application(add_completion=False)


@work_app.command(epilog=examples("arco work --once", "arco work --tick", "arco work --pool heavy --slots 2"))
def work(
    ctx: typer.Context,
    pool: Annotated[
        list[str] | None,
        typer.Option("--pool", metavar="NAME", help="Take the runs of this pool; repeatable (default: default)."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(
            "--slots", metavar="N", help="Maximum attempts at once (default: one per processor; 1000 in an engine)."
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Run what is waiting now, then exit.")] = False,
    tick: Annotated[
        bool,
        typer.Option(
            "--tick", help="Also evaluate schedules: once at the start with --once, otherwise whenever one is due."
        ),
    ] = False,
    executor: Annotated[
        str,
        typer.Option(
            "--executor",
            metavar="KIND",
            help="Where attempts run: local (this machine), slurm or program (default: local).",
            show_default=False,
        ),
    ] = "local",
    program: Annotated[
        str | None,
        typer.Option(
            "--program",
            metavar="LINE",
            help="Command of the program that talks to the engine (docs/engines.md).",
            rich_help_panel=_ENGINES,
        ),
    ] = None,
    spool: Annotated[
        str | None,
        typer.Option(
            "--spool",
            metavar="DIR",
            help="Folder that Slurm's nodes see under the same path.",
            rich_help_panel=_ENGINES,
        ),
    ] = None,
    partition: Annotated[
        str | None, typer.Option("--partition", metavar="NAME", help="Slurm partition.", rich_help_panel=_ENGINES)
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Slurm account.", rich_help_panel=_ENGINES)
    ] = None,
    qos: Annotated[
        str | None, typer.Option("--qos", metavar="NAME", help="Slurm QOS.", rich_help_panel=_ENGINES)
    ] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(
            "--sbatch",
            metavar="ARG",
            help="Option to pass on to sbatch, such as --sbatch=--nice=10; repeatable.",
            rich_help_panel=_ENGINES,
        ),
    ] = None,
    grace: Annotated[
        str,
        typer.Option(
            "--grace",
            metavar="SPAN",
            help="Time from SIGTERM to SIGKILL when an attempt is timed out or canceled (default: 10s).",
            show_default=False,
        ),
    ] = "10s",
    drain: Annotated[
        str,
        typer.Option(
            "--drain",
            metavar="SPAN",
            help="How long to wait for running attempts when the worker is stopped (default: 30s).",
            show_default=False,
        ),
    ] = "30s",
    log_dir: Annotated[
        str | None, typer.Option("--log-dir", metavar="DIR", help="Folder for output (default: next to the database).")
    ] = None,
    log_limit: Annotated[
        str,
        typer.Option(
            "--log-limit",
            metavar="SIZE",
            help="Maximum size of a log, such as 500k or 2G; a longer one loses its middle (default: 64M).",
            show_default=False,
        ),
    ] = "64M",
    log_keep: Annotated[
        str | None,
        typer.Option("--log-keep", metavar="SPAN", help="Remove logs older than this, such as 30d (default: never)."),
    ] = None,
    on_finish: Annotated[
        str | None, typer.Option("--on-finish", metavar="LINE", help="Shell command to execute when a run is final.")
    ] = None,
    adopt_copy: Annotated[
        bool, typer.Option("--adopt-copy", help="Allow work on a copied database, or after its runs folder was lost.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only runs that failed.", rich_help_panel=opt.OUTPUT)
    ] = False,
    as_json: opt.Json = False,
) -> ExitCode:
    """Execute runs: start their commands and record how they end.

    Runs survive the end of their worker, and the next worker records how they ended. Exit code 5, with --once: a run
    failed.
    """
    from arco_sched.cli.worker import Settings, read_size, run
    from arco_sched.core.kinds import Span, problems_of
    from arco_sched.core.policy import EXTERNAL_POOL
    from arco_sched.core.special_kinds import Name
    from arco_sched.execution.kinds import Options

    session: Session = ctx.obj
    if sys.platform != "linux":
        raise InvalidInput("arco work needs Linux")
    problems = Problems()
    problems.add("ARCO_NOW only works with --once: unset it", when=not once and session.has_fixed_clock)
    of_slurm = {"--spool": spool, "--partition": partition, "--account": account, "--qos": qos, "--sbatch": sbatch}
    _check_executor(problems, executor, log_dir=log_dir, program=program, of_slurm=of_slurm)
    pools = tuple(dict.fromkeys(pool or ("default",)))
    for name in pools:
        problems.attempt(lambda name=name: _require(problems_of(Name(), "--pool", name)))  # type: ignore[misc]
    problems.add("no worker serves the pool external: it is for executors of your own", when=EXTERNAL_POOL in pools)
    problems.add("--slots must be at least 1", when=slots is not None and slots < 1)
    short, long = Span("seconds", 0, 86_400), Span("seconds", 60, 100 * 366 * 86_400)
    given = {
        "grace": problems.attempt(lambda: short.parse(grace, "--grace")),
        "drain": problems.attempt(lambda: short.parse(drain, "--drain")),
        "log_limit": problems.attempt(lambda: read_size(log_limit, "--log-limit")),
        "log_keep": None if log_keep is None else problems.attempt(lambda: long.parse(log_keep, "--log-keep")),
    }
    problems.check()
    settings = Settings(
        pools=pools,
        slots=slots,
        once=once,
        tick=tick,
        grace=given["grace"] or 0,
        drain=given["drain"] or 0,
        executor=Options(
            kind=executor,
            log_folder=log_dir,
            log_limit=given["log_limit"] or 0,
            program=program,
            spool=spool,
            partition=partition,
            account=account,
            qos=qos,
            sbatch=tuple(sbatch or ()),
        ),
        log_keep=given["log_keep"],
        on_finish=on_finish,
        adopt_copy=adopt_copy,
        quiet=quiet,
        as_json=as_json,
    )
    return run(session, settings)


def _check_executor(
    problems: Problems,
    kind: str,
    *,
    log_dir: str | None,
    program: str | None,
    of_slurm: Mapping[str, str | list[str] | None],
) -> None:
    """Note each option that doesn't belong to this kind of executor, and each that is missing for it."""
    from arco_sched.execution.kinds import KINDS
    from arco_sched.execution.slurm_words import check_option

    problems.add(f"--executor {kind[:60]!a} must be one of {', '.join(KINDS)}", when=kind not in KINDS)
    problems.add("--log-dir needs --executor local", when=log_dir is not None and kind != "local")
    problems.add("--executor program needs --program LINE", when=kind == "program" and not program)
    problems.add("--program needs --executor program", when=program is not None and kind != "program")
    problems.add("--executor slurm needs --spool DIR", when=kind == "slurm" and not of_slurm["--spool"])
    foreign = [name for name, value in of_slurm.items() if value is not None and kind != "slurm"]
    problems.add(f"{', '.join(foreign)} needs --executor slurm", when=bool(foreign))
    spool = of_slurm["--spool"]
    if isinstance(spool, str) and not _is_plain(spool):
        problems.add(
            f"--spool {spool[:60]!a} must be an absolute path without backslashes and line breaks",
            when=True,
        )
    for text in of_slurm["--sbatch"] or ():
        problems.attempt(lambda text=text: check_option(text))  # type: ignore[misc]


def _is_plain(path: str) -> bool:
    """Whether the nodes of an engine find the folder by this path, and Slurm takes it literally."""
    return path.startswith("/") and not set("\\\n\0").intersection(path)


def _require(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(*problems)

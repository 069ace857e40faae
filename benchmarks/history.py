"""Row 9: the first page of a long history, and one tick of it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from arco_sched import Workspace
from benchmarks import databases
from benchmarks.harness import START, Bench, Row, compared, in_turns, per_call, run


def rows(bench: Bench) -> Iterator[Row]:
    """`ticks list` and `ticks show` as whole processes, and the same questions without the start of a process."""
    many, rounds = bench.size(5_000_000, 10_000), bench.size(12, 1)
    bench.say(f"building a history of {many:,} ticks")
    large = databases.with_ticks(bench.path("history-large"), 1000, many // 1000)
    # The small one has as many ticks of each schedule as fill the page that the large one fills.
    small = databases.with_ticks(bench.path("history-small"), 10, 100)
    show_large, show_small = (f"s0000005:{START + 60 * each}" for each in (many // 2000, 50))
    bench.say(f"whole processes in turns, {rounds} rounds")
    for what, ask_large, ask_small in (
        ("ticks list --schedule", ("ticks", "list", "--schedule", "s0000005"), None),
        ("ticks list", ("ticks", "list"), None),
        ("ticks show", ("ticks", "show", show_large), ("ticks", "show", show_small)),
    ):
        ours, yardstick = in_turns(
            rounds,
            partial(run, bench.arco(large, *ask_large)),
            partial(run, bench.arco(small, *(ask_small or ask_large))),
        )
        yield compared("9", f"arco {what}, {many:,} ticks : 1,000 ticks", ours, yardstick, 1.2)
    questions: list[tuple[str, Callable[[Workspace, str], object]]] = [
        ("a page of one schedule", lambda workspace, _: workspace.ticks(schedule_id="s0000005")),
        ("a page of all", lambda workspace, _: workspace.ticks()),
        ("one tick", lambda workspace, tick_id: workspace.tick(tick_id)),
    ]
    for what, ask in questions:
        ours, yardstick = in_turns(
            rounds, *(_asking(path, ask, tick) for path, tick in ((large, show_large), (small, show_small)))
        )
        # Beyond what was promised (of the commands): the depth of the trees shows, and a scan would be seen at once.
        yield compared("9 in Python", f"{what}, {many:,} ticks : 1,000 ticks", ours, yardstick, 1.5)
    databases.remove(large)
    databases.remove(small)


def _asking(path: Path, ask: Callable[[Workspace, str], object], tick_id: str) -> Callable[[], float]:
    def once() -> float:
        with Workspace.open(path) as workspace:
            return per_call(lambda: ask(workspace, tick_id))

    return once

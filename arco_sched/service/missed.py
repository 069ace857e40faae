"""The first and the last occurrence of each lapse."""

from collections.abc import Iterable, Sequence

from arco_sched.core.definitions import Term
from arco_sched.core.evaluate import stretches
from arco_sched.core.history import LapseRecord
from arco_sched.core.ports import Transaction


def with_ends(transaction: Transaction, lapses: Iterable[LapseRecord]) -> list[LapseRecord]:
    """The lapses with their first and last missed occurrence, if the definitions can be evaluated."""
    found = list(lapses)
    numbers = transaction.definitions.numbers_of({each.schedule_id for each in found})
    terms = transaction.definitions.all_terms(list(numbers.values()))
    return [_with_ends(each, terms.get(numbers.get(each.schedule_id, -1), [])) for each in found]


def _with_ends(lapse: LapseRecord, terms: Sequence[Term]) -> LapseRecord:
    if not lapse.missed:
        return lapse
    parts = [part for part in stretches(terms, lapse.after + 1, lapse.before) if part.times is not None]
    firsts = (part.times.take(part.start, part.stop, 1) for part in parts if part.times is not None)
    lasts = (part.times.take_newest(part.start, part.stop, 1) for part in reversed(parts) if part.times is not None)
    first, last = next(filter(None, firsts), None), next(filter(None, lasts), None)
    return lapse if first is None or last is None else lapse._replace(first_missed=first[0], last_missed=last[-1])

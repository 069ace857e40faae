"""Values that arco never writes: every command answers or refuses them in one line, and none is taken for a value."""

import pytest

from tests.database import spoil
from tests.runner import Arco

FAR = 1 << 62

DAMAGE = {
    "tick": f"UPDATE tick_rows SET instant = {FAR} WHERE instant = (SELECT max(instant) FROM tick_rows)",
    "tick's time": f"UPDATE tick_rows SET recorded_at = -{FAR}",
    "lapse's begin": f"UPDATE lapse_rows SET after = -{FAR}",
    "lapse's end": f"UPDATE lapse_rows SET before = {FAR}",
    "lapse's time": f"UPDATE lapse_rows SET recorded_at = {FAR}",
    "lapse's reason": "UPDATE lapse_rows SET reason = 'x'",
    "lapse's count": "UPDATE lapse_rows SET missed = NULL",
    "cursor": f"UPDATE schedule_rows SET cursor = {FAR}",
    "last tick": f"UPDATE schedule_rows SET last_instant = {FAR}",
    "start": f"UPDATE definition_rows SET start_at = -{FAR}",
    "effect": f"UPDATE definition_rows SET effective_from = {FAR}",
    "creation": f"UPDATE definition_rows SET created_at = {FAR}",
    "other fields": "UPDATE definition_rows SET other = '7'",
    "deep fields": f"UPDATE definition_rows SET other = '{'[' * 900}{']' * 900}'",
    "agenda": f"UPDATE agenda SET due_at = {FAR}",
    "event": f"UPDATE event_log SET recorded_at = {FAR}",
    "digits": f"UPDATE event_log SET payload = replace(payload, 'missed\":3', 'missed\":{'9' * 5000}') WHERE type = 3",
    "run": f"UPDATE run_rows SET requested_at = {FAR}",
    "a run's origin": "UPDATE run_rows SET origin = 7",
    "a schedule's number": f"UPDATE schedule_ids SET schedule = {FAR}",
    "a content's number": f"UPDATE contents SET content = {FAR}",
}

COMMANDS = (
    "status",
    "check",
    "why daily",
    "why daily --at 2025-01-01",
    "timeline daily",
    "schedule list",
    "schedule show daily",
    "schedule versions daily",
    "ticks list",
    "lapses list",
    "runs list",
    "events list",
    "next",
    "export",
    "backfill daily --from 2025-01-01 --to 2025-01-05 --dry-run",
    "schedule discard daily --dry-run",
    "schedule rewind --dry-run",
    "tick --dry-run",
    "prune --older-than 2d",
    "tick",
)


@pytest.mark.slow
@pytest.mark.parametrize("statement", [pytest.param(*case, id=name) for name, *case in DAMAGE.items()])
def test_damage_is_one_line(daily: Arco, statement: str) -> None:
    """Whatever is asked: an answer, or one line that says that the database is damaged; and verify names it."""
    daily.ok("tick", at="2025-01-06T12:00:00Z")
    spoil(daily.db, statement)
    daily.at = "2025-01-06T13:00:00Z"
    found = daily("verify")
    assert found.code in {6, 7}
    assert "Traceback" not in found.err
    for command in COMMANDS:
        result = daily(command)
        said = f"{command}: {result}"
        assert result.code in {0, 3, 6, 7}, said
        assert "nforeseen" not in result.err, said
        if result.code == 6:
            assert "damaged" in result.err, said
            assert result.err.count("\n") == 1, said

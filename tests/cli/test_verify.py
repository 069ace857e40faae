"""`arco verify`, as an operator meets it."""

from tests.database import sql
from tests.runner import Arco


def test_verify_says_what_it_checked(daily: Arco) -> None:
    """A sound database is `ok`, with the numbers of events and schedules that were looked at."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    assert daily.ok("verify").out.startswith("ok: 7 events and 1 schedule checked")
    assert daily.json("verify") == {"ok": True, "events": 7, "schedules": 1, "differences": [], "notes": []}


def test_verify_names_each_difference_on_a_line(daily: Arco) -> None:
    """A changed row, a removed tick: a line each on stdout, and exit 7."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    sql(daily.db, "DELETE FROM tick_rows WHERE instant = (SELECT max(instant) FROM tick_rows)")
    sql(daily.db, "UPDATE schedule_rows SET cursor = cursor - 1")
    result = daily("verify")
    assert (result.code, result.err) == (7, "")
    *differences, verdict = result.out.splitlines()
    assert any("is missing" in line for line in differences)
    assert any("cursor" in line for line in differences)
    assert verdict.startswith(f"NOT ok: {len(differences)} differences")
    answer = daily("verify --json")
    assert (answer.code, answer.json["ok"], answer.json["differences"]) == (7, False, differences)


def test_verify_escapes_what_steers_a_terminal(daily: Arco) -> None:
    """A text that somebody wrote into the database is shown, not interpreted."""
    sql(daily.db, "UPDATE definition_rows SET cron_expression = '\x1b[2J[bold]' || char(10) || 'x'")
    result = daily("verify")
    assert result.code == 7
    assert "\x1b" not in result.out
    assert "[bold]" in result.out


def test_verify_of_a_file_that_is_no_database(arco: Arco) -> None:
    """One line and exit 6."""
    arco.db.write_bytes(b"no database" * 1000)
    result = arco("verify")
    assert (result.code, result.out, result.err.count("\n")) == (6, "", 1)

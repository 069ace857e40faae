"""`arco backup`, as an operator meets it."""

from pathlib import Path

from tests.runner import Arco


def test_a_backup_is_a_database(daily: Arco, tmp_path: Path) -> None:
    """The copy verifies, and holds the same."""
    daily.ok("tick", at="2025-01-03T12:00:00Z")
    copy = tmp_path / "copy.db"
    assert daily.ok(f"backup {copy}").out.startswith(f"Wrote {copy}, ")
    assert daily.ok(f"--db {copy} verify").out.startswith("ok")
    assert Arco(copy).content() == daily.content()


def test_a_backup_replaces_only_when_told(daily: Arco, tmp_path: Path) -> None:
    """An existing file is left as it is without --replace."""
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    result = daily(f"backup {copy}")
    assert result.code != 0
    assert "--replace" in result.err
    assert copy.read_text() == "mine"
    assert daily.json(f"backup {copy} --replace") == {"backup": str(copy), "bytes": copy.stat().st_size}


def test_a_backup_never_replaces_its_own_database(daily: Arco, tmp_path: Path) -> None:
    """Not under another name either: what others are writing there would be lost."""
    before = daily.db.stat().st_ino
    link = tmp_path / "link.db"
    link.symlink_to(daily.db)
    for target in (daily.db, link):
        result = daily(f"backup --replace {target}")
        assert (result.code, result.err.count("\n")) == (2, 1), result
        assert "itself" in result.err
    assert daily.db.stat().st_ino == before
    assert link.is_symlink()


def test_a_backup_does_not_end_up_beside_a_foreign_log(daily: Arco, tmp_path: Path) -> None:
    """SQLite would replay a write-ahead log that is left beside the name into the copy."""
    copy = tmp_path / "copy.db"
    (tmp_path / "copy.db-wal").write_bytes(b"x" * 100)
    result = daily(f"backup {copy} --replace")
    assert result.code == 6
    assert "copy.db-wal" in result.err
    assert not copy.exists()

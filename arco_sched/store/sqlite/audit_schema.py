"""The part of the audit that looks at the schema itself."""

import re
import sqlite3

from arco_sched.core.ports import SchemaDifference
from arco_sched.store.sqlite.script import schema, statements


def differences(connection: sqlite3.Connection) -> list[SchemaDifference]:
    """How tables, indexes, views, triggers and the rows of `words` differ from those of a new database."""
    new = sqlite3.connect(":memory:")
    try:
        for statement in statements(schema()):
            new.execute(statement)
        wanted, found = described(new), described(connection)
        differences = [
            SchemaDifference(*key, "missing" if key not in found else "differs")
            for key, sql in wanted.items()
            if found.get(key) != sql
        ]
        differences += [SchemaDifference(*key, "extra") for key in found if key not in wanted]
        if ("table", "words") not in {difference[:2] for difference in differences}:
            ask = "SELECT kind, code, word FROM words"
            words, expected = set(connection.execute(ask)), set(new.execute(ask))
            names = sorted({f"{kind} {code}" for kind, code, _ in words ^ expected})
            differences += [SchemaDifference("word", name, "differs") for name in names]
        return differences
    finally:
        new.close()


def described(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(type, name) -> definition of every table, index, view and trigger, without comments and spaces."""
    ask = "SELECT type, name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    # A migration may have others, and they mean nothing.
    return {(kind, name): "".join(re.sub(r"--.*", "", sql).split()) for kind, name, sql in connection.execute(ask)}

"""The lines of the keys of a TOML document."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from arco_sched.formats import toml_file as definitions
from arco_sched.formats.toml_lines import key_lines

KEY_TEXTS = st.text(st.sampled_from("ab.-_ #[]\"'\\=ü"), min_size=1, max_size=6)

SCALARS = st.integers(-5, 5).map(str) | st.sampled_from(
    ["true", "1979-05-27 07:32:00Z", "'a # ] } b'", '"\\" # ]"', "'''x\n''''", '"""\\""" ]\n"""""', "inf"]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """A document in many styles, and the line of each of its keys, noted while it is written."""
    text, lines = "", {}

    def line() -> int:
        return text.count("\n") + 1

    def value(path: tuple[str | int, ...], depth: int) -> str:
        nonlocal text
        shape = draw(st.sampled_from(["scalar", "scalar", "list", "table"] if depth else ["scalar"]))
        if shape == "scalar":
            text += draw(SCALARS)
        elif shape == "list":
            text += "["
            for place in range(draw(st.integers(0, 3))):
                text += draw(st.sampled_from(["", "\n  ", " # , ]\n"]))
                lines[*path, place] = line()
                value((*path, place), depth - 1)
                text += draw(st.sampled_from([",", " ,\n", ", # x\n"]))
            text += "]"
        else:
            text += "{"
            for place, key in enumerate(draw(st.lists(KEY_TEXTS, max_size=3, unique=True))):
                text += ", " if place else " "
                lines[*path, key] = line()
                text += definitions.toml_key(key) + " = "
                value((*path, key), depth - 1)
            text += " }"
        return text

    for table in draw(st.lists(KEY_TEXTS, max_size=3, unique=True)):
        text += draw(st.sampled_from(["", "# [x]\n", "\n\n"]))
        lines[table,] = line()
        quoted = definitions.toml_key(table)
        repeated = draw(st.booleans())
        path: tuple[str | int, ...] = (table, 0) if repeated else (table,)
        if repeated:
            lines[path] = line()
        text += f"[[ {quoted} ]] # x\n" if repeated else f"[{quoted}]\n"
        for key in draw(st.lists(KEY_TEXTS, max_size=3, unique=True)):
            text += draw(st.sampled_from(["", "  ", "# a = 1\n"]))
            lines[*path, key] = line()
            text += definitions.toml_key(key)
            if draw(st.booleans()):
                lines[*path, key, "sub"] = line()
                text += " . sub"
                value_path: tuple[str | int, ...] = (*path, key, "sub")
            else:
                value_path = (*path, key)
            text += "\t= "
            value(value_path, 2)
            text += "\n"
    return text, lines


@given(documents())
def test_every_key_is_found_on_its_line(document: tuple[str, dict[tuple[str | int, ...], int]]) -> None:
    """Quoted and dotted keys, tables inside lines, lists over lines, comments and strings with signs in them."""
    text, lines = document
    tomllib.loads(text)
    assert key_lines(text) == lines
    assert key_lines(text.replace("\n", "\r\n")) == lines

"""Wrappers that defeat what arco does, and the field that replaces each: a remark, and nothing is changed."""

import pytest

from arco_sched.formats.crontab import Options, read
from arco_sched.formats.crontab_wrappers import remarks


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("flock -n /run/x.lock sync.sh", [("`flock -n`", "`--overlap skip`")]),
        ("/usr/bin/flock --nonblock /l -c 'a; b'", [("`flock -n`", "`--overlap skip`")]),
        ("cd /x && flock -xn 9 sync.sh", [("`flock -n`", "`--overlap skip`")]),
        ("flock /run/x.lock sync.sh", [("`flock`", "`--overlap queue`")]),
        ("flock -w 10 /run/x.lock sync.sh", [("`flock`", "`--overlap queue`")]),
        ("timeout 600 crunch.sh", [("`timeout 600`", "`--timeout 600s`")]),
        ("timeout -k 10 --signal=INT 1.5h crunch.sh", [("`timeout 1.5h`", "`--timeout`")]),
        ("nice -n 5 timeout 10m crunch.sh", [("`timeout 10m`", "`--timeout 10m`")]),
        (
            "flock -n /l timeout 60 a || true",
            [("`flock -n`", "--overlap"), ("`timeout 60`", "--timeout 60s"), ("`|| true`", "Leave it out")],
        ),
        ("a || :", [("`|| :`", "Leave it out")]),
        ("a && b || exit 0", [("`|| exit 0`", "Leave it out")]),
        ("a; b || echo failed", [("`|| echo`", "`--on-failure`")]),
        ("check.sh || mail -s down ops", [("`|| mail`", "`--on-failure`")]),
        ("check.sh || echo 'it is; down' | mail -s down ops", [("`|| … | mail`", "`--on-failure`")]),
        ("backup.sh 2>&1 | mail -s backup ops", [("`| mail`", "`arco runs log`")]),
        ("backup.sh |& /usr/bin/logger -t backup", [("`| logger`", "`arco runs log`")]),
        ("a | grep -v x | tee -a /var/log/a", [("`| tee`", "`arco runs log`")]),
    ],
)
def test_a_wrapper_is_named_with_what_replaces_it(command: str, found: list[tuple[str, str]]) -> None:
    """One remark each, with the words of the command."""
    said = remarks(command)
    assert len(said) == len(found), said
    for remark, (named, instead) in zip(said, found, strict=True):
        assert remark.startswith(named)
        assert instead in remark


@pytest.mark.parametrize(
    "command",
    [
        "backup.sh",
        "echo 'a || true'",
        'sh -c "a || true"',
        "a \\| mail",
        "a || true; b",
        "a || b",
        "a || exit 1",
        "a || { echo no; exit 1; }",
        "test -x /a || ( cd / && run-parts /etc )",
        "[ -x /a ] || exit 0; a",
        "ps ax | grep -c x",
        "a $(b || true)",
        "a `b | logger`",
        "if a; then b || true; fi",
        "rsync --timeout 600 a b",
        "a # || true",
        "'unclosed || true",
        "",
        "|",
        "timeout",
        "flock",
    ],
)
def test_what_is_no_such_wrapper(command: str) -> None:
    """Quoted, nested, not the last of the line, or with an exit code of its own: no word about it."""
    assert remarks(command) == []


def test_the_report_of_a_crontab_has_them_as_remarks() -> None:
    """The entry is carried over as it is."""
    found = read(
        b"0 5 * * * flock -n /l a.sh || true\n", name="mine", label="crontab:me", options=Options(timezone="UTC")
    )
    assert found.entries[0].definition.request.command == "flock -n /l a.sh || true"
    assert found.lines[0].remarks == tuple(remarks("flock -n /l a.sh || true"))
    assert found.lines[0].message == "; ".join(found.lines[0].remarks)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("0 18 28-31 * 1-5", ("28-31", "1-5")),
        ("0 0 13 * fri", ("13", "fri")),
        ("0 0 * * 5", None),
        ("0 0 13 * *", None),
    ],
)
def test_two_restricted_day_fields_are_pointed_out(fields: str, said: tuple[str, str] | None) -> None:
    """cron's rule, either is enough, is kept, and rarely what was meant."""
    found = read(f"{fields} x\n".encode(), name="mine", label="crontab:me", options=Options(timezone="UTC"))
    days = (
        []
        if said is None
        else [f"runs on days {said[0]} of the month and on weekdays {said[1]}: cron needs only one to match"]
    )
    assert list(found.lines[0].remarks) == days

"""Whether the entries of a crontab name a user, as in /etc/crontab, judged by the file alone."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from arco_sched.core.errors import InvalidInput

USERS: Final = frozenset(
    {"root", "www-data", "nobody", "daemon", "postgres", "apache", "nginx", "httpd", "wwwrun", "ubuntu", "debian"}
    | {"ec2-user", "centos", "vagrant", "jenkins", "tomcat", "oracle", "zabbix", "nagios", "munin", "logcheck", "smmsp"}
    | {"amavis", "clamav", "debian-exim", "Debian-exim", "postfix", "ntp", "mongodb", "elasticsearch", "rabbitmq"}
    | {"prometheus", "grafana", "gitlab-runner", "nextcloud", "operator"}
)
"""Users that many systems have and that aren't commands."""

_COMMANDS: Final = frozenset(
    {"test", "cd", "echo", "if", "for", "while", "true", "false", "sleep", "curl", "wget", "rsync", "tar", "find", "rm"}
    | {"cp", "mv", "touch", "cat", "date", "logger", "mail", "nice", "ionice", "sudo", "su", "env", "flock", "timeout"}
    | {"bash", "sh", "python", "python3", "perl", "php", "ruby", "node", "java", "docker", "podman", "kubectl", "make"}
    | {"systemctl", "service", "apt-get", "yum", "dnf", "certbot", "aws", "gcloud", "psql", "pg_dump", "mysqldump"}
    | {"run-parts", "nohup", "exec", "command", "npm", "uptime", "restic", "borg", "rclone", "arco"}
)
"""Commands that aren't users; others, such as `backup` and `git`, may be either, so they prove nothing."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
_HEADING: Final = re.compile(
    r"\b(?:dow|day-of-week|weekday)\b\s+(?:(user(?:-?name)?)\b|command\b|cmd\b)", re.IGNORECASE
)
_STARS: Final = re.compile(r"^\*(?:\s+\*){4}\s+(?:(user(?:-?name)?)\b|command\b)", re.IGNORECASE)


class Evidence(NamedTuple):
    """What the entries of a crontab look like: how many begin with a user, how many with something that can't be one.

    `heading` is what the line of column names says: True with a user column, False without, None if there is no line.
    """

    users: int
    commands: int
    heading: bool | None


def is_user(word: str) -> bool:
    """Whether every reader would take the word for a user."""
    return word in USERS


def looks_named(word: str, following: str) -> bool:
    """Whether a word could be a user's name before a command, though it may be a command itself."""
    if _NAME.fullmatch(word) is None or word in _COMMANDS:
        return False
    return following.startswith(("/", "~", "./", "$")) or following in _COMMANDS or following == "["


def gather(comments: Iterable[str], entries: Iterable[Sequence[str]]) -> Evidence:
    """The evidence. `comments` come without their `#`; of each entry come the words after its time."""
    heading = None
    for comment in comments:
        match = _HEADING.search(comment) or _STARS.match(comment)
        if match is not None:
            heading = match[1] is not None
    users = commands = 0
    for words in entries:
        first = words[0] if words else ""
        # No command line has a ( right after its first word.
        if len(words) > 1 and (is_user(first) or (words[1].startswith("(") and _NAME.fullmatch(first))):
            users += 1
        elif len(words) < 2 or first in _COMMANDS or _NAME.fullmatch(first) is None:
            commands += 1
    return Evidence(users, commands, heading)


def decide(evidence: Evidence, *, is_systems: bool) -> bool:
    """Whether the entries have a user field; `is_systems` is whether the file lies where the system's crontabs do.

    Raises `InvalidInput` if the evidence is mixed.
    """
    users, commands, heading = evidence
    if is_systems or (heading is not False and users > 2 * commands):
        return True
    # crontab(1) puts its heading into every file, and it is copied everywhere: entries that agree outweigh it.
    if (users or heading is True) and not commands:
        return True
    if heading is not True and (commands > 2 * users or not users):
        return False
    said = "" if heading is None else f", and the heading has {'a' if heading else 'no'} user column"
    raise InvalidInput(
        f"{_counted(users, 'begins', 'begin')} with a user and {_counted(commands, 'doesn', 'don')}'t{said}: pass "
        "--system-format if the sixth word is a user, --user-format if the command begins with it"
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"1 entry {one}" if count == 1 else f"{count:,} entries {many}"

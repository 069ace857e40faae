"""Which zone rules are installed; apart from what reads them, since every evaluation asks and few need to read."""

import tzdata  # type: ignore[import-untyped]


def tzdata_release() -> str:
    """The IANA release that the installed rules come from, such as `2025b`."""
    return str(tzdata.IANA_VERSION)

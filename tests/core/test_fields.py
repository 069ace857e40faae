"""The table of definition fields: what is stored and what is said of a definition follow from it."""

from typing import Any

import pytest

from arco_sched.core import identity
from arco_sched.core.fields import normal_content


@pytest.mark.parametrize(
    ("content", "text", "fingerprint"),
    [
        (
            {},
            '{"asset_selection":[],"command":null,"labels":{},"partition_selection":[]}',
            "8be459442b2e1625ca68ba77c18ee2e3c81baf9762142778911a8adc824d6259",
        ),
        (
            {"asset_selection": ["b", "a", "b"], "partition_selection": ["2025-01-15"]},
            '{"asset_selection":["a","b"],"command":null,"labels":{},"partition_selection":["2025-01-15"]}',
            "cb2680e0595d03e68fec4a4b81a3f8206894438bc40380576791d68f78e3af13",
        ),
        (
            {"command": "make\n\t# é", "labels": {"z": "", "a": "1"}},
            '{"asset_selection":[],"command":"make\\n\\t# é","labels":{"a":"1","z":""},"partition_selection":[]}',
            "4e472958fc41b8b0a8d942ed5f801f8e1ad6f9e5575ead3fab43ffdfdb67cc8c",
        ),
    ],
)
def test_fingerprints_stay(content: dict[str, Any], text: str, fingerprint: str) -> None:
    """The canonical text of a content, and so its fingerprint, is what it always was: databases hold both."""
    canonical = identity.content_text(normal_content(**content))
    assert canonical == text
    assert identity.fingerprint(canonical) == fingerprint

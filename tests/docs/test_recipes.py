"""What the recipes show beside their commands holds too."""

import re

from tests.docs.documents import ROOT


def test_alert_rules_ask_for_metrics_that_there_are() -> None:
    """Each metric of an alert rule is one that the example above it lists, which is a real run."""
    section = (ROOT / "docs" / "recipes.md").read_text("utf-8").partition("## Prometheus should have the numbers")[2]
    printed, _, rules = section.partition("```yaml")
    metrics = set(re.findall(r"^(arco_\w+)[ {]", printed, re.MULTILINE))
    asked = set(re.findall(r"\barco_\w+", " ".join(re.findall(r"expr: (.*)", rules))))
    assert len(asked) >= 6
    assert asked <= metrics

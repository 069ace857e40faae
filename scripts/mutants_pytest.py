"""A plugin for pytest on a mutant: quick tests first, nothing is kept from test to test, each comes to an end."""

import os
import signal
import sys

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

SECONDS = 60
"""Of the processor, for one test: several times what the longest takes on the code as it is."""


def pytest_sessionstart() -> None:
    """An example that fails is not made smaller: that it fails is enough."""
    same = settings.get_profile("same")
    settings.register_profile("mutants", same, phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutants")
    signal.signal(signal.SIGPROF, lambda *_: os._exit(1))  # which pytest says of a test that failed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Property tests last; otherwise by name, since mutmut names them in no order."""
    items.sort(key=lambda item: (is_hypothesis_test(getattr(item, "obj", None)), item.nodeid))


def pytest_runtest_setup() -> None:
    """What another test left in a cache would hide the mutant, and from mutmut which tests need the function."""
    for name, module in list(sys.modules.items()):
        if name.startswith("arco_sched."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)


def pytest_runtest_teardown() -> None:
    """The limit is for the test alone."""
    signal.setitimer(signal.ITIMER_PROF, 0)

"""Each kind of store, for the tests of what every store promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from arco_sched.core.ports import Store
from tests.store.stores import STORES, Kind


@pytest.fixture(params=STORES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of store."""
    return request.param


@pytest.fixture
def store(kind: Kind, path: Path) -> Iterator[Store]:
    """A new store."""
    made = kind.new(path)
    yield made
    made.close()

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.api.served import Server, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that asks who somebody is."""
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[Server]:
    """A server that asks nobody."""
    with serving(tmp_path, authentication=False) as server:
        yield server

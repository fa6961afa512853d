"""A server with the pack `own`, for the tests of one module."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.api.reading.packs import make_pack
from tests.unit.api.reading.served import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server on a store of its own."""
    folder: Path = tmp_path_factory.mktemp("server")
    with serving(folder / "store.db", [make_pack(folder / "packs")]) as found:
        yield found

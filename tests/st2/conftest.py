from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.st2.forking import Forks
from tests.st2.site import CLIENT, Server, Site


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Where commands of the client come from, for all tests."""
    assert CLIENT.is_dir(), f"{CLIENT} is not there. Make it with: sh scripts/st2.sh"
    forks = Forks(CLIENT / "python", tmp_path_factory.mktemp("forks"))
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks nobody who they are, for all tests."""
    server = Server(tmp_path_factory.mktemp("st2"), "--no-auth")
    yield server
    server.close()


@pytest.fixture
def site(server: Server, forks: Forks, tmp_path: Path) -> Iterator[Site]:
    """The test's part of it."""
    site = Site(server, forks, tmp_path)
    yield site
    site.close()


@pytest.fixture
def guarded(forks: Forks, tmp_path: Path) -> Iterator[Site]:
    """A server that asks everybody who they are, for one test alone."""
    (tmp_path / "server").mkdir()
    (tmp_path / "client").mkdir()
    server = Server(tmp_path / "server")
    site = Site(server, forks, tmp_path / "client")
    yield site
    site.close()
    server.close()

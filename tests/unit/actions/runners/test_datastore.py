from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.actions.runners.datastore import StoredKey
from orchestrion.errors import UsageError
from tests.unit.actions.runners.python_pack import EXECUTION, PythonPack, new_runner, result_of


class Keys:
    """A key store in memory."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], StoredKey] = {}
        self.asked_for: set[str] = set()

    def get(self, name: str, *, scope: str, user: str, decrypt: bool, execution: str) -> str | None:
        self.asked_for.add(execution)
        key = self.found.get((scope, user, name))
        return None if key is None else "********" if key.secret and not decrypt else key.value

    def set(self, key: StoredKey, *, user: str, ttl: int | None, execution: str) -> None:
        if ttl == 0:
            raise UsageError("the time to live must be from 1")
        self.asked_for.add(execution)
        self.found[key.scope, user, key.name] = key

    def delete(self, name: str, *, scope: str, user: str) -> bool:
        return self.found.pop((scope, user, name), None) is not None

    def matching(self, prefix: str, *, scope: str, user: str) -> list[StoredKey]:
        kept = [key for place, key in self.found.items() if place[:2] == (scope, user)]
        return [key for key in kept if key.name.startswith(prefix)]


class TestKeyStore:
    @pytest.fixture
    def stored(self, tmp_path: Path) -> Iterator[tuple[PythonPack, Keys]]:
        keys = Keys()
        pack = PythonPack(tmp_path, new_runner(tmp_path, keys=keys))
        yield pack, keys
        pack.runner.close(grace_seconds=0.1)

    def test_is_reached_by_the_action_service(self, stored: tuple[PythonPack, Keys]) -> None:
        pack, keys = stored
        keys.set(StoredKey("shared", "5", "system", secret=False), user="eve", ttl=None, execution="x")
        found = pack.result(
            "service = self.action_service\n"
            "service.set_value('mine', '語', ttl=60)\n"
            "service.set_value('sealed', 's3cret', local=False, scope='user', encrypt=True)\n"
            "return [service.get_value('mine'), service.get_value('shared', local=False),\n"
            "    service.get_value('not there'), self.datastore.get_value('sealed', False, 'user'),\n"
            "    service.datastore_service.get_value('sealed', local=False, scope='user', decrypt=True),\n"
            "    [key.name for key in service.list_values()], service.delete_value('mine'),\n"
            "    service.delete_value('mine')]"
        )
        assert found == ["語", "5", None, "********", "s3cret", ["own.A:mine"], True, False]
        assert {key[1:] for key in keys.found} == {("eve", "shared"), ("eve", "sealed")}
        assert keys.asked_for == {"x", EXECUTION}

    def test_tells_what_is_wrong(self, stored: tuple[PythonPack, Keys]) -> None:
        pack, _ = stored
        outcome = pack.outcome("self.action_service.set_value('a', 'b', ttl=0)")
        assert "DatastoreError: the time to live must be from 1" in result_of(outcome)["stderr"]

    def test_serves_the_children_of_an_action(self, stored: tuple[PythonPack, Keys]) -> None:
        pack, keys = stored
        pack.result(
            "import os\nself.action_service.set_value('n', 'parent')\n"
            "if os.fork() == 0:\n    self.action_service.set_value('n', 'child'); os._exit(0)\n"
            "os.wait()"
        )
        assert [key.value for key in keys.found.values()] == ["child"]

    def test_may_be_missing(self, pack: PythonPack) -> None:
        outcome = pack.outcome("self.action_service.get_value('a')")
        assert "DatastoreError: Actions have no key store here." in result_of(outcome)["stderr"]

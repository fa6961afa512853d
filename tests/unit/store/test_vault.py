import base64
import stat
from pathlib import Path

import pytest

from orchestrion.errors import SealError
from orchestrion.store.sqlite import Store
from orchestrion.store.vault import Vault, is_sealed


def seal(path: Path, text: str) -> str:
    """Seal a text with the key of a store, as its first secret or a later one."""
    store = Store(path)
    try:
        with store.transaction() as transaction:
            transaction.unlock()
            return transaction.seal(text)
    finally:
        store.close()


def test_the_key_is_made_once_beside_the_store_and_is_its_owners_alone(tmp_path: Path) -> None:
    sealed = [seal(tmp_path / "s.db", "hidden") for _ in range(2)]
    key = tmp_path / "s.db.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sealed[0] != sealed[1]
    assert all(is_sealed(one) and "hidden" not in one for one in sealed)
    assert [Vault(key).open(one, "execution") for one in sealed] == ["hidden", "hidden"]
    assert [file.name for file in tmp_path.iterdir() if "key" in file.name] == ["s.db.key"]


def digest(path: Path, text: str) -> str:
    store = Store(path)
    try:
        with store.reading() as transaction:
            return transaction.digest(text)
    finally:
        store.close()


def test_a_digest_is_always_the_same_in_its_store_and_another_one_in_any_other(tmp_path: Path) -> None:
    first = digest(tmp_path / "s.db", "x")  # makes the key
    seal(tmp_path / "s.db", "x")
    assert digest(tmp_path / "s.db", "x") == first
    assert len({first, digest(tmp_path / "s.db", "y"), digest(tmp_path / "other.db", "x")}) == 3
    (tmp_path / "s.db.key").unlink()
    with pytest.raises(SealError, match="the key file is not there"):
        digest(tmp_path / "s.db", "x")


def test_the_key_may_stand_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRION_KEY_FILE", str(tmp_path / "elsewhere"))
    seal(tmp_path / "s.db", "x")
    assert (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "s.db.key").exists()


def test_what_is_sealed_for_one_purpose_does_not_open_for_another(tmp_path: Path) -> None:
    sealed = seal(tmp_path / "s.db", "x")
    with pytest.raises(SealError, match="does not open"):
        Vault(tmp_path / "s.db.key").open(sealed, "key")


def test_a_key_that_is_lost_is_not_replaced(tmp_path: Path) -> None:
    seal(tmp_path / "s.db", "x")
    (tmp_path / "s.db.key").unlink()
    with pytest.raises(SealError, match="the key file is not there"):
        seal(tmp_path / "s.db", "y")
    assert not (tmp_path / "s.db.key").exists()


def test_the_key_of_another_store_is_refused_before_anything_is_sealed_with_it(tmp_path: Path) -> None:
    seal(tmp_path / "s.db", "x")
    seal(tmp_path / "other.db", "x")
    (tmp_path / "other.db.key").rename(tmp_path / "s.db.key")
    with pytest.raises(SealError, match="does not open"):
        seal(tmp_path / "s.db", "y")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    seal(tmp_path / "s.db", "x")
    (tmp_path / "s.db.key").chmod(mode)
    with pytest.raises(SealError, match=r"others may read.*chmod 600"):
        seal(tmp_path / "s.db", "y")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"no key at all", base64.b64encode(b"short")])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.db.key").write_bytes(content)
    (tmp_path / "s.db.key").chmod(0o600)
    with pytest.raises(SealError, match="this is no key file"):
        seal(tmp_path / "s.db", "x")


def test_a_key_in_a_folder_that_is_not_there_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRION_KEY_FILE", str(tmp_path / "no" / "key"))
    with pytest.raises(SealError, match="cannot be made: No such file"):
        seal(tmp_path / "s.db", "x")

"""Accounts: what is kept tells no secret, and what was taken back counts no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.accounts import ADMIN, LONGEST_TOKEN_SECONDS, Accounts
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.store.sqlite import Store

PASSWORD = "correct horse battery staple"


class Clock:
    now = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.db")
    yield store
    store.close()


@pytest.fixture
def accounts(store: Store, clock: Clock) -> Accounts:
    return Accounts(store, clock)


def test_the_first_admin_is_made_only_where_there_is_nobody(accounts: Accounts) -> None:
    token = accounts.add_first_admin(60)
    assert token is not None
    credential = accounts.credential("token", token.text)
    assert credential is not None
    assert (credential.account, credential.role, credential.enabled) == (ADMIN, "admin", True)
    assert credential.expires_at == Clock.now + 60_000_000
    assert accounts.add_first_admin(60) is None


def test_a_password_is_right_or_wrong_and_nobody_without_one_has_any(accounts: Accounts) -> None:
    accounts.add("ada", "operator", PASSWORD)
    accounts.add("bo", "viewer", None)
    assert accounts.is_password("ada", PASSWORD)
    assert not accounts.is_password("ada", PASSWORD + "!")
    assert not accounts.is_password("bo", "")
    assert not accounts.is_password("nobody", PASSWORD)


def test_the_file_holds_neither_passwords_nor_tokens_nor_keys(accounts: Accounts, store: Store) -> None:
    accounts.add("ada", "admin", PASSWORD)
    token = accounts.add_token("ada").text
    _, key = accounts.add_key("ada", {"for": "ci"})
    store.shorten_log()
    content = store.path.read_bytes()
    assert b"for" in content
    assert [text for text in (PASSWORD, token, key) if text.encode() in content] == []
    assert len({token, key}) == 2
    assert min(len(token), len(key)) >= 43  # 256 bits in Base64


def test_the_same_password_is_kept_differently_each_time(accounts: Accounts, store: Store) -> None:
    accounts.add("ada", "viewer", PASSWORD)
    accounts.add("bo", "viewer", PASSWORD)
    with store.reading() as transaction:
        kept = [transaction.one("account", name=name) for name in ("ada", "bo")]
    assert len({row["password"] for row in kept if row}) == 2


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_has_a_length(accounts: Accounts, password: str) -> None:
    with pytest.raises(UsageError, match="8 to 1024"):
        accounts.add("ada", "viewer", password)
    assert accounts.all() == []


@pytest.mark.parametrize("name", ["", "-x", "a b", "a" * 65, "ä", "a\n", "../x"])
def test_a_name_is_plain(accounts: Accounts, name: str) -> None:
    with pytest.raises(UsageError, match="1 to 64 letters"):
        accounts.add(name, "viewer", None)


def test_there_is_one_account_of_a_name(accounts: Accounts) -> None:
    accounts.add("ada", "viewer", None)
    with pytest.raises(Refused, match="There is a user ada already"):
        accounts.add("ada", "admin", None)
    assert [one.role for one in accounts.all()] == ["viewer"]


def test_who_is_removed_has_nothing_that_counts(accounts: Accounts) -> None:
    accounts.add("ada", "admin", None)
    token = accounts.add_token("ada").text
    _, key = accounts.add_key("ada", {})
    accounts.remove("ada")
    assert accounts.credential("token", token) is None
    assert accounts.credential("key", key) is None
    accounts.add("ada", "admin", None)
    assert accounts.credential("token", token) is None
    with pytest.raises(NotFound):
        accounts.remove("bo")


def test_another_password_takes_the_tokens_back(accounts: Accounts) -> None:
    accounts.add("ada", "admin", PASSWORD)
    token = accounts.add_token("ada").text
    accounts.set_password("ada", PASSWORD[::-1])
    assert accounts.credential("token", token) is None
    assert not accounts.is_password("ada", PASSWORD)
    assert accounts.is_password("ada", PASSWORD[::-1])
    with pytest.raises(NotFound):
        accounts.set_password("bo", PASSWORD)


def test_tokens_are_revoked_keys_are_not(accounts: Accounts) -> None:
    accounts.add("ada", "admin", None)
    tokens = [accounts.add_token("ada").text for _ in range(2)]
    _, key = accounts.add_key("ada", {})
    assert accounts.revoke_tokens("ada") == 2
    assert [accounts.credential("token", text) for text in tokens] == [None, None]
    assert accounts.credential("key", key) is not None
    with pytest.raises(NotFound):
        accounts.revoke_tokens("bo")


def test_a_token_is_no_key_and_a_key_no_token(accounts: Accounts) -> None:
    accounts.add("ada", "admin", None)
    token = accounts.add_token("ada").text
    _, key = accounts.add_key("ada", {})
    assert accounts.credential("key", token) is None
    assert accounts.credential("token", key) is None


@pytest.mark.parametrize("seconds", [0, -1, LONGEST_TOKEN_SECONDS + 1])
def test_a_token_ends_some_day(accounts: Accounts, seconds: int) -> None:
    accounts.add("ada", "admin", None)
    with pytest.raises(UsageError):
        accounts.add_token("ada", seconds)


def test_what_is_over_is_told_until_the_next_token_and_counted_no_more(
    accounts: Accounts, clock: Clock
) -> None:
    accounts.add("ada", "admin", None)
    token = accounts.add_token("ada", 1)
    clock.now = token.expires_at
    over = accounts.credential("token", token.text)
    assert over is not None
    assert over.expires_at == clock.now
    assert [one.tokens for one in accounts.all()] == [0]
    accounts.add_token("ada", 1)
    assert accounts.credential("token", token.text) is None


def test_a_key_is_found_by_its_id_and_by_itself(accounts: Accounts) -> None:
    accounts.add("ada", "admin", None)
    made, text = accounts.add_key("ada", {"a": [1]})
    assert accounts.key(made.id) == accounts.key(text) == made
    assert accounts.keys() == accounts.keys("ada") == [made]
    assert accounts.keys("bo") == []


def test_a_key_changes_and_goes(accounts: Accounts) -> None:
    accounts.add("ada", "admin", None)
    accounts.add("bo", "viewer", None)
    made, text = accounts.add_key("ada", {"a": 1})
    changed = accounts.change_key(made.id, enabled=False)
    assert (changed.enabled, changed.metadata, changed.account) == (False, {"a": 1}, "ada")
    changed = accounts.change_key(made.id, name="bo", metadata={})
    assert (changed.enabled, changed.metadata, changed.account) == (False, {}, "bo")
    assert accounts.key(made.id) == changed
    with pytest.raises(NotFound, match='"cy"'):
        accounts.change_key(made.id, name="cy")
    accounts.delete_key(text)
    with pytest.raises(NotFound):
        accounts.key(made.id)


def test_a_key_of_nobody_counts_for_nobody_also_when_they_come(accounts: Accounts) -> None:
    _, key = accounts.add_key("cy", {})
    with pytest.raises(NotFound):
        accounts.check_user("cy")
    assert accounts.credential("key", key) is None
    accounts.add("cy", "admin", None)
    accounts.check_user("cy")
    assert accounts.credential("key", key) is None

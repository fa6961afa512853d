"""The values from outside that expressions ask for: keys, and what only the runtime knows of tasks.

They are read in the unit's own transaction, when an expression asks, and once for each event: an event sees
one moment of the key store.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from orchestrion.core.draft import ExternalKey
from orchestrion.core.expressions import ExternalError
from orchestrion.core.values import Json
from orchestrion.errors import SealError
from orchestrion.runtime.keyring import SYSTEM_PREFIX, missing_key, read_key
from orchestrion.runtime.ledger import Ledger
from orchestrion.runtime.secrets import TreeSecrets
from orchestrion.store.sqlite import Transaction

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Unit(Protocol):
    """What is needed of a unit."""

    transaction: Final[Transaction]
    ledger: Final[Ledger]

    @property
    def now(self) -> int: ...


class ExternalValues(Mapping[ExternalKey, "Json | Exception"]):
    """What an event of one workflow execution may ask for, or the errors that stand for it.

    `application` is what is in its context before its inputs: keys without a scope are those of its user.
    """

    def __init__(
        self, unit: _Unit, workflow: str, application: Mapping[str, Json], secrets: TreeSecrets
    ) -> None:
        self._unit: Final = unit
        self._workflow: Final = workflow
        self._application: Final = application
        self._secrets: Final = secrets
        self._known: Final[dict[ExternalKey, Json | Exception]] = {}

    def __getitem__(self, key: ExternalKey) -> "Json | Exception":
        if key not in self._known:
            self._known[key] = self._fetch(key)
        return self._known[key]

    def __contains__(self, key: object) -> bool:
        return True

    def __iter__(self) -> Iterator[ExternalKey]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _fetch(self, key: ExternalKey) -> "Json | Exception":
        match key:
            case ("st2kv", str(name), bool(decrypt)):
                return self._key(name, decrypt=decrypt)
            case ("task", int(entry)):
                return self._task(entry)
            case _:
                raise AssertionError(key)

    def _key(self, name: str, *, decrypt: bool) -> "Json | Exception":
        """A key: of the system if its name begins so, else of the user. A decrypted one is a secret."""
        unit = self._unit
        own = name.removeprefix(SYSTEM_PREFIX)
        owner = None if own != name else self._user
        key = read_key(unit.transaction, own, owner, unit.now)
        if key is None:
            return ExternalError(missing_key(own, owner))
        if not decrypt or not key.secret:
            return key.value
        try:
            value = key.plain(unit.transaction)
            self._secrets.note([value])
        except SealError as error:
            return ExternalError(str(error), missing=False)
        return value

    @property
    def _user(self) -> str:
        match self._application:
            case {"st2": {"user": str(user)}}:
                return user
            case _:
                return ""

    def _task(self, entry: int) -> Json:
        """The ids and times of an entry, as its executions have them now (stackstorm-api 5)."""
        times: dict[str, tuple[int | None, int | None]] = {}
        for row in self._unit.transaction.all("executions_of_entry", workflow=self._workflow, entry=entry):
            times[row["id"]] = (row["started_at"], row["ended_at"])
        for execution in self._unit.ledger.of_entry(self._workflow, entry):
            times[execution.id] = (execution.started_at, execution.ended_at)
        started = [begin for begin, _ in times.values() if begin is not None]
        ended = [end for _, end in times.values() if end is not None]
        return {
            "task_execution_id": min(times, default=None),
            "workflow_execution_id": self._workflow,
            "start_timestamp": _text_of(min(started, default=None)),
            "end_timestamp": _text_of(max(ended)) if ended and len(ended) == len(times) else None,
        }


def _text_of(microseconds: int | None) -> str | None:
    return None if microseconds is None else str(_EPOCH + timedelta(microseconds=microseconds))

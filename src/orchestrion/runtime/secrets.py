"""What is secret in the trees of a unit, and how it is hidden: sealed in the store, masked for people.

A tree has secrets from the moment at which one is known: a parameter that its metadata declares secret, an
encrypted key that was opened for it. From then on *all* values that the tree stores are sealed, not only
those in which a secret can be found: what an expression or an action has made of it (a part, another coding)
gives it away as well. A tree without secrets stores plain texts, needs no key, and pays nothing: what is
secret in a tree comes with the row of its workflow execution.

Values stay exact, because the workflow's logic and re-runs need them. Whoever shows them masks them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from orchestrion.actions.metadata import Action
from orchestrion.actions.parameters import MASK
from orchestrion.core.values import Json
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction
from orchestrion.store.states import Seal

Output: TypeAlias = tuple[str, dict[str, Json]]
"""The part of a result that a schema describes, by its key; and the schema."""

_NOTHING: Final[dict[str, Any]] = {"values": [], "names": {}, "outputs": {}}

SHORTEST: Final = 4
"""A shorter secret is hidden where it is a parameter of its own: everywhere, it would blot out the texts."""


class TreeSecrets:
    """The secrets of one tree: their values as texts, and what is secret of which actions.

    That is parameters, by their names, and parts of results, by the output schema and the key in the result
    that it describes.
    """

    def __init__(self, transaction: Transaction, root: str, text: str | None) -> None:
        known: dict[str, Any] = _NOTHING if text is None else rows.from_json(text)
        self.root: Final = root
        self.has_changed = False
        self._transaction: Final = transaction
        self._values: Final[dict[str, None]] = dict.fromkeys(known["values"])
        self._names: Final[dict[str, dict[str, None]]] = {
            action: dict.fromkeys(names) for action, names in known["names"].items()
        }
        self._outputs: Final[dict[str, Output]] = {
            action: (key, schema) for action, (key, schema) in known["outputs"].items()
        }

    def __bool__(self) -> bool:
        return bool(self._values or self._names or self._outputs)

    def note(self, values: Iterable[Json]) -> None:
        """These values are secret. Raises SealError where there is no key to seal them with."""
        texts = {text: None for value in values for text in _texts_of(value)}
        if texts.keys() - self._values.keys():
            self._change()
            self._values.update(texts)

    def note_parameters(self, action: str, values: Mapping[str, Json]) -> None:
        """These parameters of an action are secret. Raises SealError likewise."""
        given = {name: value for name, value in values.items() if value not in (None, "")}
        if given.keys() - self._names.get(action, {}).keys():
            self._change()
            self._names.setdefault(action, {}).update(dict.fromkeys(given))
        self.note(given.values())

    def note_output(self, action: str, output: "Output | None") -> None:
        """What is secret in what an action gives, if anything is. Raises SealError likewise."""
        if output is not None and self._outputs.get(action) != output:
            self._change()
            self._outputs[action] = output

    def note_result(self, action: str, result: Json) -> None:
        """An action of the tree has ended: what is secret in its result is known now."""
        if action in self._outputs and isinstance(result, dict):
            key, schema = self._outputs[action]
            self.note(secret_values(schema, result.get(key)))

    def _change(self) -> None:
        if not self:
            self._transaction.unlock()
        self.has_changed = True

    def copy(self, root: str) -> "TreeSecrets":
        """The same for another tree."""
        copied = TreeSecrets(self._transaction, root, self.text())
        copied.has_changed = bool(self)
        return copied

    def merge(self, other: "TreeSecrets") -> None:
        """What is secret in another tree is secret here, too. Raises SealError likewise."""
        if not other:
            return
        self._change()
        known: dict[str, Any] = rows.from_json(other.text())
        self._values.update(dict.fromkeys(known["values"]))
        self._outputs.update({action: (key, schema) for action, (key, schema) in known["outputs"].items()})
        for action, names in known["names"].items():
            self._names.setdefault(action, {}).update(dict.fromkeys(names))

    @property
    def mask(self) -> "Mask":
        """What hides them from people."""
        return mask_of(self.text())

    def text(self) -> str:
        """All of it as a JSON text."""
        names = {action: [*names] for action, names in self._names.items()}
        return rows.to_json({"values": [*self._values], "names": names, "outputs": self._outputs})


class Secrets:
    """The secrets of the trees that one unit touches."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction: Final = transaction
        self._trees: Final[dict[str, TreeSecrets]] = {}

    def of(self, workflow: Mapping[str, Any]) -> TreeSecrets:
        """Those of the tree to which a workflow execution belongs, by its row."""
        root = workflow["root"]
        if root not in self._trees:
            self._trees[root] = TreeSecrets(self._transaction, root, workflow.get("secrets"))
        return self._trees[root]

    def adopt(self, root: str, secrets: TreeSecrets) -> None:
        """What was a part of a tree is a tree of its own now, and keeps the secrets."""
        self._trees[root] = secrets.copy(root)

    def sealer(self, workflow: Mapping[str, Any]) -> Seal | None:
        """What seals the texts of a workflow execution; None where nothing is secret."""
        return self._transaction.seal if self.of(workflow) else None

    def write(self) -> None:
        """Write what has become known."""
        for tree in self._trees.values():
            if tree.has_changed:
                self._transaction.run(
                    "save_secrets", root=tree.root, sealed=self._transaction.seal(tree.text())
                )
                tree.has_changed = False


def secret_parameters(action: Action, values: Mapping[str, Json]) -> dict[str, Json]:
    """Those of an action's parameters that its metadata declares secret."""
    return {name: values[name] for name in action.secrets if name in values}


def secret_output(action: Action) -> Output | None:
    """What is secret in the results of an action, if its metadata declares anything so."""
    key = action.runner.output_key if action.runner is not None else None
    schema = action.output_schema
    return (key, dict(schema)) if key and schema and _has_secret(schema) else None


def secret_values(schema: Mapping[str, Json], value: Json) -> list[Json]:
    """The parts of a value that a JSON schema, or a mapping of names to such, declares secret."""
    if schema.get("secret") is True:
        return [value]
    found: list[Json] = []
    properties = schema.get("properties")
    if isinstance(value, dict):
        for name, of in (properties if isinstance(properties, dict) else schema).items():
            if isinstance(of, dict) and name in value:
                found += secret_values(of, value[name])
    of_items = schema.get("items")
    if isinstance(value, list) and isinstance(of_items, dict):
        for item in value:
            found += secret_values(of_items, item)
    return found


def _has_secret(schema: Mapping[str, Json]) -> bool:
    return schema.get("secret") is True or any(
        _has_secret(of) for of in schema.values() if isinstance(of, dict)
    )


# --- for people


class Mask:
    """Hides the secrets of one tree in what people see."""

    def __init__(self, values: Iterable[str], names: Mapping[str, Iterable[str]]) -> None:
        self._values: Final = frozenset(values)
        self._names: Final = {action: frozenset(secret) for action, secret in names.items()}
        forms = {form for value in values for form in _forms_of(value)}
        self._forms: Final = sorted(forms, key=len, reverse=True)
        alternatives = "|".join(re.escape(form) for form in self._forms)
        self._pattern: Final = re.compile(alternatives) if forms else None

    def text(self, text: str) -> str:
        """A text without secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def split(self, text: str) -> tuple[str, str]:
        """A text that goes on, without secrets; and its end, as it is, if a secret may begin there."""
        if self._pattern is None:
            return text, ""
        last = max((found.end() for found in self._pattern.finditer(text)), default=0)
        for at in range(max(last, len(text) - len(self._forms[0]) + 1), len(text)):
            if any(form.startswith(text[at:]) for form in self._forms):
                return self.text(text[:at]), text[at:]
        return self.text(text), ""

    def value(self, value: Json) -> Json:
        """A value without secrets."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return MASK if rows.to_json(value) in self._values else value
        return value

    def parameters(self, action: str, values: Json) -> Json:
        """The parameters of an action, with those that are secret hidden whatever they hold."""
        secret = self._names.get(action, frozenset())
        if not isinstance(values, dict):
            return self.value(values)
        return {
            name: MASK if name in secret and value is not None else self.value(value)
            for name, value in values.items()
        }


@lru_cache(maxsize=16)
def mask_of(text: str | None) -> Mask:
    """The mask for the secrets of a tree, as the row of a workflow execution or execution has them."""
    known: dict[str, Any] = _NOTHING if text is None else rows.from_json(text)
    return Mask(known["values"], known["names"])


def masking(values: Iterable[Json]) -> Mask:
    """The mask for values that are secret."""
    return Mask([text for value in values for text in _texts_of(value)], {})


def secrets_in(text: str | None, value: Json) -> tuple[str, ...]:
    """Those secrets of a tree that stand in a value. `text` as in `mask_of`."""
    known: dict[str, Any] = _NOTHING if text is None else rows.from_json(text)
    return tuple(one for one in known["values"] if masking([one]).value(value) != value)


def _texts_of(value: Json) -> Iterator[str]:
    """The texts and numbers in a secret value that are long enough to be looked for."""
    if isinstance(value, list):
        for item in value:
            yield from _texts_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_of(item)
    elif value is not None and not isinstance(value, bool):
        text = value if isinstance(value, str) else rows.to_json(value)
        if len(text.strip()) >= SHORTEST:
            yield text


def _forms_of(value: str) -> Iterator[str]:
    """How a secret stands in texts: as it is, without blanks around it, and as JSON or Python quote it."""
    stripped = value.strip()
    yield stripped
    for quoted in (json.dumps(stripped), json.dumps(stripped, ensure_ascii=False), repr(stripped)):
        yield quoted[1:-1]

"""The definition of a workflow as frozen records: what the author wrote, every short form expanded (spec 1).

Texts that may hold expressions stay texts here; `orchestrion.core.expressions.compile_template` compiles
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from orchestrion.core.values import Json


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `name: value` of `input`, `vars`, `publish` or `output`, in the order of the definition."""

    name: str
    value: Json


@dataclass(frozen=True, slots=True)
class Items:
    """The `with` attribute of a task (spec 5.6).

    `expression` is the text that gives the list; `source` is the whole text of `items` as error messages
    quote it; `names` are the names before `in` (none: the item is read by `item()` alone).
    """

    source: str
    expression: str
    names: tuple[str, ...] = ()
    concurrency: int | str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """The `retry` attribute of a task, or what `do: retry` stands for (spec 3, 5.7). Delay in seconds."""

    count: int | str
    delay: int | str | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One entry of `next` (spec 1.4). `do` is never empty: an absent one is `("continue",)`."""

    when: str | None = None
    publish: tuple[Assignment, ...] = ()
    do: tuple[str, ...] = ("continue",)


MAX_DELAY: Final = 100_000 * 365 * 24 * 3_600
"""The longest delay or timeout in seconds, 100,000 years: its end, in microseconds, can be stored."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task (spec 1.3). `input` is a mapping, or the text of a string input; times in seconds."""

    name: str
    action: str | None = None
    input: Json = None
    delay: int | str | None = None
    timeout: int | str | None = None
    join: int | Literal["all"] | None = None
    items: Items | None = None
    retry: Retry | None = None
    next: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole workflow (spec 1.2). `tasks` keeps the order of the text; timeout in seconds."""

    inputs: tuple[Assignment, ...] = ()
    vars: tuple[Assignment, ...] = ()
    timeout: int | str | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict[str, Task])
    output: tuple[Assignment, ...] = ()
    version: str | None = None
    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()


ENGINE_COMMANDS = frozenset({"continue", "noop", "fail", "retry"})
"""Words of `do` that the engine itself performs; no task may bear such a name (spec 1.6)."""

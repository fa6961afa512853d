"""Work is counted, not timed: steps of the interpreter, evaluations, elements that are walked over."""

import sys
from collections.abc import Callable, ItemsView, Iterator, KeysView, ValuesView
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from orchestrion.core.graph import Graph
from orchestrion.core.state import State

K = TypeVar("K")
V = TypeVar("V")


class Work(NamedTuple):
    steps: int
    evaluations: int
    walked: int


class Meter:
    """Counts what is done while a call runs; `state` makes states whose containers take part."""

    def __init__(self) -> None:
        self.steps = 0
        self.evaluations = 0
        self.walked = 0

    def measure(self, call: Callable[[], V]) -> tuple[V, Work]:
        self.steps = self.evaluations = self.walked = 0
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            result = call()
        finally:
            sys.settrace(before)
        return result, Work(self.steps, self.evaluations, self.walked)

    def state(self, graph: Graph) -> State:
        state = State(graph)
        state.entries = WalkedList(self)
        state.arrivals = WalkedList(self)
        state.routes = WalkedList(self, state.routes)
        state.items = WalkedDict(self)
        state.staged = WalkedDict(self)
        state.failures = WalkedDict(self)
        state.latest = WalkedDict(self)
        state.open = WalkedDict(self)
        state.ready = WalkedDict(self)
        return state

    def _trace(self, frame: FrameType, kind: str, _: Any) -> Any:
        if kind == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            code = frame.f_code
            self.evaluations += code.co_name == "render" and code.co_filename.endswith("template.py")
        elif kind == "opcode":
            self.steps += 1
        return self._trace


class WalkedList(list[V]):
    """A list that counts the elements of every walk, those in C included."""

    def __init__(self, meter: Meter, values: list[V] | None = None) -> None:
        super().__init__(values or [])
        self.meter = meter

    def __iter__(self) -> Iterator[V]:
        self.meter.walked += len(self)
        return super().__iter__()


class WalkedDict(dict[K, V]):
    """The same for a mapping."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self.meter = meter

    def __iter__(self) -> Iterator[K]:
        self.meter.walked += len(self)
        return super().__iter__()

    def keys(self) -> KeysView[K]:  # type: ignore[override]  # the views of `dict` are private
        self.meter.walked += len(self)
        return KeysView(self)

    def values(self) -> ValuesView[V]:  # type: ignore[override]  # the views of `dict` are private
        self.meter.walked += len(self)
        return ValuesView(self)

    def items(self) -> ItemsView[K, V]:  # type: ignore[override]  # the views of `dict` are private
        self.meter.walked += len(self)
        return ItemsView(self)

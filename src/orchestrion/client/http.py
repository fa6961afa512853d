"""The client of a server: what `local` does with a file is asked of somebody else, and shown the same.

Each class is one of `interface`; the values come as the server had them (`wire.views`). The server does the
work, so that following means looking, and leaving ends nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, TypeVar, cast

from orchestrion.client.catalogs import ActionList, ActionView
from orchestrion.client.commands import PLAIN
from orchestrion.client.connection import OTHER_VERSION, Connection
from orchestrion.client.files import WorkflowFile, file_of
from orchestrion.client.following import Interruption, Watch
from orchestrion.client.inspecting import Report
from orchestrion.client.pack_contents import PackList, PackView
from orchestrion.client.workflows import graph_of_text
from orchestrion.core.graph import Graph
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import Refused, Unavailable, UsageError
from orchestrion.keys import KeyView, NewKey
from orchestrion.operations import Accepted, Asking, RerunPlan, RerunRequest, StartPlan
from orchestrion.queries import Choice, ExecutionView, InquiryView
from orchestrion.queries.executions import no_such_execution
from orchestrion.queries.explaining import Explanation
from orchestrion.queries.export import Record
from orchestrion.queries.history import Request, StatusChange
from orchestrion.queries.output import Piece
from orchestrion.wire.views import plain, read

T = TypeVar("T")

_FIRST_SECONDS: Final = 0.05
_MOST_SECONDS: Final = 0.5
"""How long it waits before it looks again: longer and longer while nothing changes."""

_PATIENCE_SECONDS: Final = 60
"""For how long it follows although the server does not answer."""


class HttpClient:
    """Executions of a server (`interface.Client`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Final = connection

    # --- queries

    def executions(self, count: int, only: Choice | None = None) -> list[ExecutionView]:
        """The newest executions, or the newest of some."""
        chosen = only or Choice()
        query = {"count": count, "status": chosen.statuses, "action": chosen.action, "since": chosen.since}
        return _read(list[ExecutionView], self._connection.get("native/executions", query))

    def execution(self, number: str, *, attempts: bool = False) -> ExecutionView:
        """One execution with its tasks. Raises NotFound."""
        query = {"attempts": "true"} if attempts else None
        return _read(ExecutionView, self._connection.get(f"executions/{_part(number)}/view", query))

    def inquiries(self, count: int) -> list[InquiryView]:
        """The newest inquiries that wait for an answer."""
        return _read(list[InquiryView], self._connection.get("native/inquiries", {"count": count}))

    def inquiry(self, number: str) -> InquiryView:
        """One inquiry. Raises NotFound."""
        return _read(InquiryView, self._connection.get(f"native/inquiries/{_part(number)}"))

    # --- operations

    def run(
        self,
        workflow: str | WorkflowFile,
        words: Sequence[str] = (),
        asking: Asking = PLAIN,
        *,
        detached: bool = False,
    ) -> Accepted:
        """Start a workflow of a pack of the server, or a file of this machine, whose text is sent."""
        del detached  # the server does the work
        body = {"workflow": plain(workflow), "words": [*words], "reason": asking.reason}
        return _read(Accepted, self._connection.post("native/executions", body, request_id=asking.request_id))

    def pause(self, number: str, asking: Asking = PLAIN) -> Accepted:
        """Request a pause. Raises NotFound, Refused."""
        return self._operate(number, asking, {"kind": "pause"})

    def cancel(self, number: str, asking: Asking = PLAIN) -> Accepted:
        """Request a cancellation. Raises NotFound, Refused."""
        return self._operate(number, asking, {"kind": "cancel"})

    def resume(self, number: str, asking: Asking = PLAIN, *, detached: bool = False) -> Accepted:
        """Resume. Raises NotFound, Refused."""
        del detached
        return self._operate(number, asking, {"kind": "resume"})

    def respond(
        self, number: str, answer: Json, asking: Asking = PLAIN, *, detached: bool = False
    ) -> Accepted:
        """Answer an inquiry. Raises NotFound, UsageError, Refused."""
        del detached
        return self._operate(number, asking, {"kind": "respond", "parameters": answer})

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do. Raises NotFound, Refused."""
        return self._planned(RerunPlan, request.execution, _from_tasks(request))

    def rerun(self, request: RerunRequest, asking: Asking = PLAIN, *, detached: bool = False) -> Accepted:
        """Re-run from tasks. Raises NotFound, Refused."""
        del detached
        return self._operate(request.execution, asking, _from_tasks(request))

    def plan_whole(self, number: str, words: Sequence[str] = ()) -> StartPlan:
        """What a whole re-run would do. Raises UsageError, NotFound, Refused."""
        return self._planned(StartPlan, number, {"kind": "re-run", "words": [*words]})

    def run_again(
        self, number: str, words: Sequence[str] = (), asking: Asking = PLAIN, *, detached: bool = False
    ) -> Accepted:
        """Re-run the whole. Raises UsageError, NotFound, Refused."""
        del detached
        return self._operate(number, asking, {"kind": "re-run", "words": [*words]})

    def _operate(self, number: str, asking: Asking, wanted: Mapping[str, object]) -> Accepted:
        path = f"executions/{_part(number)}/operations"
        body = {**wanted, "reason": asking.reason, "digest": asking.digest}
        return _read(Accepted, self._connection.post(path, body, request_id=asking.request_id))

    def _planned(self, kind: type[T], number: str, wanted: Mapping[str, object]) -> T:
        path = f"executions/{_part(number)}/operations"
        return _read(kind, self._connection.post(path, wanted, query={"plan": "true"}))

    # --- following

    def follow(self, number: str, watch: Watch | None, interruption: Interruption) -> ExecutionView:
        """Look at an execution until it has ended or is held; the first interruption requests a pause."""
        pause_requested = False
        seen: ExecutionView | None = None
        wait = _FIRST_SECONDS
        while True:
            if interruption.requested and not pause_requested:
                pause_requested = self._pause_tree(number)
            view = self._looked_at(number, interruption)
            if view != seen:
                seen, wait = view, _FIRST_SECONDS
                if watch is not None:
                    watch(view)
            if view.status in COMPLETED or view.status == "paused":
                return view
            _sleep(wait, interruption)
            wait = min(2 * wait, _MOST_SECONDS)

    def _looked_at(self, number: str, interruption: Interruption) -> ExecutionView:
        """An execution that is followed; a server that is started again meanwhile is waited for."""
        until = monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self.execution(number)
            except Unavailable:
                if interruption.requested or monotonic() >= until:
                    raise
            _sleep(_MOST_SECONDS, interruption)

    def _pause_tree(self, number: str) -> bool:
        """Pause the whole tree; False when it cannot be paused now: it is about to end, or has not begun."""
        view = self.execution(number)
        while view.parent is not None:
            view = self.execution(view.parent)
        try:
            self.pause(view.id)
        except Refused:
            return False
        return True

    def interrupt(self) -> None:
        """Nothing is to be woken: `follow` looks soon enough."""

    def abandon(self) -> None:
        """Nothing is to be ended: nothing runs here."""

    @property
    def works(self) -> bool:
        """Whether this process does the work: the server does."""
        return False


class HttpLooking:
    """Looks into executions of a server (`interface.Looking`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Final = connection

    def history(self, number: str) -> list[StatusChange | Request]:
        """What has happened to an execution, in order. Raises NotFound."""
        text = self._connection.get(f"executions/{_part(number)}/history")
        return cast("list[StatusChange | Request]", _read(cast("Any", list[StatusChange | Request]), text))

    def explain(self, number: str) -> Explanation:
        """Why an execution does not move. Raises NotFound."""
        return _read(Explanation, self._connection.get(f"executions/{_part(number)}/explain"))

    def export(self, number: str) -> "HttpExport":
        """All that there is of an execution. Raises NotFound, Refused."""
        return HttpExport(self._lines(f"executions/{_part(number)}/export"))

    def tail(self, number: str, *, follow: bool) -> Iterator[list[Piece]]:
        """What its actions write, as it comes. Raises NotFound; Unavailable when the server stops."""
        path = f"native/executions/{_part(number)}/output"
        for line in self._lines(path, {"follow": "true"} if follow else None):
            pieces = _read(cast("type[list[Piece] | None]", list[Piece] | None), line)
            if pieces is None:
                return
            yield pieces
        raise Unavailable(
            f"{self._connection.url}: the server has ended the output. Ask again when it is back."
        )

    def _lines(self, path: str, query: dict[str, str] | None = None) -> Iterator[str]:
        with self._connection.lines(path, query) as lines:
            yield from lines


class HttpExport:
    """An export that a server sends, line by line (`interface.Exported`)."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._head: Final = _read(dict[str, Any], next(lines))
        self._lines: Final = lines

    def head(self) -> dict[str, Any]:
        """What it is an export of."""
        return self._head

    def records(self) -> Iterator[Record]:
        """Everything, section by section; once."""
        return (_read(Record, line) for line in self._lines)


class HttpKeys:
    """The keys of a server (`interface.KeyStore`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Final = connection

    def get(
        self, name: str, scope: str = "system", *, user: str | None = None, decrypt: bool = False
    ) -> KeyView:
        """One key. Raises NotFound, SealError."""
        query = {"name": name, "scope": scope, "user": user, "decrypt": _flag(is_set=decrypt)}
        return _read(KeyView, self._connection.get("native/key", query))

    def matching(
        self, scope: str = "all", *, prefix: str = "", user: str | None = None, decrypt: bool = False
    ) -> list[KeyView]:
        """The keys whose names begin with a prefix, by scope and name. Raises SealError."""
        query = {"scope": scope, "prefix": prefix, "user": user, "decrypt": _flag(is_set=decrypt)}
        return _read(list[KeyView], self._connection.get("native/keys", query))

    def put(self, keys: Iterable[NewKey]) -> list[KeyView]:
        """Set keys, all of them, or none. Raises UsageError with every problem, SealError."""
        body = {"keys": [key._asdict() for key in keys]}
        return _read(list[KeyView], self._connection.post("native/keys", body))

    def delete(self, names: Iterable[str], scope: str = "system", *, user: str | None = None) -> None:
        """Delete keys, all of them, or none. Raises NotFound."""
        self._connection.delete("native/keys", {"name": [*names], "scope": scope, "user": user})


class HttpLibrary:
    """What a server has to run (`interface.Library`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Final = connection

    def packs(self) -> PackList:
        """All packs. Raises UsageError."""
        return _read(PackList, self._connection.get("native/packs"))

    def register(self, folder: Path) -> PackView:
        """Make a folder of the server's machine known as a pack. Raises UsageError."""
        return _read(PackView, self._connection.post("native/packs", {"folder": str(folder.absolute())}))

    def actions(self, pack: str | None = None) -> ActionList:
        """All actions, or those of one pack. Raises NotFound."""
        return _read(ActionList, self._connection.get("native/actions", {"pack": pack}))

    def action(self, ref: str) -> ActionView:
        """One action. Raises NotFound, UsageError."""
        return _read(ActionView, self._connection.get("native/action", {"ref": ref}))

    def inspect(self, word: str) -> Report:
        """What is wrong with a file of this machine, whose text is sent, or with a pack's workflow."""
        body = {"workflow": plain(file_of(word) or word)}
        return _read(Report, self._connection.post("native/workflows/inspect", body))

    def graph(self, word: str) -> Graph:
        """The graph of a file, which needs no server, or of a pack's. Raises NotFound, UsageError."""
        file = file_of(word) or _read(WorkflowFile, self._connection.get("native/workflow", {"ref": word}))
        return graph_of_text(file.text, Path(file.path))


def _read(kind: type[T], text: str | bytes) -> T:
    """A value as the server had it. Raises UsageError where the two do not know the same values."""
    try:
        return read(kind, text)
    except ValueError as error:
        raise UsageError(OTHER_VERSION) from error


def _part(number: str) -> str:
    """An id as a part of a path. Raises NotFound for what can be no id."""
    if not (number.isascii() and number.isalnum()):
        raise no_such_execution(number)
    return number


def _flag(*, is_set: bool) -> str | None:
    return "true" if is_set else None


def _from_tasks(request: RerunRequest) -> dict[str, Any]:
    items = {task: [*chosen] for task, chosen in request.items.items()}
    return {
        "kind": "re-run",
        "tasks": [*request.tasks],
        "no_reset": [*request.no_reset],
        "items": items,
    }


def _sleep(seconds: float, interruption: Interruption) -> None:
    """Wait, but not much longer than until somebody interrupts."""
    before, end = interruption.requested, monotonic() + seconds
    while (left := end - monotonic()) > 0 and interruption.requested == before:
        sleep(min(left, _FIRST_SECONDS))

"""What the command line asks, wherever the store is: in a file (`local`), or behind a server (`http`).

Both forms give the same values and raise the same errors with the same sentences.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from orchestrion.client.catalogs import ActionList, ActionView
from orchestrion.client.files import WorkflowFile
from orchestrion.client.following import Interruption, Watch
from orchestrion.client.inspecting import Report
from orchestrion.client.pack_contents import PackList, PackView
from orchestrion.core.graph import Graph
from orchestrion.core.values import Json
from orchestrion.keys import KeyView, NewKey
from orchestrion.operations import Accepted, Asking, RerunPlan, RerunRequest, StartPlan
from orchestrion.queries import Choice, ExecutionView, InquiryView
from orchestrion.queries.explaining import Explanation
from orchestrion.queries.export import Record
from orchestrion.queries.history import Request, StatusChange
from orchestrion.queries.output import Piece


class Client(Protocol):
    """Executions: what there is, what is asked of them, and following one to its end.

    `detached`: nobody is going to follow, so that this process need not do the work.
    """

    def executions(self, count: int, only: Choice | None = None) -> list[ExecutionView]:
        """The newest executions, or the newest of some."""
        ...

    def execution(self, number: str, *, attempts: bool = False) -> ExecutionView:
        """One execution with its tasks. Raises NotFound."""
        ...

    def inquiries(self, count: int) -> list[InquiryView]:
        """The newest inquiries that wait for an answer."""
        ...

    def inquiry(self, number: str) -> InquiryView:
        """One inquiry. Raises NotFound."""
        ...

    def run(
        self,
        workflow: str | WorkflowFile,
        words: Sequence[str] = ...,
        asking: Asking = ...,
        *,
        detached: bool = False,
    ) -> Accepted:
        """Start a workflow of a pack or a file, with `NAME=VALUE` words.

        Raises UsageError with every problem, NotFound, Refused, SealError.
        """
        ...

    def pause(self, number: str, asking: Asking = ...) -> Accepted:
        """Request a pause. Raises NotFound, Refused."""
        ...

    def cancel(self, number: str, asking: Asking = ...) -> Accepted:
        """Request a cancellation. Raises NotFound, Refused."""
        ...

    def resume(self, number: str, asking: Asking = ..., *, detached: bool = False) -> Accepted:
        """Resume. Raises NotFound, Refused."""
        ...

    def respond(self, number: str, answer: Json, asking: Asking = ..., *, detached: bool = False) -> Accepted:
        """Answer an inquiry. Raises NotFound, UsageError, Refused."""
        ...

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do. Raises NotFound, Refused."""
        ...

    def rerun(self, request: RerunRequest, asking: Asking = ..., *, detached: bool = False) -> Accepted:
        """Re-run from tasks. Raises NotFound, Refused."""
        ...

    def plan_whole(self, number: str, words: Sequence[str] = ...) -> StartPlan:
        """What a whole re-run would do, with parameters changed by words.

        Raises UsageError with every problem, NotFound, Refused.
        """
        ...

    def run_again(
        self, number: str, words: Sequence[str] = ..., asking: Asking = ..., *, detached: bool = False
    ) -> Accepted:
        """Re-run the whole, with parameters changed by words. Raises UsageError, NotFound, Refused."""
        ...

    def follow(self, number: str, watch: Watch | None, interruption: Interruption) -> ExecutionView:
        """See an execution to its end or hold, and do its work where nobody else does; how it stands then.

        `watch` is shown what changes. The first interruption requests a pause of the whole tree.
        """
        ...

    def interrupt(self) -> None:
        """Wake `follow`; safe in a signal handler."""
        ...

    def abandon(self) -> None:
        """Leave at once; safe in a signal handler."""
        ...

    @property
    def works(self) -> bool:
        """Whether this process does the work, which ends when it leaves."""
        ...


class Exported(Protocol):
    """All that there is of an execution."""

    def head(self) -> dict[str, Any]:
        """What it is an export of; asked for first."""
        ...

    def records(self) -> Iterator[Record]:
        """Everything, section by section."""
        ...


class Looking(Protocol):
    """Looks into executions; changes nothing."""

    def history(self, number: str) -> list[StatusChange | Request]:
        """What has happened to an execution, in order. Raises NotFound."""
        ...

    def explain(self, number: str) -> Explanation:
        """Why an execution does not move. Raises NotFound."""
        ...

    def export(self, number: str) -> Exported:
        """All that there is of an execution. Raises NotFound, Refused."""
        ...

    def tail(self, number: str, *, follow: bool) -> Iterator[list[Piece]]:
        """What its actions write: what there is, and to `follow` what comes. Raises NotFound."""
        ...


class KeyStore(Protocol):
    """Keys by name and scope."""

    def get(
        self, name: str, scope: str = "system", *, user: str | None = None, decrypt: bool = False
    ) -> KeyView:
        """One key. Raises NotFound, SealError."""
        ...

    def matching(
        self, scope: str = "all", *, prefix: str = "", user: str | None = None, decrypt: bool = False
    ) -> list[KeyView]:
        """The keys whose names begin with a prefix, by scope and name. Raises SealError."""
        ...

    def put(self, keys: Iterable[NewKey]) -> list[KeyView]:
        """Set keys, all of them, or none. Raises UsageError with every problem, SealError."""
        ...

    def delete(self, names: Iterable[str], scope: str = "system", *, user: str | None = None) -> None:
        """Delete keys, all of them, or none. Raises NotFound."""
        ...


class Library(Protocol):
    """What there is to run: packs, their actions, and workflows as they stand."""

    def packs(self) -> PackList:
        """All packs. Raises UsageError."""
        ...

    def register(self, folder: Path) -> PackView:
        """Make a folder known as a pack. Raises UsageError with everything that is wrong with it."""
        ...

    def actions(self, pack: str | None = None) -> ActionList:
        """All actions, or those of one pack. Raises NotFound."""
        ...

    def action(self, ref: str) -> ActionView:
        """One action. Raises NotFound, UsageError."""
        ...

    def inspect(self, word: str) -> Report:
        """What is wrong with a workflow file, or with a pack's workflow. Raises NotFound, UsageError."""
        ...

    def graph(self, word: str) -> Graph:
        """The graph of a workflow file, or of a pack's. Raises NotFound, UsageError with every problem."""
        ...

"""The status tables: what each status answers to each event (spec 4, as `product.md` amends it).

Three machines: the workflow, a plain task, and a task with items. Each table is total: for every status and
every event it names the next status, `.` where the event is ignored on purpose, or `!` where it is refused.
The conductor, the operations and the documents ask these same tables; diagrams in the docs are generated
from them.

Who sees what: a report of an action goes to its task's machine first. The task's new status, together with
what the rest of the workflow is doing, is then the workflow's event. Of the suffixes the first match counts:

    A          another task is at work; otherwise D (dormant), and then
    canceled   a task of this run was canceled
    held       an operator asked for a pause, or an inquiry is open: nothing new may start
    more       something can start, or an engine command of this completion is still to be done
    paused     a sub-workflow is paused: its branch waits, and nothing else is left to do
    done       nothing is left

Better than StackStorm, by the decisions: a held sub-workflow holds its branch only; only requests and
inquiries hold the workflow; a failure or a cancellation takes effect while paused; success is accepted in
every unfinished status; a canceled workflow never fails; with-items tasks that the pause alone stopped go on
at the resume.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from orchestrion.core.status import Status

IGNORED: Final = "."
REFUSED: Final = "!"

TaskTable: TypeAlias = Mapping[str, Mapping[Status, Status | Literal["."]]]
"""event -> status -> next status, or `.`."""

WorkflowTable: TypeAlias = Mapping[str, Mapping[Status, Status | Literal[".", "!"]]]
"""event -> status -> next status, `.` or `!`."""

_STATUSES: Final[Mapping[str, Status]] = {status: status for status in get_args(Status)}


def _cells(text: str) -> dict[str, dict[Status, str]]:
    """The cells of a text: its first line names statuses, every other one an event and its cells."""
    lines = [line.split() for line in text.strip().splitlines()]
    statuses = [_STATUSES[word] for word in lines[0]]
    return {event: dict(zip(statuses, cells, strict=True)) for event, *cells in lines[1:]}


def _table(unfinished: str, completed: str) -> dict[str, dict[Status, str]]:
    """A table in two texts; `=` is the status itself, `*` every event that the second text does not name."""
    ended = _cells(completed)
    rest = ended.pop("*")
    table: dict[str, dict[Status, str]] = {}
    for event, cells in _cells(unfinished).items():
        row = cells | ended.pop(event, rest)
        same: dict[Status, str] = {status: status for status, cell in row.items() if cell == "="}
        table[event] = row | same
    assert not ended, ended
    return table


def _task_table(unfinished: str, completed: str) -> TaskTable:
    return {
        event: {status: IGNORED if cell == IGNORED else _STATUSES[cell] for status, cell in cells.items()}
        for event, cells in _table(unfinished, completed).items()
    }


def _workflow_table(unfinished: str, completed: str) -> WorkflowTable:
    return {
        event: {
            status: IGNORED if cell == IGNORED else REFUSED if cell == REFUSED else _STATUSES[cell]
            for status, cell in cells.items()
        }
        for event, cells in _table(unfinished, completed).items()
    }


WORKFLOW: Final[WorkflowTable] = _workflow_table(
    """
               requested scheduled running   pausing   paused    resuming  canceling
start          scheduled !         !         !         !         !         !
wait           .         running   .         .         .         running   .
pause_active   !         !         pausing   =         =         pausing   !
pause_idle     !         !         paused    =         =         paused    !
hold_active    !         pausing   pausing   =         =         pausing   !
hold_idle      !         paused    paused    =         =         paused    !
resume         !         !         !         resuming  resuming  =         !
resume_held    !         !         !         =         =         =         !
cancel_active  canceled  canceling canceling canceling canceling canceling =
cancel_idle    canceled  canceled  canceled  canceled  canceled  canceled  =
rerun          !         !         !         !         !         !         !
expire         .         timeout   timeout   timeout   .         timeout   .
expire_above   timeout   timeout   timeout   timeout   timeout   timeout   =
error          failed    failed    failed    failed    failed    failed    =
running        .         running   =         running   running   running   =
running_held   .         running   =         =         =         =         =
ok_canceled_A  .         canceling canceling canceling canceling canceling =
ok_canceled_D  .         canceled  canceled  canceled  canceled  canceled  canceled
ok_held_A      .         pausing   pausing   =         =         pausing   =
ok_held_D      .         paused    paused    paused    =         paused    canceled
ok_A           .         running   =         running   running   running   =
ok_more        .         running   =         running   running   running   canceled
ok_paused      .         paused    paused    paused    =         paused    canceled
ok_done        .         succeeded succeeded succeeded succeeded succeeded canceled
failed_A       .         failed    failed    failed    failed    failed    =
failed_D       .         failed    failed    failed    failed    failed    canceled
canceled_A     .         canceling canceling canceling canceling canceling =
canceled_D     .         canceled  canceled  canceled  canceled  canceled  canceled
stopped_held_A .         pausing   pausing   =         =         pausing   =
stopped_held_D .         paused    paused    paused    =         paused    canceled
stopped_A      .         =         =         running   running   =         =
stopped_more   .         =         =         running   running   =         canceled
stopped_paused .         paused    paused    paused    =         paused    canceled
stopped_done   .         =         =         =         =         =         canceled
""",
    """
              canceled succeeded failed    timeout
start         !        !         !         !
pause_active  !        !         !         !
pause_idle    !        !         !         !
hold_active   !        !         !         !
hold_idle     !        !         !         !
resume        !        !         !         !
resume_held   !        !         !         !
cancel_active =        !         !         !
cancel_idle   =        !         !         !
rerun         resuming resuming  resuming  resuming
error         .        failed    .         .
*             .        .         .         .
""",
)
"""The workflow's machine.

Rows: requests; `expire` (its time is over; `expire_above`: that of a workflow above it, which in `canceling`
only ends what runs); `error` (something could not be evaluated); then the events of tasks: `running`, `ok`
(succeeded, or failed and remediated), `failed`, `canceled`, and `stopped` (paused, pending, or waiting for a
retry).
"""


PLAIN_TASK: Final[TaskTable] = _task_table(
    """
          scheduled delayed   running   pending   pausing   paused    resuming  retrying  canceling
running   running   running   =         .         .         running   running   running   .
returned  .         .         scheduled .         .         .         .         .         .
pending   pending   pending   pending   =         pending   pending   pending   pending   .
pausing   pausing   pausing   pausing   .         =         .         .         .         .
paused    paused    paused    paused    .         paused    =         paused    paused    .
resuming  .         .         .         .         resuming  resuming  =         .         .
canceling canceling canceling canceling .         canceling canceling canceling canceling =
succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded
failed    failed    failed    failed    failed    failed    failed    failed    failed    failed
timeout   timeout   timeout   failed    failed    failed    failed    failed    failed    failed
abandoned abandoned abandoned failed    failed    failed    failed    failed    failed    failed
canceled  canceled  canceled  canceled  canceled  canceled  canceled  canceled  canceled  canceled
stop      canceled  canceled  =         =         =         =         =         canceled  =
retry     .         .         .         .         .         .         .         .         .
""",
    """
      succeeded failed   timeout  abandoned canceled
retry retrying  retrying retrying retrying  .
*     .         .        .        .         .
""",
)
"""The machine of a task without items (spec 4.4).

`returned`: its attempt has not begun after all. `stop` is the workflow's cancellation, `retry` the retry
policy's answer.
"""


ITEMS_TASK: Final[TaskTable] = _task_table(
    """
                   scheduled delayed   running   pausing   paused    retrying  canceling
running            running   running   =         =         running   running   =
returned_A         .         .         =         =         =         .         .
returned_D         .         .         =         paused    =         .         .
returned_new       .         .         scheduled scheduled scheduled .         .
succeeded_A        running   running   =         =         running   running   =
succeeded_held     paused    paused    paused    paused    =         paused    canceled
succeeded_canceled canceled  canceled  canceled  canceled  canceled  canceled  canceled
succeeded_failed   failed    failed    failed    failed    failed    failed    canceled
succeeded_more     running   running   =         running   running   running   canceled
succeeded_done     succeeded succeeded succeeded succeeded succeeded succeeded succeeded
failed_A           running   running   =         =         running   running   =
failed_held        failed    failed    failed    failed    failed    failed    canceled
failed_canceled    canceled  canceled  canceled  canceled  canceled  canceled  canceled
failed_failed      failed    failed    failed    failed    failed    failed    canceled
failed_more        failed    failed    failed    failed    failed    failed    canceled
failed_done        failed    failed    failed    failed    failed    failed    canceled
stopped_A          running   running   pausing   =         pausing   running   =
stopped_held       paused    paused    paused    paused    =         paused    canceled
stopped_canceled   canceled  canceled  canceled  canceled  canceled  canceled  canceled
stopped_failed     failed    failed    failed    failed    failed    failed    canceled
stopped_more       running   running   =         running   running   running   canceled
canceled_A         canceling canceling canceling =         canceling canceling =
canceled_D         canceled  canceled  canceled  canceled  canceled  canceled  canceled
cut                canceled  canceled  canceled  canceled  canceled  canceled  canceled
cut_failed         failed    failed    failed    failed    failed    failed    failed
pause_A            .         .         pausing   =         =         .         .
pause_D            .         .         paused    paused    =         .         .
resume             .         .         =         running   running   .         .
stop_A             canceling canceling canceling canceling canceling canceling =
stop_D             canceled  canceled  canceled  canceled  canceled  canceled  canceled
retry              .         .         .         .         .         .         .
""",
    """
      succeeded failed   timeout  abandoned canceled
retry retrying  retrying retrying retrying  .
*     .         .        .        .         .
""",
)
"""The machine of a task with items (spec 4.5).

An event is an item's report (`succeeded`; `failed`: failed, timed out or abandoned; `stopped`: paused or
pending; `canceled`) and what the other items are doing: A (one has been started), else the first match of
held (one is paused or pending, or the workflow is held and some have not started), canceled, failed, more
(some have not started), done. `cut` and `cut_failed`: no item is at work and the others never start, because
the workflow failed or was canceled. `returned`: an item has not begun after all (`new`: nor has any other).
`pause`, `resume` and `stop` are the workflow's requests.
"""

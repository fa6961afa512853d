"""`conduct`: the one function that decides what follows from an event (architecture 1, 2).

Pure: the same state and the same event give the same decision. It works on a draft, so the state stays as it
was, whatever the answer. This module handles requests and the frame around every event; reports of attempts
are in `reporting`, what follows from an end in `progress`, what starts in `scheduling`, re-runs in `rerun`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias, assert_never

from orchestrion.core.attempts import hold, release, stop, withdraw_waiting
from orchestrion.core.commands import Command, RunAction
from orchestrion.core.context import initial_context
from orchestrion.core.draft import Draft, ExternalKey
from orchestrion.core.ending import render_output
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    AttemptReturned,
    CancelRequested,
    EmptyEnded,
    Event,
    Occasion,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
    TimeExpired,
)
from orchestrion.core.expressions import ExpressionError, MissingValue
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.plan import select
from orchestrion.core.preparing import PreparingError, timeout_of
from orchestrion.core.records import Change, Initial, Staged
from orchestrion.core.reporting import Unwanted, began, empty_ended, reported, returned
from orchestrion.core.rerun import rerun
from orchestrion.core.scheduling import schedule
from orchestrion.core.scope import DraftScope
from orchestrion.core.state import ACTIVE, State
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.timing import expire, keep_time, start_time
from orchestrion.core.transitions import IGNORED, REFUSED, WORKFLOW
from orchestrion.core.values import Json
from orchestrion.core.workflow_status import WORKABLE, advance, is_held, task_event

_ENDING: Final = frozenset[Status](("failed", "timeout", "canceling", "canceled"))
_HELD: Final = frozenset[Status](("pausing", "paused"))
_UNDATED: Final = Occasion()
_NOTHING: Final[Mapping[ExternalKey, "Json | Exception"]] = {}


class Decision(NamedTuple):
    """What follows from an event: the records in their new form, and what the runtime is to do."""

    changes: tuple[Change, ...]
    commands: tuple[Command, ...]


class Refused(NamedTuple):
    """The event is not allowed now; nothing has changed. Every problem is named."""

    problems: tuple[str, ...]


class Ignored(NamedTuple):
    """The event changes nothing: a report that is not wanted any more, or a request that is fulfilled."""


class NeedValues(NamedTuple):
    """Expressions ask for values from outside: fetch them and conduct the event again with all of them."""

    keys: tuple[ExternalKey, ...]


Answer: TypeAlias = Decision | Refused | Ignored | NeedValues


class Refusal(Exception):  # noqa: N818  # an answer, not an error
    """Raised inside the core to refuse an event."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


def conduct(
    state: State,
    event: Event,
    occasion: Occasion = _UNDATED,
    external: Mapping[ExternalKey, "Json | Exception"] = _NOTHING,
) -> Answer:
    """Decide what follows from one event, on the occasion on which it happens.

    `external` holds the outside values that an earlier call asked for, or the exceptions that stand for those
    that cannot be had. The state is not altered: apply the decision's changes to it.
    """
    draft = Draft(state, occasion, external)
    # A re-run has left the old end behind, even where it ends at once in the same status.
    before: Status = "resuming" if isinstance(event, RerunRequested) else draft.status
    try:
        _take(draft, event)
        _settle(draft, before)
    except MissingValue as missing:
        return NeedValues((missing.key,))
    except Refusal as refusal:
        return Refused(refusal.problems)
    except Unwanted:
        return Ignored()
    return Decision(tuple(draft.changes()), tuple(draft.commands))


def _take(draft: Draft, event: Event) -> None:
    match event:
        case AttemptBegan():
            began(draft, event)
        case AttemptReported():
            reported(draft, event)
        case AttemptReturned():
            returned(draft, event)
        case EmptyEnded():
            empty_ended(draft, event)
        case Started():
            _start(draft, event)
        case PauseRequested():
            _pause(draft, event)
        case ResumeRequested():
            _resume(draft)
        case CancelRequested():
            _cancel(draft)
        case RerunRequested():
            _rerun(draft, event)
        case TimeExpired():
            expire(draft, event)
        case _:
            assert_never(event)


def _settle(draft: Draft, before: Status) -> None:
    """What every event ends with: withdraw or start what the new status demands; render a due output."""
    now = draft.status
    if before != now:
        _enter(draft, before, now)
    schedule(draft)
    while draft.status != now:  # what was to start could not be rendered
        before, now = now, draft.status
        _enter(draft, before, now)
        schedule(draft)
    _end_if_idle(draft)
    _wait_openly(draft)
    render_output(draft)
    keep_time(draft)


def _wait_openly(draft: Draft) -> None:
    """A workflow that begins with tasks that only wait is `running` at once: nobody claims anything yet."""
    if draft.status in ("scheduled", "resuming"):
        starts = [command for command in draft.commands if isinstance(command, RunAction)]
        if starts and all(command.delay for command in starts):
            advance(draft, "wait")


def _enter(draft: Draft, before: Status, now: Status) -> None:
    """What a change of the workflow's status means for what waits."""
    if now in _ENDING and before not in _ENDING:
        withdraw_waiting(draft)
    elif now in _HELD and before not in _HELD:
        hold(draft)
    elif now in WORKABLE and before in _HELD:
        release(draft)


def _end_if_idle(draft: Draft) -> None:
    """A start, a resume or a re-run may find nothing (left) to do."""
    if draft.status in ("scheduled", "resuming") and draft.phases[ACTIVE] == 0:
        event = task_event(draft, "ok")
        if event in ("ok_done", "ok_held_D") or (event == "ok_paused" and draft.status == "scheduled"):
            advance(draft, event)
            _mark_last(draft)


def _mark_last(draft: Draft) -> None:
    """The task that ended last is the one that completed the workflow: it is terminal (spec 5.9)."""
    tasks = (one for one in draft.all_entries() if one.counts and one.task not in ENGINE_COMMANDS)
    ended = [(entry.done, entry.id) for entry in tasks if entry.done is not None]
    if draft.status in COMPLETED and ended:
        entry = draft.entry(max(ended)[1])
        if entry.prepared:
            draft.put(entry._replace(terminal=True))


def _request(draft: Draft, event: str, verb: str) -> Status:
    """What a request makes of the workflow's status; no request is ever ignored by the table."""
    after = WORKFLOW[event][draft.status]
    if after == REFUSED:
        raise Refusal(f"Unable to {verb} the workflow execution because it is {draft.status}.")
    assert after != IGNORED, event
    return after


def _start(draft: Draft, event: Started) -> None:
    draft.status = _request(draft, "start", "start")
    draft.since = draft.event
    if not _render_initial(draft, event):
        draft.status = "failed"
        draft.rendered = True
        return
    for task in draft.graph.roots:
        draft.stage(Staged(task, 0, arrivals=None, sources=0, ready_at=draft.at))


def _render_initial(draft: Draft, event: Started) -> bool:
    """Inputs, then vars, each seeing the earlier ones; all errors together (spec 5.2).

    Supplied values are data.
    """
    compiled = draft.graph.compiled
    draft.set_initial(Initial({}, event.application, initial_context({})))
    scope = DraftScope(draft, draft.initial.context)
    values: dict[str, Json] = {}
    errors = False
    supplied = [(name, template, name in event.inputs) for name, template in compiled.inputs]
    for name, template, is_given in [*supplied, *((*one, False) for one in compiled.vars)]:
        try:
            value = event.inputs[name] if is_given else template.render(scope)
        except ExpressionError as error:
            draft.add_failure(None, {"type": "error", "message": error.message})
            errors = True
        else:
            values[name] = value
            scope.assign(name, value)
    draft.set_initial(Initial(values, event.application, initial_context(values)))
    return _render_timeout(draft, event, scope) and not errors


def _render_timeout(draft: Draft, event: Started, scope: DraftScope) -> bool:
    """The workflow's own timeout sees inputs and vars; its time begins to run."""
    try:
        own = timeout_of(draft.graph.compiled.timeout, scope, "workflow")
    except (ExpressionError, PreparingError) as error:
        draft.add_failure(None, {"type": "error", "message": error.message})
        return False
    start_time(draft, own, event.limit)
    return True


def _pause(draft: Draft, event: PauseRequested) -> None:
    verb = "hold" if event.cascaded else "pause"
    row = f"{verb}_{'active' if draft.phases[ACTIVE] else 'idle'}"
    draft.status = _request(draft, row, "pause")
    draft.pause_requested = True


def _resume(draft: Draft) -> None:
    _request(draft, "resume", "resume")
    draft.pause_requested = False
    event = "resume_held" if is_held(draft) else "resume"
    draft.status = _request(draft, event, "resume")


def _cancel(draft: Draft) -> None:
    event = "cancel_active" if draft.phases[ACTIVE] else "cancel_idle"
    after = _request(draft, event, "cancel")
    if draft.status not in ("canceling", "canceled"):
        draft.status = after
        stop(draft)


def _rerun(draft: Draft, event: RerunRequested) -> None:
    _request(draft, "rerun", "re-run")
    selection = select(draft, event.tasks)
    if selection.problems:
        raise Refusal(*selection.problems)
    rerun(draft, event, selection)
    start_time(draft, draft.time_limit and draft.time_limit.own, event.limit)
    if is_held(draft):  # by an inquiry of a kept task
        advance(draft, task_event(draft, "stopped"))

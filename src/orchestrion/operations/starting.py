"""Starting: what runs from now on, and what fails before anything of it begins."""

from orchestrion.operations.requests import FailedStart, StartRequest
from orchestrion.operations.wrapping import inputs_of, wrapped
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.pins import pin
from orchestrion.runtime.subworkflows import Start, start_workflow
from orchestrion.runtime.unit import Unit

_NOTHING = "core.noop"


def begin(unit: Unit, request: StartRequest, actor: str, engine: Engine | None) -> Execution:
    """Start a workflow, or an action in one that wraps it; gives what people see. Raises StoreBusy."""
    execution, number = _added(unit, request, actor)
    if request.revision is not None:
        pin(unit.transaction, execution.id, request.revision)
    if engine is not None:
        engine.own(unit, number)
    if not request.wraps:
        return execution
    unit.settle()
    return next(iter(unit.ledger.of_entry(number, 0)), execution)


def begin_failed(unit: Unit, request: FailedStart, actor: str) -> Execution:
    """Keep what fails at once: as an action that has ended before anybody could claim it."""
    around = StartRequest(
        request.action,
        wrapped(_NOTHING),  # never run: the name of a bare file would be no action
        inputs_of(request.parameters),
        rerun_of=request.rerun_of if request.rerun is None else request.rerun.execution,
        secret=request.secret,
        wraps=True,
    )
    _, number = _added(unit, around, actor)
    unit.settle_without_starts()
    (execution,) = unit.ledger.of_entry(number, 0)
    execution.action, execution.runner, execution.parameters = (
        request.action,
        request.runner,
        dict(request.parameters),
    )
    unit.report(execution.id, "failed", dict(request.result))
    unit.settle()
    return execution


def _added(unit: Unit, request: StartRequest, actor: str) -> tuple[Execution, str]:
    """The execution that was asked for, and its workflow execution, whose start is still to be delivered."""
    execution = Execution(
        id=unit.ids.next(),
        action=request.action,
        status="requested",
        parameters=dict(request.inputs),
        created_at=unit.now,
        source=request.source,
        rerun_of=request.rerun_of,
        user=actor,
        top=not request.wraps,
    )
    unit.ledger.add(execution)
    start = Start(execution, request.definition, dict(request.inputs), actor, request.packs, request.wraps)
    number = start_workflow(unit, start)
    secrets = unit.secrets.of(unit.workflow(number).row)
    secrets.note_parameters(request.action, request.secret)
    secrets.note_output(request.action, request.secret_output)
    secrets.note(request.opened)
    return execution, number

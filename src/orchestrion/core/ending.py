"""The end of a workflow: its final context and its output (spec 5.9, product)."""

from orchestrion.core.context import Context, initial_context, joined
from orchestrion.core.draft import Draft
from orchestrion.core.expressions import ExpressionError
from orchestrion.core.scope import DraftScope
from orchestrion.core.state import ACTIVE, WAITING
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json


def render_output(draft: Draft) -> None:
    """Render the output once the workflow is completed and nothing that was started is active any more."""
    if draft.rendered or draft.status not in COMPLETED or draft.phases[ACTIVE] or draft.phases[WAITING]:
        return
    draft.rendered = True
    outputs = draft.graph.compiled.output
    if not outputs:
        return
    scope = DraftScope(draft, _final_context(draft))
    rendered: dict[str, Json] = {}
    for name, template in outputs:
        try:
            value = template.render(scope)
        except ExpressionError as error:
            draft.add_failure(None, {"type": "error", "message": error.message})
            if draft.status == "succeeded":
                draft.status = "failed"
        else:
            rendered[name] = value
            scope.assign(name, value)
    draft.output = rendered or None


def _final_context(draft: Draft) -> Context:
    """What the terminal entries leave behind, in the order of the sequence."""
    terminal = [entry for entry in draft.all_entries() if entry.counts and entry.prepared and entry.terminal]
    if terminal:
        terminal.sort(key=lambda entry: (entry.order, entry.id))
        return joined([entry.context for entry in terminal])
    return draft.initial.context if draft.status == "canceled" else initial_context({})

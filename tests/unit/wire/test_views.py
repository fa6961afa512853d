"""Views travel as JSON and come back the same; the OpenAPI document knows their fields."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from orchestrion.client.catalogs import ActionList, list_actions
from orchestrion.client.files import WorkflowFile
from orchestrion.client.inspecting import Report, report_of
from orchestrion.client.limits import Limit, limits
from orchestrion.client.pack_contents import PackList, list_packs
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.core.preview import Plan, PlannedTask
from orchestrion.core.prospects import PlannedJoin
from orchestrion.keys import KeyView
from orchestrion.operations import Accepted, ControlPlan, RerunPlan, StartPlan
from orchestrion.operations.requests import TaskMove, WorkflowMove
from orchestrion.queries import AttemptView, ExecutionView, InquiryView, ItemsView, TaskView
from orchestrion.queries.explaining import Explanation, Wait
from orchestrion.queries.facts import Process
from orchestrion.queries.history import Request, StatusChange
from orchestrion.queries.revisions import RevisionView
from orchestrion.wire.views import model_of, plain, read, written

VALUE: Any = {"a": [1, 1.0, True, None, "1", {"b": -(2**63)}], "": "ü\n", "x.y": 1e300}
BELOW = ExecutionView("2", "a.b", "running", None, None, 1, None, None, parent="1", is_cut=True)
VIEW = ExecutionView(
    "1",
    "a.b",
    "failed",
    VALUE,
    {"errors": [VALUE], "output": None},
    2**52,
    2,
    3,
    tasks=(
        TaskView(
            "t",
            1,
            4,
            "succeeded",
            ItemsView(5, 2, 1, 1, 1),
            "0",
            (AttemptView("9", "core.noop", 3, 1, "running", 5, None, VALUE),),
            (BELOW,),
            lost=True,
        ),
    ),
    revisions=(RevisionView("a", "1.0", "f" * 32),),
    expires_at=7,
)
TASK = PlannedTask("t", 0, "failed", (1, 2))
PLAN = Plan(
    (TASK,), (), (TASK,), (), (), (), (), (), (), (), (TASK,), (), "failed", (TASK,), None, ("why",)
)._replace(joins=(PlannedJoin("j", None, "s", 2, ("a", "b"), ("a",), ()),))
RERUN = RerunPlan("1", "w", PLAN, ("note",), {"t[2]": RerunPlan("2", "v", PLAN)}, "d")
MOVE = TaskMove(("a", "b[2]"), "1", "core.noop", "running")
CONTROL = ControlPlan(
    "pause", "1", "pausing", (WorkflowMove((), "1", "running", "pausing"),), (MOVE,), (), (), (), (MOVE,)
)
PROCESS = Process("p", True, "serve", 1, 2, 3, False)  # noqa: FBT003  # as the query makes it
WAIT = Wait(("a",), "t", "runs", "it runs", "1", PROCESS, 5, None, "doctor")
CHANGE = StatusChange(1, ("a",), "1", None, "running", "Started", 2)
REQUEST = Request(1, (), "1", "t", "pause", "ann", "why", None, {"a": [1]}, "accepted", "2")
VALUES: list[tuple[Any, Any]] = [
    (ExecutionView, VIEW),
    (list[ExecutionView], [VIEW, BELOW]),
    (RerunPlan, RERUN),
    (ControlPlan, CONTROL),
    (StartPlan, StartPlan("1", "a.b", None, VALUE, ("n",), "d")),
    (Accepted, Accepted("1", "running", ("n",))),
    (Explanation, Explanation("1", "running", PROCESS, ("r",), (), (WAIT,), 4)),
    (list[StatusChange | Request], [CHANGE, REQUEST]),
    (list[InquiryView], [InquiryView("1", "pending", None, "2", {"ttl": 5}, None)]),
    (list[Limit], [*limits()]),
    (PackList, list_packs(PackFolders())),
    (ActionList, list_actions(())),
    (
        Report,
        report_of("version: 1.0\ntasks: {a: {action: x, next: [{do: b}]}}", Path("w.yaml"), catalog_of(())),
    ),
    (list[KeyView], [KeyView("a", "1", "user", "ann", True, False, 2**52)]),  # noqa: FBT003  # as the store makes it
    (WorkflowFile, WorkflowFile("w.yaml", "/home/w.yaml", "ü\n")),
]


@pytest.mark.parametrize("kind, value", VALUES, ids=[str(kind) for kind, _ in VALUES])
def test_what_is_written_is_read_as_the_same(kind: Any, value: Any) -> None:
    found = read(kind, written(value))
    assert found == value
    assert repr(found) == repr(value), "types within values, too"


@pytest.mark.parametrize("kind, value", VALUES, ids=[str(kind) for kind, _ in VALUES])
def test_the_document_describes_what_is_written(kind: Any, value: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(model_of(kind))
    seen = adapter.dump_python(adapter.validate_python(plain(value)))
    assert plain(seen) == plain(value), "no field is missing"


def test_what_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="execution"):
        read(Accepted, '{"status": "running"}')


def test_a_model_is_made_once_and_holds_itself() -> None:
    model = model_of(ExecutionView)
    assert model_of(ExecutionView) is model
    assert {"ExecutionView", "TaskView", "AttemptView"} <= model.model_json_schema()["$defs"].keys()

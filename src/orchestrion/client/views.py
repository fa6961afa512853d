"""What the client's methods take and give: the only words that the command line and the client share."""

from orchestrion.client.targets import Target
from orchestrion.core.graph import Edge, Graph
from orchestrion.core.preview import Plan, PlannedTask
from orchestrion.core.prospects import PlannedJoin
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.core.values import Json
from orchestrion.operations import Accepted, Asking, RerunPlan, RerunRequest
from orchestrion.queries import AttemptView, ExecutionView, InquiryView, ItemsView, TaskView

__all__ = [
    "ABENDED",
    "COMPLETED",
    "Accepted",
    "Asking",
    "AttemptView",
    "Edge",
    "ExecutionView",
    "Graph",
    "InquiryView",
    "ItemsView",
    "Json",
    "Plan",
    "PlannedJoin",
    "PlannedTask",
    "RerunPlan",
    "RerunRequest",
    "Target",
    "TaskView",
]

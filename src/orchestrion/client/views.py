"""What the client's methods take and give: the only words that the command line and the client share."""

from orchestrion.core.graph import Edge, Graph
from orchestrion.core.preview import Plan, PlannedTask
from orchestrion.core.prospects import PlannedJoin
from orchestrion.core.spelling import did_you_mean
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.core.values import Json
from orchestrion.operations import Accepted, Asking, RerunPlan, RerunRequest, StartPlan
from orchestrion.queries import AttemptView, Choice, ExecutionView, InquiryView, ItemsView, TaskView
from orchestrion.queries.explaining import Explanation, Wait
from orchestrion.queries.export import Record
from orchestrion.queries.facts import Process
from orchestrion.queries.history import Request, StatusChange
from orchestrion.queries.output import Piece

__all__ = [
    "ABENDED",
    "COMPLETED",
    "Accepted",
    "Asking",
    "AttemptView",
    "Choice",
    "Edge",
    "ExecutionView",
    "Explanation",
    "Graph",
    "InquiryView",
    "ItemsView",
    "Json",
    "Piece",
    "Plan",
    "PlannedJoin",
    "PlannedTask",
    "Process",
    "Record",
    "Request",
    "RerunPlan",
    "RerunRequest",
    "StartPlan",
    "StatusChange",
    "TaskView",
    "Wait",
    "did_you_mean",
]

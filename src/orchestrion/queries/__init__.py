"""What people look at: lists, one execution, its history, why it does not move. Read only."""

from orchestrion.queries.executions import DEPTH_SHOWN, Queries
from orchestrion.queries.views import (
    AttemptView,
    Choice,
    ExecutionView,
    InquiryView,
    ItemsView,
    TaskView,
)

__all__ = [
    "DEPTH_SHOWN",
    "AttemptView",
    "Choice",
    "ExecutionView",
    "InquiryView",
    "ItemsView",
    "Queries",
    "TaskView",
]

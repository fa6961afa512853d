"""What people look at: lists, one execution, its history, why it does not move. Read only."""

from orchestrion.queries.executions import (
    DEPTH_SHOWN,
    AttemptView,
    Choice,
    ExecutionView,
    InquiryView,
    ItemsView,
    Queries,
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

"""What people look at: lists, one execution, its history, why it does not move. Read only."""

from orchestrion.queries.executions import (
    AttemptView,
    Choice,
    ExecutionView,
    InquiryView,
    ItemsView,
    Queries,
    TaskView,
)

__all__ = ["AttemptView", "Choice", "ExecutionView", "InquiryView", "ItemsView", "Queries", "TaskView"]

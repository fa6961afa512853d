"""What people ask for: start, pause, resume, cancel, re-run (product, "The operations")."""

from orchestrion.operations.requests import (
    Accepted,
    Asking,
    Control,
    ControlPlan,
    FailedStart,
    RerunPlan,
    RerunRequest,
    StartPlan,
    StartRequest,
)
from orchestrion.operations.service import Operations

__all__ = [
    "Accepted",
    "Asking",
    "Control",
    "ControlPlan",
    "FailedStart",
    "Operations",
    "RerunPlan",
    "RerunRequest",
    "StartPlan",
    "StartRequest",
]

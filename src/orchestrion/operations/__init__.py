"""What people ask for: start, pause, resume, cancel, re-run (product, "The operations")."""

from orchestrion.operations.requests import Accepted, RerunPlan, RerunRequest, StartRequest
from orchestrion.operations.service import Operations

__all__ = ["Accepted", "Operations", "RerunPlan", "RerunRequest", "StartRequest"]

"""What people ask for: start, pause, resume, cancel, re-run (product, "The operations")."""

from orchestrion.operations.requests import Accepted, Asking, RerunPlan, RerunRequest, StartRequest
from orchestrion.operations.service import Operations

__all__ = ["Accepted", "Asking", "Operations", "RerunPlan", "RerunRequest", "StartRequest"]

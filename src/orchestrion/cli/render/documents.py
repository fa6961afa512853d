"""Executions and plans as JSON documents: times UTC, names spelled out, nothing cut."""

from typing import Any, Final

from orchestrion.cli.render.output import utc_time
from orchestrion.client.views import AttemptView, ExecutionView, PlannedTask, RerunPlan, StartPlan, TaskView

LISTED: Final = (
    "id",
    "action",
    "status",
    "engine",
    "workflow_execution",
    "parameters",
    "result",
    "created_at",
    "started_at",
    "ended_at",
    "parent",
    "task",
    "item",
    "re_run_of",
    "continued_by",
    "source",
)
"""The attributes of an execution in a list."""

SHOWN: Final = (*LISTED, "packs", "tasks", "tasks_left_out", "timeout_at")
"""Those of an execution that is shown with its tasks."""


def execution_document(view: ExecutionView, *, attempts: bool = False, tasks: bool = True) -> dict[str, Any]:
    """An execution, its tasks and their sub-workflows."""
    document: dict[str, Any] = {
        "id": view.id,
        "action": view.action,
        "status": view.status,
        "engine": view.engine,
        "workflow_execution": view.workflow,
        "parameters": view.parameters,
        "result": view.result,
        "created_at": utc_time(view.created_at),
        "started_at": utc_time(view.started_at),
        "ended_at": utc_time(view.ended_at),
        "parent": view.parent,
        "task": view.task,
        "item": view.item,
        "re_run_of": view.rerun_of,
        "continued_by": view.continued_by,
        "source": view.source,
    }
    if tasks:
        document["packs"] = [
            {"pack": one.pack, "version": one.version, "revision": one.name} for one in view.revisions
        ]
        document["tasks"] = [_task(task, attempts=attempts) for task in view.tasks]
        document["tasks_left_out"] = view.is_cut
        document["timeout_at"] = utc_time(view.expires_at)
    return document


def _task(task: TaskView, *, attempts: bool) -> dict[str, Any]:
    items = task.items
    document: dict[str, Any] = {
        "task": task.task,
        "route": task.route,
        "entry": task.entry,
        "status": task.status,
        "lost": task.lost,
        "kept": task.kept_from is not None,
        "kept_from": task.kept_from,
        "items": None
        if items is None
        else {
            "total": items.total,
            "succeeded": items.succeeded,
            "failed": items.failed,
            "canceled": items.canceled,
            "active": items.active,
        },
        "workflows": [execution_document(one, attempts=attempts) for one in task.workflows],
    }
    if attempts:
        document["attempts"] = [_attempt(one) for one in task.attempts]
    return document


def _attempt(attempt: AttemptView) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "action": attempt.action,
        "item": attempt.item,
        "number": attempt.number,
        "status": attempt.status,
        "started_at": utc_time(attempt.started_at),
        "ended_at": utc_time(attempt.ended_at),
        "result": attempt.result,
    }


def plan_document(plan: RerunPlan) -> dict[str, Any]:
    """The plan of a re-run from tasks."""
    parts = plan.plan
    document: dict[str, Any] = {"execution": plan.execution, "workflow_execution": plan.workflow}
    lists = {
        "restarts": parts.restarts,
        "keeps_items": parts.keeps_items,
        "fails_by": parts.fails_by,
        "left_out": parts.left_out,
        "retries": parts.retries,
        "passes": parts.passes,
        "repeats": parts.repeats,
        "continues": parts.continues,
        "kept": parts.kept,
        "ignored": parts.ignored,
        "starts": parts.starts,
    }
    for name, tasks in lists.items():
        document[name] = [_planned(task) for task in tasks]
    document["joins"] = [
        {
            "task": join.task,
            "route": join.route,
            "split": join.split,
            "needed": join.needed,
            "sources": [*join.sources],
            "have_come": [*join.come],
            "may_come": [*join.coming],
            "can_fire": join.can_fire,
        }
        for join in parts.joins
    ]
    document["ends_at_best"] = parts.imposed_end
    document["because_of"] = [_planned(task) for task in parts.imposed_by]
    document["ends_at_once"] = parts.ends_at_once
    document["problems"] = [*parts.problems]
    document["notes"] = [*plan.notes]
    document["inside"] = {path: plan_document(below) for path, below in plan.below.items()}
    return document


def _planned(task: PlannedTask) -> dict[str, Any]:
    return {
        "task": task.task,
        "route": task.route,
        "status": task.status,
        "items": None if task.items is None else [*task.items],
    }


def whole_plan_document(plan: StartPlan) -> dict[str, Any]:
    """The plan of a whole re-run."""
    return {
        "execution": plan.execution,
        "whole": True,
        "action": plan.action,
        "source": plan.source,
        "parameters": dict(plan.parameters),
        "notes": [*plan.notes],
    }

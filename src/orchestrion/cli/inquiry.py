"""`orchestrion inquiry …`: what waits for a person's answer."""

import argparse
import json
from typing import Any

from orchestrion.cli.execution import requested
from orchestrion.cli.hints import again_of
from orchestrion.cli.locations import location_of, open_known
from orchestrion.cli.render.output import Output, local_time, utc_time
from orchestrion.cli.run import asking_of
from orchestrion.client.targets import answer_of
from orchestrion.client.views import InquiryView


def list_inquiries(options: argparse.Namespace) -> int:
    """The inquiries that wait for an answer, the newest first."""
    location = location_of(options)
    views: list[InquiryView] = []
    if not location.is_new:
        with open_known(location) as client:
            views = client.inquiries(options.count)
    output = Output()
    if options.json:
        output.json([_document(view) for view in views])
    elif views:
        heads = ("ID", "TASK", "EXECUTION", "USERS", "UNTIL")
        output.table([heads, *(_row(view) for view in views)], ids=0)
    else:
        output.line("Nothing waits for an answer.")
    return 0


def get(options: argparse.Namespace) -> int:
    """One inquiry: what it asks, and how it is answered."""
    with open_known(location_of(options)) as client:
        view = client.inquiry(options.id)
    output = Output()
    if options.json:
        output.json(_document(view))
        return 0
    for name, value in (
        ("task", view.task or ""),
        ("execution", view.parent or ""),
        ("route", str(view.result.get("route") or "")),
        ("users", ", ".join(map(str, _list(view.result.get("users")))) or "anybody"),
        ("until", local_time(view.expires_at) or "answered"),
    ):
        output.cells((f"{name:<10}", "bold"), value)
    output.line("schema", "bold")
    output.text(json.dumps(view.result.get("schema"), indent=2, ensure_ascii=False))
    output.line()
    output.line("Answer it with:")
    command = again_of(options).command(f"orchestrion inquiry respond {view.id} NAME=VALUE ...")
    output.line(f"  {command}", "bold")
    return 0


def respond(options: argparse.Namespace) -> int:
    """Answer an inquiry; do the work that it held where nobody else does."""
    location = location_of(options)
    with open_known(location) as client:
        answer = answer_of(options.response, options.values)
        accepted = client.respond(options.id, answer, asking_of(options), detached=options.detached)
        return requested(client, accepted, options, location, wanted="succeeded")


def _row(view: InquiryView) -> tuple[str, ...]:
    users = ", ".join(map(str, _list(view.result.get("users")))) or "anybody"
    return (view.id, view.task or "", view.parent or "", users, local_time(view.expires_at) or "answered")


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownArgumentType]  # of JSON


def _document(view: InquiryView) -> dict[str, Any]:
    return {
        "id": view.id,
        "task": view.task,
        "execution": view.parent,
        "expires_at": utc_time(view.expires_at),
        **{name: view.result.get(name) for name in ("route", "ttl", "users", "roles", "schema")},
    }

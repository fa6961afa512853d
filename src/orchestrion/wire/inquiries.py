"""Inquiries as StackStorm's clients know them (stackstorm-api 2.5)."""

from typing import Any

from pydantic import BaseModel, Field

from orchestrion.queries import InquiryView


class InquiryObject(BaseModel):
    """What is asked of whom; `id` is that of the execution that asks, `ttl` its time to live in minutes."""

    id: str
    route: str
    ttl: int | float | None
    users: list[Any]
    roles: list[Any]
    asked: dict[str, Any] = Field(alias="schema")


def inquiry_object(view: InquiryView) -> InquiryObject:
    """An inquiry as an object."""
    names = ("users", "roles")
    lists = {name: value if isinstance(value := view.result.get(name), list) else [] for name in names}
    ttl, schema = view.result.get("ttl"), view.result.get("schema")
    return InquiryObject(
        id=view.id,
        route=str(view.result.get("route") or ""),
        ttl=ttl if isinstance(ttl, int | float) else None,
        schema=schema if isinstance(schema, dict) else {},
        **lists,
    )

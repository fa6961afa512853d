"""The value domain: JSON, and nothing else (spec 2.5).

Everything that a workflow carries (inputs, contexts, results, outputs) is a `Json` value. Values are treated
as immutable everywhere: they are shared between contexts and never copied, so nobody may change one in place.
"""

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A JSON value. Mappings have string keys."""

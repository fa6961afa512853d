"""Which attribute may hold what, as data (spec 1.2 to 1.4).

The one place to look at when an attribute is to be added or its type to be changed. What several attributes
mean together is not here (`semantics.py`).
"""

import re
from typing import Final

from orchestrion.core.language.checker import Rule

ITEMS_PATTERN: Final = (
    r"^(\s+)?({{.*?}}|<%.*?%>)(\s+)?$|^(\s+)?((\w+,\s?|\s+)+)?(\w+)\s+in\s+({{.*?}}|<%.*?%>)(\s+)?$"
)
"""The pattern of `with.items` as messages quote it. It is not what checks the text: it backtracks without
bound."""

_EXPRESSION: Final = r"(\{\{.*\}\}|<%.*%>)"
ITEMS: Final = re.compile(rf"\s*+{_EXPRESSION}\s*|\s*+((?:\w++,\s*+)*+\w++)\s++in\s++{_EXPRESSION}\s*")
"""What the pattern accepts, in linear time. Groups: the expression alone; or the names, and the
expression."""

TASK_NAMES: Final = r"^\w+$"
"""The pattern of task names, as it stands in paths."""

_TEXT: Final = Rule(type="string", min_length=1)
_COUNT: Final = Rule(type="integer", minimum=0)
_TEXT_OR_COUNT: Final = Rule(one_of=(_TEXT, _COUNT))
_TIMEOUT: Final = Rule(one_of=(_TEXT, Rule(type="integer", minimum=1)))
_PAIR: Final = Rule(type="object", min_properties=1, max_properties=1)
_PAIRS: Final = Rule(type="array", min_items=1, unique_items=True, items=_PAIR)
_TEXTS: Final = Rule(type="array", min_items=1, unique_items=True, items=_TEXT)

TRANSITION: Final = Rule(
    type="object",
    min_properties=1,
    is_open=False,
    properties={
        "when": _TEXT,
        "publish": Rule(one_of=(_TEXT, _PAIRS)),
        "do": Rule(one_of=(_TEXT, _TEXTS)),
    },
)
"""One entry of `next` (spec 1.4)."""

TASK: Final = Rule(
    type="object",
    min_properties=1,
    is_open=False,
    properties={
        "delay": _TEXT_OR_COUNT,
        "timeout": _TIMEOUT,
        "join": Rule(one_of=(Rule(enum=("all",)), _COUNT)),
        "with": Rule(
            type="object",
            is_open=False,
            required=("items",),
            properties={
                "items": Rule(type="string", min_length=1, pattern=ITEMS_PATTERN, equivalent=ITEMS),
                "concurrency": _TEXT_OR_COUNT,
            },
        ),
        "action": _TEXT,
        "input": Rule(one_of=(_TEXT, Rule(type="object", min_properties=1))),
        "retry": Rule(
            type="object",
            is_open=False,
            required=("count",),
            properties={"when": _TEXT, "count": _TEXT_OR_COUNT, "delay": _TEXT_OR_COUNT},
        ),
        "next": Rule(type="array", items=TRANSITION),
    },
)
"""A task (spec 1.3), with the string form of `with` expanded. `timeout` is ours."""

WORKFLOW: Final = Rule(
    type="object",
    is_open=False,
    required=("tasks",),
    properties={
        "version": Rule(enum=("1.0", 1.0)),
        "name": _TEXT,
        "description": _TEXT,
        "tags": _TEXTS,
        "input": Rule(
            type="array",
            min_items=1,
            unique_items=True,
            items=Rule(one_of=(_TEXT, _PAIR)),
        ),
        "vars": _PAIRS,
        "timeout": _TIMEOUT,
        "tasks": Rule(type="object", min_properties=1, names=TASK_NAMES, pattern_rule=TASK),
        "output": _PAIRS,
    },
)
"""A whole workflow (spec 1.2). `timeout` is ours."""

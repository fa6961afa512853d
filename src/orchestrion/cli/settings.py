"""`orchestrion config` and `orchestrion limits`: what is set and what is bounded."""

import argparse

from orchestrion.cli.render.output import Output
from orchestrion.client.limits import limits
from orchestrion.settings import Given, current


def show_settings(options: argparse.Namespace) -> int:
    """Every setting with its value and where it comes from."""
    output = Output()
    settings = current()
    if options.json:
        output.json([_document(one) for one in settings.all()])
        return 0
    heads = ("SETTING", "VALUE", "FROM")
    output.table([heads, *((one.setting.name, _value(one), one.source) for one in settings.all())])
    file = settings.file
    output.line()
    output.line(f"Settings file: {file or 'none'}", "dim")
    return 0


def show_limits(options: argparse.Namespace) -> int:
    """Every bound with what it limits."""
    output = Output()
    if options.json:
        output.json([one._asdict() for one in limits()])
        return 0
    rows = [(one.part, one.name, f"{one.value:,}", one.text) for one in limits()]
    output.table([("OF", "NAME", "VALUE", "LIMITS"), *rows])
    return 0


def _value(given: Given) -> str:
    if given.setting.name == "db":
        return str(current().database)
    if given.value is None:
        return f"({given.setting.otherwise})"
    return ", ".join(map(str, given.value)) if isinstance(given.value, tuple) else str(given.value)


def _document(given: Given) -> dict[str, object]:
    setting, value = given.setting, given.value
    if setting.name == "db":
        value = current().database
    shown = [*map(str, value)] if isinstance(value, tuple) else value
    return {
        "name": setting.name,
        "value": shown if value is None or isinstance(value, (int, tuple)) else str(value),
        "from": given.source,
        "flag": setting.flag,
        "variable": setting.variable,
        "text": setting.text,
        "default": setting.otherwise or setting.default,
    }

"""`orchestrion key …`: the key store."""

import argparse
import sys
from pathlib import Path
from typing import Any

from orchestrion.cli.hints import again_of
from orchestrion.cli.locations import location_of, open_keys, open_known_keys
from orchestrion.cli.render.output import Output, compact, local_time, utc_time
from orchestrion.client.keys import KeyView, NewKey, read_keys

FROM_STDIN = "-"


def list_keys(options: argparse.Namespace) -> int:
    """The keys that begin with a prefix."""
    views: list[KeyView] = []
    location = location_of(options)
    if not location.is_new:
        with open_known_keys(location) as keys:
            views = keys.matching(
                options.scope, prefix=options.prefix, user=options.user, decrypt=options.decrypt
            )
    output = Output()
    if options.json:
        output.json([_document(view) for view in views])
    elif views:
        heads = ("NAME", "VALUE", "SCOPE", "USER", "SECRET", "EXPIRES")
        output.table([heads, *(_row(view) for view in views)])
    else:
        command = again_of(options).command("orchestrion key set NAME VALUE")
        output.line(f"There are no such keys. Set one with: {command}")
    return 0


def get(options: argparse.Namespace) -> int:
    """One key."""
    with open_known_keys(location_of(options)) as keys:
        view = keys.get(options.name, options.scope, user=options.user, decrypt=options.decrypt)
    _show(options, [view])
    return 0


def set_key(options: argparse.Namespace) -> int:
    """Set a key."""
    value: str = options.value
    if value == FROM_STDIN:
        value = sys.stdin.read().removesuffix("\n")
    new = NewKey(options.name, value, options.scope, options.encrypt, options.ttl, options.user)
    with open_keys(location_of(options)) as keys:
        views = keys.put([new])
    _show(options, views)
    return 0


def delete(options: argparse.Namespace) -> int:
    """Delete keys."""
    with open_known_keys(location_of(options)) as keys:
        keys.delete(options.names, options.scope, user=options.user)
    output = Output()
    if options.json:
        output.json({"deleted": options.names})
    else:
        output.line(f"deleted: {', '.join(options.names)}")
    return 0


def load(options: argparse.Namespace) -> int:
    """Set all keys of a file."""
    new = read_keys(Path(options.file), convert=options.convert)
    with open_keys(location_of(options)) as keys:
        views = keys.put(new)
    output = Output()
    if options.json:
        output.json([_document(view) for view in views])
    else:
        output.line(f"loaded: {len(views)} keys" if len(views) != 1 else "loaded: 1 key")
    return 0


def _show(options: argparse.Namespace, views: list[KeyView]) -> None:
    output = Output()
    for view in views:
        if options.json:
            output.json(_document(view))
            continue
        output.facts(
            [
                ("name", view.name),
                ("value", view.value),
                ("scope", view.scope),
                ("user", view.user),
                ("secret", "yes" if view.secret else None),
                ("expires", local_time(view.expires_at)),
            ]
        )
        if view.encrypted:
            output.line("It is encrypted. See its value with: --decrypt", "dim")


def _row(view: KeyView) -> tuple[str, ...]:
    secret = "yes" if view.secret else ""
    expires = local_time(view.expires_at) or ""
    return (view.name, compact(view.value), view.scope, view.user or "", secret, expires)


def _document(view: KeyView) -> dict[str, Any]:
    return {
        "name": view.name,
        "value": view.value,
        "scope": f"st2kv.{view.scope}",
        "user": view.user,
        "secret": view.secret,
        "encrypted": view.encrypted,
        "expire_timestamp": utc_time(view.expires_at),
    }

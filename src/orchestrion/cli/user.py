"""`orchestrion user …`: who may use the server of a store. For whoever may write the store's file."""

import argparse
import getpass
import sys

from orchestrion.cli.locations import known_store, location_of
from orchestrion.cli.render.output import Output, local_time, utc_time
from orchestrion.client.accounts import AccountView, open_accounts
from orchestrion.errors import UsageError

_DAY_SECONDS = 24 * 3600


def add(options: argparse.Namespace) -> int:
    """Add a user."""
    password = _new_password(options.name) if options.password else None
    with open_accounts(location_of(options).database) as accounts:
        accounts.add(options.name, options.role, password)
    Output().line(f"added: {options.name}, {options.role}")
    return 0


def list_all(options: argparse.Namespace) -> int:
    """All users, by name."""
    with open_accounts(known_store(location_of(options))) as accounts:
        views = accounts.all()
    output = Output()
    if options.json:
        output.json([_document(view) for view in views])
    elif views:
        heads = ("NAME", "ROLE", "PASSWORD", "TOKENS", "API KEYS", "SINCE")
        output.table([heads, *(_row(view) for view in views)])
    else:
        output.line("There are no users. Add one with: orchestrion user add NAME --role admin")
    return 0


def remove(options: argparse.Namespace) -> int:
    """Remove a user."""
    with open_accounts(known_store(location_of(options))) as accounts:
        accounts.remove(options.name)
    Output().line(f"removed: {options.name}")
    return 0


def password(options: argparse.Namespace) -> int:
    """Give a user another password."""
    with open_accounts(known_store(location_of(options))) as accounts:
        accounts.set_password(options.name, _new_password(options.name))
    Output().line(f"changed: the password of {options.name}; their tokens count no more")
    return 0


def token(options: argparse.Namespace) -> int:
    """Make a token, or take all back."""
    with open_accounts(known_store(location_of(options))) as accounts:
        if options.revoke:
            Output().line(f"revoked: {accounts.revoke_tokens(options.name)} tokens of {options.name}")
            return 0
        new = accounts.add_token(options.name, options.days * _DAY_SECONDS)
    Output().line(new.text)
    Output(sys.stderr).line(f"It is shown only here, and good until {local_time(new.expires_at)}.")
    return 0


def _new_password(name: str) -> str:
    """The password that somebody types, twice, or that stands in the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    typed = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("The same again: ") != typed:
        raise UsageError("The two passwords are not the same. Nothing was changed.")
    return typed


def _row(view: AccountView) -> tuple[str, ...]:
    has_password = "yes" if view.has_password else ""
    return (
        view.name,
        view.role,
        has_password,
        str(view.tokens),
        str(view.keys),
        local_time(view.created_at) or "",
    )


def _document(view: AccountView) -> dict[str, object]:
    return {
        "name": view.name,
        "role": view.role,
        "has_password": view.has_password,
        "tokens": view.tokens,
        "api_keys": view.keys,
        "created_at": utc_time(view.created_at),
    }

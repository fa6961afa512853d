"""The grammar of `orchestrion user …`."""

import argparse
from typing import TYPE_CHECKING, Final

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_store, count, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers

ROLES: Final = ("viewer", "operator", "admin")
"""From the least to the greatest."""

_ASKED: Final = "The password is asked for, or read from standard input where that is no terminal."


def add_users(groups: "Subparsers") -> None:
    """Add `user` and its commands."""
    group = add_group(groups, "user", "who may use the server of a store, and what they may")
    parser = add_command(
        group,
        "add",
        performed_by("user", "add"),
        "add a user",
        "orchestrion user add ada --role operator\norchestrion user add ci --role viewer --no-password",
        f"A viewer sees everything but secrets, an operator runs and operates workflows, an admin\n"
        f"manages packs, keys of others and users. {_ASKED}",
        is_local=True,
    )
    _add_name(parser)
    parser.add_argument("--role", choices=ROLES, default="viewer", help="what they may (default: viewer)")
    parser.add_argument(
        "--no-password",
        dest="password",
        action="store_false",
        help="no log-in with a password: only tokens and API keys",
    )
    add_store(parser)
    parser = add_command(
        group, "list", performed_by("user", "list_all"), "list users", "orchestrion user list", is_local=True
    )
    add_store(parser)
    add_json(parser)
    parser = add_command(
        group,
        "remove",
        performed_by("user", "remove"),
        "remove a user",
        "orchestrion user remove ada",
        "Their tokens and API keys count no more at once. What they have started goes on.",
        is_local=True,
    )
    _add_name(parser)
    add_store(parser)
    parser = add_command(
        group,
        "password",
        performed_by("user", "password"),
        "give a user another password",
        "orchestrion user password ada",
        f"Their tokens count no more. {_ASKED}",
        is_local=True,
    )
    _add_name(parser)
    add_store(parser)
    parser = add_command(
        group,
        "token",
        performed_by("user", "token"),
        "make a token for a user, or take all of theirs back",
        "orchestrion user token ci --days 90\norchestrion user token ci --revoke",
        is_local=True,
    )
    _add_name(parser)
    parser.add_argument(
        "--days", metavar="NUMBER", type=count, default=30, help="for how long it is good (default: 30)"
    )
    parser.add_argument("--revoke", action="store_true", help="let all tokens of the user count no more")
    add_store(parser)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the name of the user")

"""The grammar of `orchestrion key …`."""

import argparse
from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_store, count, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_keys(groups: "Subparsers") -> None:
    """Add `key` and its commands."""
    group = add_group(groups, "key", "the key store: what workflows and actions look up by name")
    parser = add_command(
        group,
        "list",
        performed_by("key", "list_keys"),
        "list keys",
        "orchestrion key list --prefix db. --decrypt",
    )
    parser.add_argument("--prefix", metavar="TEXT", default="", help="only names that begin so")
    _add_options(parser, "all", decrypt=True)
    parser = add_command(
        group, "get", performed_by("key", "get"), "show a key", "orchestrion key get db.password --decrypt"
    )
    parser.add_argument("name", metavar="NAME", help="the name of the key")
    _add_options(parser, "system", decrypt=True)
    parser = add_command(
        group,
        "set",
        performed_by("key", "set_key"),
        "set a key",
        "orchestrion key set db.host db1.example.com\n"
        "orchestrion key set db.password - --encrypt --ttl 3600 < password.txt",
    )
    parser.add_argument("name", metavar="NAME", help="the name of the key")
    parser.add_argument(
        "value",
        metavar="VALUE",
        help="a text; `-` reads it from standard input, so that no list of processes shows it",
    )
    parser.add_argument(
        "-e", "--encrypt", action="store_true", help="store it encrypted, and show it only on request"
    )
    parser.add_argument("-l", "--ttl", metavar="SECONDS", type=count, help="forget it after so many seconds")
    _add_options(parser, "system")
    parser = add_command(
        group, "delete", performed_by("key", "delete"), "delete keys", "orchestrion key delete db.password"
    )
    parser.add_argument("names", metavar="NAME", nargs="+", help="the names of the keys")
    _add_options(parser, "system")
    parser = add_command(
        group,
        "load",
        performed_by("key", "load"),
        "set all keys of a JSON or YAML file, or none",
        "orchestrion key load keys.yaml",
        "The file holds a list of mappings with name and value, and, as needed, scope, user, secret\n"
        "(true: store it encrypted) and ttl (seconds).",
    )
    parser.add_argument("file", metavar="FILE", help="a JSON or YAML file")
    parser.add_argument(
        "-c", "--convert", action="store_true", help="take a value that is no text as its JSON text"
    )
    add_store(parser)
    add_json(parser)


def _add_options(parser: argparse.ArgumentParser, scope: str, *, decrypt: bool = False) -> None:
    scopes = ("system", "user", *(("all",) if scope == "all" else ()))
    parser.add_argument("-s", "--scope", choices=scopes, default=scope, help=f"whose keys (default: {scope})")
    parser.add_argument(
        "-u", "--user", metavar="NAME", help="the user, in the scope user (default: who gives the command)"
    )
    if decrypt:
        parser.add_argument("-d", "--decrypt", action="store_true", help="show encrypted values")
    add_store(parser)
    add_json(parser)

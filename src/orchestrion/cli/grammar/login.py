"""The grammar of `orchestrion login`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_login(groups: "Subparsers") -> None:
    """Add `login`."""
    parser = add_command(
        groups,
        "login",
        performed_by("login", "login"),
        "log in at a server, for the commands that follow",
        "orchestrion login --api-url https://orchestrion.example.com\n"
        "orchestrion login --api-url http://127.0.0.1:9101 --token - < token.txt",
        "The password is asked for, or read from standard input where that is no terminal. What the server\n"
        "gives for it is kept in ~/.config/orchestrion/credentials.json, which only you can read.\n"
        "ORCHESTRION_TOKEN, a token or an API key, comes before that.",
    )
    parser.add_argument(
        "--user", metavar="NAME", help="the name at the server (default: who gives the command)"
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="no password: a token or an API key that you have; `-` reads it from standard input",
    )

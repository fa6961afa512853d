"""`orchestrion login`: show a server who gives the commands that follow."""

import argparse
import getpass
import sys

from orchestrion.cli.locations import server_of, user_name
from orchestrion.cli.render.output import Output
from orchestrion.errors import UsageError
from orchestrion.settings import current

FROM_STDIN = "-"


def login(options: argparse.Namespace) -> int:
    """Get a token, or take one, see that the server knows it, and keep it."""
    from orchestrion.client.connection import Connection
    from orchestrion.client.credentials import keep_token

    url = server_of(options)
    if url is None:
        raise UsageError("No server is named: give --api-url, or set api_url.")
    token: str | None = options.token
    if token == FROM_STDIN:
        token = sys.stdin.readline().strip()
    if token is None:
        name = options.user or user_name()
        password = _password(name)
        with Connection(url, None) as connection:
            token = connection.log_in(name, password)
    with Connection(url, token) as connection:
        name, role = connection.user()
    keep_token(current().credentials, url, token)
    Output().line(f"logged in at {url}: {name}, {role}")
    return 0


def _password(name: str) -> str:
    """The password that somebody types, or that stands in the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    return getpass.getpass(f"Password for {name}: ")

"""The grammar of `orchestrion serve` and `orchestrion worker`."""

import argparse
from typing import TYPE_CHECKING, Final

from orchestrion.cli.grammar.base import add_command, add_packs, add_setting, add_store, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_services(groups: "Subparsers") -> None:
    """Add `serve` and `worker`."""
    services = [
        (
            "serve",
            "do all the work of a store, and answer the HTTP API, until told to stop",
            (
                "orchestrion serve --db /var/lib/orchestrion/orchestrion.db --slots 50\n"
                "orchestrion serve --no-auth --port 8080\n"
                "orchestrion serve --host 0.0.0.0 --tls-cert server.pem --tls-key server.key"
            ),
        ),
        (
            "worker",
            "help `serve` on the same store with a further process",
            "orchestrion worker --db /var/lib/orchestrion/orchestrion.db --slots 50",
        ),
    ]
    for name, text, example in services:
        parser = add_command(
            groups,
            name,
            performed_by("serve", "serve"),
            text,
            example,
            "Takes up every execution that no command works for. SIGTERM or Ctrl-C lets what runs end, for\n"
            "at most --grace seconds, and leaves; a second one leaves at once.",
            is_local=True,
        )
        parser.set_defaults(kind=name)
        for setting in ("slots", "grace", "keep", "log_level", "log_format"):
            add_setting(parser, setting)
        if name == "serve":
            _add_listening(parser)
        add_packs(parser)
        add_store(parser)


_MOST_PORT: Final = 65_535


def _add_listening(parser: argparse.ArgumentParser) -> None:
    """Where a server listens, and to whom."""
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="the address on which it listens (default: 127.0.0.1, only this machine); 0.0.0.0 is all",
    )
    parser.add_argument(
        "--port",
        metavar="NUMBER",
        type=_port,
        help="one port for all: /api, /auth and /stream; 0 takes a free one "
        "(default: StackStorm's, 9101, 9100 and 9102)",
    )
    parser.add_argument(
        "--no-auth",
        dest="authentication",
        action="store_false",
        help="ask nobody who they are: everybody who reaches it may do everything; only on this machine",
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="encrypt, with this certificate (PEM)")
    parser.add_argument(
        "--tls-key",
        metavar="FILE",
        help="its key (PEM), where it is not in the same file; without passphrase",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_PORT:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 0 to {_MOST_PORT}')
    return int(text)

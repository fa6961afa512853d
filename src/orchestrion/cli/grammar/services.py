"""The grammar of `orchestrion serve` and `orchestrion worker`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_packs, add_store, count, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_services(groups: "Subparsers") -> None:
    """Add `serve` and `worker`."""
    services = [
        ("serve", "do all the work of a store, until told to stop"),
        ("worker", "help `serve` on the same store with a further process"),
    ]
    for name, text in services:
        parser = add_command(
            groups,
            name,
            performed_by("serve", "serve"),
            text,
            f"orchestrion {name} --db /var/lib/orchestrion/orchestrion.db --slots 50",
            "Takes up every execution that no command works for. SIGTERM or Ctrl-C lets what runs end, for\n"
            "at most --grace seconds, and leaves; a second one leaves at once.",
        )
        parser.set_defaults(kind=name)
        parser.add_argument(
            "--slots",
            metavar="COUNT",
            type=count,
            default=20,
            help="how many actions run at a time (default: 20)",
        )
        parser.add_argument(
            "--grace",
            metavar="SECONDS",
            type=count,
            default=60,
            help="how long what runs may take to end (default: 60)",
        )
        parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
        parser.add_argument("--log-format", choices=("text", "json"), default="text")
        add_packs(parser)
        add_store(parser)

"""The grammar of `orchestrion serve` and `orchestrion worker`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_packs, add_setting, add_store, performed_by

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
        for setting in ("slots", "grace", "keep", "log_level", "log_format"):
            add_setting(parser, setting)
        add_packs(parser)
        add_store(parser)

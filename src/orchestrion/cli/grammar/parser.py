"""The parser of all commands."""

import argparse
from typing import Final

from orchestrion.cli.grammar.actions import add_actions
from orchestrion.cli.grammar.base import Parser, add_server
from orchestrion.cli.grammar.executions import add_executions
from orchestrion.cli.grammar.health import add_health
from orchestrion.cli.grammar.inquiries import add_inquiries
from orchestrion.cli.grammar.keys import add_keys
from orchestrion.cli.grammar.login import add_login
from orchestrion.cli.grammar.packs import add_pack_commands
from orchestrion.cli.grammar.run import add_run
from orchestrion.cli.grammar.services import add_services
from orchestrion.cli.grammar.upkeep import add_upkeep
from orchestrion.cli.grammar.users import add_users
from orchestrion.cli.grammar.workflows import add_workflows

_EXAMPLES: Final = """\
examples:
  orchestrion run examples.hello name=you
  orchestrion execution list
"""
_EXIT_CODES: Final = """\
exit codes:
  0  succeeded, or accepted          3  refused: the state does not allow it
  1  ended failed, timed out,        4  not found
     abandoned or canceled           5  paused, or waiting for an answer
  2  wrong usage, input or file    130  interrupted twice
"""
_GROUPS: Final = (
    add_run,
    add_executions,
    add_inquiries,
    add_workflows,
    add_actions,
    add_pack_commands,
    add_keys,
    add_login,
    add_services,
    add_users,
    add_health,
    add_upkeep,
)
"""What adds the commands, in the order of the help."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` of what it gives performs one, `parser` is its own parser."""
    parser = Parser(
        prog="orchestrion",
        description="Run Orquesta workflows durably: pause, resume, cancel, re-run from any task.",
        epilog=f"{_EXAMPLES}\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    add_server(parser)
    groups = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in _GROUPS:
        add(groups)
    return parser

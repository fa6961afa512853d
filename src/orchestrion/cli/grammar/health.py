"""The grammar of `orchestrion purge` and `orchestrion doctor`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_json, add_store, performed_by
from orchestrion.cli.grammar.times import span

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_health(groups: "Subparsers") -> None:
    """Add `doctor` and `purge`."""
    parser = add_command(
        groups,
        "doctor",
        performed_by("doctor", "doctor"),
        "list what is wrong with the store, and mend it",
        "orchestrion doctor\norchestrion doctor --mend",
        "Looks for what nothing would ever end: what dead processes have left, attempts without a task and\n"
        "tasks without an attempt, statuses that disagree; and at the disk and the key. What nothing would\n"
        "end is abandoned, and follows the workflow's own rules. Exit code 0: healthy; 1: something is left.",
        is_local=True,
    )
    parser.add_argument("-y", "--mend", action="store_true", help="mend what can be mended, without asking")
    add_store(parser)
    add_json(parser)
    parser = add_command(
        groups,
        "purge",
        performed_by("purge", "purge"),
        "delete executions that ended long ago, with all that belongs to them",
        "orchestrion purge --older-than 30d --plan\norchestrion purge --older-than 12w --status succeeded",
        "Executions vanish whole, with their sub-workflows, history and results; what still runs or waits\n"
        "stays. Nobody who uses the store is held up. The file does not become smaller: its room is used\n"
        "again. It works on a full disk, too. `serve --keep DAYS` does it by itself.",
        is_local=True,
    )
    parser.add_argument(
        "--older-than",
        metavar="SPAN",
        type=span,
        required=True,
        help="how long ago they ended at the least: 12h, 30d, 8w",
    )
    parser.add_argument(
        "--status",
        metavar="STATUS",
        nargs="+",
        choices=("succeeded", "failed", "timeout", "canceled"),
        help="only those with one of these statuses (default: all of them)",
    )
    parser.add_argument("--plan", action="store_true", help="show what would go, and delete nothing")
    add_store(parser)
    add_json(parser)

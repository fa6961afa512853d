"""The grammar of `orchestrion execution …`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import (
    ID_HELP,
    add_asking,
    add_async,
    add_command,
    add_group,
    add_json,
    add_packs,
    add_store,
    count,
    performed_by,
)

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Command, Subparsers


def add_executions(groups: "Subparsers") -> None:
    """Add `execution` and its commands."""
    group = add_group(groups, "execution", "look at executions, and operate them")
    _add_views(group)
    _add_operations(group)
    _add_rerun(group)


def _add_views(group: "Subparsers") -> None:
    parser = add_command(
        group,
        "list",
        performed_by("execution", "list_executions"),
        "list executions, the newest first",
        "orchestrion execution list -n 50",
    )
    parser.add_argument(
        "-n", dest="count", metavar="COUNT", type=count, default=20, help="how many (default: 20)"
    )
    add_store(parser)
    add_json(parser)
    parser = add_command(
        group,
        "get",
        performed_by("execution", "get"),
        "show an execution with its tasks",
        "orchestrion execution get 0661039aead486630d98e07f --attempts",
    )
    parser.add_argument("id", metavar="ID", help=ID_HELP)
    parser.add_argument(
        "--attempts", action="store_true", help="show every action execution with its result, too"
    )
    add_store(parser)
    add_json(parser)


def _add_operations(group: "Subparsers") -> None:
    operations: list[tuple[str, Command, str, str]] = [
        (
            "pause",
            performed_by("execution", "pause"),
            "pause an execution",
            "What runs is let end, nothing new starts.",
        ),
        (
            "cancel",
            performed_by("execution", "cancel"),
            "cancel an execution",
            "What runs is let end, nothing new starts.",
        ),
        (
            "resume",
            performed_by("execution", "resume"),
            "go on with a paused execution, or with one whose engine is gone",
            "",
        ),
    ]
    for name, command, text, more in operations:
        parser = add_command(
            group, name, command, text, f"orchestrion execution {name} 0661039aead486630d98e07f", more
        )
        parser.add_argument("id", metavar="ID", help=ID_HELP)
        add_asking(parser)
        if name == "resume":
            add_async(parser)
        add_packs(parser)
        add_store(parser)
        add_json(parser)


def _add_rerun(group: "Subparsers") -> None:
    parser = add_command(
        group,
        "re-run",
        performed_by("execution", "rerun"),
        "run an execution again: the whole, or from some of its tasks",
        "orchestrion execution re-run 0661039aead486630d98e07f --tasks build dns --no-reset build --plan\n"
        "orchestrion execution re-run 0661039aead486630d98e07f --tasks deploy/migrate rollout[2]/restart\n"
        "orchestrion execution re-run 0661039aead486630d98e07f version=1.2.4",
        "Without --tasks a fresh execution starts. With --tasks the same workflow execution goes on:\n"
        "what is neither requested nor downstream of a requested task is kept. TASK/TASK lies in the\n"
        "sub-workflow that the first one is, TASK[2]/TASK in that of its item 2: the parent goes on with\n"
        "the new result.",
    )
    parser.add_argument("id", metavar="ID", help=ID_HELP)
    parser.add_argument(
        "parameters",
        metavar="NAME=VALUE",
        nargs="*",
        help="without --tasks: a parameter that is to be another one",
    )
    parser.add_argument(
        "--tasks",
        metavar="TASK",
        nargs="+",
        action="extend",
        help="the tasks to run again, with all that follows from them",
    )
    parser.add_argument(
        "--no-reset",
        metavar="TASK",
        nargs="+",
        action="extend",
        help="of --tasks: keep the items that succeeded, run only the others",
    )
    parser.add_argument(
        "--items",
        metavar="TASK=ITEMS",
        nargs="+",
        action="extend",
        help="run only these items of a task again, for example build=0,3-5; the others stay as they are",
    )
    parser.add_argument("--plan", action="store_true", help="show what would happen, and change nothing")
    add_asking(parser)
    add_async(parser)
    add_packs(parser)
    add_store(parser)
    add_json(parser)

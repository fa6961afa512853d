"""The grammar of `orchestrion execution …`."""

import argparse
from typing import TYPE_CHECKING, Final

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
from orchestrion.cli.grammar.times import moment

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Command, Options, Subparsers

STATUSES: Final = (
    "requested",
    "scheduled",
    "running",
    "pausing",
    "paused",
    "resuming",
    "canceling",
    "succeeded",
    "failed",
    "timeout",
    "canceled",
)
"""The statuses of workflows."""


def add_executions(groups: "Subparsers") -> None:
    """Add `execution` and its commands."""
    group = add_group(groups, "execution", "look at executions, and operate them")
    _add_views(group)
    _add_insights(group)
    _add_operations(group)
    _add_rerun(group)


def _add_views(group: "Subparsers") -> None:
    parser = add_command(
        group,
        "list",
        performed_by("execution", "list_executions"),
        "list executions, the newest first",
        "orchestrion execution list -n 50\n"
        "orchestrion execution list --status failed canceled --since 2h\n"
        "orchestrion execution list --action examples.hello -a id status",
    )
    parser.add_argument(
        "-n", dest="count", metavar="COUNT", type=count, default=20, help="how many (default: 20)"
    )
    parser.add_argument(
        "--status",
        metavar="STATUS",
        nargs="+",
        choices=STATUSES,
        help="only those with one of these statuses",
    )
    parser.add_argument(
        "--action", metavar="REF", help="only those of a workflow; with * for any text, such as examples.*"
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        type=moment,
        help="only those that started since then: how long ago (90m, 2h, 7d), or a date",
    )
    _add_attributes(parser)
    add_store(parser)
    _add_documents(parser)
    parser = add_command(
        group,
        "get",
        performed_by("execution", "get"),
        "show executions with their tasks",
        "orchestrion execution get 0661039aead486630d98e07f --attempts\n"
        "orchestrion execution get 0661039aead486630d98e07f -k output.version\n"
        "orchestrion execution get 0661039aead486630d98e07f -a status ended_at",
    )
    _add_ids(parser)
    parser.add_argument(
        "--attempts", action="store_true", help="show every action execution with its result, too"
    )
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument(
        "-k",
        "--key",
        metavar="KEY",
        help="print only what stands under this key of the result; a.b is b within a",
    )
    _add_attributes(parts)
    add_store(parser)
    _add_documents(parser)


def _add_insights(group: "Subparsers") -> None:
    parser = add_command(
        group,
        "history",
        performed_by("looking", "history"),
        "show every change of a status and every request, in order",
        "orchestrion execution history 0661039aead486630d98e07f",
        "What belongs to sub-workflows is indented.",
    )
    _add_ids(parser)
    add_packs(parser)
    add_store(parser)
    _add_documents(parser)
    parser = add_command(
        group,
        "explain",
        performed_by("looking", "explain"),
        "say why executions do not move, and what helps",
        "orchestrion execution explain 0661039aead486630d98e07f",
        "For everything that has not ended: who works on it and until when, its timer, or what it waits for.",
    )
    _add_ids(parser)
    add_packs(parser)
    add_store(parser)
    _add_documents(parser)
    parser = add_command(
        group,
        "tail",
        performed_by("looking", "tail"),
        "show what the actions of an execution write, while they run",
        "orchestrion execution tail 0661039aead486630d98e07f",
        "Of a workflow, each line begins with its task. What is written is shown within about half a\n"
        "second, until the execution has ended. Ctrl-C ends only the looking.",
    )
    parser.add_argument("id", metavar="ID", help=f"{ID_HELP}, or that of one action")
    parser.add_argument(
        "--no-follow",
        dest="follow",
        action="store_false",
        help="show what there is, and do not wait for more",
    )
    add_packs(parser)
    add_store(parser)
    parser = add_command(
        group,
        "export",
        performed_by("looking", "export"),
        "write all that there is of an execution as one JSON document",
        "orchestrion execution export 0661039aead486630d98e07f -o incident.json",
        "Its sub-workflows, definitions, parameters, results, tasks, requests, history and output, with\n"
        "secrets masked. What goes on meanwhile is seen in part.",
    )
    parser.add_argument("id", metavar="ID", help=ID_HELP)
    parser.add_argument("-o", "--output", metavar="FILE", help="where to (default: standard output)")
    add_packs(parser)
    add_store(parser)


def _add_ids(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help=f"{ID_HELP}; several do it for each")


def _add_attributes(parser: "Options") -> None:
    parser.add_argument(
        "-a",
        "--attr",
        metavar="NAME",
        nargs="+",
        help="show only these attributes of the JSON document; a.b is b within a",
    )


def _add_documents(parser: argparse.ArgumentParser) -> None:
    """The options for output that programs read."""
    formats = parser.add_mutually_exclusive_group()
    add_json(formats)
    formats.add_argument("-y", "--yaml", action="store_true", help="print YAML; times are UTC")


def _add_operations(group: "Subparsers") -> None:
    operations: list[tuple[str, Command, str, str]] = [
        (
            "pause",
            performed_by("execution", "pause"),
            "pause executions",
            "What runs is let end, nothing new starts.",
        ),
        (
            "cancel",
            performed_by("execution", "cancel"),
            "cancel executions",
            "What runs is let end, nothing new starts.",
        ),
        (
            "resume",
            performed_by("execution", "resume"),
            "go on with executions that are paused, or whose engine is gone",
            "",
        ),
    ]
    for name, command, text, more in operations:
        parser = add_command(
            group, name, command, text, f"orchestrion execution {name} 0661039aead486630d98e07f", more
        )
        _add_ids(parser)
        parser.set_defaults(yaml=False)
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
        "sub-workflow that the first one is, TASK[2]/TASK in that of its item 2; the parent goes on with\n"
        "the new result.",
    )
    parser.add_argument("id", metavar="ID", nargs="?", help=ID_HELP)
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

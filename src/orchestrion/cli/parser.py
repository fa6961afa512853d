"""The grammar of the commands, as argparse knows it.

Built on every start, so it imports little but argparse: the rest is imported when a command is performed.
argparse, because `re-run ID --tasks A B --no-reset B` has options with several values beside positionals.
"""

import argparse
from typing import TYPE_CHECKING, Any, Final

from orchestrion.cli.inquiry_parser import add_inquiry
from orchestrion.cli.key_parser import add_key
from orchestrion.cli.parsing import Parser
from orchestrion.cli.parsing import add_asking as _add_asking
from orchestrion.cli.parsing import add_async as _add_async
from orchestrion.cli.parsing import add_command as _command
from orchestrion.cli.parsing import add_group as _group
from orchestrion.cli.parsing import add_json as _add_json
from orchestrion.cli.parsing import add_packs as _add_packs
from orchestrion.cli.parsing import add_store as _add_store
from orchestrion.cli.parsing import count as _count

if TYPE_CHECKING:
    from orchestrion.cli.parsing import Command, Subparsers

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
_ID_HELP: Final = "the execution's id, as run and execution list show it"


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` of what it gives performs one, `parser` is its own parser."""
    parser = Parser(
        prog="orchestrion",
        description="Run Orquesta workflows durably: pause, resume, cancel, re-run from any task.",
        epilog=f"{_EXAMPLES}\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    groups = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(groups)
    execution = _group(groups, "execution", "look at executions, and operate them")
    _add_execution_views(execution)
    _add_execution_operations(execution)
    _add_rerun(execution)
    workflow = _group(groups, "workflow", "check and draw workflow files")
    _add_workflow(workflow)
    _add_services(groups)
    add_key(groups)
    add_inquiry(groups)
    return parser


def _add_run(groups: "Subparsers") -> None:
    parser = _command(
        groups,
        "run",
        _run,
        "run a workflow and follow it to its end",
        "orchestrion run examples.hello name=you\n"
        'orchestrion run deploy.yaml servers=\'["web1", "web2"]\' -j',
        "Ctrl-C requests a pause: what runs is let end, and the command that goes on is shown.\n"
        "A second Ctrl-C leaves at once.",
    )
    parser.add_argument(
        "workflow", metavar="REF|FILE", help="a workflow of a pack (PACK.NAME), or a workflow file"
    )
    parser.add_argument(
        "parameters",
        metavar="NAME=VALUE",
        nargs="*",
        help="a parameter; for a file, JSON (but a text in quotes) is that, and all else is text",
    )
    _add_packs(parser)
    _add_store(parser)
    _add_asking(parser)
    _add_async(parser)
    _add_json(parser)


def _add_execution_views(group: "Subparsers") -> None:
    parser = _command(
        group, "list", _list, "list executions, the newest first", "orchestrion execution list -n 50"
    )
    parser.add_argument(
        "-n", dest="count", metavar="COUNT", type=_count, default=20, help="how many (default: 20)"
    )
    _add_store(parser)
    _add_json(parser)
    parser = _command(
        group,
        "get",
        _get,
        "show an execution with its tasks",
        "orchestrion execution get 0661039aead486630d98e07f --attempts",
    )
    parser.add_argument("id", metavar="ID", help=_ID_HELP)
    parser.add_argument(
        "--attempts", action="store_true", help="show every action execution with its result, too"
    )
    _add_store(parser)
    _add_json(parser)


def _add_execution_operations(group: "Subparsers") -> None:
    operations: list[tuple[str, Command, str, str]] = [
        ("pause", _pause, "pause an execution", "What runs is let end, nothing new starts."),
        ("cancel", _cancel, "cancel an execution", "What runs is let end, nothing new starts."),
        ("resume", _resume, "go on with a paused execution, or with one whose engine is gone", ""),
    ]
    for name, command, text, more in operations:
        parser = _command(
            group, name, command, text, f"orchestrion execution {name} 0661039aead486630d98e07f", more
        )
        parser.add_argument("id", metavar="ID", help=_ID_HELP)
        _add_asking(parser)
        if name == "resume":
            _add_async(parser)
        _add_packs(parser)
        _add_store(parser)
        _add_json(parser)


def _add_rerun(group: "Subparsers") -> None:
    parser = _command(
        group,
        "re-run",
        _rerun,
        "run an execution again: the whole, or from some of its tasks",
        "orchestrion execution re-run 0661039aead486630d98e07f --tasks build dns --no-reset build --plan\n"
        "orchestrion execution re-run 0661039aead486630d98e07f --tasks deploy/migrate rollout[2]/restart\n"
        "orchestrion execution re-run 0661039aead486630d98e07f version=1.2.4",
        "Without --tasks a fresh execution starts. With --tasks the same workflow execution goes on:\n"
        "what is neither requested nor downstream of a requested task is kept. TASK/TASK lies in the\n"
        "sub-workflow that the first one is, TASK[2]/TASK in that of its item 2: the parent goes on with\n"
        "the new result.",
    )
    parser.add_argument("id", metavar="ID", help=_ID_HELP)
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
    _add_asking(parser)
    _add_async(parser)
    _add_packs(parser)
    _add_store(parser)
    _add_json(parser)


def _add_workflow(group: "Subparsers") -> None:
    parser = _command(
        group,
        "inspect",
        _inspect,
        "list everything that is wrong with a workflow file",
        "orchestrion workflow inspect deploy.yaml",
    )
    parser.add_argument("file", metavar="FILE", help="a workflow file, or a workflow of a pack (PACK.NAME)")
    _add_packs(parser)
    _add_json(parser)
    parser = _command(
        group, "graph", _graph, "draw a workflow", "orchestrion workflow graph deploy.yaml --format mermaid"
    )
    parser.add_argument("file", metavar="FILE", help="a workflow file, or a workflow of a pack (PACK.NAME)")
    parser.add_argument(
        "--format",
        choices=("text", "mermaid", "dot"),
        default="text",
        help="text to read, Mermaid, or Graphviz's dot (default: text)",
    )
    _add_packs(parser)


def _add_services(groups: "Subparsers") -> None:
    services = [
        ("serve", "do all the work of a store, until told to stop"),
        ("worker", "help `serve` on the same store with a further process"),
    ]
    for name, text in services:
        parser = _command(
            groups,
            name,
            _serve,
            text,
            f"orchestrion {name} --db /var/lib/orchestrion/orchestrion.db --slots 50",
            "Takes up every execution that no command works for. SIGTERM or Ctrl-C lets what runs end, for\n"
            "at most --grace seconds, and leaves; a second one leaves at once.",
        )
        parser.set_defaults(kind=name)
        parser.add_argument(
            "--slots",
            metavar="COUNT",
            type=_count,
            default=20,
            help="how many actions run at a time (default: 20)",
        )
        parser.add_argument(
            "--grace",
            metavar="SECONDS",
            type=_count,
            default=60,
            help="how long what runs may take to end (default: 60)",
        )
        parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
        parser.add_argument("--log-format", choices=("text", "json"), default="text")
        _add_packs(parser)
        _add_store(parser)


# What performs the commands is imported when one is performed.


def _run(options: argparse.Namespace) -> int:
    from orchestrion.cli.run import run

    return run(options)


def _execution(name: str, options: argparse.Namespace) -> int:
    from orchestrion.cli import execution

    command: Any = getattr(execution, name)
    return command(options)


def _list(options: argparse.Namespace) -> int:
    return _execution("list_executions", options)


def _get(options: argparse.Namespace) -> int:
    return _execution("get", options)


def _pause(options: argparse.Namespace) -> int:
    return _execution("pause", options)


def _cancel(options: argparse.Namespace) -> int:
    return _execution("cancel", options)


def _resume(options: argparse.Namespace) -> int:
    return _execution("resume", options)


def _rerun(options: argparse.Namespace) -> int:
    return _execution("rerun", options)


def _inspect(options: argparse.Namespace) -> int:
    from orchestrion.cli.workflow import inspect

    return inspect(options)


def _graph(options: argparse.Namespace) -> int:
    from orchestrion.cli.workflow import graph

    return graph(options)


def _serve(options: argparse.Namespace) -> int:
    from orchestrion.cli.serve import serve

    return serve(options)

"""The grammar of `orchestrion workflow …`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_packs, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_workflows(groups: "Subparsers") -> None:
    """Add `workflow` and its commands."""
    group = add_group(groups, "workflow", "check, draw and test workflow files")
    parser = add_command(
        group,
        "inspect",
        performed_by("workflow", "inspect"),
        "list everything that is wrong with a workflow file",
        "orchestrion workflow inspect deploy.yaml",
    )
    parser.add_argument("file", metavar="FILE", help="a workflow file, or a workflow of a pack (PACK.NAME)")
    add_packs(parser)
    add_json(parser)
    parser = add_command(
        group,
        "graph",
        performed_by("workflow", "graph"),
        "draw a workflow",
        "orchestrion workflow graph deploy.yaml --format mermaid",
    )
    parser.add_argument("file", metavar="FILE", help="a workflow file, or a workflow of a pack (PACK.NAME)")
    parser.add_argument(
        "--format",
        choices=("text", "mermaid", "dot"),
        default="text",
        help="text to read, Mermaid, or Graphviz's dot (default: text)",
    )
    add_packs(parser)
    parser = add_command(
        group,
        "test",
        performed_by("workflow", "test"),
        "run tests of workflows in memory, where no action runs",
        "orchestrion workflow test deploy.test.yaml",
        "A file of tests names a workflow, and for each test its inputs, the results that its actions are\n"
        "to give, and what is expected: status, output, tasks, errors. See docs/language.md, Tests.",
        is_local=True,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="a file of tests")
    add_packs(parser)
    add_json(parser)

"""The grammar of `orchestrion workflow …`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_packs, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_workflows(groups: "Subparsers") -> None:
    """Add `workflow` and its commands."""
    group = add_group(groups, "workflow", "check and draw workflow files")
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

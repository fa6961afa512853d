"""The grammar of `orchestrion inquiry …`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import (
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
    from orchestrion.cli.grammar.base import Subparsers


def add_inquiries(groups: "Subparsers") -> None:
    """Add `inquiry` and its commands."""
    group = add_group(groups, "inquiry", "what waits for a person's answer")
    parser = add_command(
        group,
        "list",
        performed_by("inquiry", "list_inquiries"),
        "list what waits for an answer",
        "orchestrion inquiry list",
    )
    parser.add_argument(
        "-n", dest="count", metavar="COUNT", type=count, default=50, help="how many (default: 50)"
    )
    add_store(parser)
    add_json(parser)
    parser = add_command(
        group,
        "get",
        performed_by("inquiry", "get"),
        "show what an inquiry asks",
        "orchestrion inquiry get 0661039aead486630d98e07f",
    )
    parser.add_argument("id", metavar="ID", help="the inquiry's id, as inquiry list shows it")
    add_store(parser)
    add_json(parser)
    parser = add_command(
        group,
        "respond",
        performed_by("inquiry", "respond"),
        "answer an inquiry, and go on with what it held",
        "orchestrion inquiry respond 0661039aead486630d98e07f continue=true\n"
        "orchestrion inquiry respond 0661039aead486630d98e07f -r '{\"continue\": true}'",
    )
    parser.add_argument("id", metavar="ID", help="the inquiry's id, as inquiry list shows it")
    parser.add_argument(
        "values",
        metavar="NAME=VALUE",
        nargs="*",
        help="a member of the answer; a JSON number, boolean, null, list or object is that, all else is text",
    )
    parser.add_argument("-r", "--response", metavar="JSON", help="the answer as a JSON object")
    add_asking(parser)
    add_async(parser)
    add_packs(parser)
    add_store(parser)
    add_json(parser)

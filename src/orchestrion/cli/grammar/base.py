"""What the grammar of every command is made of: groups, commands, and the options that many share."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from orchestrion.cli.streams import write
from orchestrion.cli.visible import visible
from orchestrion.settings import SETTINGS, is_url


class Parser(argparse.ArgumentParser):
    """Shows the words that it does not understand, whatever they hold."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        super().error(visible(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help, too, may be lost."""
        if message:
            write(file or sys.stderr, message)


if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns
    Subparsers = argparse._SubParsersAction[Parser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

Command = Callable[[argparse.Namespace], int]


class Options(Protocol):
    """What takes options: a parser, or a group of one."""

    def add_argument(self, *names: str, **details: Any) -> argparse.Action:
        """Add an option."""
        ...


ID_HELP: Final = "the execution's id, as run and execution list show it"


def performed_by(module: str, name: str) -> Command:
    """A command that a function of `orchestrion.cli.MODULE` performs, which is imported only then."""

    def perform(options: argparse.Namespace) -> int:
        command: Any = getattr(import_module(f"orchestrion.cli.{module}"), name)
        return command(options)

    return perform


def add_group(groups: "Subparsers", name: str, text: str) -> "Subparsers":
    """A group of commands, `orchestrion NAME …`."""
    parser = groups.add_parser(
        name, help=text, description=_sentence(text), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(parser=parser)
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def add_command(
    group: "Subparsers",
    name: str,
    command: Command,
    text: str,
    example: str,
    more: str = "",
    *,
    is_local: bool = False,
) -> argparse.ArgumentParser:
    """A command with an example in its help; `command` performs it.

    `is_local`: it is about this machine alone, never about a server.
    """
    parser = group.add_parser(
        name,
        help=text,
        description="\n\n".join(filter(None, (_sentence(text), more))),
        epilog="example:\n" + "\n".join(f"  {line}" for line in example.splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=command, parser=parser, is_local=is_local)
    add_server(parser, argparse.SUPPRESS if is_local else None)
    return parser


def add_server(parser: argparse.ArgumentParser, help_text: str | None = None) -> None:
    """The option that names a server. It may stand before a command, too: so the command has no default."""
    setting = SETTINGS["api_url"]
    parser.add_argument(
        "--api-url",
        metavar="URL",
        type=_url,
        default=argparse.SUPPRESS,
        help=help_text or f"{setting.text} (setting api_url, default: {setting.otherwise})",
    )


def _url(text: str) -> str:
    if not is_url(text):
        raise argparse.ArgumentTypeError(f'"{text}" is no URL such as http://127.0.0.1:9101')
    return text


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def add_store(parser: argparse.ArgumentParser) -> None:
    """The option that names the store."""
    parser.add_argument(
        "--db",
        metavar="FILE",
        type=_file_name,
        help=f"{SETTINGS['db'].text} (setting db, default: {SETTINGS['db'].otherwise})",
    )


def _file_name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the name of a file is missing")
    return text


def add_packs(parser: argparse.ArgumentParser) -> None:
    """The option that names folders of packs."""
    parser.add_argument(
        "--packs",
        metavar="DIR",
        action="append",
        help="a folder of packs, or a pack; may be given several times (setting packs, "
        f"default: {SETTINGS['packs'].otherwise}). "
        "The packs core and examples are always there",
    )


def add_setting(parser: argparse.ArgumentParser, name: str) -> None:
    """The flag of a setting. Where it is not given, the command asks the setting when it is performed."""
    setting = SETTINGS[name]
    assert setting.flag is not None
    help_text = f"{setting.text} (setting {name}, default: {setting.otherwise or setting.default})"
    if setting.words:
        parser.add_argument(setting.flag, choices=setting.words, help=help_text)
    else:
        parser.add_argument(setting.flag, metavar="NUMBER", type=count, help=help_text)


def add_json(parser: "Options") -> None:
    """The option for output that programs read."""
    parser.add_argument("-j", "--json", action="store_true", help="print JSON; times are UTC")


def add_asking(parser: argparse.ArgumentParser) -> None:
    """The options that say why something is asked, and name the request."""
    parser.add_argument("--reason", metavar="TEXT", help="why, for whoever reads the history")
    parser.add_argument(
        "--request-id",
        metavar="ID",
        help="a name of your own for the request: given again, it gets the first answer and does nothing",
    )


def add_async(parser: argparse.ArgumentParser) -> None:
    """The option that only records a request."""
    parser.add_argument(
        "--async",
        dest="detached",
        action="store_true",
        help="only record it and return; nothing moves until an engine runs",
    )


_MOST: Final = 1_000_000_000


def count(text: str) -> int:
    """A number greater than 0, as an option's type."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= _MOST:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 to {_MOST}')
    return number

"""Completion in the shell: what it sources, and the words that only the store and the packs know."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from orchestrion.client.interface import Client

_NEWEST: Final = 50

Words: TypeAlias = dict[str, str]
"""What may stand in a place, each word with what is said about it."""


def print_completion(options: argparse.Namespace) -> int:
    """Print what a shell is to source."""
    from argcomplete.shell_integration import shellcode

    from orchestrion.cli.render.output import Output

    Output().parts([shellcode(["orchestrion"], shell=options.shell), "\n"])
    return 0


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks how a command goes on, and end."""
    import argcomplete

    for command in _commands(parser):
        for action in command._actions:  # noqa: SLF001  # argparse has no public list of a parser's arguments
            group = command.prog.split()[1]
            find = _FINDERS.get((group, action.dest)) or _FINDERS.get(("", action.dest))
            if find is not None:
                cast("Any", action).completer = _completer(find)
    argcomplete.autocomplete(parser)


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001  # the same
        choices: object = action.choices
        if isinstance(choices, dict):
            for one in cast("dict[str, argparse.ArgumentParser]", choices).values():
                yield one
                yield from _commands(one)


def _completer(find: Callable[[argparse.Namespace], Words]) -> Callable[..., Words]:
    """What argcomplete asks: in a store or a pack that cannot be read, nothing is found."""

    def words(*, prefix: str, parsed_args: argparse.Namespace, **_more: object) -> Words:
        found: Words = {}
        with suppress(Exception):
            found = find(parsed_args)
        if find in _BESIDE_FILES:
            from argcomplete.completers import FilesCompleter

            found |= dict.fromkeys(FilesCompleter()(prefix), "")
        return found

    return words


# Only a word that needs the store or the packs imports what reads them.


def _client(options: argparse.Namespace) -> "AbstractContextManager[Client]":
    from orchestrion.cli.locations import location_of, open_known

    return open_known(location_of(options))


def _executions(options: argparse.Namespace) -> Words:
    with _client(options) as client:
        return {view.id: f"{view.status} {view.action}" for view in client.executions(_NEWEST)}


def _inquiries(options: argparse.Namespace) -> Words:
    with _client(options) as client:
        return {view.id: view.task or "" for view in client.inquiries(_NEWEST)}


def _tasks(options: argparse.Namespace) -> Words:
    """The tasks of the execution that is named before."""
    with _client(options) as client:
        return {task.task: task.status for task in client.execution(options.id).tasks}


def _actions(options: argparse.Namespace) -> Words:
    from orchestrion.cli.locations import pack_folders
    from orchestrion.client.catalogs import refs

    return dict.fromkeys((ref for ref, _ in refs(pack_folders(options).for_new())), "")


def _workflows(options: argparse.Namespace) -> Words:
    from orchestrion.cli.locations import pack_folders
    from orchestrion.client.catalogs import refs

    found = refs(pack_folders(options).for_new())
    return dict.fromkeys((ref for ref, is_workflow in found if is_workflow), "")


def _inputs(options: argparse.Namespace) -> Words:
    """The parameters of the workflow that is named before."""
    from orchestrion.cli.locations import pack_folders
    from orchestrion.client.catalogs import input_names

    names = input_names(options.workflow, pack_folders(options).for_new())
    return dict.fromkeys((f"{name}=" for name in names), "")


_FINDERS: Final = {
    ("", "id"): _executions,
    ("", "ids"): _executions,
    ("inquiry", "id"): _inquiries,
    ("", "tasks"): _tasks,
    ("", "no_reset"): _tasks,
    ("", "ref"): _actions,
    ("run", "workflow"): _workflows,
    ("workflow", "file"): _workflows,
    ("run", "parameters"): _inputs,
}
"""By the group of commands (any where it is empty) and the argument."""

_BESIDE_FILES: Final = (_workflows,)

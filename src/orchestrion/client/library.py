"""Packs, actions and workflow files of this machine. Needs no store."""

from pathlib import Path
from typing import Final

from orchestrion.client.catalogs import ActionList, ActionView, get_action, list_actions
from orchestrion.client.inspecting import Report
from orchestrion.client.pack_contents import PackList, PackView, list_packs, register_pack
from orchestrion.client.packs import PackFolders
from orchestrion.client.workflows import graph_of_workflow, inspect_workflow
from orchestrion.core.graph import Graph


class LocalLibrary:
    """What there is to run in some folders (`interface.Library`)."""

    def __init__(self, folders: PackFolders) -> None:
        self._folders: Final = folders

    def packs(self) -> PackList:
        """All packs. Raises UsageError."""
        return list_packs(self._folders)

    def register(self, folder: Path) -> PackView:
        """Make a folder known as a pack, by a link. Raises UsageError."""
        return register_pack(self._folders, folder)

    def actions(self, pack: str | None = None) -> ActionList:
        """All actions, or those of one pack. Raises NotFound."""
        return list_actions(self._folders.for_new(), pack)

    def action(self, ref: str) -> ActionView:
        """One action. Raises NotFound, UsageError."""
        return get_action(ref, self._folders.for_new())

    def inspect(self, word: str) -> Report:
        """What is wrong with a workflow file, or with a pack's workflow. Raises NotFound, UsageError."""
        return inspect_workflow(word, self._folders.for_new())

    def graph(self, word: str) -> Graph:
        """The graph of a workflow file, or of a pack's. Raises NotFound, UsageError."""
        return graph_of_workflow(word, self._folders.for_new())

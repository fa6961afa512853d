"""The client's way to the upkeep of a store: backup and check."""

from orchestrion.actions.revisions import folder_of_revisions
from orchestrion.store.upkeep import Backup, Soundness, backup, check

__all__ = ["Backup", "Soundness", "backup", "check", "folder_of_revisions"]

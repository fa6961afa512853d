"""What names the packs that something which starts rests on, as they are now: nothing is copied for it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Pack
from orchestrion.actions.revisions import name_of_now
from orchestrion.core.language import load_definition
from orchestrion.errors import UsageError


def contents_of(definition: str, pack: Pack | None, catalog: Catalog, store: Path) -> Mapping[str, str]:
    """What names the content of the `pack` of a workflow, and of those of the actions that its tasks name.

    Left out is what changes only with Orchestrion, and what is not there or not valid, as the first action of
    it will tell. What an expression names is known only when it is evaluated.
    """
    packs = {} if pack is None else {pack.ref: pack}
    for ref in {(task.action or "").partition(".")[0] for task in load_definition(definition).tasks.values()}:
        with suppress(UsageError):
            found = catalog.pack(ref)
            if found is not None:
                packs.setdefault(ref, found)
    names: dict[str, str] = {}
    for ref, one in packs.items():
        if not one.is_bundled:
            with suppress(UsageError):
                names[ref] = name_of_now(one, store)
    return names

"""Where the packs of the tests are, and a catalog of them."""

from pathlib import Path

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job
from orchestrion.core.values import Json

PACKS = Path(__file__).parents[2] / "fixtures" / "packs"
CATALOG = Catalog([PACKS])


def action(ref: str) -> Action:
    return CATALOG.find(ref)


def local_job(cmd: str, **parameters: Json) -> Job:
    """Give a job of core.local."""
    local = CATALOG.find("core.local")
    resolved = resolve(local, {"cmd": cmd, **parameters})
    return Job(
        "6556e0d1a1b2c3d4e5f60718", local, resolved.runner_parameters, api_url="http://127.0.0.1:9101/v1"
    )


def add_workflow(folder: Path, name: str, text: str, more: str = "") -> None:
    """Write a workflow action into a pack, which is made if it is not there; `more` lines of its metadata."""
    metadata = f"name: {name}\nrunner_type: orquesta\nentry_point: {name}.wf\n{more}"
    files = {f"actions/{name}.yaml": metadata, f"actions/{name}.wf": text}
    write_pack(folder, {"pack.yaml": f"name: {folder.name}\n", **files})


def write_pack(folder: Path, files: dict[str, str]) -> Path:
    """Write a pack's files (by path in the pack) and give its folder."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder

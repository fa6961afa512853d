"""A pack with one Python action, which is as small as one can be."""

from pathlib import Path
from typing import Final

ACTION: Final = "bench.add"

_FILES: Final = {
    "pack.yaml": "name: bench\n",
    "actions/add.yaml": "name: add\nrunner_type: python-script\nentry_point: add.py\n"
    "parameters: {a: {type: integer, default: 1}, b: {type: integer, default: 2}}\n",
    "actions/add.py": "from st2common.runners.base_action import Action\n\n"
    "class Add(Action):\n    def run(self, a, b):\n        return a + b\n",
}


def write_to(folder: Path) -> None:
    """Write it into a folder of packs."""
    for path, text in _FILES.items():
        file = folder / "bench" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

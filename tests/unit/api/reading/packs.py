"""A pack for the tests of the API: a workflow with items and a workflow in it, secrets, and what may fail."""

from pathlib import Path
from typing import Final

_FILES: Final = {
    "pack.yaml": "name: own\nversion: 1.0.0\n",
    "actions/outer.yaml": "name: outer\nrunner_type: orquesta\nentry_point: workflows/outer.yaml\n",
    "actions/workflows/outer.yaml": """version: 1.0
tasks:
  each:
    with: x in <% [a, b] %>
    action: core.echo message=<% item(x) %>
    next:
      - do: inside
  inside:
    action: own.inner
""",
    "actions/inner.yaml": "name: inner\nrunner_type: orquesta\nentry_point: workflows/inner.yaml\n",
    "actions/workflows/inner.yaml": """version: 1.0
tasks:
  one:
    action: core.noop
    next:
      - do: two
  two:
    action: core.noop
""",
    "actions/hidden.yaml": """name: hidden
runner_type: local-shell-cmd
description: Says a secret.
parameters:
  cmd:
    immutable: true
    default: "echo {{ password }}"
  password:
    type: string
    secret: true
    default: by-default
""",
    "actions/asking.yaml": "name: asking\nrunner_type: orquesta\nentry_point: workflows/asking.yaml\n",
    "actions/workflows/asking.yaml": "version: 1.0\ntasks:\n  wait:\n    action: core.ask\n",
    "actions/script.yaml": "name: script\nrunner_type: local-shell-script\nentry_point: script.sh\n",
    "actions/script.sh": "echo hello\n",
    "actions/away.yaml": "name: away\nrunner_type: local-shell-script\nentry_point: ../../outside.sh\n",
}


def make_pack(folder: Path) -> Path:
    """Write the pack `own` into a folder of packs; gives that folder."""
    for name, text in _FILES.items():
        file = folder / "own" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "outside.sh").write_text("echo nobody may read this\n")
    return folder

"""The OpenAPI document is true: schemathesis finds no answer of a real server that it does not describe."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import SOAK
from tests.e2e.attacked import Attacked

SCHEMATHESIS: Final = Path(sys.executable).with_name("st")

_SETTINGS: Final = """\
continue-on-failure = true
warnings = false

[dictionaries]
{dictionaries}

[parameters]
{parameters}

[generation.dictionaries.string]
dictionary = "any"
probability = 0.1

# What is as the document says may still make no sense: an action that there is not, a scope without a name.
[checks.positive_data_acceptance]
enabled = false

# In a query odd values of parameters are texts like others. What is refused is found by `coverage`.
[phases.fuzzing.checks.negative_data_rejection]
enabled = false

# `GET /v1/packs/install` asks for a pack of this name, so that GET is allowed, too.
[[operations]]
include-path-regex = "^/v1/packs/(download|install|register|uninstall)$"
checks.allow_header_conformance.enabled = false
"""


def _settings(known: dict[str, list[str]]) -> str:
    """What schemathesis is told of names and ids that there are, which half of its requests use."""
    dictionaries = {**known, "any": sorted({one for values in known.values() for one in values})}
    return _SETTINGS.format(
        dictionaries="\n".join(
            f"{name} = {{values = {json.dumps(dictionaries[name])}}}" for name in dictionaries
        ),
        parameters="\n".join(f'{name} = {{dictionary = "{name}", probability = 0.5}}' for name in known),
    )


def _run(server: Attacked, role: str | None, *words: str) -> str:
    """Run schemathesis as somebody; what it says at its end. It must have nothing to complain of."""
    (server.folder / "schemathesis.toml").write_text(_settings(server.known))
    who = [] if role is None else ["--header", f"X-Auth-Token: {server.tokens[role]}"]
    repeatable = [] if SOAK else ["--generation-deterministic"]
    done = subprocess.run(
        [str(SCHEMATHESIS), "run", f"{server.url}/v1/openapi.json", "--no-color", *who, *repeatable, *words],
        cwd=server.folder,
        env={**os.environ, "HOME": str(server.folder), "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr
    found = re.search(r"Test cases:\s+([^\n]+)", done.stdout)
    assert found is not None, done.stdout
    return found[1]


@pytest.mark.timeout(36_000 if SOAK else 300)
def test_the_document_is_true_for_an_admin(
    tmp_path: Path, count: Callable[[int, int], int], evidence: Callable[[str], None]
) -> None:
    with Attacked(tmp_path) as server:
        cases = _run(server, "admin", "--max-examples", str(count(5, 500)))
        server.unharmed()
    evidence(f"schemathesis as an admin: {cases}")


@pytest.mark.timeout(36_000 if SOAK else 300)
def test_the_document_is_true_for_a_viewer(
    tmp_path: Path, count: Callable[[int, int], int], evidence: Callable[[str], None]
) -> None:
    with Attacked(tmp_path) as server:
        phases = ("--phases", "fuzzing") if not SOAK else ()
        cases = _run(server, "viewer", "--max-examples", str(count(3, 200)), *phases)
        server.unharmed()
    evidence(f"schemathesis as a viewer: {cases}")


@pytest.mark.timeout(36_000 if SOAK else 300)
def test_the_document_is_true_where_nobody_is_asked(
    tmp_path: Path, count: Callable[[int, int], int], evidence: Callable[[str], None]
) -> None:
    with Attacked(tmp_path, "--no-auth") as server:
        phases = ("--phases", "fuzzing") if not SOAK else ()
        cases = _run(server, None, "--max-examples", str(count(3, 200)), *phases)
        server.unharmed()
    evidence(f"schemathesis without authentication: {cases}")


def test_whatever_is_looked_at_is_answered_as_the_document_says(tmp_path: Path) -> None:
    with Attacked(tmp_path) as server, server.client() as client:
        document = client.get("/v1/openapi.json").json()
        for path, operations in document["paths"].items():
            names = [name for name in server.known if f"{{{name}}}" in path]
            for values in product(*(server.known[name] for name in names)):
                asked = path.format(**dict(zip(names, values, strict=True)))
                answer = client.get(asked)
                known = operations.get("get", {"responses": ("405", "404")})["responses"]
                assert str(answer.status_code) in known, (asked, answer.text)
        server.unharmed()

"""What people install: the wheel in an environment of its own, without the source tree.

The libraries are not installed again: those that the wheel names, and what they need, are linked from the
environment of the tests. So a library that is used and not named is missing here as it would be there.
"""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.e2e.commands import Running

ROOT: Final = Path(__file__).parents[2]


def perform(*words: str | Path, home: Path, folder: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder or home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"HOME": str(home), "TERM": "dumb"}


def needed(of: Distribution) -> Iterator[Distribution]:
    """The libraries that one names, with all that they need."""
    found: dict[str, Distribution] = {}
    waiting = [of]
    while waiting:
        for text in waiting.pop().requires or []:
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            if requirement.name not in found:
                found[requirement.name] = distribution(requirement.name)
                waiting.append(found[requirement.name])
    yield from found.values()


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has nothing but the wheel and what it names."""
    folder = tmp_path_factory.mktemp("installed")
    perform(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, home=folder, folder=ROOT)
    (wheel,) = folder.glob("*.whl")
    perform(sys.executable, "-m", "venv", "--without-pip", folder / "venv", home=folder)
    python = folder / "venv" / "bin" / "python"
    perform(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        wheel,
        home=folder,
    )
    places = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    packages = Path(sysconfig.get_path("purelib", "posix_prefix", vars=places))
    (installed,) = Distribution.discover(name="orchestrion", path=[str(packages)])
    libraries = folder / "libraries"
    libraries.mkdir()
    for library in needed(installed):
        for name in {file.parts[0] for file in library.files or [] if file.parts[0] != ".."}:
            if not (libraries / name).exists():
                (libraries / name).symlink_to(str(library.locate_file(name)))
    (packages / "libraries.pth").write_text(f"{libraries}\n")
    return python.parent


def test_the_commands_work_without_the_source_tree(binaries: Path, tmp_path: Path) -> None:
    where = perform(
        binaries / "python", "-c", "import orchestrion; print(orchestrion.__file__)", home=tmp_path
    )
    assert Path(where).is_relative_to(binaries.parent)
    assert perform(binaries / "orchestrion", "--version", home=tmp_path).startswith("orchestrion 0.")
    assert "core.local" in perform(binaries / "orchestrion", "action", "list", home=tmp_path)
    out = perform(binaries / "orchestrion", "run", "examples.hello", "name=you", home=tmp_path)
    assert "Hello, you!" in out


def test_a_service_works_without_the_source_tree(binaries: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(binaries / "orchestrion"), "serve", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    serving = Running(process)
    try:
        serving.wait_for_error("Working for")
        out = perform(binaries / "orchestrion", "run", "examples.hello", "name=you", home=tmp_path)
        assert "Hello, you!" in out
        serving.wait_for_error("examples.hello: succeeded")
    finally:
        process.terminate()
    assert serving.end().code == 0

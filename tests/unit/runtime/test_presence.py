import multiprocessing
import os
import select
import signal
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from orchestrion.runtime.presence import Presence


def stay(path: str, ready: Event) -> None:
    presence = Presence(Path(path), "other")
    ready.set()
    select.select([presence], [], [])
    os._exit(0)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def test_a_process_is_alive_until_it_leaves(database: Path) -> None:
    observer, presence = Presence(database, "observer"), Presence(database, "me")
    assert observer.is_alive("me")
    presence.close()
    assert not observer.is_alive("me")
    assert not observer.is_alive(None)
    assert not observer.is_alive("never")
    observer.close()


def test_a_killed_process_is_dead_at_once_and_what_it_left_is_removed(database: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=stay, args=(str(database), ready))
    process.start()
    assert ready.wait(30)
    observer = Presence(database, "observer")
    assert observer.is_alive("other")
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert not observer.is_alive("other")
    observer.close()
    assert list((database.parent / "s.db.run").iterdir()) == []


def test_who_commits_wakes_the_others_and_not_itself(database: Path) -> None:
    one, other = Presence(database, "one"), Presence(database, "other")
    one.wake_others()
    assert select.select([other], [], [], 5)[0] == [other]
    other.drain()
    assert select.select([one, other], [], [], 0)[0] == []
    one.close()
    other.close()


def test_a_deep_folder_does_not_make_the_address_too_long(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 8)
    deep.mkdir(parents=True)
    one, other = Presence(deep / "s.db", "one"), Presence(deep / "s.db", "other")
    one.wake_others()
    assert select.select([other], [], [], 5)[0] == [other]
    one.close()
    other.close()

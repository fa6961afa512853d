"""What actions write on its way into the store: seldom, bounded, and only for who owns the attempt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.runtime.output import EVERY, KEPT, MOST_AT_ONCE, Output
from orchestrion.store.sqlite import Store

EXECUTION = (
    "a",
    "core.local",
    "",
    None,
    "running",
    "{}",
    None,
    0,
    0,
    None,
    None,
    "p",
    "w",
    0,
    None,
    1,
    "task",
    0,
    None,
    None,
    False,
)
ATTEMPT = ("a", "w", 0, None, 1, "w", 0, "me", False, None, False)


class World:
    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "s.db")
        self.time = 0
        self.output = Output(lambda: self.time)
        with self.store.transaction() as transaction:
            transaction.many("add_executions", [EXECUTION])
            transaction.many("add_attempts", [ATTEMPT])

    def write(self, text: str, ended: set[str] | None = None, engine: str = "me") -> None:
        self.output.add("a", "stdout", text.encode())
        self.time += EVERY
        with self.store.transaction() as transaction:
            self.output.store(transaction, engine, 7, ended or set())

    @property
    def stored(self) -> list[str]:
        with self.store.reading() as transaction:
            return [
                row["content"]
                for row in transaction.all("output_of_execution", execution="a", after=0, count=-1)
            ]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


def test_nothing_is_stored_before_it_is_due(world: World) -> None:
    world.output.add("a", "stdout", b"one ")
    world.time += EVERY - 1
    with world.store.transaction() as transaction:
        world.output.store(transaction, "me", 7, set())
    assert world.stored == []
    world.write("two")
    assert world.stored == ["one two"]


def test_an_action_that_ends_soon_stores_nothing_and_one_that_has_stored_stores_its_rest(
    world: World,
) -> None:
    world.write("all", ended={"a"})
    assert world.stored == []
    world.write(" of it")
    world.output.add("a", "stderr", b"rest")
    with world.store.transaction() as transaction:
        world.output.store(transaction, "me", 7, {"a"})
    assert world.stored == ["all of it", "rest"]


def test_a_process_that_has_lost_the_attempt_stores_nothing(world: World) -> None:
    world.write("late", engine="other")
    assert world.stored == []


def test_too_much_at_once_is_left_out_in_front(world: World) -> None:
    world.write("x" * 10 + "y" * MOST_AT_ONCE)
    assert world.stored == ["\n[10 characters are left out here]\n" + "y" * MOST_AT_ONCE]


def test_the_newest_of_an_action_is_kept(world: World) -> None:
    rounds = KEPT // MOST_AT_ONCE + 1
    for number in range(rounds):
        world.write(chr(ord("a") + number) * MOST_AT_ONCE)
    assert [text[0] for text in world.stored] == [
        chr(ord("a") + number) for number in range(rounds - KEPT // 2 // MOST_AT_ONCE, rounds)
    ]


def test_characters_that_arrive_in_parts_are_put_together(world: World) -> None:
    world.output.add("a", "stdout", "ä".encode()[:1])
    world.output.add("a", "stdout", "ä".encode()[1:] + b"\xff")
    world.write(".")
    assert world.stored == ["ä\ufffd."]

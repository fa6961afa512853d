"""`serve` and `worker`: they take up all that no command works for, drain, and clear up after the dead."""

import json
import signal
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.e2e.commands import Running, Shell
from tests.e2e.test_interruptions import CHAIN, REMEDIED


@contextmanager
def service(shell: Shell, name: str = "serve", *words: str) -> Generator[Running]:
    port = ("--port", "0") if name == "serve" else ()
    running = shell.start(name, *port, *words, "--log-format", "json")
    running.wait_for_error("Working for")
    yield running


def stop(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    assert running.end().code == 0


def test_a_service_does_the_work_and_commands_follow_it(shell: Shell) -> None:
    with service(shell) as running:
        done = shell.run("run", shell.write("chain.yaml", CHAIN))
        assert done.code == 0
        assert shell.ended == ["one", "two", "three"]
        stop(running)


def test_a_service_takes_up_what_was_only_recorded(shell: Shell) -> None:
    gate = shell.gate("three")
    done = shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    assert "Nothing moves" in done.out
    number = shell.newest()
    with service(shell) as running:
        gate.arrived()
        assert shell.get(number)["engine"] is not None
        follower = shell.start("execution", "pause", number)
        assert follower.end().code == 0
        gate.open()
        resumed = shell.run("execution", "resume", number)
        assert resumed.code == 0
        stop(running)
    assert shell.ended == ["one", "two", "three"]


def test_who_follows_over_http_waits_for_a_server_that_is_started_again(shell: Shell) -> None:
    gate = shell.gate("two")
    with service(shell, "serve", "--no-auth") as running:
        (line,) = [one for one in running.error_lines if "The api is at" in one]
        url = json.loads(line)["message"].split()[-1]
        follower = shell.start("run", shell.write("chain.yaml", CHAIN), "--api-url", url)
        gate.arrived()
        follower.wait_for("two: running")
        running.process.send_signal(signal.SIGTERM)
        gate.open()
        assert running.end().code == 0
    port = url.removesuffix("/api").rpartition(":")[2]
    again = shell.start("serve", "--port", port, "--no-auth")
    done = follower.end()
    assert (done.code, shell.ended) == (0, ["one", "two", "three"]), done
    stop(again)


def test_what_a_service_accepts_while_it_drains_is_done_by_the_next_one(shell: Shell) -> None:
    asks = shell.write("asks.yaml", "version: 1.0\ntasks:\n  ask: {action: core.ask}\n")
    with service(shell, "serve", "--no-auth") as running:
        (line,) = [one for one in running.error_lines if "The api is at" in one]
        url = json.loads(line)["message"].split()[-1]
        assert shell.run("run", asks, "--api-url", url).code == 5
        held = shell.newest()
        (inquiry,) = shell.json("inquiry", "list", "--api-url", url, "-j")
        gate = shell.gate("two")
        shell.run("run", "--async", shell.write("chain.yaml", CHAIN), "--api-url", url)
        first = shell.newest()
        gate.arrived()
        running.process.send_signal(signal.SIGTERM)
        running.wait_for_error("Told to stop")
        for words in (
            ("run", "--async", "core.noop"),
            ("run", "--async", shell.write("noop.yaml", "version: 1.0\ntasks: {a: {action: core.noop}}\n")),
            ("inquiry", "respond", "--async", inquiry["id"], "continue=true"),
        ):
            assert shell.run(*words, "--api-url", url).code == 0, words
        gate.open()
        assert running.end().code == 0
    numbers = [one["id"] for one in shell.json("execution", "list", "-j")]
    assert len(numbers) == 4
    assert {first, held} <= {*numbers}
    with service(shell) as again:
        for number in numbers:
            assert shell.run("execution", "tail", number).code == 0
            assert shell.get(number)["status"] == "succeeded"
        stop(again)


def test_a_service_that_is_told_to_stop_lets_end_and_leaves_the_rest(shell: Shell) -> None:
    gate = shell.gate("two")
    shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    with service(shell) as running:
        gate.arrived()
        running.process.send_signal(signal.SIGTERM)
        gate.open()
        assert running.end().code == 0
    number = shell.newest()
    assert shell.ended == ["one", "two"]
    view = shell.get(number)
    assert view["status"] == "running"
    assert view["engine"] is None
    last = shell.gate("three")
    with service(shell) as running:
        last.arrived()
        last.open()
        stop(running)
    assert shell.get(number)["status"] == "succeeded"
    assert shell.ended == ["one", "two", "three"]


def test_what_does_not_end_in_time_is_ended_and_abandoned(shell: Shell) -> None:
    gate = shell.gate("one")
    shell.run("run", "--async", shell.write("remedied.yaml", REMEDIED))
    with service(shell, "serve", "--grace", "1") as running:
        gate.arrived()
        running.process.send_signal(signal.SIGTERM)
        done = running.end()
        assert done.code == 0
        assert "did not end in time" in done.err
    repair = shell.gate("repair")
    with service(shell) as running:
        repair.arrived()
        repair.open()
        stop(running)
    assert shell.ended == ["repair"]


def test_a_worker_clears_up_after_a_service_that_was_killed(shell: Shell) -> None:
    gate = shell.gate("one")
    shell.run("run", "--async", shell.write("remedied.yaml", REMEDIED))
    number = shell.newest()
    with service(shell) as first:
        gate.arrived()
        with service(shell, "worker") as second:
            repair = shell.gate("repair")
            first.process.kill()
            first.end()
            repair.arrived()
            repair.open()
            stop(second)
    assert shell.get(number)["status"] == "succeeded"
    assert shell.ended == ["repair"]


def test_a_command_takes_over_from_a_service_that_was_killed(shell: Shell) -> None:
    gate = shell.gate("one")
    with service(shell) as running:
        follower = shell.start("run", shell.write("remedied.yaml", REMEDIED))
        gate.arrived()
        running.process.kill()
        running.end()
        assert follower.end().code == 0
    assert shell.ended == ["repair"]


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("worker",)])
def test_a_service_without_its_packs_ends_before_it_begins(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell.run(*words, "--packs", str(shell.folder / "nowhere"))
    assert done.code == 2
    assert done.err.startswith(f"orchestrion: {shell.folder / 'nowhere'}: There is no such folder."), done.err
    assert (done.out, shell.folder.joinpath("store.db").exists()) == ("", False)

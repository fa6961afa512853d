import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.actions.runners.process_runner import ProcessRunner
from orchestrion.actions.runners.processes import end_group
from orchestrion.actions.runners.registry import COMMANDS
from orchestrion.core.values import Json
from tests.servers.ssh_server import SshServer, free_port
from tests.servers.sudo import Sudo, sudo_in
from tests.unit.actions.packs import action, write_pack
from tests.unit.actions.runners.collecting import Started, fifo, wait_for_end

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    server = SshServer(tmp_path_factory.mktemp("sshd"))
    yield server
    server.close()


@pytest.fixture
def processes() -> Iterator[ProcessRunner]:
    runner = ProcessRunner(COMMANDS)
    yield runner
    runner.close(grace_seconds=0.1)


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def job_of(ref: str, **given: Json) -> Job:
    remote = action(ref)
    found = resolve(remote, given)
    return Job("e1", remote, found.runner_parameters, found.action_parameters)


class Remote:
    """core.remote on the server, by the name 127.0.0.1."""

    def __init__(self, sshd: SshServer, runner: ProcessRunner) -> None:
        self.sshd, self.runner = sshd, runner

    def job(self, cmd: str, ref: str = "core.remote", **given: Json) -> Job:
        defaults: dict[str, Json] = {
            "hosts": "127.0.0.1",
            "port": self.sshd.port,
            "private_key": str(self.sshd.key),
        }
        return job_of(ref, cmd=cmd, **{**defaults, **given})

    def run(self, cmd: str, ref: str = "core.remote", **given: Json) -> Outcome:
        return run(self.runner, self.job(cmd, ref, **given))

    def on_host(self, cmd: str, ref: str = "core.remote", **given: Json) -> Any:
        """The result of the one host."""
        return of_hosts(self.run(cmd, ref, **given))["127.0.0.1"]

    def stdout(self, cmd: str, ref: str = "core.remote", **given: Json) -> Any:
        found = self.on_host(cmd, ref, **given)
        assert found["succeeded"], found
        return found["stdout"]


@pytest.fixture
def remote(sshd: SshServer, processes: ProcessRunner) -> Remote:
    return Remote(sshd, processes)


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")  # pyright: ignore[reportUnknownMemberType]  # untyped there


def of_hosts(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome.result, dict)
    return outcome.result


def error_of(outcome: Outcome) -> str:
    assert outcome.status == "failed", outcome
    return str(of_hosts(outcome)["error"])


class TestResult:
    def test_has_that_of_a_command_for_each_host(self, remote: Remote) -> None:
        port = remote.sshd.port
        outcome = remote.run(
            "echo '{\"a\": 1}'; echo err >&2", hosts=f"127.0.0.1, localhost:{port},127.0.0.1"
        )
        on_host: dict[str, Json] = {
            "failed": False,
            "succeeded": True,
            "return_code": 0,
            "stdout": {"a": 1},
            "stderr": "err",
        }
        assert outcome == Outcome("succeeded", {"127.0.0.1": on_host, f"localhost:{port}": on_host})

    def test_is_a_failure_when_one_host_fails(self, remote: Remote) -> None:
        refused = free_port()
        outcome = remote.run("echo out; exit 3", hosts=f"127.0.0.1,127.0.0.1:{refused}")
        assert outcome == Outcome(
            "failed",
            {
                "127.0.0.1": {
                    "failed": True,
                    "succeeded": False,
                    "return_code": 3,
                    "stdout": "out",
                    "stderr": "",
                },
                f"127.0.0.1:{refused}": {
                    "failed": True,
                    "succeeded": False,
                    "return_code": 255,
                    "stdout": "",
                    "stderr": "",
                    "error": f"Connecting to 127.0.0.1 port {refused} failed: "
                    f"[Errno 111] Connect call failed ('127.0.0.1', {refused})",
                },
            },
        )

    @pytest.mark.parametrize("signal,code", [("KILL", 137), ("TERM", 143)])
    def test_of_a_signal_is_what_a_shell_says(self, remote: Remote, signal: str, code: int) -> None:
        found = remote.on_host(f"kill -{signal} $BASHPID")
        assert (found["return_code"], found["failed"], found["stderr"]) == (code, True, "")

    def test_of_bytes_that_are_no_text(self, remote: Remote) -> None:
        assert remote.stdout("printf 'a\\377b\\0c\\n\\n'") == "a\ufffdb\0c\n"

    def test_of_background_processes_belongs_to_it(self, remote: Remote) -> None:
        assert remote.stdout("(read -t 0.2 x < <(sleep 1); echo late) & echo now") == "now\nlate"

    def test_beyond_the_limit_ends_the_command(self, sshd: SshServer) -> None:
        small = ProcessRunner(COMMANDS, max_output_bytes=MIB)
        try:
            found = Remote(sshd, small).on_host("yes")
            assert found["error"] == (
                "The command was ended because all hosts together wrote more than 1 MiB (1048576 bytes). "
                "Write large output to a file."
            )
            assert 0 < len(found["stdout"]) <= MIB
        finally:
            small.close()


class TestCommand:
    def test_is_read_by_bash_and_reads_nothing(self, remote: Remote) -> None:
        assert remote.stdout("cat; [[ $BASH_VERSION ]] && echo 'a\\nb'") == "a\\nb"

    def test_may_be_large(self, remote: Remote) -> None:
        assert remote.stdout(f"text='{'語' * 300_000}'\necho ${{#text}} ${{text:0:1}} | wc -l") == 1

    def test_has_its_environment_and_folder(self, remote: Remote, tmp_path: Path) -> None:
        env: Json = {"MINE": "it's $HOME", "NUMBER": 5, "NOTHING": None}
        command = 'echo "$MINE" $NUMBER ${NOTHING-unset} $PWD; env | grep ^ST2_ | sort'
        assert remote.stdout(command, env=env, cwd=str(tmp_path)).splitlines() == [
            f"it's $HOME 5 unset {tmp_path}",
            "ST2_ACTION_API_URL=",
            "ST2_ACTION_EXECUTION_ID=e1",
            "ST2_ACTION_PACK_NAME=core",
        ]

    def test_does_not_run_without_its_folder(self, remote: Remote) -> None:
        found = remote.on_host("echo ran", cwd="/nowhere")
        assert (found["return_code"], found["stdout"]) == (1, "")
        assert "/nowhere: No such file or directory" in found["stderr"]

    def test_needs_bash_on_the_host(self, remote: Remote) -> None:
        bash = remote.sshd.folder / "bin" / "bash"
        bash.write_text("#!/bin/sh\necho no bash here >&2; exit 127\n", encoding="utf-8")
        bash.chmod(0o755)
        found = remote.on_host("true")
        bash.unlink()
        assert found["return_code"] == 127
        assert "no bash here" in found["stderr"]
        assert "error" not in found

    def test_runs_on_one_host_after_the_other(self, remote: Remote, tmp_path: Path) -> None:
        command = f"mkdir {tmp_path}/only && sleep 0.1 && rmdir {tmp_path}/only"
        hosts = f"127.0.0.1,localhost,[127.0.0.1]:{remote.sshd.port}"
        assert remote.run(command, hosts=hosts, parallel=False).status == "succeeded"

    def test_runs_on_all_hosts_at_once(self, remote: Remote, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        command = f"mkdir {tmp_path}/first && echo go > {ready} || read x < {ready}"
        assert remote.run(command, hosts="127.0.0.1,localhost").status == "succeeded"

    def test_goes_through_a_bastion_host(self, remote: Remote) -> None:
        port = remote.sshd.port
        outcome = remote.run("echo $SSH_CONNECTION", hosts="localhost", bastion_host=f"127.0.0.1:{port}")
        assert outcome.status == "succeeded"
        closed = free_port()
        error = error_of(remote.run("true", bastion_host=f"127.0.0.1:{closed}"))
        assert error.startswith(f"The bastion host: Connecting to 127.0.0.1 port {closed} failed: ")


class TestSudo:
    @pytest.fixture
    def sudo(self, sshd: SshServer) -> Iterator[Sudo]:
        with sudo_in(sshd.folder / "bin") as sudo:
            yield sudo

    def test_without_a_password_never_asks(self, remote: Remote, sudo: Sudo) -> None:
        assert remote.stdout("cat; echo $MINE", "core.remote_sudo", env={"MINE": "x"}) == "x"
        assert sudo.log == "'-E' '-n'\n"

    @pytest.mark.parametrize("asks", [True, False])
    def test_with_a_password_gives_it_to_sudo_only(self, remote: Remote, sudo: Sudo, *, asks: bool) -> None:
        if not asks:
            sudo.need_no_password()
        assert remote.stdout("cat; echo done", "core.remote_sudo", sudo_password="s3cr3t") == "done"
        assert sudo.log == "'-E' '-k' '-S' '-p' ''\n" + "s3cr3t\n" * asks

    def test_is_ended_with_its_command(self, remote: Remote, sudo: Sudo, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        command = f"trap '' TERM HUP; echo $BASHPID > {ready}; sleep 60"
        started = Started(remote.runner, remote.job(command, "core.remote_sudo"))
        pid = int(ready.read_text(encoding="ascii"))
        assert end_group(started.pid, started.mark)
        wait_for_end(pid)
        assert sudo.log


class TestEnding:
    def test_by_the_timeout_ends_the_command_on_its_host(self, remote: Remote, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        command = f"trap '' TERM HUP; sleep 60 & echo $BASHPID $! | tee {ready}; sleep 60"
        started = Started(remote.runner, remote.job(command, timeout=3))
        pids = [int(pid) for pid in ready.read_text(encoding="ascii").split()]
        assert started.outcome() == Outcome(
            "timeout",
            {
                "127.0.0.1": {
                    "failed": True,
                    "succeeded": False,
                    "return_code": -9,
                    "stdout": " ".join(map(str, pids)),
                    "stderr": "",
                    "error": "Action failed to complete in 3 seconds",
                }
            },
        )
        wait_for_end(*pids)

    def test_by_its_group_ends_the_command_on_its_host(self, remote: Remote, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        command = f"trap '' TERM HUP; sleep 60 & echo $BASHPID $! > {ready}; sleep 60"
        started = Started(remote.runner, remote.job(command))
        pids = [int(pid) for pid in ready.read_text(encoding="ascii").split()]
        assert end_group(started.pid, started.mark)
        assert started.outcome().status == "abandoned"
        wait_for_end(*pids)

    def test_lets_what_is_left_in_the_background_live(self, remote: Remote) -> None:
        pid = remote.stdout("sleep 60 > /dev/null 2>&1 & echo $!")
        os.kill(pid, 9)

    def test_of_the_connection_is_told(self, remote: Remote) -> None:
        found = remote.on_host("kill -KILL $PPID; sleep 60")
        assert (found["return_code"], found["error"]) == (255, "Connection lost")

    @pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
    def test_of_a_host_that_says_nothing(self, remote: Remote, words: bytes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent_host = f"127.0.0.1:{silent.getsockname()[1]}"
            kept: list[socket.socket] = []

            def greet() -> None:
                kept.append(silent.accept()[0])
                kept[0].sendall(words)

            threading.Thread(target=greet, daemon=True).start()
            outcome = remote.run("echo x", hosts=f"{silent_host},127.0.0.1", timeout=2)
            kept[0].close()
        assert outcome.status == "failed"
        found = of_hosts(outcome)
        assert found["127.0.0.1"]["succeeded"]
        assert found[silent_host]["return_code"] == -9
        assert found[silent_host]["error"] == "Action failed to complete in 2 seconds"


class TestKeys:
    def test_that_are_given_as_text(self, remote: Remote) -> None:
        key = remote.sshd.key.read_text(encoding="utf-8")
        assert remote.stdout("echo in", private_key=key) == "in"

    def test_with_a_passphrase(self, remote: Remote) -> None:
        key = asyncssh.read_private_key(remote.sshd.key)
        locked = key.export_private_key("pkcs8-pem", passphrase="open").decode()
        assert remote.stdout("echo in", private_key=locked, passphrase="open") == "in"
        for given in ({"passphrase": "wrong"}, {}):
            error = error_of(remote.run("true", private_key=locked, **given))
            assert error.startswith("The parameter private_key cannot be used: ")
            assert "wrong" not in error

    def test_that_the_host_does_not_know(self, remote: Remote) -> None:
        other = new_key().export_private_key().decode()
        found = remote.on_host("true", private_key=other, username="nobody-here")
        assert found["error"] == (
            f"Connecting to 127.0.0.1 port {remote.sshd.port} failed: "
            "Permission denied for user nobody-here on host 127.0.0.1"
        )


class TestPassword:
    @pytest.fixture
    def port(self) -> Iterator[int]:
        """A server that knows passwords: sshd knows those of the machine only."""

        class Server(asyncssh.SSHServer):
            def begin_auth(self, username: str) -> bool:
                return username == "me"

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == ("me", "s3cr3t")

        async def handle(process: "asyncssh.SSHServerProcess[str]") -> None:
            process.stdout.write("in\n")
            process.exit(0)

        loop = asyncio.new_event_loop()
        key = new_key()

        async def listen() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1", 0, server_factory=Server, server_host_keys=[key], process_factory=handle
            )

        server = loop.run_until_complete(listen())
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield server.get_port()
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def test_opens_the_host(self, processes: ProcessRunner, port: int) -> None:
        given: dict[str, Json] = {"cmd": "x", "hosts": "127.0.0.1", "port": port, "username": "me"}
        outcome = run(processes, job_of("core.remote", password="s3cr3t", **given))
        assert of_hosts(outcome)["127.0.0.1"]["stdout"] == "in"
        outcome = run(processes, job_of("core.remote", password="wr0ng", **given))
        error = of_hosts(outcome)["127.0.0.1"]["error"]
        assert error.endswith("failed: Permission denied for user me on host 127.0.0.1")


class TestWrongParameters:
    @pytest.mark.parametrize(
        "given,error",
        [
            ({"hosts": " , "}, "The parameter hosts must name hosts, separated by commas, found ' , '."),
            (
                {"hosts": "me@host"},
                "The parameter hosts names 'me@host', which is no host and no HOST:PORT.",
            ),
            (
                {"bastion_host": "a:b"},
                "The parameter bastion_host names 'a:b', which is no host and no HOST:PORT.",
            ),
            ({"cmd": " "}, "Action core.remote has no command: give the parameter cmd."),
            ({"timeout": -1}, "The parameter timeout must be a number of seconds greater than 0, found -1."),
            (
                {"private_key": "/no/key"},
                "The parameter private_key is no key, and no file that can be read: No such file",
            ),
            (
                {"env": {"a-b": "c"}},
                "The parameter env has the name 'a-b', which bash on another machine cannot set.",
            ),
            (
                {"cmd": "a\0b"},
                "The parameter cmd holds the character NUL, which no command can hold. Remove it.",
            ),
            (
                {"private_key": "-----BEGIN PRIVATE KEY-----\nx\n"},
                "The parameter private_key cannot be used: ",
            ),
        ],
    )
    def test_are_told(self, processes: ProcessRunner, given: dict[str, Json], error: str) -> None:
        job = job_of("core.remote", **{"cmd": "true", "hosts": "127.0.0.1", **given})
        assert error_of(run(processes, job)).startswith(error)

    def test_when_asyncssh_is_not_installed(
        self, processes: ProcessRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "asyncssh", None)
        job = job_of("core.remote", cmd="true", hosts="127.0.0.1")
        assert error_of(run(processes, job)) == (
            "Actions on other machines need asyncssh, which is not installed. "
            "Install it beside Orchestrion: pip install 'orchestrion[remote]'"
        )


class TestScript:
    def job(self, remote: Remote, folder: Path, script: str, **given: Json) -> Job:
        metadata = (
            "name: a\nrunner_type: remote-shell-script\nentry_point: a.sh\n"
            "parameters: {first: {type: string, position: 0}, named: {type: string}}\n"
        )
        pack = {"pack.yaml": "name: tools\n", "actions/a.yaml": metadata, "actions/a.sh": script}
        write_pack(folder, {**pack, "actions/lib/more/words.sh": 'say() { echo "said $*"; }\n'})
        found = Catalog([folder]).find("tools.a")
        values: dict[str, Json] = {
            "hosts": f"127.0.0.1,localhost:{remote.sshd.port}",
            "port": remote.sshd.port,
            "private_key": str(remote.sshd.key),
            **given,
        }
        resolved = resolve(found, values)
        return Job("e1", found, resolved.runner_parameters, resolved.action_parameters)

    def test_is_copied_with_its_library_and_removed(self, remote: Remote, tmp_path: Path) -> None:
        script = '. "$(dirname "$0")"/lib/more/words.sh\nsay "$@" $PWD $MINE; echo $0 >&2\n'
        there = tmp_path / "there"
        there.mkdir()
        given: dict[str, Json] = {"first": "it's", "named": "a b", "dir": str(there), "cwd": "/"}
        job = self.job(remote, tmp_path / "tools", script, env={"MINE": "mine", "folder": "x"}, **given)
        outcome = run(remote.runner, job)
        assert outcome.status == "succeeded", outcome
        for index, found in enumerate(of_hosts(outcome).values()):
            assert found["stdout"] == "said --named=a b it's / mine"
            assert found["stderr"] == f"{there}/orchestrion-e1-{index}/a.sh"
        assert list(there.iterdir()) == []

    def test_leaves_nothing_when_it_is_ended(self, remote: Remote, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        there = tmp_path / "there"
        there.mkdir()
        script = f"#!/bin/bash\necho $$ $(ps -o sid= -p $$) > {ready}\nsleep 60\n"  # itself and its leash
        job = self.job(remote, tmp_path / "tools", script, dir=str(there), hosts="127.0.0.1")
        started = Started(remote.runner, job)
        pids = [int(pid) for pid in ready.read_text(encoding="ascii").split()]
        assert len(list(there.iterdir())) == 1
        assert end_group(started.pid, started.mark)
        wait_for_end(*pids)
        assert list(there.iterdir()) == []

    def test_that_cannot_be_copied(self, remote: Remote, tmp_path: Path) -> None:
        outcome = run(remote.runner, self.job(remote, tmp_path / "tools", "true\n", dir="/nowhere"))
        assert outcome.status == "failed"
        assert of_hosts(outcome)["127.0.0.1"]["error"] == (
            "The folder /nowhere/orchestrion-e1-0 cannot be made on the host: No such file"
        )
        outcome = run(remote.runner, self.job(remote, tmp_path / "tools", "true\n", dir="relative"))
        assert error_of(outcome) == (
            "The parameter dir must be the absolute path of a folder on the hosts, found 'relative'."
        )

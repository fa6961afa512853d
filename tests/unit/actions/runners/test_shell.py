import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.actions.runners.process_runner import ProcessRunner
from orchestrion.actions.runners.processes import end_group, start_mark
from orchestrion.actions.runners.registry import COMMANDS
from orchestrion.actions.runners.shell import MAX_ARGUMENT_BYTES
from orchestrion.core.values import Json
from tests.servers.sudo import Sudo, sudo_in
from tests.unit.actions.packs import action, local_job
from tests.unit.actions.runners.collecting import WAIT_SECONDS, Started, fifo, has_ended, wait_for_end


def result_of(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome.result, dict)
    return outcome.result


def echo(shell: ProcessRunner, message: str) -> Json:
    job = action("core.echo")
    outcome = run(shell, Job("1", job, resolve(job, {"message": message}).runner_parameters))
    assert outcome.status == "succeeded", outcome
    return result_of(outcome)["stdout"]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class TestResult:
    def test_of_success(self, shell: ProcessRunner) -> None:
        assert run(shell, local_job("echo out; echo err >&2")) == Outcome(
            "succeeded",
            {"failed": False, "succeeded": True, "return_code": 0, "stdout": "out", "stderr": "err"},
        )

    def test_of_failure(self, shell: ProcessRunner) -> None:
        assert run(shell, local_job("echo out; exit 3")) == Outcome(
            "failed", {"failed": True, "succeeded": False, "return_code": 3, "stdout": "out", "stderr": ""}
        )

    @pytest.mark.parametrize(
        "signal,code,status", [("KILL", -9, "timeout"), ("TERM", -15, "abandoned"), ("SEGV", -11, "failed")]
    )
    def test_of_a_signal(self, shell: ProcessRunner, signal: str, code: int, status: str) -> None:
        outcome = run(shell, local_job(f"kill -{signal} $$"))
        assert (outcome.status, result_of(outcome)["return_code"]) == (status, code)

    @pytest.mark.parametrize(
        "command,stdout",
        [
            ("""echo '{"a": [1, null]}'""", {"a": [1, None]}),
            ("echo 5", 5),
            ("echo -1.5", -1.5),
            ("echo true", True),
            ("echo null", None),
            ("echo '\"text\"'", "text"),
            ("echo ' [1] '", [1]),
            ("echo NaN", "NaN"),
            ("echo 18446744073709551616", "18446744073709551616"),
            ("echo 1e400", "1e400"),
            ("echo '\"\\ud800\"'", '"\\ud800"'),
            ("echo 05", "05"),
            ("echo '{not json'", "{not json"),
            ("printf 'a\\n\\n'", "a\n"),
            ("printf 'a\\r\\n'", "a"),
            ("printf '  a'", "  a"),
            ("printf ''", ""),
            ("printf 'a\\377b'", "a\ufffdb"),
            ("printf 'a\\000b'", "a\0b"),
            ("echo 日本語", "日本語"),
        ],
    )
    def test_parses_json_and_drops_one_line_end(
        self, shell: ProcessRunner, command: str, stdout: Json
    ) -> None:
        found = result_of(run(shell, local_job(command)))["stdout"]
        assert found == stdout
        assert type(found) is type(stdout)

    def test_parses_stderr_as_well(self, shell: ProcessRunner) -> None:
        assert result_of(run(shell, local_job("echo 5 >&2")))["stderr"] == 5


class TestCommand:
    def test_is_read_by_bash(self, shell: ProcessRunner) -> None:
        assert (
            result_of(run(shell, local_job("echo 'a\\nb'; [[ $BASH_VERSION ]] && echo bash")))["stdout"]
            == "a\\nb\nbash"
        )

    def test_of_core_echo_is_expanded_by_the_shell(self, shell: ProcessRunner) -> None:
        assert echo(shell, "$((6 * 7)) and `printf x`") == "42 and x"
        assert echo(shell, "{{ x }}") == "{{ x }}"

    @pytest.mark.parametrize(
        "message", ["x" * 100_000, "x" * MAX_ARGUMENT_BYTES, "x" * 1_000_000, "語" * 100_000]
    )
    def test_may_be_large(self, shell: ProcessRunner, message: str) -> None:
        assert echo(shell, message) == message

    def test_that_is_large_still_reads_nothing(self, shell: ProcessRunner) -> None:
        filler = f"# {'x' * MAX_ARGUMENT_BYTES}\n"
        assert result_of(run(shell, local_job(f"{filler}cat; echo $#; exit 4"))) == {
            "failed": True,
            "succeeded": False,
            "return_code": 4,
            "stdout": 0,
            "stderr": "",
        }

    def test_reads_nothing(self, shell: ProcessRunner) -> None:
        assert result_of(run(shell, local_job("cat; echo done")))["stdout"] == "done"

    def test_leads_its_own_session(self, shell: ProcessRunner) -> None:
        started = Started(shell, local_job("read -a stat < /proc/$$/stat; echo ${stat[4]} ${stat[5]}"))
        assert result_of(started.outcome())["stdout"] == f"{started.pid} {started.pid}"

    def test_ends_on_a_closed_pipe_as_in_a_terminal(self, shell: ProcessRunner) -> None:
        assert (
            result_of(run(shell, local_job("yes | head -n 1; echo ${PIPESTATUS[0]}")))["stdout"] == "y\n141"
        )


class TestEnvironment:
    def test_is_the_engines_and_the_actions(
        self, shell: ProcessRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FROM_ENGINE", "engine")
        monkeypatch.setenv("OVERRIDDEN", "engine")
        env: Json = {"OVERRIDDEN": "action", "NUMBER": 5, "FLAG": True, "NOTHING": None, "WIDE": "語"}
        job = local_job("echo $FROM_ENGINE $OVERRIDDEN $NUMBER $FLAG ${NOTHING-unset} $WIDE", env=env)
        assert result_of(run(shell, job))["stdout"] == "engine action 5 true unset 語"

    def test_says_which_action_this_is(self, shell: ProcessRunner) -> None:
        found = result_of(run(shell, local_job("env | grep ^ST2_ACTION_ | sort")))["stdout"]
        assert found.splitlines() == [
            "ST2_ACTION_API_URL=http://127.0.0.1:9101/v1",
            "ST2_ACTION_EXECUTION_ID=6556e0d1a1b2c3d4e5f60718",
            "ST2_ACTION_PACK_NAME=core",
        ]

    def test_has_token_and_debug_when_there_are(self, shell: ProcessRunner) -> None:
        plain = local_job("echo $ST2_ACTION_AUTH_TOKEN $ST2_ACTION_DEBUG")
        job = Job("1", plain.action, plain.runner_parameters, auth_token="t0ken", debug=True)
        assert result_of(run(shell, job))["stdout"] == "t0ken true"

    def test_has_the_folder_that_was_asked_for(self, shell: ProcessRunner, tmp_path: Path) -> None:
        assert result_of(run(shell, local_job("pwd", cwd=str(tmp_path))))["stdout"] == str(tmp_path)
        assert result_of(run(shell, local_job("pwd")))["stdout"] == str(Path.cwd())


class TestWhatCannotStart:
    @pytest.mark.parametrize(
        "parameters,error",
        [
            ({"cmd": " "}, "Action core.local has no command: give the parameter cmd."),
            (
                {"cmd": "a\0b"},
                "The parameter cmd holds the character NUL, which no command can hold. Remove it.",
            ),
            (
                {"cwd": "/nowhere"},
                "The folder '/nowhere' of the parameter cwd does not exist on this machine.",
            ),
            (
                {"env": {"A=B": "x"}},
                "The parameter env has the name 'A=B': a name is not empty and holds no equals sign.",
            ),
            ({"timeout": 0}, "The parameter timeout must be a number of seconds greater than 0, found 0."),
            (
                {"env": {f"V{n}": "x" * 100_000 for n in range(50)}},
                "could not be started: Argument list too long.",
            ),
        ],
    )
    def test_is_an_outcome_that_says_why(
        self, shell: ProcessRunner, parameters: dict[str, Json], error: str
    ) -> None:
        given: dict[str, Json] = {"cmd": "true", **parameters}
        outcome = run(shell, local_job(str(given.pop("cmd")), **given))
        assert outcome.status == "failed"
        assert result_of(outcome)["error"].endswith(error)

    def test_when_bash_is_missing(self, shell: ProcessRunner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        assert "bash is not installed" in result_of(run(shell, local_job("true")))["error"]

    def test_and_cannot_be_recorded_is_ended(self, shell: ProcessRunner, tmp_path: Path) -> None:
        pids: list[int] = []

        def fail(pid: int, _mark: str) -> None:
            pids.append(pid)
            message = "disk full"
            raise OSError(message)

        with pytest.raises(OSError, match="disk full"):
            shell.start(local_job(f"sleep 60; touch {tmp_path}/late"), fail, lambda _outcome: None)
        assert has_ended(pids[0])


class TestTimeout:
    def test_ends_the_whole_group(self, shell: ProcessRunner, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        job = local_job(f"trap '' TERM; sleep 60 & echo $$ $! | tee {ready}; sleep 60", timeout=2)
        started = Started(shell, job)
        pids = [int(pid) for pid in ready.read_text(encoding="ascii").split()]
        outcome = started.outcome()
        assert outcome == Outcome(
            "timeout",
            {
                "failed": True,
                "succeeded": False,
                "return_code": -9,
                "stdout": " ".join(map(str, pids)),
                "stderr": "",
                "error": "Action failed to complete in 2 seconds",
            },
        )
        wait_for_end(*pids)

    def test_counts_for_background_processes_that_hold_the_output(self, shell: ProcessRunner) -> None:
        outcome = run(shell, local_job("sleep 60 & echo started", timeout=1))
        assert outcome.status == "timeout"
        assert result_of(outcome)["stdout"] == "started"

    def test_does_not_wait_for_a_process_that_left_the_group(self, shell: ProcessRunner) -> None:
        outcome = run(shell, local_job("setsid sleep 5 & echo $!; sleep 60", timeout=1))
        assert outcome.status == "timeout"
        os.kill(result_of(outcome)["stdout"], 9)

    @pytest.mark.parametrize("timeout", [10**12, 10**400])
    def test_may_be_longer_than_any_clock(self, shell: ProcessRunner, timeout: int) -> None:
        assert run(shell, local_job("true", timeout=timeout)).status == "succeeded"


class TestSudo:
    @pytest.fixture
    def sudo(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sudo]:
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        with sudo_in(tmp_path) as sudo:
            yield sudo

    @staticmethod
    def job(cmd: str, **parameters: Json) -> Job:
        local_sudo = action("core.local_sudo")
        return Job("e1", local_sudo, resolve(local_sudo, {"cmd": cmd, **parameters}).runner_parameters)

    def test_without_a_password_never_asks(self, shell: ProcessRunner, sudo: Sudo, tmp_path: Path) -> None:
        job = self.job("cat; echo $MINE $PWD; exit 3", env={"MINE": "x"}, cwd=str(tmp_path))
        assert run(shell, job) == Outcome(
            "failed",
            {
                "failed": True,
                "succeeded": False,
                "return_code": 3,
                "stdout": f"x {tmp_path}",
                "stderr": "",
            },
        )
        assert sudo.log == "'-E' '-n'\n"

    @pytest.mark.parametrize("asks", [True, False])
    def test_with_a_password_gives_it_to_sudo_only(
        self, shell: ProcessRunner, sudo: Sudo, *, asks: bool
    ) -> None:
        if not asks:
            sudo.need_no_password()
        found = result_of(run(shell, self.job("cat; echo done", sudo_password="s3cr3t")))
        assert found["stdout"] == "done"
        assert sudo.log == "'-E' '-k' '-S' '-p' ''\n" + "s3cr3t\n" * asks

    def test_takes_a_large_command(self, shell: ProcessRunner, sudo: Sudo) -> None:
        assert (
            result_of(run(shell, self.job(f"text={'x' * 1_000_000}\necho ${{#text}}")))["stdout"] == 1_000_000
        )
        assert sudo.log

    @pytest.mark.parametrize("by", ["timeout", "group"])
    def test_is_ended_although_no_signal_reaches_its_command(
        self, shell: ProcessRunner, sudo: Sudo, tmp_path: Path, by: str
    ) -> None:
        ready = fifo(tmp_path)
        command = f"trap '' TERM HUP; sleep 60 & echo $BASHPID $! | tee {ready}; sleep 60"
        started = Started(shell, self.job(command, timeout=1 if by == "timeout" else 60))
        pids = [int(pid) for pid in ready.read_text(encoding="ascii").split()]
        if by == "group":
            assert end_group(started.pid, started.mark)
        outcome = started.outcome()
        assert outcome.status == ("timeout" if by == "timeout" else "abandoned")
        assert result_of(outcome)["stdout"] == " ".join(map(str, pids))
        wait_for_end(*pids)
        assert sudo.log


class TestOutput:
    def test_of_background_processes_belongs_to_it(self, shell: ProcessRunner, tmp_path: Path) -> None:
        go = fifo(tmp_path)
        started = Started(shell, local_job(f"(read x < {go}; echo late $x) & echo now"))
        go.write_text("go\n", encoding="ascii")
        assert result_of(started.outcome())["stdout"] == "now\nlate go"

    def test_of_both_streams_is_read_at_the_same_time(self, shell: ProcessRunner) -> None:
        found = result_of(
            run(
                shell,
                local_job(
                    "head -c 3000000 /dev/zero | tr '\\0' e >&2; head -c 3000000 /dev/zero | tr '\\0' o"
                ),
            )
        )
        assert (len(found["stdout"]), len(found["stderr"])) == (3_000_000, 3_000_000)

    def test_beyond_the_limit_ends_the_command(self) -> None:
        shell = ProcessRunner(COMMANDS, max_output_bytes=1024 * 1024)
        try:
            exact = run(shell, local_job("head -c 1048576 /dev/zero | tr '\\0' x"))
            assert (exact.status, len(result_of(exact)["stdout"])) == ("succeeded", 1_048_576)
            outcome = run(shell, local_job("yes"))
            assert outcome.status == "failed"
            found = result_of(outcome)
            assert found["error"] == (
                "The command was ended because it wrote more than 1 MiB (1048576 bytes). "
                "Write large output to a file and give its path."
            )
            assert len(found["stdout"]) <= 1_048_576
        finally:
            shell.close()


class TestEnding:
    def test_by_its_recorded_group(self, shell: ProcessRunner, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        started = Started(shell, local_job(f"sleep 60 & echo $! > {ready}; wait"))
        child = int(ready.read_text(encoding="ascii"))
        assert started.mark == start_mark(started.pid)
        assert end_group(started.pid, started.mark)
        assert started.outcome().status == "abandoned"
        wait_for_end(child)
        assert not end_group(started.pid, started.mark)

    def test_close_ends_and_reports_what_still_runs(self, tmp_path: Path) -> None:
        shell = ProcessRunner(COMMANDS)
        ready = fifo(tmp_path)
        polite = Started(shell, local_job("sleep 60"))
        deaf = Started(shell, local_job(f"trap '' TERM; echo > {ready}; while true; do sleep 0.1; done"))
        ready.read_text(encoding="ascii")
        shell.close(grace_seconds=0.1)
        assert polite.outcome().status == "abandoned"
        assert result_of(deaf.outcome())["return_code"] == -9
        assert has_ended(polite.pid)
        assert has_ended(deaf.pid)

    def test_close_does_not_wait_for_what_left_the_group(self, tmp_path: Path) -> None:
        shell = ProcessRunner(COMMANDS)
        ready = fifo(tmp_path)
        job = local_job(f"setsid bash -c 'echo > {ready}; exec sleep 30' & echo $!", timeout=25)
        started = Started(shell, job)
        ready.read_text(encoding="ascii")
        wait_for_end(started.pid)
        shell.close(grace_seconds=0.1)
        outcome = started.outcome()
        assert outcome.status == "succeeded"
        os.kill(result_of(outcome)["stdout"], 9)

    def test_an_unused_runner_can_be_closed(self) -> None:
        ProcessRunner(COMMANDS).close()


class TestOneThread:
    def test_waits_for_many(self, count: Callable[[int, int], int], tmp_path: Path) -> None:
        many = count(60, 300)
        shell = ProcessRunner(COMMANDS)
        try:
            ready = fifo(tmp_path)
            gate = os.open(ready, os.O_RDWR)  # each job reads one line, and waits until there is one
            before = threading.active_count()
            jobs = [Started(shell, local_job(f"read x < {ready}; echo {n}")) for n in range(many)]
            assert threading.active_count() == before + 1
            os.write(gate, b"\n" * many)
            assert [result_of(job.outcome())["stdout"] for job in jobs] == list(range(many))
            os.close(gate)
        finally:
            shell.close()

    def test_serves_starts_from_several_threads(
        self, shell: ProcessRunner, count: Callable[[int, int], int]
    ) -> None:
        each = count(10, 200)

        def echo_all(number: int) -> list[Json]:
            return [echo(shell, str(number * each + n)) for n in range(each)]

        with ThreadPoolExecutor(4) as pool:
            found = [value for values in pool.map(echo_all, range(4)) for value in values]
        assert found == list(range(4 * each))

    def test_is_not_held_up_by_a_loud_command(self, shell: ProcessRunner) -> None:
        loud = Started(shell, local_job("head -c 30000000 /dev/zero"))
        assert run(shell, local_job("true")).status == "succeeded"
        assert loud.outcome().status == "succeeded"

    def test_survives_a_receiver_that_fails(
        self, shell: ProcessRunner, caplog: pytest.LogCaptureFixture
    ) -> None:
        failed = threading.Event()

        def fail(_outcome: Outcome) -> None:
            failed.set()
            message = "receiver"
            raise RuntimeError(message)

        shell.start(local_job("true"), lambda _pid, _mark: None, fail)
        assert failed.wait(WAIT_SECONDS)
        assert run(shell, local_job("echo next")).status == "succeeded"
        assert "was not accepted" in caplog.text

    def test_leaves_no_descriptors_and_no_children_behind(self, shell: ProcessRunner) -> None:
        run(shell, local_job("true"))
        before = _descriptors()
        jobs = [Started(shell, local_job("echo x; exit 1")) for _ in range(20)]
        for job in jobs:
            job.outcome()
        assert _descriptors() == before
        assert not [job for job in jobs if Path(f"/proc/{job.pid}").exists()]

    def test_reports_a_quick_command_quickly(self) -> None:
        shell = ProcessRunner(COMMANDS)
        try:
            run(shell, local_job("true"))
            took: list[float] = []
            for _ in range(20):
                began = time.perf_counter()
                run(shell, local_job("true"))
                took.append(time.perf_counter() - began)
            assert min(took) < 0.05
        finally:
            shell.close()

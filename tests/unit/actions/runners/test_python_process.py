import os
import shutil
import sys
from pathlib import Path

import pytest

from orchestrion.actions.environments import Environments
from orchestrion.actions.runners.base import Outcome, run
from orchestrion.actions.runners.processes import end_group, groups_of, start_mark
from orchestrion.actions.runners.python import PythonRunner
from tests.unit.actions.packs import write_pack
from tests.unit.actions.runners.collecting import Started, fifo, has_ended, wait_for_end
from tests.unit.actions.runners.python_pack import EXECUTION, HEAD, PythonPack, new_runner, result_of


class TestProcess:
    def test_has_an_environment_of_its_own(self, pack: PythonPack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LATE", "1")
        # The texts differ in length: bytecode that was written in the same second is not taken again.
        assert pack.result("import os; os.environ['LATE'] = '21'; return os.environ.get('EARLY')") is None
        monkeypatch.delenv("LATE")
        monkeypatch.setenv("EARLY", "3")
        assert pack.result("import os; return [os.environ.get('LATE'), os.environ.get('EARLY')]") == [
            None,
            "3",
        ]

    def test_is_found_by_the_environment_that_the_system_shows(
        self, pack: PythonPack, tmp_path: Path
    ) -> None:
        ready = fifo(tmp_path)
        started = Started(
            pack.runner, pack.body(f"open({str(ready)!r}, 'w').close(); import time; time.sleep(60)")
        )
        ready.read_text()
        assert groups_of([(EXECUTION, "engine-1")]) == [(started.pid, started.mark)]
        assert groups_of([(EXECUTION, "engine-2")]) == []
        assert started.mark == start_mark(started.pid)
        assert end_group(started.pid, started.mark)
        assert started.outcome().status == "abandoned"

    def test_leads_its_own_session_and_reads_nothing(self, pack: PythonPack) -> None:
        found = pack.result(
            "import os, sys\nreturn [os.getpid(), os.getpgid(0), os.getsid(0), sys.stdin.read()]"
        )
        assert found == [found[0]] * 3 + [""]

    def test_has_no_descriptors_but_its_own(self, pack: PythonPack) -> None:
        assert pack.result("import os\nreturn sorted(map(int, os.listdir('/proc/self/fd')))")[:4] == [
            0,
            1,
            2,
            3,
        ]
        child = "import os\nprint(sorted(os.listdir('/proc/self/fd')))"
        found = pack.result(
            f"import subprocess, sys\nreturn subprocess.check_output([sys.executable, '-c', {child!r}])"
        )
        assert found == "['0', '1', '2', '3']\n"  # the last one is that of the listing

    def test_prefers_modules_of_the_pack_to_those_of_the_library(self, pack: PythonPack) -> None:
        write_pack(
            pack.folder,
            {
                "lib/csv.py": "WHOSE = 'pack'",
                "actions/lib/own_part.py": "from csv import WHOSE",
                "actions/beside.py": "WHERE = 'beside'",
                "actions/json.py": "raise ImportError",
            },
        )
        assert pack.result(
            "import beside, json, own_part\nreturn own_part.WHOSE, beside.WHERE, json.loads('1')"
        ) == [
            "pack",
            "beside",
            1,
        ]

    def test_hands_its_path_down(self, pack: PythonPack) -> None:
        write_pack(pack.folder, {"lib/handed.py": "print('down')"})
        child = "import handed, st2common.log"
        assert (
            pack.result(
                f"import subprocess, sys\nreturn subprocess.check_output([sys.executable, '-c', {child!r}])"
            )
            == "down\n"
        )

    def test_forgets_what_another_one_did(self, pack: PythonPack) -> None:
        assert pack.result("import json; json.mark = 1; return hasattr(json, 'mark')") is True
        assert pack.result("import json; return hasattr(json, 'mark')") is False

    def test_is_the_only_place_of_the_shim(self) -> None:
        with pytest.raises(ImportError):
            __import__("st2common")
        assert not [folder for folder in sys.path if "action_side" in folder]

    def test_of_older_actions_need_not_know_the_action_service(self, pack: PythonPack) -> None:
        code = (
            f"{HEAD}class A(Action):\n"
            "    def __init__(self, config):\n        super(A, self).__init__(config)\n"
            "    def run(self):\n        return self.action_service.get_user_info()['username']\n"
        )
        assert result_of(run(pack.runner, pack.job(code)))["result"] == "eve"


class TestEnd:
    def test_by_the_timeout_takes_the_children_along(self, either: PythonPack, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        started = Started(
            either.runner,
            either.body(
                "import os, subprocess, time\n"
                "child = subprocess.Popen(['sleep', '60'])\n"
                "if os.fork() == 0: time.sleep(60)\n"
                f"open({str(ready)!r}, 'w').write(str(child.pid))\nprint('waiting')\ntime.sleep(60)",
                timeout=1,
            ),
        )
        child = int(ready.read_text())
        outcome = started.outcome()
        assert outcome.status == "timeout"
        assert result_of(outcome) == {
            "result": "None",
            "exit_code": -9,
            "stdout": "waiting\n",
            "stderr": "",
            "error": "Action failed to complete in 1 seconds",
        }
        wait_for_end(child, started.pid)

    def test_by_close_is_reported(self, tmp_path: Path) -> None:
        pack = PythonPack(tmp_path, new_runner(tmp_path))
        started = Started(pack.runner, pack.body("import time; time.sleep(60)"))
        zygote = parent_of(started.pid)
        pack.runner.close(grace_seconds=1)
        assert started.outcome().status == "abandoned"
        assert has_ended(started.pid)
        assert has_ended(zygote)

    def test_comes_with_the_end_of_the_engine(self, pack: PythonPack, tmp_path: Path) -> None:
        ready = fifo(tmp_path)
        deaf = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        job = pack.body(f"{deaf}open({str(ready)!r}, 'w').close()\nos.fork()\ntime.sleep(60)")
        engine = os.fork()
        if engine == 0:
            runner = new_runner(tmp_path)
            runner.start(job, lambda pid, _mark: record(tmp_path / "pid", pid), lambda _: None)
            ready.read_text()
            os.kill(os.getpid(), 9)
        os.waitpid(engine, 0)
        wait_for_end(int((tmp_path / "pid").read_text()))

    def test_of_the_zygote_is_told_and_the_next_action_gets_another(
        self, pack: PythonPack, tmp_path: Path
    ) -> None:
        ready = fifo(tmp_path)
        started = Started(pack.runner, pack.body(f"open({str(ready)!r}).read(); return 1"))
        zygote = parent_of(started.pid)
        os.kill(zygote, 9)
        wait_for_end(zygote)
        ready.write_text("go")
        outcome = started.outcome()
        assert (outcome.status, result_of(outcome)["exit_code"]) == ("failed", -9)
        assert pack.result("return 2") == 2

    def test_keeps_no_descriptors(self, pack: PythonPack) -> None:
        pack.result("return 1")
        before = len([*Path("/proc/self/fd").iterdir()])
        for _ in range(5):
            pack.result("return 1")
        assert len([*Path("/proc/self/fd").iterdir()]) == before

    def test_before_the_start_was_recorded_is_the_end(self, pack: PythonPack) -> None:
        seen: list[int] = []

        def refuse(pid: int, _mark: str) -> None:
            seen.append(pid)
            raise KeyError

        with pytest.raises(KeyError):
            pack.runner.start(pack.body("import time; time.sleep(60)"), refuse, lambda _: None)
        assert has_ended(seen[0])


class TestEnvironment:
    def test_that_is_not_set_up_is_told_with_the_command(self, pack: PythonPack) -> None:
        job = pack.body("return 1")
        write_pack(pack.folder, {"requirements.txt": "# what it needs\nsomething\n"})
        assert run(pack.runner, job) == Outcome(
            "failed",
            {
                "error": "The pack own has a requirements.txt, and its environment is not set up on this "
                "machine. Set it up with: orchestrion pack setup own",
                "traceback": "",
            },
        )

    def test_that_is_broken_is_told(self, tmp_path: Path) -> None:
        environments = Environments(lambda: tmp_path / "virtualenvs")
        pack = PythonPack(tmp_path, PythonRunner(environments))
        job = pack.body("return 1")
        write_pack(pack.folder, {"requirements.txt": "something\n"})
        folder = environments.folder_of(job.action.pack)
        write_pack(
            folder, {"requirements": "something\n", "bin/python": "#!/bin/sh\necho broken >&2; exit 1\n"}
        )
        (folder / "bin" / "python").chmod(0o755)
        found = result_of(run(pack.runner, job))
        assert found["error"] == f"{folder}/bin/python cannot start Python actions: broken."
        shutil.rmtree(folder / "bin")
        assert "could not be started: No such file" in result_of(run(pack.runner, job))["error"]
        pack.runner.close()


def record(file: Path, pid: int) -> None:
    file.write_text(str(pid))


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.core.values import Json, problem_with
from tests.unit.actions.runners.python_pack import HEAD, PythonPack, new_runner, result_of

STACKSTORM = Path(__file__).parents[3] / "fixtures" / "stackstorm" / "packs"


class TestResult:
    def test_of_an_action_as_stackstorm_has_it(self, pack: PythonPack) -> None:
        greet = Catalog([STACKSTORM]).find("pythonic.greet")
        resolved = resolve(greet, {"names": ["Ada", "Bob"]})
        config: dict[str, Json] = {"region": "west", "limits": {"servers": 3}}
        job = Job("1", greet, resolved.runner_parameters, resolved.action_parameters, config=config)
        assert run(pack.runner, job) == Outcome(
            "succeeded",
            {
                "result": {
                    "greetings": ["* Hello Ada *", "* Hello Bob *"],
                    "servers": 3,
                    "year_is_known": True,
                },
                "exit_code": 0,
                "stdout": "from pythonic\n",
                "stderr": "st2.actions.python.Greet: INFO     Greeting 2 in west\n",
            },
        )

    def test_says_itself_whether_it_failed(self, either: PythonPack) -> None:
        outcome = either.outcome("return False, {'reason': 'x'}")
        assert outcome.status == "failed"
        assert result_of(outcome) == {"result": {"reason": "x"}, "exit_code": 0, "stdout": "", "stderr": ""}

    @pytest.mark.parametrize(
        "returned,result",
        [
            ("None", None),
            ("True, None", None),
            ("None, 5", 5),
            ("(1, 2)", [1, 2]),
            ("(True, 1, 2)", [True, 1, 2]),
            ("[True, 1]", [True, 1]),
            ("True", True),
            ("'語'", "語"),
            (
                "{1: 'a', None: 'b', False: 'c', (1, 2): 'd'}",
                {"1": "a", "null": "b", "false": "c", "(1, 2)": "d"},
            ),
            ("{3, 1, 2}", [1, 2, 3]),
            ("b'a\\xff'", "a\ufffd"),
            ("'a\\ud800'", "a?"),
            ("float('nan'), [float('inf'), 1e300]", ["nan", ["inf", 1e300]]),
            ("[2**63, -2**63]", ["9223372036854775808", -(2**63)]),
            ("__import__('datetime').datetime(2020, 1, 2)", "2020-01-02T00:00:00"),
            ("__import__('uuid').UUID(int=1)", "00000000-0000-0000-0000-000000000001"),
            ("__import__('decimal').Decimal('1.50')", "1.50"),
            ("__import__('collections').OrderedDict(a=1)", {"a": 1}),
            ("{'a': [Exception('x')]}", {"a": ["x"]}),
        ],
    )
    def test_is_json_and_text_where_json_has_nothing(
        self, pack: PythonPack, returned: str, result: Json
    ) -> None:
        assert pack.result(f"return {returned}") == result

    def test_that_cannot_be_told_is_no_crash(self, pack: PythonPack) -> None:
        found = pack.result("class Odd:\n    def __str__(self): raise ValueError\nreturn [Odd(), 1]")
        assert "Odd object at" in found[0]
        assert found[1] == 1

    def test_that_holds_itself_is_for_the_runtime_to_refuse(self, pack: PythonPack) -> None:
        outcome = pack.outcome("found = []\nfound.append(found)\nreturn found")
        assert "nested too deeply" in str(problem_with(outcome.result))

    def test_of_a_traceback_begins_in_the_action(self, pack: PythonPack) -> None:
        outcome = pack.outcome("print('before')\nraise RuntimeError('語 is wrong')")
        assert outcome.status == "failed"
        found = result_of(outcome)
        assert (found["result"], found["exit_code"], found["stdout"]) == ("None", 1, "before\n")
        lines = found["stderr"].splitlines()
        assert lines[0] == "Traceback (most recent call last):"
        assert lines[1].endswith('actions/a.py", line 5, in run')
        assert lines[-1] == "RuntimeError: 語 is wrong"

    @pytest.mark.parametrize(
        "code,text",
        [
            ("import not_there", "ModuleNotFoundError: No module named 'not_there'"),
            ("def f(:", "SyntaxError: invalid syntax"),
            (f"{HEAD}", "defines no class that derives from st2common.runners.base_action.Action"),
            (f"{HEAD}class A(Action):\n    def run(self): pass\n", "unexpected keyword argument 'p'"),
        ],
    )
    def test_of_what_cannot_run_tells_why(self, pack: PythonPack, code: str, text: str) -> None:
        outcome = run(pack.runner, pack.job(code, {"p": 1}))
        assert outcome.status == "failed"
        assert result_of(outcome)["exit_code"] == 1
        assert text in result_of(outcome)["stderr"]

    @pytest.mark.parametrize(
        "leaving,status,code,stderr",
        [
            ("import sys; sys.exit()", "succeeded", 0, ""),
            ("import sys; sys.exit(3)", "failed", 3, ""),
            ("import sys; sys.exit('no way')", "failed", 1, "no way\n"),
            ("import os; os._exit(4)", "failed", 4, ""),
            ("import os; os.kill(os.getpid(), 15)", "abandoned", -15, ""),
            ("import os; os.kill(os.getpid(), 11)", "failed", -11, ""),
        ],
    )
    def test_of_leaving_early_is_none_as_text(
        self, either: PythonPack, leaving: str, status: str, code: int, stderr: str
    ) -> None:
        outcome = either.outcome(leaving)
        found = result_of(outcome)
        assert outcome.status == status
        assert (found["result"], found["exit_code"], found["stderr"]) == ("None", code, stderr)

    def test_may_be_large(self, pack: PythonPack) -> None:
        assert pack.result("return 'x' * 20_000_000") == "x" * 20_000_000

    def test_beyond_the_limit_fails_with_a_sentence(self, tmp_path: Path) -> None:
        pack = PythonPack(tmp_path, new_runner(tmp_path, max_result_bytes=1024 * 1024))
        try:
            outcome = pack.outcome("return 'x' * 2_000_000")
            assert outcome.status == "failed"
            assert result_of(outcome)["error"] == (
                "The result of the action has 2000002 bytes, more than 1 MiB. Write large results to a file "
                "and return its path."
            )
        finally:
            pack.runner.close()

    def test_of_threads_and_exit_functions_comes_at_the_end(self, pack: PythonPack) -> None:
        outcome = pack.outcome(
            "import atexit, threading\natexit.register(print, 'last')\n"
            "threading.Thread(target=print, args=('thread',)).start()"
        )
        assert result_of(outcome)["stdout"] == "thread\nlast\n"


class TestParameters:
    def test_are_given_by_name_all_that_are_declared(self, pack: PythonPack) -> None:
        job = pack.body("return given", {"a": {"b": [1, None]}, "text": "{{ x }}", "none": None})
        assert result_of(run(pack.runner, job))["result"] == {
            "a": {"b": [1, None]},
            "text": "{{ x }}",
            "none": None,
        }

    def test_may_be_large(self, pack: PythonPack) -> None:
        assert pack.result("return len(given['text'])", {"text": "語" * 3_000_000}) == 3_000_000

    def test_of_the_runner_are_environment_and_level(self, pack: PythonPack) -> None:
        outcome = pack.outcome(
            "import os\nself.logger.debug('a')\nself.logger.warning('b')\nreturn os.environ['SOME']",
            env={"SOME": "語"},
            log_level="info",
        )
        assert result_of(outcome)["result"] == "語"
        assert result_of(outcome)["stderr"] == "st2.actions.python.A: WARNING  b\n"

    def test_content_version_is_refused(self, pack: PythonPack) -> None:
        outcome = pack.outcome("return 1", content_version="abc")
        assert outcome.status == "failed"
        assert "content_version is not supported" in result_of(outcome)["error"]


class TestOutput:
    def test_is_read_while_the_action_runs(self, pack: PythonPack) -> None:
        outcome = pack.outcome("for _ in range(100_000): print('x' * 99)\nreturn 'done'")
        found = result_of(outcome)
        assert (len(found["stdout"]), found["result"]) == (10_000_000, "done")

    def test_that_is_no_utf_8_is_shown_as_far_as_it_is(self, pack: PythonPack) -> None:
        outcome = pack.outcome("import sys\nsys.stdout.buffer.write(b'a\\xffb')\nprint('c\\ud800')")
        assert result_of(outcome)["stdout"] == "a\ufffdbc\\ud800\n"

    def test_beyond_the_limit_ends_the_action(self, tmp_path: Path) -> None:
        pack = PythonPack(tmp_path, new_runner(tmp_path, max_output_bytes=1024 * 1024))
        try:
            outcome = pack.outcome("while True: print('x' * 1000)")
            assert outcome.status == "failed"
            assert "wrote more than 1 MiB" in result_of(outcome)["error"]
            assert result_of(outcome)["result"] == "None"
        finally:
            pack.runner.close()

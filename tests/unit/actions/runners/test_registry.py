from collections.abc import Iterator

import pytest

from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.actions.runners.registry import Runners, check_runnable
from orchestrion.errors import Refused
from tests.unit.actions.packs import action, local_job


@pytest.fixture
def runners() -> Iterator[Runners]:
    made = Runners()
    yield made
    made.close()


def test_noop_succeeds_at_once(runners: Runners) -> None:
    noop = action("core.noop")
    outcomes: list[Outcome] = []
    runners.runner_for(noop).start(
        Job("1", noop), lambda _pid, _mark: pytest.fail("no process"), outcomes.append
    )
    assert outcomes == [Outcome("succeeded", {"failed": False, "succeeded": True, "return_code": 0})]


def test_each_action_gets_the_runner_of_its_type(runners: Runners) -> None:
    job = local_job("echo hi")
    assert run(runners.runner_for(job.action), job).status == "succeeded"
    hello = action("renamed.hello")
    job = Job("1", hello, resolve(hello, {}).runner_parameters)
    assert run(runners.runner_for(hello), job).result == {
        "failed": False,
        "succeeded": True,
        "return_code": 0,
        "stdout": "hello world",
        "stderr": "",
    }


def test_what_cannot_run_here_is_refused_in_one_sentence(runners: Runners) -> None:
    with pytest.raises(Refused) as caught:
        runners.runner_for(action("demo.future"))
    assert str(caught.value).startswith(
        'Action "demo.future" cannot run here, because its runner "quantum" is not built into this version '
        "(it has "
    )
    assert "local-shell-script, noop, orquesta" in str(caught.value)


def test_a_disabled_action_is_refused() -> None:
    with pytest.raises(Refused, match=r'Unable to execute\. Action "demo\.disabled" is disabled\.'):
        check_runnable(action("demo.disabled"))


@pytest.mark.parametrize("ref", ["demo.deploy", "core.noop", "core.echo"])
def test_what_can_run_here_is_not_refused(ref: str) -> None:
    check_runnable(action(ref))

"""The seed's examples once more, with StackStorm's client: what must come of them stands in `test_seed`."""

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from tests.acceptance.stages import Ended, Stage
from tests.acceptance.test_seed import (
    TestChain,
    TestDiamond,
    test_a_task_that_never_ran,
    test_one_branch_of_two_that_failed_does_not_suffice,
)
from tests.e2e.commands import Done
from tests.st2.site import Site, shown_in

__all__ = [
    "TestChain",
    "TestDiamond",
    "test_a_task_that_never_ran",
    "test_one_branch_of_two_that_failed_does_not_suffice",
]


class ClientStage:
    """`st2`, with a server."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen = 0
        self._view: dict[str, Any] = {}

    def run(self, text: str, failing: Collection[str] = (), cancel_in: Sequence[str] = ()) -> Ended:
        action = self._site.add("seed", text)
        shell = self._site.shell
        shell.fail(*failing)
        gates = [shell.gate(name) for name in cancel_in]
        running = self._site.start("run", action, "--tail", "-j")
        for gate in gates:
            gate.arrived()
        if gates:
            (started,) = self._site.json("execution", "list", "--action", action)
            self._site.st2("execution", "cancel", started["id"])
        for gate in gates:
            gate.open()
        ended = self._ended(running.end())
        shell.mend()
        return ended

    def rerun(self, tasks: Sequence[str], no_reset: Collection[str] = ()) -> Ended:
        tasks = [*tasks, *(name for name in no_reset if name not in tasks)]  # the client wants them there
        new, old = self._rerun("--tasks", *tasks, *(("--no-reset", *no_reset) if no_reset else ()))
        assert new["workflow_execution"] == old["workflow_execution"]
        assert new["re-run"]["tasks"] == list(dict.fromkeys(tasks))
        assert sorted(new["re-run"]["reset"]) == sorted({*tasks} - {*no_reset})
        return self._took

    def refused(self, tasks: Sequence[str]) -> str:
        number = self._view["id"]
        before = self._site.get(number)
        words = ("execution", "re-run", number, "--tasks", *tasks, "--tail", "-j")
        shown = shown_in(self._site.st2(*words, code=1))
        assert shown["status"] == "failed"
        assert self._site.get(number) == before
        return " ".join(error["message"] for error in shown["result"]["errors"])

    def whole_rerun(self) -> Ended:
        new, old = self._rerun()
        assert new["workflow_execution"] != old["workflow_execution"]
        return self._took

    def _rerun(self, *words: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Re-run; the contexts of what came of it and of what was there, which stays as it was."""
        before = self._view
        running = self._site.start("execution", "re-run", before["id"], *words, "--tail", "-j")
        self._took = self._ended(running.end())
        new, old = self._site.get(self._view["id"], before["id"])
        assert new["context"]["re-run"]["ref"] == old["id"]
        assert all(old[key] == before[key] for key in ("status", "result", "log", "end_timestamp"))
        return new["context"], old["context"]

    def _ended(self, done: Done) -> Ended:
        number = shown_in(done)["id"]
        for child in self._site.get(number)[0]["children"]:  # a failure shows before what else runs has ended
            self._site.library.wait({"id": child})
        (self._view,) = self._site.get(number)
        assert done.code == (1 if self._view["status"] == "failed" else 0)
        begun = self._site.shell.begun[self._seen :]
        self._seen += len(begun)
        return Ended(self._view["status"], self._view["result"]["output"], sorted(begun))


@pytest.fixture
def stage(site: Site) -> Stage:
    return ClientStage(site)

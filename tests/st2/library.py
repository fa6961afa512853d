"""StackStorm's Python client, which runs in its own environment: calls of it as functions of ours."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.st2.forking import Forked

SCRIPT: Final = Path(__file__).with_name("scripts") / "library.py"

COMPLETED: Final = ("succeeded", "failed", "timeout", "canceled", "abandoned")

Found: TypeAlias = dict[str, Any]
"""The attributes of an object of the client."""


class ClientError(Exception):
    """What the client raises of an answer that is an error."""


class Library:
    """The client of one test. What waits looks again and again, and trusts to the time limit of tests."""

    def __init__(self, process: Forked) -> None:
        self._process: Final = process

    def call(self, function: str, /, *arguments: Any, **names: Any) -> Any:
        """Call a function of the client, as `executions.create`. Raises ClientError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([function, arguments, names]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self._process.communicate()
        answer = json.loads(line)
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["value"]

    def start(self, action: str, **parameters: Any) -> Found:
        """Start an action; the execution as it is answered."""
        started = self.call("executions.create", action=action, parameters=parameters)
        assert started["status"] == "requested"
        return started

    def get(self, execution: Found) -> Found:
        """An execution as it is now."""
        return self.call("executions.get_by_id", execution["id"])

    def wait(self, execution: Found, *statuses: str) -> Found:
        """Wait until an execution shows one of some statuses; without any, until it has ended."""
        wanted = statuses or COMPLETED
        while (found := self.get(execution))["status"] not in wanted:
            assert found["status"] not in COMPLETED, found
        return found

    def tasks(self, execution: Found, task: str | None = None) -> list[Found]:
        """The executions of the tasks of a workflow, or those of one of them, oldest first."""
        found: list[Found] = self.call("executions.query", parent=execution["id"])
        return [one for one in reversed(found) if task in (None, one["context"]["orquesta"]["task_name"])]

    def wait_tasks(self, execution: Found, task: str, status: str | None, count: int = 1) -> list[Found]:
        """Wait until so many executions of a task show a status; None: an end."""
        wanted: Sequence[str] = COMPLETED if status is None else (status,)
        while len(found := [one for one in self.tasks(execution, task) if one["status"] in wanted]) < count:
            pass
        assert len(found) == count
        return found

    def wait_task(self, execution: Found, task: str, status: str | None = None) -> Found:
        """The same of the only execution of a task."""
        return self.wait_tasks(execution, task, status)[0]

    def run(self, action: str, **parameters: Any) -> Found:
        """Start an action, and wait for its end."""
        return self.wait(self.start(action, **parameters))

    def rerun(self, execution: Found, tasks: Sequence[str] = (), no_reset: Sequence[str] = ()) -> Found:
        """Run an execution again; the new one."""
        names = {"tasks": [*tasks], "no_reset": [*no_reset]} if tasks else {}
        return self.call("executions.re_run", execution["id"], **names)

    def pause(self, execution: Found) -> Found:
        """Pause a workflow."""
        return self.call("executions.pause", execution["id"])

    def resume(self, execution: Found) -> Found:
        """Resume a workflow."""
        return self.call("executions.resume", execution["id"])

    def cancel(self, execution: Found) -> None:
        """Cancel an execution."""
        assert self.call("executions.delete", execution["id"]) is True

    def respond(self, execution: Found, response: Found) -> Found:
        """Answer an inquiry."""
        return self.call("inquiries.respond", execution["id"], response)

"""The runner `noop`: succeeds at once."""

from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome


class NoopRunner:
    """Does nothing, and says so before `start` returns."""

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        """Report success. There is no process, so `on_started` is not called."""
        del job, on_started
        on_done(Outcome("succeeded", {"failed": False, "succeeded": True, "return_code": 0}))

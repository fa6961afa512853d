"""Follow an execution to its end or hold: progress, Ctrl-C, and what is said at the end."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from orchestrion.cli.locations import Location
from orchestrion.cli.render.documents import execution_document
from orchestrion.cli.render.executions import next_command, show_result, shown_status
from orchestrion.cli.render.output import Output, duration, style_of
from orchestrion.cli.render.progress import Lines, Progress, Silent
from orchestrion.client.following import Interruption
from orchestrion.client.interface import Client
from orchestrion.client.views import ABENDED, ExecutionView

EXIT_HELD = 5
EXIT_INTERRUPTED = 130
_LAST_RESORT = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LeftAtOnce(BaseException):
    """The operator has interrupted twice."""


def exit_code_of(status: str) -> int:
    """The exit code that tells in which status an execution was left."""
    if status == "succeeded":
        return 0
    return 1 if status in ABENDED or status == "canceled" else EXIT_HELD


def follow(
    client: Client,
    number: str,
    options: argparse.Namespace,
    location: Location,
    tell: Callable[[Any], None],
) -> int:
    """Follow an execution, and show how it ends, where JSON is wanted to `tell`; returns the exit code."""
    output = Output()
    progress = _progress(output, as_json=options.json)
    interruption = Interruption()
    try:
        with _interruptible(client, interruption, progress):
            watch = None if isinstance(progress, Silent) else progress.show
            view = client.follow(number, watch, interruption)
    except LeftAtOnce:
        progress.stop()
        errors = Output(sys.stderr)
        if client.works:
            command = f"orchestrion execution resume {number}"
            errors.line("Left at once. What ran is lost and counts as abandoned. Go on with:")
        else:
            command = f"orchestrion execution get {number}"
            errors.line("Left at once. Another process does the work, and goes on. Look with:")
        errors.line(f"  {location.again.command(command)}")
        return EXIT_INTERRUPTED
    finally:
        progress.stop()
    if options.json:
        tell(execution_document(view))
        return exit_code_of(view.status)
    if not progress.leaves_status:
        show_status(output, view)
    show_end(output, view, location)
    return exit_code_of(view.status)


def show_status(output: Output, view: ExecutionView) -> None:
    """How an execution stands, in one line."""
    status = shown_status(view)
    took = duration(view.started_at, view.ended_at)
    text = f"{output.mark(view.status)} {status}"
    rest = f"  {view.action}{f' in {took}' if took else ''}  {view.id}"
    output.cells((text, style_of(status)), rest)


def show_end(output: Output, view: ExecutionView, location: Location) -> None:
    """What has come of an execution on which nobody works any more, and the command that goes on."""
    show_result(output, view)
    advice = next_command(view)
    if advice is not None:
        output.line()
        output.line(advice[0])
        output.line(f"  {location.again.command(advice[1])}", "bold")


def _progress(output: Output, *, as_json: bool) -> Progress:
    """Progress in place on a terminal, else in lines; beside a JSON document only on a terminal."""
    shown = Output(sys.stderr) if as_json else output
    if shown.is_live:
        from orchestrion.cli.render.live import LiveProgress

        return LiveProgress(shown)
    return Silent(shown) if as_json else Lines(output)


@contextmanager
def _interruptible(client: Client, interruption: Interruption, progress: Progress) -> Generator[None]:
    """Ctrl-C, SIGTERM or a closed terminal requests a pause; the second one leaves at once."""

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        interruption.requested += 1
        if interruption.requested == 1:
            progress.say("A pause is requested; what runs is let end. Ctrl-C again leaves at once.")
            client.interrupt()
            return
        client.abandon()
        if interruption.requested >= _LAST_RESORT:
            os._exit(EXIT_INTERRUPTED)
        raise LeftAtOnce

    before: list[tuple[signal.Signals, Callable[[int, FrameType | None], object] | int | None]] = []
    for number in _SIGNALS:
        before.append((number, signal.getsignal(number)))
        signal.signal(number, interrupted)
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)

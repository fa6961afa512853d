"""Progress on a terminal: the tasks with their status, items as a bar, redrawn in place.

The only module that imports rich.
"""

from collections.abc import Sequence
from time import monotonic

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orchestrion.cli.render.executions import Placed, items_text, shown_status, walk
from orchestrion.cli.render.output import Output, cut, style_of
from orchestrion.cli.visible import visible
from orchestrion.client.views import COMPLETED, ExecutionView

_LINES_AROUND = 5
_BAR = 20
_SHORT_BAR = 12
_WIDE = 100
_NAME = 36


class LiveProgress:
    """Redraws the tasks of an execution; what is left at the end is its last state."""

    leaves_status = True

    def __init__(self, output: Output) -> None:
        self._output = output
        self._console = Console(file=output.stream, highlight=False)
        self._spinner = Spinner("dots")
        self._view: ExecutionView | None = None
        self._tasks: list[Placed] = []
        self._remarks: list[str] = []
        self._since = monotonic()
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=8,
            transient=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._started = False

    def show(self, view: ExecutionView) -> None:
        """Redraw with the execution as it stands now."""
        self._tasks = list(walk(view.tasks))
        self._view = view
        if not self._started:
            self._started = True
            self._live.start()
        if view.status in COMPLETED:
            self._live.refresh()

    def say(self, text: str) -> None:
        """Keep a remark below the tasks."""
        self._remarks.append(text)

    def stop(self) -> None:
        """Draw the last state and give the terminal back."""
        if self._started:
            self._started = False
            self._live.stop()

    def _draw(self) -> Group:
        view = self._view
        if view is None:
            return Group()
        room = max(3, self._console.size.height - _LINES_AROUND - len(self._remarks))
        shown, hidden = _fitting(self._tasks, room)
        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(3):
            grid.add_column(no_wrap=True, overflow="ellipsis")
        for placed in shown:
            grid.add_row(*self._row(placed))
        parts: list[Text | Table | Spinner] = [self._head(view)]
        if hidden:
            parts.append(Text(f"  … {hidden} finished tasks are not shown", style="dim"))
        parts.append(grid)
        parts += [Text(visible(remark), style="yellow") for remark in self._remarks]
        return Group(*parts)

    def _head(self, view: ExecutionView) -> Text | Spinner:
        seconds = monotonic() - self._since
        status = shown_status(view)
        text = Text.assemble(
            (visible(view.action), "bold"),
            "  ",
            (status, style_of(status) or ""),
            (f"  {seconds:.1f} s  {view.id}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        if view.status in COMPLETED or view.status == "paused":
            mark = Text(f"{self._output.mark(view.status)} ", style=style_of(status) or "", no_wrap=True)
            return mark.append_text(text)
        self._spinner.update(text=text)
        return self._spinner

    def _row(self, placed: Placed) -> Sequence[Text | Table]:
        task = placed.task
        style = style_of(task.status) or ""
        name = cut(f"  {'  ' * placed.depth}{self._output.mark(task.status)} {visible(placed.name)}", _NAME)
        last: Text | Table = Text()
        if task.kept_from is not None:
            last = Text("kept", style="dim")
        elif task.items is not None:
            done = task.items.succeeded + task.items.failed + task.items.canceled
            last = Table.grid(padding=(0, 1, 0, 0))
            colour = "red" if task.items.failed else "green"
            bar = ProgressBar(
                total=max(1, task.items.total),
                completed=done,
                width=_BAR if self._console.width >= _WIDE else _SHORT_BAR,
                complete_style=colour,
                finished_style=colour,
            )
            last.add_row(bar, Text(items_text(task.items)))
        return [Text(name, style=style), Text(task.status, style=style), last]


def _fitting(tasks: list[Placed], room: int) -> tuple[list[Placed], int]:
    """The tasks that there is room for: the oldest finished ones are left out first."""
    surplus = len(tasks) - room
    if surplus <= 0:
        return tasks, 0
    shown: list[Placed] = []
    hidden = 0
    for placed in tasks:
        if hidden <= surplus and placed.task.status in COMPLETED:
            hidden += 1
        else:
            shown.append(placed)
    return shown[-room:], len(tasks) - len(shown[-room:])

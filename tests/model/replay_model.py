"""What a re-run must come to: a fresh run in which everything that is kept returns first.

Written apart from the re-run's own code.

`keep` (in `keeping`) reads from the records of an execution what a re-run keeps. `FreshRun` then starts a new
execution and feeds it every report of what is kept, in the original order, retries included, before anything
new begins. From there on both executions get the same new results, and must start the same things and come to
the same end.

A kept failure or cancellation that no request covers "does not stop that fresh run; it makes its end `failed`
(`canceled`)". The model obtains that in two ways. The last report of a kept entry that failed (or whose
transition could not be evaluated, or whose retry was denied because the workflow had failed already) is fed
while the graph is replaced, for this one event, by one in which exactly the transitions that the entry had
sent are satisfied and `noop` remedies it; `fail` becomes `noop` there. What a kept cancellation leaves open
(no report of a canceled entry that ends it) is withheld for ever: nothing follows from it. In both cases only
the status and what was started are compared, and the end is the model's own if it is not `succeeded`,
otherwise the one that the first kept failure or cancellation imposes.

A request without reset keeps succeeded items "first", even those that could only start when an item that now
runs again had freed its slot. Where concurrency would not let them start, they are entered by hand
(`_enter_item`). A kept item that failed or was canceled does not stop its task, but makes its end so: it
reports success, and is set back by hand (`_set_back`) to what it was. So is an item that never begins,
because the one that had ended its task before is kept.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from orchestrion.core.conductor import Answer, Decision
from orchestrion.core.events import EmptyEnded, Started
from orchestrion.core.graph import Graph, build_graph
from orchestrion.core.language import Transition
from orchestrion.core.records import Entry, Failure, Item
from orchestrion.core.state import State
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.core.values import Json
from tests.model.keeping import Kept, spoils
from tests.model.world import AttemptKey, Identity, Name, Path, Report, World


class Incomparable(Exception):  # noqa: N818
    """The fresh run cannot be had, for a reason that the documents allow."""


class _Names:
    """The identities of an execution's entries as the fresh run will know them: ranks among what is kept."""

    def __init__(self, state: State, kept: Kept) -> None:
        self._state = state
        self._ranks: dict[int, int] = {}
        counts: dict[tuple[str, int], int] = {}
        for number in sorted(kept.entries | set(kept.items)):
            entry = state.entries[number]
            if entry.prepared:
                key = (entry.task, entry.route)
                self._ranks[number] = counts.get(key, 0)
                counts[key] = self._ranks[number] + 1

    def of(self, number: int) -> Identity:
        entry = self._state.entries[number]
        return (entry.task, self.path(entry.route), self._ranks[number])

    def path(self, route: int) -> Path:
        """The splits that a route stands for."""
        if not route:
            return ()
        record = self._state.routes[route]
        made_by = next(arrival for arrival in self._state.arrivals if arrival.route == route)
        return (*self.path(record.parent), (made_by.target, record.edge, self._ranks[made_by.source]))


class FreshRun(World):
    """A new execution that has heard everything that is kept, and nothing else yet."""

    def __init__(self, old: World, kept: Kept) -> None:
        super().__init__(old.state.graph.definition)
        self._old = old
        self._kept = kept
        self._names = _Names(old.state, kept)
        self._feeding = True
        self._check_laps()
        self.unprepared: set[str] = set()
        canceled = (number for number in kept.entries if old.state.entries[number].status == "canceled")
        self.withheld = {self._names.of(number) for number in canceled}
        self.state.graph = self._without_errors()
        self._take(self.tell(Started({}, {})))
        for _, together in groupby(self._reports(), key=self._when):
            self._end_empty_ones([report for report in together if not self._feed(report)])
        self._begin_what_still_runs()
        self.state.graph = old.state.graph
        self.begun_before = len(self.started)

    def _check_laps(self) -> None:
        """A kept lap that came after one that runs again would be another lap in the fresh run."""
        again: set[tuple[str, int]] = set()
        for entry in self._old.state.entries:
            if entry.counts and entry.prepared:
                if entry.id not in self._kept.entries:
                    again.add((entry.task, entry.route))
                elif (entry.task, entry.route) in again:
                    raise Incomparable("a kept lap came after one that runs again")

    def release(self) -> None:
        """From now on what is new may begin."""
        self._feeding = False
        for key in [key for key in self.issued if self.identity(key[0]) in self.withheld]:
            del self.issued[key]
        self.empty.sort(
            key=lambda number: (self.state.entries[number].task, self.state.entries[number].route)
        )
        self.end_empty()

    def end_empty(self) -> None:
        """Let with-items tasks without items end; at first only kept ones do, where it was their turn."""
        if not self._feeding:
            super().end_empty()

    def _without_errors(self) -> Graph:
        """The graph, where what could not be rendered has nothing to render; it never begins."""
        graph = self.state.graph
        counting = [entry for entry in self._old.state.entries if entry.counts]
        failed = {entry.task for entry in counting if not entry.prepared}
        if not failed:
            return graph
        if any(e.task in failed and (e.prepared or e.id not in self._kept.entries) for e in counting):
            raise Incomparable("a task that could not be rendered runs too")
        for entry in counting:
            if not entry.prepared:
                self.withheld.add((entry.task, self._names.path(entry.route), 0))
        self.unprepared = failed
        tasks = dict(graph.definition.tasks)
        for name in failed:
            tasks[name] = replace(tasks[name], input={}, action="none", items=None, retry=None)
        return build_graph(replace(graph.definition, tasks=tasks))

    def _reports(self) -> list[Report]:
        """Everything that kept entries and items have reported, in the original order."""
        reports: list[Report] = []
        for report in self._old.log:
            number, item, attempt = report.key
            entry = self._old.state.entries[number]
            if number in self._kept.entries:
                if number in self._old.failed_while_held:
                    raise Incomparable("an item failed during a pause")
                if entry.status != "canceled" and entry.items is not None and entry.items.canceled:
                    raise Incomparable("an item was canceled, and its task is not")
                if entry.status == "canceled" and self.state.graph.cyclic:
                    raise Incomparable("a canceled entry stays open here, so that no later lap could start")
                if entry.status != "canceled":
                    reports.append(report)
                continue
            stays = item in self._kept.items.get(number, ())
            if stays and attempt == entry.attempt and report.status in COMPLETED:
                reports.append(report._replace(key=(number, item, 1)))
        reports += (
            Report(at, (number, index, 1), "requested", None)
            for (number, index), at in self._old.left_out.items()
            if number in self._kept.entries and self._old.state.entries[number].status != "canceled"
        )
        reports += (
            Report(self._old.state.head.event, (number, index, 1), "requested", None)
            for number, indexes in self._kept.left_out.items()
            for index in indexes
        )
        return sorted(reports, key=lambda report: (self._is_all_kept(report.key[0]), self._when(report)))

    def _is_last(self, report: Report) -> bool:
        """Whether a report ended a kept entry; of one whose items were all kept it is the last of these."""
        number = report.key[0]
        done = self._old.state.entries[number].done if number in self._kept.entries else None
        ats = [
            one.at for one in self._old.log if one.key[0] == number and done is not None and one.at <= done
        ]
        return bool(ats) and report.at == max(ats)

    def _when(self, report: Report) -> int:
        """The event of a report; the end of an entry whose items were all kept was an event of its own."""
        done = self._old.state.entries[report.key[0]].done
        return done if done is not None and self._is_last(report) else report.at

    def _is_all_kept(self, number: int) -> bool:
        """Whether an entry runs again and no item of it is left to run: its end is the first new thing."""
        items = self._old.state.entries[number].items
        kept = self._kept.items.get(number)
        return items is not None and kept is not None and len(kept) == items.total

    def _feed(self, report: Report) -> bool:
        """Let one attempt report; False where it is the end of a with-items task without items."""
        number, item, attempt = report.key
        identity = self._names.of(number)
        key = self._key((identity, item, attempt))
        back = self._is_set_back(report)
        told = report._replace(status="succeeded") if back else report
        if key is None:
            entered = self._enter_item(identity, told)
            if back:
                self._set_back(entered, report)
            return True
        if key[0] in self.empty:
            return False
        if key in self.issued:
            self._take(self.begin(key))
        usual = self.state.graph
        self._let_be_last(report, key[0])
        self._take(self.report(key, told.status, told.result))
        self.state.graph = usual
        if back:
            self._set_back(key[0], report)
        return True

    def _is_set_back(self, report: Report) -> bool:
        """Whether an item was kept as it failed or was canceled, or left out."""
        number, item, attempt = report.key
        kept = number in self._kept.items or (attempt == 1 and (number, item) in self._old.inherited)
        return report.status == "requested" or (kept and report.status != "succeeded")

    def _set_back(self, number: int, report: Report) -> None:
        """Make of an item that has succeeded what it is in the records."""
        entry, index = self.state.entries[number], report.key[1]
        assert entry.items is not None
        assert index is not None
        at, failures = self.state.head.event, self.state.head.failures
        status = None if report.status == "requested" else report.status
        counts = entry.items.moved("succeeded", status)
        counts = counts._replace(
            kept_failed=counts.kept_failed + (status in ABENDED),
            kept_canceled=counts.kept_canceled + (status == "canceled"),
            left_out=counts.left_out + (status is None),
        )
        self.state.apply([entry._replace(items=counts), Item(number, index, status, 1, report.result, at)])
        if status in ABENDED:
            word = {"timeout": "timed out"}.get(status, status)
            content: dict[str, Json] = {
                "type": "error",
                "message": f"Execution {word}. See result for details.",
                "task_id": entry.task,
            }
            content |= {} if report.result is None else {"result": report.result}
            head = self.state.head._replace(failures=failures + 1)
            self.state.apply([head, Failure(failures, number, content)])

    def _end_empty_ones(self, reports: Sequence[Report]) -> None:
        """With-items tasks without items that ended in one event end in one event here."""
        if not reports:
            return
        usual = self.state.graph
        ended: list[int] = []
        for report in reports:
            key = self._key((self._names.of(report.key[0]), None, 1))
            assert key is not None
            self.empty.remove(key[0])
            ended.append(key[0])
            self._let_be_last(report, key[0])
        self._take(self.conduct(EmptyEnded(tuple(ended))))
        self.state.graph = usual

    def _let_be_last(self, report: Report, fresh: int) -> None:
        """Replace the graph for the event of a kept entry's last report."""
        entry = self._old.state.entries[report.key[0]]
        if self._is_last(report):
            self.state.graph = self._last_word(entry, fresh)

    def _take(self, answer: Answer) -> None:
        assert isinstance(answer, Decision), answer
        if any(not entry.prepared for entry in self.state.entries):
            raise Incomparable("something new could not be rendered")

    def _key(self, name: Name) -> AttemptKey | None:
        empty: list[AttemptKey] = [(number, None, 1) for number in self.empty]
        return next((key for key in (*self.issued, *self.running, *empty) if self.name(key) == name), None)

    def _enter_item(self, identity: Identity, report: Report) -> int:
        """A kept item that found no free slot: note that it has succeeded. Returns its entry's number."""
        number, index, _ = report.key
        if self._old.state.entries[number].run_on_fail:
            raise Incomparable("beside `fail` an item started although an inquiry was open")
        inherited = self._old.state.entries[number].kept is not None
        assert number in self._kept.items or inherited, f"{identity} never started"
        assert index is not None
        assert report.status == "succeeded"
        entry = next((one for one in self.state.entries if self.identity(one.id) == identity), None)
        assert entry is not None, f"{identity} never started"
        assert entry.items is not None
        if self.status in COMPLETED:
            raise Incomparable(
                "the end of what is kept whole ended the workflow, and others were kept whole too"
            )
        assert entry.items.scheduled
        moved = entry._replace(begun=True, items=entry.items.moved(None, "succeeded"))
        at = self.state.head.event
        self.state.apply([moved, Item(entry.id, index, "succeeded", 1, report.result, at)])
        return entry.id

    def _begin_what_still_runs(self) -> None:
        """What was kept and has not ended is at work here too."""
        for old in self._old.running:
            entry = self._old.state.entries[old[0]]
            if entry.id in self._kept.entries and old[2] == entry.attempt and entry.status != "canceled":
                key = self._key((self._names.of(entry.id), old[1], old[2]))
                if key is not None and key in self.issued:
                    self._take(self.begin(key))

    def _last_word(self, old: Entry, fresh: int) -> Graph:
        """The graph in which a kept entry sends what it sent, and does not make the workflow fail.

        Nor is it tried again.
        """
        graph = self.state.graph
        entry = self.state.entries[fresh]
        self.state.apply([entry._replace(retry_count=entry.tally)])
        sent = {a.edge: a.target for a in self._old.state.arrivals if a.source == old.id}
        if not spoils(old) and "fail" not in sent.values():
            return graph
        task = graph.definition.tasks[old.task]
        edges = {(edge.ref, edge.target): edge.id for edge in graph.outgoing[old.task]}
        transitions = [
            Transition(
                None if edges.get((ref, target)) in sent and not old.retry_denied else "<% false %>",
                one.publish,
                ("noop" if target == "fail" else target,),
            )
            if target != "retry"
            else replace(one, do=("retry",))
            for ref, one in enumerate(task.next)
            for target in one.do
        ]
        task = replace(task, next=(*transitions, Transition(None, (), ("noop",))))
        return build_graph(replace(graph.definition, tasks={**graph.definition.tasks, old.task: task}))

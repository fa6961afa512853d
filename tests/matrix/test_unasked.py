"""What a re-run of `peer` makes of the task beside it that nobody requests, by hand from product.md.

Work that was ready and never started goes on; what was canceled once it had begun is kept, and makes
the end `canceled`.
"""

from contextlib import closing
from pathlib import Path

import pytest

from tests.matrix.stage import Stage
from tests.matrix.table import kind_of
from tests.matrix.test_matrix import take


@pytest.mark.parametrize(
    "name, way, runs, ends",
    [
        ("plain", "cancel; ok it; ok peer", "after peer last", "succeeded"),
        ("items", "cancel; ok it.0; ok it.1; ok peer", "it.2 after peer last", "succeeded"),
        ("items", "fail it.0; fail it.1; ok it.2; ok peer", "peer last", "failed"),
        ("child", "cancel; ok it.a; ok it.c; ok peer", "peer last", "canceled"),
        ("inquiry", "cancel; ok peer", "peer last", "canceled"),
        ("delayed", "cancel; ok peer", "it after peer last", "succeeded"),
        ("delayed", "fail peer", "it after peer last", "succeeded"),
        ("retrying", "fail it; cancel; ok peer", "peer last", "canceled"),
        ("retrying", "fail it; fail peer", "it after peer last", "succeeded"),
        ("join", "ok left; cancel; ok right; ok peer", "it after peer last", "succeeded"),
        ("join", "ok left; fail right; ok peer", "peer last", "failed"),
        ("loop", "ok first; ok it.1; cancel; ok it.2; ok peer", "it.3 after peer last", "succeeded"),
        ("routes", "ok one; ok two; fail it.2; ok it.1; ok peer", "after.1 peer last", "failed"),
    ],
)
def test_what_nobody_requests_goes_on_or_is_kept(
    name: str, way: str, runs: str, ends: str, tmp_path: Path
) -> None:
    with closing(Stage(tmp_path)) as stage:
        stage.start(kind_of(name).workflow)
        for step in way.split("; "):
            take(stage, step)
        begun = len(stage.begun)
        new = stage.ask("tasks", "peer").execution
        stage.rest(new)
        assert (stage.status(new), stage.runs(new, begun)) == (ends, sorted(runs.split()))
        stage.check_invariants()

"""All vectors, replayed on the core: every one agrees, but at most twelve that a decision explains."""

from pathlib import Path

import pytest

from tests.conformance.expected import expected_differences, judge
from tests.conformance.replay import read_vectors, replay

VECTORS = sorted(Path(__file__).with_name("vectors").glob("*.jsonl.gz"))


@pytest.mark.timeout(600)
def test_every_vector_agrees_or_is_explained() -> None:
    vectors = [vector for path in VECTORS for vector in read_vectors(path)]
    verdict = judge((vector["id"], replay(vector)) for vector in vectors)
    assert verdict.failures == ()
    assert verdict.passed == len(vectors) == 1_500


def test_the_explained_differences_are_few() -> None:
    explained = expected_differences()
    assert len(explained) <= 12
    assert all(len(reason) > 40 for reason in explained.values())

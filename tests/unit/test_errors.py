import pickle

import pytest

from orchestrion import errors
from orchestrion.errors import NotFound, OrchestrionError, Refused, UsageError


@pytest.mark.parametrize(
    "kind,code",
    [
        (UsageError, 2),
        (Refused, 3),
        (NotFound, 4),
        (errors.StoreBusy, 1),
        (errors.StoreError, 1),
        (errors.StoreFull, 1),
        (errors.InvariantViolation, 1),
    ],
)
def test_each_error_knows_its_exit_code(kind: type[OrchestrionError], code: int) -> None:
    assert kind.exit_code == code


def test_the_docstring_draws_every_error() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, OrchestrionError)
    ]
    assert len(kinds) == 10
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")


def test_all_problems_are_shown_under_the_message() -> None:
    refused = Refused("The re-run of E1 is refused.", problems=["task a still runs", "task x never ran"])
    assert str(refused) == "The re-run of E1 is refused.\n  - task a still runs\n  - task x never ran"
    assert refused.problems == ("task a still runs", "task x never ran")


def test_an_error_crosses_a_process_boundary_whole() -> None:
    error = pickle.loads(pickle.dumps(NotFound("No execution has the id x.", problems=["y"])))
    assert isinstance(error, NotFound)
    assert (error.message, error.problems) == ("No execution has the id x.", ("y",))


def test_a_hint_is_shown_behind_the_message_and_crosses_a_boundary_with_it() -> None:
    error = pickle.loads(
        pickle.dumps(NotFound("There is no key k.", hint="List them with: orchestrion key list"))
    )
    assert (error.message, error.hint) == ("There is no key k.", "List them with: orchestrion key list")
    assert str(error) == error.advice == "There is no key k. List them with: orchestrion key list"
    assert NotFound("There is no key k.").advice == "There is no key k."

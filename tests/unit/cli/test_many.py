"""The attributes that can be chosen of a document."""

import pytest

from orchestrion.cli.many import check_attributes
from orchestrion.cli.render.documents import LISTED, SHOWN, execution_document
from orchestrion.client.views import ExecutionView
from orchestrion.errors import UsageError


def test_the_attributes_are_those_of_the_documents() -> None:
    view = ExecutionView("1", "a", "running", {}, None, 0, None, None)
    assert tuple(execution_document(view, tasks=False)) == LISTED
    assert tuple(execution_document(view)) == SHOWN


def test_every_unknown_attribute_is_told_and_what_lies_within_one_is_not_looked_at() -> None:
    check_attributes(["status", "result.output.nothing"], LISTED)
    with pytest.raises(UsageError, match="There are the attributes id, action, status") as caught:
        check_attributes(["Status", "id,status", "tasks.0"], LISTED)
    assert caught.value.problems == (
        'There is no attribute "Status". Did you mean "status"?',
        '"id,status": between names there is a blank, no comma.',
        'There is no attribute "tasks". Did you mean "task"?',
    )

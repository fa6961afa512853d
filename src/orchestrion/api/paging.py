"""Pages of lists that are short enough to be read whole (stackstorm-api 1.4)."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Query, Response

from orchestrion.api.faults import FaultError

T = TypeVar("T")

EVERYTHING: Final = -1
"""The limit that is none."""


class Page:
    """The page that a request asks for; the headers of its answer tell how much there is."""

    def __init__(
        self,
        response: Response,
        limit: Annotated[int, Query(description="How many at the most; -1: all.")] = 100,
        offset: Annotated[int, Query(description="How many to leave out.", ge=0, le=2**31)] = 0,
    ) -> None:
        if limit < EVERYTHING or limit == 0:
            raise FaultError(400, f'Limit, "{limit}" specified, must be a positive number.')
        self._response: Final = response
        self._limit: Final = limit
        self._offset: Final = offset

    def of(self, found: Sequence[T]) -> Sequence[T]:
        """The part of what was found that is on the page."""
        self._response.headers["X-Total-Count"] = str(len(found))
        self._response.headers["X-Limit"] = str(self._limit)
        end = None if self._limit == EVERYTHING else self._offset + self._limit
        return found[self._offset : end]


ThePage = Annotated[Page, Depends(Page)]

"""The load as DBOS has it: workflows of ten steps that do nothing, sixteen of them in flight, on SQLite.

Written as the manual of DBOS shows it, with its defaults: functions with `@DBOS.workflow()` and
`@DBOS.step()`, called in threads (`threads`) or awaited in one event loop (`async`). Each step gets a number
and gives the next one. It runs in an environment of its own, which has DBOS: `python dbos_steps.py FORM
WORKFLOWS FOLDER` writes how it went as JSON.
"""
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

from dbos import DBOS, DBOSConfig

STEPS = 10
AT_ONCE = 16


@DBOS.step()
def step(number: int) -> int:
    """A task that does nothing."""
    return number + 1


@DBOS.workflow()
def chain(number: int) -> int:
    """Ten steps, one after another."""
    for _ in range(STEPS):
        number = step(number)
    return number


@DBOS.step()
async def async_step(number: int) -> int:
    """A task that does nothing."""
    return number + 1


@DBOS.workflow()
async def async_chain(number: int) -> int:
    """Ten steps, one after another."""
    for _ in range(STEPS):
        number = await async_step(number)
    return number


def in_threads(workflows: int) -> list[int]:
    """As many threads as are in flight, each of which calls workflow after workflow."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(chain, range(workflows)))


def awaited(workflows: int) -> list[int]:
    """One event loop, in which as many workflows are awaited as are in flight."""

    async def all_of_them() -> list[int]:
        numbers = iter(range(workflows))

        async def one_after_another() -> list[int]:
            return [await async_chain(number) for number in numbers]

        return [
            one
            for some in await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
            for one in some
        ]

    return asyncio.run(all_of_them())


FORMS = {"threads": in_threads, "async": awaited}


def main(form: str, workflows: int, folder: str) -> None:
    """Run some workflows to warm up, then all of them."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": f"sqlite:///{folder}/dbos.sqlite",
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    run = FORMS[form]
    run(AT_ONCE)
    begin, cpu = perf_counter(), process_time()
    results = run(workflows)
    seconds, cpu = perf_counter() - begin, process_time() - cpu
    assert sorted(results) == [number + STEPS for number in range(workflows)], results
    DBOS.destroy()
    print(json.dumps({"steps": workflows * STEPS, "seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])

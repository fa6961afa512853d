"""`orchestrion purge`: delete what ended long ago."""

import argparse
from time import time

from orchestrion.cli.locations import known_store, location_of
from orchestrion.cli.render.output import Output, local_time, utc_time
from orchestrion.client.retention import Purgeable, open_retention

_MICROSECONDS = 1_000_000


def purge(options: argparse.Namespace) -> int:
    """Delete executions that ended long ago, or say which would go."""
    database = known_store(location_of(options))
    before = round((time() - options.older_than) * _MICROSECONDS)
    output = Output()
    with open_retention(database, options.status) as retention:
        if options.plan:
            _show_plan(output, retention.outlook(before), before, as_json=options.json)
            return 0
        gone = retention.purge(before)
    if options.json:
        output.json({"before": utc_time(before), "purged": gone})
    else:
        what = "1 execution" if gone == 1 else f"{gone} executions"
        output.line(f"Purged {what} that ended before {local_time(before)}.", "green")
    return 0


def _show_plan(output: Output, found: list[Purgeable], before: int, *, as_json: bool) -> None:
    if as_json:
        output.json(
            {
                "before": utc_time(before),
                "executions": [
                    {
                        "status": one.status,
                        "count": one.number,
                        "oldest": utc_time(one.oldest),
                        "newest": utc_time(one.newest),
                    }
                    for one in found
                ],
            }
        )
        return
    output.line(f"A purge of what ended before {local_time(before)} would delete:", "bold")
    rows = [("STATUS", "EXECUTIONS", "THE FIRST ENDED", "THE LAST ENDED")]
    rows += [
        (one.status, str(one.number), local_time(one.oldest) or "", local_time(one.newest) or "")
        for one in found
    ]
    if found:
        output.table(rows, indent="  ")
    else:
        output.line("  nothing")

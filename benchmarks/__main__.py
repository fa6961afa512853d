"""`python -m benchmarks [NAME ...]`: measures, and prints each figure as a line of JSON.

A NAME is that of a figure or the beginning of several (`conductor`, `durable.sqlite`); none means all. What
is measured together is printed together.
"""

import json
import sys

from benchmarks import commands, conductor, python_actions
from benchmarks.api import registry as api
from benchmarks.durable import registry as durable
from benchmarks.figures import Benchmark

BENCHMARKS: dict[str, Benchmark] = {
    **conductor.BENCHMARKS,
    **python_actions.BENCHMARKS,
    **durable.BENCHMARKS,
    **api.BENCHMARKS,
    **commands.BENCHMARKS,
}
"""Every benchmark by the names of its figures, or what they begin with.

A module or package that measures something adds its own here. One benchmark may have several names.
"""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks; returns the exit code."""
    chosen = [name for name in BENCHMARKS if not arguments or name.startswith(tuple(arguments))]
    if not chosen:
        print(f"No benchmark has such a name. There are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for benchmark in dict.fromkeys(BENCHMARKS[name] for name in chosen):
        for figure in benchmark():
            print(
                json.dumps(figure._replace(value=round(figure.value, 4))._asdict(), ensure_ascii=False),
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

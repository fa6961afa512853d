"""`python -m benchmarks [NAME ...]`: measures, and prints each figure as a line of JSON.

A NAME is that of a benchmark or a prefix of several (`conductor`); none means all.
"""

import json
import sys

from benchmarks import conductor, python_actions
from benchmarks.figures import Benchmark

BENCHMARKS: dict[str, Benchmark] = {**conductor.BENCHMARKS, **python_actions.BENCHMARKS}
"""Every benchmark by name. A module of this package that measures something adds its own here."""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks; returns the exit code."""
    chosen = [name for name in BENCHMARKS if not arguments or name.startswith(tuple(arguments))]
    if not chosen:
        print(f"No benchmark has such a name. There are: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    for name in chosen:
        for figure in BENCHMARKS[name]():
            print(json.dumps(figure._replace(value=round(figure.value, 4))._asdict()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

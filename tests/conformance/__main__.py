"""`python -m tests.conformance FILE...`: a line per failing vector, then `N passed, N failed`.

Exit 1 on any failure.
"""

import sys
from pathlib import Path

from tests.conformance.expected import judge
from tests.conformance.replay import read_vectors, replay


def main(arguments: list[str]) -> int:
    """Replay the vectors of the named files; returns the exit code."""
    if not arguments:
        print("usage: python -m tests.conformance FILE...", file=sys.stderr)
        return 2
    vectors = [vector for name in arguments for vector in read_vectors(Path(name))]
    verdict = judge((vector["id"], replay(vector)) for vector in vectors)
    for line in verdict.failures:
        print(line)
    print(f"{verdict.passed} passed, {len(verdict.failures)} failed")
    return 1 if verdict.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

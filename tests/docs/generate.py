"""`python -m tests.docs.generate`: writes the generated parts of the documents anew."""

import sys

from tests.docs.examples import DOCS
from tests.docs.generated import renewed

if __name__ == "__main__":
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text()
        after = renewed(before)
        if after != before:
            path.write_text(after)
            sys.stdout.write(f"{path.name}\n")

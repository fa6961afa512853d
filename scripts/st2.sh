#!/bin/sh
# Makes the virtual environment in .venv/st2 that has StackStorm's client: its libraries clash with ours.
# It needs Python 3.9 to 3.12 (it imports `pipes`); PYTHON_ST2 names an interpreter.
set -eu
cd "$(dirname "$0")/.."

client=st2client==3.9.0

fits() { "$1" -c 'import ensurepip, sys, venv; sys.exit(not (3, 9) <= sys.version_info < (3, 13))' 2>/dev/null; }

found=
for python in ${PYTHON_ST2:-.venv/bin/python python3.11 python3.12 python3.10 python3.9 python3}; do
    if fits "$python"; then found=$python; break; fi
done
if [ -z "$found" ]; then
    echo "StackStorm's client, which the tests use, needs Python 3.9 to 3.12, and none was found." >&2
    echo "If it has another name: make PYTHON_ST2=/path/to/python test" >&2
    exit 2
fi
echo "Installing $client into .venv/st2 (once)" >&2
"$found" -m venv --clear .venv/st2
.venv/st2/bin/python -m pip install --quiet --disable-pip-version-check "$client"

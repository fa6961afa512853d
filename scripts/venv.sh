#!/bin/sh
# Makes or reuses the virtual environment in ./.venv and installs this project into it.
# Usage: scripts/venv.sh WHAT, where WHAT is "." (to run) or ".[dev]" (to test). PYTHON names another interpreter.
set -eu
cd "$(dirname "$0")/.."

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! { [ -x .venv/bin/python ] && is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    found=
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_new_enough "$python"; then found=$python; break; fi
    done
    if [ -z "$found" ]; then
        echo "Python 3.11 or newer is needed and none was found. If it has another name: make PYTHON=/path/to/python" >&2
        exit 2
    fi
    if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "$found cannot make virtual environments. On Debian or Ubuntu run:  sudo apt-get install python$version-venv" >&2
        exit 2
    fi
    "$found" -m venv --clear .venv
fi
echo "Installing $1 into .venv (once; again only when pyproject.toml changes)" >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$1"
# Where Python may not write compiled files by itself (PYTHONDONTWRITEBYTECODE), every start would compile everything.
.venv/bin/python -m compileall -q src

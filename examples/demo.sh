#!/usr/bin/env bash
# Orchestrion in under a minute: a workflow fails half-way, its cause is mended, and it goes on from where it failed.
# Everything that it touches is in a folder of its own, which is removed at the end.
set -u

folder=$(mktemp -d "${TMPDIR:-/tmp}/orchestrion-demo.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

export ORCHESTRION_DB="$folder/orchestrion.db"
cd "$folder" || exit 1
mkdir -p site/licences
touch site/licences/web1 site/licences/web2

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
  bold='' dim='' plain=''
fi

say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ orchestrion %s%s\n' "$dim" "$*" "$plain"; orchestrion "$@"; }
expect() { # CODE COMMAND...: the demo is a check, too
  wanted=$1
  shift
  show "$@"
  code=$?
  if [ "$code" -ne "$wanted" ]; then
    echo "demo: the exit code is $code where $wanted was expected." >&2
    exit 1
  fi
}

say "The workflow: servers and network side by side, then the installation."
expect 0 workflow graph examples.provision

say "Provision three servers. Nobody has bought a licence for db1."
expect 1 run examples.provision site="$folder/site"

id=$(orchestrion execution list -n 1 -j | sed -n 's/^ *"id": "\(.*\)",$/\1/p')

say "It failed. What would a re-run do that keeps what is installed?"
expect 0 execution re-run "$id" --tasks install --no-reset install --plan

say "Buy the licence, and go on from there: nothing is made twice."
touch site/licences/db1
expect 0 execution re-run "$id" --tasks install --no-reset install

say "Both executions are kept; the second one continues the first."
expect 0 execution list

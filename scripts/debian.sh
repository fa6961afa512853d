#!/bin/sh
# Installs the Debian packages that the tests need and that are not there. Without the right to do so it says what to run.
# Where there is no apt (macOS), sshd comes with the system.
set -eu

missing=
PATH="$PATH:/usr/sbin:/sbin"
command -v sshd >/dev/null || missing="$missing openssh-server"
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "The tests need programs that are not here; the Debian packages that have them:$missing" >&2
    exit 2
elif [ "$(id -u)" = 0 ]; then
    as=
elif sudo -n true 2>/dev/null; then
    as="sudo -n"
else
    echo "The tests need Debian packages that are not installed. Run:  sudo $install" >&2
    exit 2
fi
echo "Installing$missing (needed by the tests)" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # words are meant to be split
$as apt-get update --quiet=2 && $as $install >/dev/null

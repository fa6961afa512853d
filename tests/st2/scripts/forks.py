"""Forks a process for each command of StackStorm's client, which so begins in 50 ms instead of a second.

`python forks.py SOCKET` runs in the client's environment. It loads the libraries that the client uses, and
nothing of the client itself: each command loads and runs that as it is installed, with its own arguments,
environment, folder and files.

A connection brings one byte with the three standard files, then the command as JSON, then its end. It is
answered by the id of the process, and by the code with which that has ended, each on a line.
"""
# pyright: basic, reportMissingImports=false

import json
import os
import runpy
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import st2client.shell

assert st2client.shell
for name in [name for name in sys.modules if name.partition(".")[0] == "st2client"]:
    del sys.modules[name]  # what it reads of the environment when it is loaded is the command's


def serve(connection: socket.socket) -> dict | None:
    """Return the command of a connection, in a process of its own; in this one None, when that has ended."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as reader:
        command = json.loads(reader.read())
    child = os.fork()
    if child == 0:
        connection.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        return command
    for file in files:
        os.close(file)
    with suppress(OSError):  # who has asked for it may be gone
        connection.sendall(b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    return None


def command_of(listener: socket.socket) -> dict:
    """Wait for commands, and return each in a process of its own: that is to run it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            command = serve(connection)
            if command is not None:
                return command
            os._exit(0)
        connection.close()


def main() -> None:
    """Serve until somebody ends this process; in others run the files that commands name, as Python would."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(64)
    sys.stdout.write("ready\n")
    command = command_of(listener)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    sys.argv = command["words"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


main()

"""The process from which Python actions are forked: `python orchestrion_zygote.py CONTROL SERVICES`.

It has loaded the standard library and never loads code of a pack, so that a fork is all that an action costs
before its own imports. It has one thread, and answers one question at a time on the socket CONTROL:

    FORK with four descriptors (stdout, stderr, job, reply): the id of the new process, or -errno
    REAP PID: its exit code, and its id is free from now on; or RUNS, if it has not ended

It reaps only when told, so that whoever asks can signal a group by its number. When the socket closes,
however the other side has ended, it ends all groups that it has started, and itself.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import struct
import sys
import time
from functools import partial

import orchestrion_performing

QUESTION = struct.Struct("!cq")
ANSWER = struct.Struct("!q")
FORK, REAP = b"F", b"R"
RUNS, UNKNOWN = 1 << 32, -9
GRACE_SECONDS = 2.0
POLL_SECONDS = 0.01
EXECUTION = b"ST2_ACTION_EXECUTION_ID"

# What actions are likely to import. Nothing here starts a thread or opens a file that stays open.
PRELOADED = """
    argparse ast base64 bz2 calendar collections.abc concurrent.futures configparser contextlib copy
    csv dataclasses datetime decimal difflib email.message email.mime.multipart email.mime.text
    email.parser enum fnmatch ftplib functools getpass glob gzip hashlib hmac html html.parser
    http.client http.cookiejar inspect io ipaddress itertools json logging.handlers lzma math
    mimetypes multiprocessing operator os.path pathlib pickle platform pprint queue random re
    secrets select shlex shutil smtplib socket sqlite3 ssl statistics stat string subprocess tarfile
    tempfile textwrap threading traceback types typing unicodedata urllib.error urllib.parse
    urllib.request uuid warnings xml.dom.minidom xml.etree.ElementTree zipfile zlib
""".split()  # noqa: SIM905  # ninety lines of quotes would hide the names


def main() -> None:
    """Serve until the socket closes. In a forked process this ends with the action."""
    control = socket.socket(fileno=int(sys.argv[1]))
    services = int(sys.argv[2])
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # an interpreter may be built without some
            importlib.import_module(name)
    place = _place_of_execution()
    gc.collect()
    gc.freeze()  # what is shared now stays shared: no collection writes into it
    started: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, QUESTION.size, 4)
        if len(message) < QUESTION.size:
            break
        kind, pid = QUESTION.unpack(message)
        if kind == FORK:
            _fork(control, descriptors, started, place, services)
        else:
            control.sendall(ANSWER.pack(_reap(started, pid)))
    _end(started)


def _fork(
    control: socket.socket, descriptors: list[int], started: set[int], place: int, services: int
) -> None:
    """Fork; the new process answers itself, as soon as it leads a group of its own."""
    try:
        pid = os.fork()
    except OSError as error:
        control.sendall(ANSWER.pack(-(error.errno or 1)))
        pid = -1
    if pid == 0:
        os.setsid()
        control.sendall(ANSWER.pack(os.getpid()))
        out, err, job, reply = descriptors
        os.dup2(out, 1)
        os.dup2(err, 2)
        orchestrion_performing.perform(job, reply, services, partial(_rename, place))
    for descriptor in descriptors:
        os.close(descriptor)
    if pid > 0:
        started.add(pid)


def _place_of_execution() -> int:
    """Give where this process keeps the text of a variable that says which action it is; 0 if it has none."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    return getenv(EXECUTION) or 0


def _rename(place: int, execution: str) -> None:
    """Write the id of an execution over the placeholder, in its place.

    What the system shows as the environment of a process is what it was started with. By that, an action is
    found again whose engine died before it could record the process.
    """
    room = len(os.environb.get(EXECUTION, b""))
    text = execution.encode()
    if place and len(text) <= room:
        ctypes.memmove(place, text.ljust(room, b"\0"), room)


def _reap(started: set[int], pid: int) -> int:
    if pid not in started:
        return UNKNOWN
    found, status = os.waitpid(pid, os.WNOHANG)
    if found == 0:
        return RUNS
    started.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _has_ended(pid: int) -> bool:
    """Whether a process has ended; it keeps its id."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(started: set[int]) -> None:
    """End all groups: SIGTERM, and SIGKILL when their leaders have ended or a while has passed."""
    _signal(started, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and not all(map(_has_ended, started)):
        time.sleep(POLL_SECONDS)  # nothing tells when a group is empty
    _signal(started, signal.SIGKILL)


def _signal(groups: set[int], number: int) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


if __name__ == "__main__":
    main()

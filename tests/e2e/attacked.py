"""A real server with something of everything in it, at which tests throw what no client would send.

Nothing of that may harm it: each test ends with `unharmed`.
"""

import re
import socket
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self

import httpx

from tests.st2.site import Server
from tests.unit.actions.packs import add_workflow

_FLOW: Final = """\
version: 1.0
input: [name]
tasks:
  one: {action: core.noop, next: [{do: two}]}
  two: {action: own.leaf}
"""
_LEAF: Final = "version: 1.0\ntasks: {last: {action: core.noop}}\n"
_FAILS: Final = "version: 1.0\ntasks: {bad: {action: core.error}}\n"
_ASKS: Final = "version: 1.0\ntasks: {q: {action: core.ask}}\n"

_LONG: Final = "é\u0000" * 5_000
TEXTS: Final = (
    *(
        "",
        "\ud800",
        "\x00",
        "a\x00b",
        "..",
        "../../etc/passwd",
        "/",
        "own.flow",
        "core.noop",
        "*",
        "\ufffe",
        "💥",
    ),
    *(
        "NaN",
        "-1",
        "own",
        "user",
        "st2kv.user",
        "a=\ud800",
        "<% 1 %>",
        "{{ 1 }}",
        "\n",
        "%00",
        _LONG,
        "1e999",
    ),
    *("9" * 5_000, "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "..9999-12-31"),
)
"""Texts that are likely to be taken for something else, or for nothing that can be."""

_COMMAND: Final = re.compile(r"\b(?:orchestrion|st2) (?:execution|action|inquiry|key|pack|run|workflow)\b|^$")


class Attacked:
    """A server on one port; `words` are its options. With authentication it has an admin, and a viewer."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._server: Final = Server(folder, *words)
        self.url: Final = self._server.addresses["api"].removesuffix("/api")
        self.folder: Final = folder
        self.tokens: Final[dict[str, str]] = {}
        shell = self._server.shell
        if "--no-auth" not in words:
            line = self._server.running.wait_for("ST2_AUTH_TOKEN=")
            self.tokens["admin"] = line.partition("=")[2].strip()
            assert shell.run("user", "add", "vi", "--no-password").code == 0
            self.tokens["viewer"] = shell.run("user", "token", "vi").out.strip()
        self.known: Final[dict[str, list[str]]] = self._filled()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def client(self, role: str | None = "admin", **more: Any) -> httpx.Client:
        """A client of somebody; where nobody is asked, or of role None, one that shows nothing."""
        token = self.tokens.get(role or "")
        headers = {"X-Auth-Token": token} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **more)

    def exchange(self, request: bytes, seconds: float = 30) -> tuple[int, bytes]:
        """The status and the body that a request is answered with, which need not be HTTP; 0: nothing.

        After so many seconds without an answer, when the server may wait for more, we leave; then it must
        leave, too.
        """
        where = httpx.URL(self.url)
        answer = bytearray()
        with socket.create_connection((where.host, where.port or 0), timeout=seconds) as connection:
            connection.sendall(request)
            while True:
                try:
                    received = connection.recv(65_536)
                except ConnectionResetError:  # cut off before it was read to its end
                    break
                except TimeoutError:
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(30)
                    continue
                if not received:
                    break
                answer += received
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        return int(head.split()[1]) if head else 0, body

    def _filled(self) -> dict[str, list[str]]:
        """Names and ids of what there is, by the names of the parameters that take them."""
        pack = self._server.packs / "own"
        for name, text in {"flow": _FLOW, "leaf": _LEAF, "fails": _FAILS, "asks": _ASKS}.items():
            add_workflow(pack, name, text, "parameters: {name: {type: string, default: you}}\n")
        add_workflow(pack, "idle", _LEAF, "enabled: false\n")
        refs = ["own.flow", "own.fails", "own.asks", "core.noop"]
        with self.client() as client:
            numbers = [self._made(client, "executions", {"action": ref})["id"] for ref in refs]
            inquiry = self._asked(client)
            keys = [{"name": "open", "value": "1"}, {"name": "hidden", "value": "2", "secret": True}]
            assert client.post("/v1/native/keys", json={"keys": keys}).status_code == 200
            key = self._made(client, "apikeys", {})["id"]
            bulk = self._made(client, "bulk", {"kind": "pause", "query": {"status": ["succeeded"]}})["id"]
        return {
            "number": [*numbers, inquiry, bulk],
            "ref": [*refs, "own.idle", "own", "core"],
            "word": [key],
            "name": ["open", "hidden", "result", "orquesta"],
        }

    def _made(self, client: httpx.Client, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        done = client.post(f"/v1/{kind}", json=body)
        assert done.status_code == 201, done.text
        return done.json()

    def _asked(self, client: httpx.Client) -> str:
        """The inquiry of a workflow, once it waits."""
        until = monotonic() + 60
        while not (found := client.get("/v1/inquiries").json()):
            assert monotonic() < until
        return str(found[0]["id"])

    def unharmed(self) -> None:
        """Nothing was wrong by its own log, and it answers."""
        with self.client(None) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/readyz").json() == {"status": "ok"}
        lines = self._server.running.error_lines
        wrong = [number for number, line in enumerate(lines) if _is_wrong(line)]
        assert not wrong, "".join(lines[wrong[0] : wrong[0] + 60])


def _is_wrong(line: str) -> bool:
    """Whether a line of the log tells of a bug."""
    return "Traceback" in line or " error " in line[:40] or "is a bug" in line


def check(answer: httpx.Response) -> None:
    """An answer tells of no bug, and what is wrong in words that name no client's commands."""
    assert answer.status_code < 500, (answer.request.method, answer.request.url, answer.text)
    if answer.is_error:
        assert not _COMMAND.search(answer.json()["faultstring"]), answer.text

"""The HTTP server on a real socket: it serves, encrypts, and waits for nobody for ever."""

import asyncio
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from orchestrion.errors import UsageError
from orchestrion.server import web
from orchestrion.server.serving import Listening
from orchestrion.server.web import PatientProtocol, WebServer, bind, encryption

_GO = asyncio.Event()
LARGE = 64 * 1024 * 1024


class SlowTransport(asyncio.Transport):
    """A connection of which so many bytes are left at each look."""

    is_aborted = False

    def __init__(self, left: list[int]) -> None:
        super().__init__()
        self._left = left

    def get_write_buffer_size(self) -> int:
        return self._left.pop(0)

    def abort(self) -> None:
        self.is_aborted = True


async def application(scope: Scope, _receive: Receive, send: Send) -> None:
    """Says its scheme; `/large` is a large answer, `/waiting` is answered when somebody says `/go`."""
    if scope["path"] == "/waiting":
        await _GO.wait()
    elif scope["path"] == "/go":
        _GO.set()
    body = bytes(LARGE) if scope["path"] == "/large" else scope["scheme"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Generator[int]:
    """The port of a server."""
    listening = bind("127.0.0.1", 0)
    server = WebServer(application, [listening], context)
    port: int = listening.getsockname()[1]
    server.start()
    try:
        yield port
    finally:
        server.stop()


def ask(connection: socket.socket, path: str = "/") -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the other side leaves."""
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    own, secret = folder / "server.pem", folder / "server.key"
    own.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return own, secret


def test_it_encrypts_with_a_certificate(tmp_path: Path) -> None:
    own, secret = make_certificate(tmp_path)
    with serving(encryption(own, secret)) as port:
        context = ssl.create_default_context(cafile=str(own))
        plain = socket.create_connection(("127.0.0.1", port))
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert read_all(connection).endswith(b"https")
            assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_what_is_no_certificate_is_told(tmp_path: Path) -> None:
    own, secret = make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = make_certificate(tmp_path / "other")
    for certificate, key in ((tmp_path / "nothing", None), (own, None), (own, other), (secret, secret)):
        with pytest.raises(UsageError, match=str(certificate)):
            encryption(certificate, key)


def test_who_asks_nothing_or_too_slowly_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.05)
    with serving() as port:
        for beginning in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(beginning)
                assert read_all(connection) == b""


def test_who_has_been_answered_and_asks_no_more_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.05)
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        ask(connection)
        assert read_all(connection).endswith(b"http")


def test_who_takes_nothing_of_an_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.5)
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        ask(connection, "/large")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as witness:
            assert read_all(witness) == b""  # as long as the other one is waited for
            with socket.create_connection(("127.0.0.1", port), timeout=30) as second:
                assert read_all(second) == b""
        assert len(read_all(connection)) < LARGE


def test_who_takes_it_slowly_is_waited_for() -> None:
    transport = SlowTransport([30, 20, 20])
    loop = asyncio.new_event_loop()
    try:
        protocol = PatientProtocol(uvicorn.Config(application), ServerState(), {}, loop)
        protocol.connection_made(transport)
        protocol._give_up()  # pyright: ignore[reportPrivateUsage]
        protocol._give_up()  # pyright: ignore[reportPrivateUsage]
        assert not transport.is_aborted
        protocol._give_up()  # pyright: ignore[reportPrivateUsage]
        assert transport.is_aborted
    finally:
        loop.close()


def test_who_waits_for_an_answer_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0.05)
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        ask(connection, "/waiting")
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as witness:
                assert read_all(witness) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as other:
            ask(other, "/go")
            assert read_all(connection).endswith(b"http")


def test_who_asks_for_another_protocol_is_answered_in_http(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert read_all(connection).endswith(b"http")
    assert [one.getMessage() for one in caplog.records if one.levelname != "INFO"] == []


# --- where a server listens


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_a_server_that_asks_nobody_listens_only_to_its_own_machine(host: str) -> None:
    with pytest.raises(UsageError, match="loopback"):
        Listening(host, authentication=False)
    assert Listening(host).is_readable


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_its_own_machine_it_may_ask_nobody(host: str) -> None:
    assert not Listening(host, authentication=False).is_readable


def test_a_key_without_a_certificate_is_wrong() -> None:
    with pytest.raises(UsageError, match="--tls-cert"):
        Listening(key=Path("server.key"))


def test_a_port_that_is_taken_is_told() -> None:
    taken = bind("127.0.0.1", 0)
    try:
        with pytest.raises(UsageError, match="nothing can listen there"):
            bind("127.0.0.1", taken.getsockname()[1])
    finally:
        taken.close()


def test_asyncio_sees_that_a_socket_is_tcp_and_sends_at_once() -> None:
    with bind("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP

"""The other end of webhooks: an HTTPS receiver with a certificate of its own authority, name servers, and an internet
on which public addresses lead to it. All of it over sockets of this machine."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import httpcore
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: An address that the wall lets through; on the internet below it leads wherever the test says.
PUBLIC, PUBLIC_2, PUBLIC_6 = "93.184.216.34", "93.184.216.35", "2606:2800:220:1:248:1893:25c8:1946"


class Received(msgspec.Struct):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Answer(msgspec.Struct):
    """What the receiver says to it; after the `last` one it hangs up."""

    status: int = 204
    headers: dict[str, str] = {}
    body: bytes = b""
    last: bool = False


class Receiver:
    """Keeps what it is sent; `answer` decides what it says, and may take its time."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.connections = self.open = 0
        self.port = 0
        self.answer: Callable[[Received], Awaitable[Answer] | Answer] = lambda _: Answer()
        self._change = asyncio.Condition()

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.received]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; it is asked again after each request and each end of a connection."""
        async with asyncio.timeout(60), self._change:
            await self._change.wait_for(holds)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        number = self.connections
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                start, *lines = head.decode("latin-1").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, path, _ = start.split(" ")
                request = Received(method, path, headers, body, number)
                self.received.append(request)
                async with self._change:
                    self._change.notify_all()
                answer = self.answer(request)
                if not isinstance(answer, Answer):
                    answer = await answer
                named = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                unsaid = answer.status not in (101, 204, 304) and "content-length" not in answer.headers
                length = f"content-length: {len(answer.body)}\r\n" if unsaid else ""
                writer.write(f"HTTP/1.1 {answer.status} said\r\n{named}{length}\r\n".encode() + answer.body)
                await writer.drain()
                if answer.last:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()
            self.open -= 1
            async with self._change:
                self._change.notify_all()


@asynccontextmanager
async def receiver(*names: str, tls: bool = True):
    """A receiver at 127.0.0.1 whose certificate is for these names; plain HTTP without `tls`."""
    there = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(there.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    context = server_context(names or ("hooks.example.com",)) if tls else None
    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Internet(httpcore.AsyncNetworkBackend):
    """Leads public addresses to ports of this machine, and keeps to which addresses connections were asked for."""

    def __init__(self, routes: dict[str, int]) -> None:
        self.routes = routes
        self.asked: list[tuple[str, int]] = []
        self._machine = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append((host, port))
        if host not in self.routes:
            raise httpcore.ConnectError("no route")
        return await self._machine.connect_tcp("127.0.0.1", self.routes[host], timeout)


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA queries over UDP. `answers[name]` lists what it says to one query after the other; the last
    one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while length := data[at]:
            labels.append(data[at + 1 : at + 1 + length].decode())
            at += 1 + length
        (kind,) = struct.unpack("!H", data[at + 1 : at + 3])
        name = ".".join(labels)
        said = self.answers.get(name, [[]])
        if kind == 1:
            self.asked.append(name)
        addresses = said[0]
        if kind == 28 and len(said) > 1:  # both kinds of one look-up are asked, IPv6 last
            said.pop(0)
        records = b""
        for address in map(ip_address, addresses):
            if (address.version == 4) == (kind == 1):
                records += struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(address.packed)) + address.packed
        count = sum((ip_address(address).version == 4) == (kind == 1) for address in addresses)
        head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0)
        assert self._transport is not None
        self._transport.sendto(head + data[12 : at + 5] + records, addr)


@asynccontextmanager
async def name_server():
    """A name server, and the function that looks names up there and nowhere else."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    address = transport.get_extra_info("sockname")

    async def resolve(name: str) -> Sequence[str]:
        found = [a for kind in (1, 28) for a in await asyncio.to_thread(_query, address, name.rstrip("."), kind)]
        if not found:
            raise OSError("no such name")
        return found

    try:
        yield server, resolve
    finally:
        transport.close()


def _query(server: tuple[str, int], name: str, kind: int) -> list[str]:
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.sendto(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack("!HH", kind, 1), server)
        answer = asking.recv(4096)
    found, at = [], 12 + len(question) + 4
    for _ in range(struct.unpack("!H", answer[6:8])[0]):
        (length,) = struct.unpack("!H", answer[at + 10 : at + 12])
        found.append(str(ip_address(answer[at + 12 : at + 12 + length])))
        at += 12 + length
    return found


# --- certificates -----------------------------------------------------------------------------------------------------


@cache
def authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate authority that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _certificate(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def trusting() -> ssl.SSLContext:
    """A client's context that trusts the authority of the tests, and it alone."""
    pem = authority()[0].public_bytes(serialization.Encoding.PEM).decode()
    return ssl.create_default_context(cadata=pem)


@cache
def server_context(names: tuple[str, ...]) -> ssl.SSLContext:
    """A server's context with a certificate for these names."""
    issuer, issuer_key = authority()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    certificate = (
        _certificate(subject, issuer.subject, key)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _files(certificate, key) as (chain, private):
        context.load_cert_chain(chain, private)
    return context


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


@contextmanager
def _files(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Iterator[tuple[Path, Path]]:
    with TemporaryDirectory() as folder:
        chain, private = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        yield chain, private

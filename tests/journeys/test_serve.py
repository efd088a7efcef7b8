"""`claimlens serve` as a process: its first start, what it refuses, how it leaves."""

import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from claimlens.config import read_settings
from claimlens.domain.errors import ClaimLensError
from claimlens.wiring import open_checker
from claimlens.wiring.service import Service
from tests.api.house import ASK, CURRY
from tests.serving import NO_LIMITS, Server, serving

ROOT = Path(__file__).parents[2]


def environ(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLAIMLENS_", "DATABASE_", "REDIS_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT / "src"),
        "CLAIMLENS_DATA_DIR": str(folder),
        **more,
    }


def claimlens(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "claimlens", *arguments],
        env=environ(folder, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("data")) as running:
        yield running


class TestFirstStart:
    """Nothing configured: a store, a secret, a tenant and a key are made."""

    def test_the_printed_key_works(self, server):
        assert re.fullmatch(r"cl_live_[0-9A-Za-z]{38}", server.key)
        answer = server.ask("POST", "/v1/menu/validate", ASK)
        assert (answer.status, answer.json()["verdict"]) == (200, "allow")
        keys = server.ask("GET", "/v1/api-keys").json()["api_keys"]
        assert [(key["tenant_id"], key["role"]) for key in keys] == [("tenant-001", "platform_admin")]

    def test_what_it_keeps_is_for_its_owner_only(self, server):
        assert stat.S_IMODE((server.folder / "secret.key").stat().st_mode) == 0o600
        assert (server.folder / "claimlens.db").exists()

    def test_the_key_is_nowhere_but_on_the_terminal(self, server):
        assert server.key not in server.log
        for path in server.folder.glob("claimlens.db*"):
            assert server.key.encode() not in path.read_bytes()

    def test_its_log_is_json_without_keys_and_texts(self, server):
        server.ask("POST", "/v1/menu/validate", {"item": {"name": "Zanzibar soup"}, "locale": "en-GB"})
        lines = [json.loads(line) for line in server.log.splitlines()]
        line = next(line for line in lines if line.get("route") == "/v1/menu/validate")
        assert {"ts", "level", "event", "tenant", "route", "duration_ms", "correlation_id", "decision"} <= line.keys()
        assert line["level"] == "INFO"
        assert "Zanzibar" not in server.log

    def test_the_next_start_shows_no_key_and_the_old_one_holds(self, tmp_path):
        with serving(tmp_path) as server:
            key = server.key
            assert server.stop() == 0
            server.key = ""
            server.start()
            assert server.key == ""
            assert server.ask("POST", "/v1/menu/validate", ASK, key=key).status == 200

    def test_it_lives_within_its_memory(self, server):
        for _ in range(20):
            server.ask("POST", "/v1/menu/feed", {"item": CURRY, "locales": ["en-GB", "en-IN", "en-US", "de-DE"]})
        assert server.resident_mb() <= 250


class TestRefusals:
    """Whatever stops the start is one line at the end, and exit code 1; what stands above it is the log."""

    def said(self, done: subprocess.CompletedProcess[str]) -> str:
        assert done.returncode == 1
        assert done.stdout == ""
        *log, line = done.stderr.splitlines()
        assert all(json.loads(each)["level"] == "WARNING" for each in log)
        assert line.startswith("claimlens: ")
        return line

    def test_a_second_one_on_the_same_folder(self, server):
        said = self.said(claimlens(server.folder, "serve", "--port", "0"))
        assert f"another claimlens serve (process {server.pid}) uses the data folder" in said

    def test_a_port_that_is_taken(self, server, tmp_path):
        port = server.url.rpartition(":")[2]
        assert f"port {port} on 127.0.0.1 is taken" in self.said(claimlens(tmp_path, "serve", "--port", port))

    def test_a_host_that_is_none(self, tmp_path):
        assert "CLAIMLENS_HOST" in self.said(claimlens(tmp_path, "serve", "--host", "no.such.host.invalid"))

    def test_production_without_a_secret(self, tmp_path):
        said = self.said(claimlens(tmp_path, "serve", "--port", "0", CLAIMLENS_ENV="production"))
        assert "CLAIMLENS_SECRET_KEY" in said

    def test_a_wrong_setting(self, tmp_path):
        said = self.said(claimlens(tmp_path, "serve", CLAIMLENS_PORT="eighty"))
        assert "CLAIMLENS_PORT" in said

    def test_a_database_that_is_not_there(self, tmp_path):
        url = "postgresql://claimlens:secret-word@127.0.0.1:1/claimlens"
        said = self.said(claimlens(tmp_path, "serve", "--port", "0", DATABASE_URL=url))
        assert "the database cannot be reached" in said
        assert "secret-word" not in said

    def test_packs_that_cannot_be_read(self, tmp_path):
        (tmp_path / "packs" / "shared").mkdir(parents=True)
        said = self.said(claimlens(tmp_path, "serve", "--port", "0", CLAIMLENS_PACKS_DIR=str(tmp_path / "packs")))
        assert "pack" in said

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_folder_that_cannot_be_written(self, tmp_path):
        tmp_path.chmod(0o500)
        assert "data folder" in self.said(claimlens(tmp_path / "data", "serve", "--port", "0"))

    def test_a_file_where_the_folder_should_be(self, tmp_path):
        (tmp_path / "data").write_text("")
        assert "data folder" in self.said(claimlens(tmp_path / "data", "serve", "--port", "0"))


def connected(server: Server) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def answered(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The one answer of a connection that ends after it."""
    whole = b""
    while piece := connection.recv(65536):
        whole += piece
    head, _, body = whole.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    return int(status.split()[1]), dict(field.lower().split(": ", 1) for field in fields), body


class TestLeaving:
    def test_what_is_in_flight_is_finished_and_durable(self, tmp_path):
        with serving(tmp_path) as server:
            body = json.dumps(ASK).encode()
            head = (
                f"POST /v1/menu/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            with connected(server) as half_sent, connected(server) as idle:
                half_sent.sendall(head.encode() + body[:20])
                # The server has it once it answers another on the same loop.
                assert server.ask("GET", "/health/live").status == 200
                os.kill(server.pid, signal.SIGTERM)
                assert idle.recv(1) == b""
                half_sent.sendall(body[20:])
                status, headers, told = answered(half_sent)
            assert status == 200
            assert headers["connection"] == "close"
            assert server.stop() == 0
            server.start()
            audit = server.ask("GET", f"/v1/audits/{json.loads(told)['audit_id']}")
            assert audit.status == 200

    def test_interrupted_it_leaves_as_well(self, tmp_path):
        with serving(tmp_path) as server:
            os.kill(server.pid, signal.SIGINT)
            assert server.stop() == 0
            assert "Traceback" not in server.log

    def test_asked_to_leave_before_it_serves(self, tmp_path):
        server = Server(tmp_path, environ=NO_LIMITS)
        server.launch()
        try:
            # The lock is taken before anything slow begins, the handlers stand before the store is opened.
            while not (tmp_path / "secret.key").exists():
                assert server.is_running(), server.log
            assert server.stop() == 0
            assert "Traceback" not in server.log
        finally:
            server.kill()


class TestConnections:
    """What is no request gets the one shape of errors too, and is cut off."""

    @pytest.mark.parametrize(
        "sent",
        [b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET /\xff HTTP/1.1\r\n\r\n"],
        ids=["no HTTP", "a version that is none", "TLS", "bytes in the path"],
    )
    def test_what_is_no_http(self, server, sent):
        with connected(server) as connection:
            connection.sendall(sent)
            status, headers, body = answered(connection)
        assert status == 400
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["code"] == "INVALID_SCHEMA"
        assert headers["x-correlation-id"] == json.loads(body)["correlation_id"]

    def test_endless_headers(self, server):
        with connected(server) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\n")
            try:
                for _ in range(400):
                    connection.sendall(b"X-More: " + b"a" * 1000 + b"\r\n")
            except OSError:
                return  # cut off in the middle
            try:
                status, _, body = answered(connection)
            except OSError:
                return
        assert status == 400
        assert "headers" in json.loads(body)["detail"]

    @pytest.mark.parametrize(("key", "status"), [("", 413), ("wrong", 401)])
    @pytest.mark.parametrize("megabytes", [1.2, 6])
    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_body_that_is_too_long_is_refused_in_words(self, server, chunked, megabytes, key, status):
        """Also to clients that read only when they have sent everything, and to those that close behind it."""
        size = int(megabytes * 1_000_000)
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        head = (
            f"POST /v1/menu/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key or server.key}\r\n"
            f"{length}\r\nConnection: close\r\n\r\n"
        )
        body = b" " * size
        if chunked:
            body = b"%x\r\n" % size + body + b"\r\n0\r\n\r\n"
        with connected(server) as connection:
            connection.sendall(head.encode() + body)
            found, _, told = answered(connection)
        assert (found, json.loads(told)["status"]) == (status, status)

    def test_who_asks_first_is_told_before_it_sends(self, server):
        with connected(server) as connection:
            connection.sendall(
                f"POST /v1/menu/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
                "Content-Length: 1200000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".encode()
            )
            status, _, _ = answered(connection)
        assert status == 413

    def test_many_requests_on_one_connection(self, server):
        ask = (
            f"POST /v1/menu/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
            f"Content-Length: {len(json.dumps(ASK))}\r\n\r\n{json.dumps(ASK)}"
        ).encode()
        with connected(server) as connection:
            connection.sendall(ask * 20)
            whole = b""
            while whole.count(b'"audit_id"') < 20:
                whole += connection.recv(65536)
        assert whole.count(b"HTTP/1.1 200") == 20

    def test_who_goes_away_among_several_requests_is_no_failure(self, server):
        ask = (
            f"POST /v1/menu/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
            f"Content-Length: {len(json.dumps(ASK))}\r\n\r\n{json.dumps(ASK)}"
        ).encode()
        for _ in range(5):
            with connected(server) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(ask * 10)
                connection.recv(1)
        assert server.ask("POST", "/v1/menu/validate", ASK).status == 200
        assert "Traceback" not in server.log


def test_the_samples_end_by_serving_and_do_not_hang_without_a_terminal(tmp_path):
    command = tmp_path / "claimlens"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m claimlens "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["sh", str(ROOT / "samples" / "run.sh"), str(command)],
        env=environ(tmp_path, CI="true"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["status"] == "healthy"
    assert "API_KEY" not in done.stdout


def test_get_answers_by_its_exit_code(tmp_path):
    assert claimlens(tmp_path, "serve", "--port", "0", "--get", "/health").returncode == 0
    refused = claimlens(tmp_path, "serve", "--port", "0", "--get", "/v1/audits")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["code"] == "INVALID_API_KEY"


class TestPostgres:
    """The same process over PostgreSQL."""

    async def test_in_production_the_tables_are_brought_up_by_hand(self, empty_postgres_url, tmp_path):
        settings = read_settings(
            {
                "HOME": str(tmp_path),
                "CLAIMLENS_ENV": "production",
                "CLAIMLENS_SECRET_KEY": "k" * 32,
                "DATABASE_URL": empty_postgres_url,
            }
        )
        service = Service(settings, checker=open_checker())
        with pytest.raises(ClaimLensError, match="the tables are missing; run `claimlens db upgrade`"):
            await service.start()
        await service.stop()

    def test_it_makes_its_tables_and_serves(self, empty_postgres_url, tmp_path):
        with serving(tmp_path, environ={"DATABASE_URL": empty_postgres_url}) as server:
            answer = server.ask("POST", "/v1/menu/validate", ASK)
            assert answer.status == 200
            audit = server.ask("GET", f"/v1/audits/{answer.json()['audit_id']}")
            assert audit.json()["audit_id"] == answer.json()["audit_id"]
            assert server.ask("GET", "/health").json()["status"] == "healthy"
            assert server.stop() == 0

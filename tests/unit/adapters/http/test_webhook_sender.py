"""The way out, over real sockets and real TLS."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import standardwebhooks

import claimlens
from claimlens.adapters.http.addresses import Wall
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.adapters.http.webhook_sender import MOST_ANSWER, HttpWebhookSender, retry_after_s
from claimlens.domain.webhook import Webhook
from claimlens.ports.webhooks import Message
from tests.receiver import PUBLIC, PUBLIC_2, Answer, Internet, name_server, receiver, trusting

NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def _now() -> datetime:
    """The moment of the call: receivers refuse messages older than five minutes, and a suite may take longer."""
    return datetime.now(UTC)


ENDPOINT = Webhook(
    id="w1",
    tenant_id="t1",
    url="https://hooks.example.com/claims?kitchen=4",
    events=("verdict.generated",),
    secrets=(NEW,),
    created_at=datetime(2026, 11, 23, tzinfo=UTC),
)
MESSAGE = Message("e1", '{"type":"verdict.generated","data":{"name":"Crème"}}'.encode(), "corr-1")


@asynccontextmanager
async def a_way_out(port, *, resolve=None, routes=None, tls=None):
    async def public(_):
        return [PUBLIC]

    internet = Internet(routes or {PUBLIC: port})
    sender = HttpWebhookSender(Wall(resolve or public), network=internet, tls=tls or trusting())
    try:
        yield sender, internet
    finally:
        await sender.close()


async def test_a_delivery_as_the_receiver_sees_it():
    async with receiver() as there, a_way_out(there.port) as (sender, internet):
        outcome = await sender.send(ENDPOINT, MESSAGE, _now())
        assert outcome.status == 204
        [got] = there.received
        assert (got.method, got.path, got.body) == ("POST", "/claims?kitchen=4", MESSAGE.payload)
        assert got.headers["host"] == "hooks.example.com"
        assert got.headers["content-type"] == "application/json"
        assert got.headers["user-agent"] == f"ClaimLens/{claimlens.__version__}"
        assert got.headers["x-correlation-id"] == "corr-1"
        assert got.headers["webhook-id"] == "e1"
        assert got.headers["content-length"] == str(len(MESSAGE.payload))
        assert standardwebhooks.Webhook(NEW).verify(got.body, got.headers)["data"]["name"] == "Crème"
        assert internet.asked == [(PUBLIC, 443)]


async def test_without_a_correlation_id_no_field_is_sent():
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        await sender.send(ENDPOINT, Message("e1", b"{}"), _now())
        assert "x-correlation-id" not in there.received[0].headers


async def test_in_the_overlap_both_secrets_verify_and_after_it_the_new_one():
    now = _now()
    rotated = msgspec.structs.replace(ENDPOINT, secrets=(NEW, OLD), overlap_until=now + timedelta(seconds=1))
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        await sender.send(rotated, MESSAGE, now)
        await sender.send(rotated, MESSAGE, now + timedelta(seconds=1))
        during, after = there.received
        for secret in (NEW, OLD):
            standardwebhooks.Webhook(secret).verify(during.body, during.headers)
        standardwebhooks.Webhook(NEW).verify(after.body, after.headers)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(OLD).verify(after.body, after.headers)


async def test_a_changed_body_does_not_verify():
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        await sender.send(ENDPOINT, MESSAGE, _now())
        [got] = there.received
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(NEW).verify(got.body + b" ", got.headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(status):
    async with receiver() as there, a_way_out(there.port) as (sender, internet):
        there.answer = lambda _: Answer(status, {"location": "https://hooks.example.com/elsewhere"})
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == status
        there.answer = lambda _: Answer(status, {"location": "http://169.254.169.254/latest/meta-data/"})
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == status
        assert [request.path for request in there.received] == ["/claims?kitchen=4"] * 2
        assert {address for address, _ in internet.asked} == {PUBLIC}


async def test_cookies_are_not_kept():
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        there.answer = lambda _: Answer(200, {"set-cookie": "a=b"})
        await sender.send(ENDPOINT, MESSAGE, _now())
        await sender.send(ENDPOINT, MESSAGE, _now())
        assert "cookie" not in there.received[1].headers


async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch):
    async with receiver() as there, receiver(tls=False) as proxy, a_way_out(there.port) as (sender, _):
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204
        assert not proxy.connections


async def test_a_connection_is_used_again():
    async with receiver() as there, a_way_out(there.port) as (sender, internet):
        for _ in range(3):
            await sender.send(ENDPOINT, MESSAGE, _now())
        assert there.connections == len(internet.asked) == 1


async def test_two_endpoints_of_one_host_share_it_and_nothing_else():
    other = msgspec.structs.replace(ENDPOINT, url="https://hooks.example.com/till", secrets=(OLD,))
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        await sender.send(ENDPOINT, MESSAGE, _now())
        await sender.send(other, MESSAGE, _now())
        first, second = there.received
        assert (first.path, second.path) == ("/claims?kitchen=4", "/till")
        assert first.connection == second.connection
        standardwebhooks.Webhook(OLD).verify(second.body, second.headers)


async def test_a_kept_connection_is_left_when_the_name_leads_elsewhere():
    found = [PUBLIC]

    async def resolve(_):
        return list(found)

    async with receiver() as there, receiver() as moved:
        routes = {PUBLIC: there.port, PUBLIC_2: moved.port}
        async with a_way_out(0, resolve=resolve, routes=routes) as (sender, _):
            await sender.send(ENDPOINT, MESSAGE, _now())
            found[:] = [PUBLIC_2]
            await sender.send(ENDPOINT, MESSAGE, _now())
            assert (len(there.received), len(moved.received)) == (1, 1)


async def test_a_connection_that_the_receiver_closed_is_not_used_again():
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        there.answer = lambda _: Answer(200, {}, b"bye", last=True)
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 200
        await there.until(lambda: not there.open)
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 200


async def test_not_more_than_so_many_connections_are_kept(monkeypatch):
    monkeypatch.setattr("claimlens.adapters.http.webhook_sender.MOST_KEPT", 2)
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        gate = asyncio.Event()

        async def together(_):
            if len(there.received) >= 6:
                gate.set()
            await gate.wait()
            return Answer()

        there.answer = together
        await asyncio.gather(*(sender.send(ENDPOINT, MESSAGE, _now()) for _ in range(6)))
        await there.until(lambda: there.open == 2)


async def test_attempts_that_are_broken_off_at_any_moment_leave_no_connection_behind(monkeypatch):
    async with receiver() as there, a_way_out(there.port) as (sender, _):
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204
        for turns in range(0, 120, 3):
            attempts = [asyncio.create_task(sender.send(ENDPOINT, MESSAGE, _now())) for _ in range(4)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for attempt in attempts:
                attempt.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)
        assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204
        await sender.close()
        await there.until(lambda: not there.open)


class TestNamesThatChange:
    """A real name server, whose answer differs from one look-up to the next."""

    async def test_the_second_answer_is_refused_though_the_first_was_good(self):
        async with receiver() as there, name_server() as (names, resolve):
            names.answers["hooks.example.com"] = [[PUBLIC], ["127.0.0.1"]]
            async with a_way_out(there.port, resolve=resolve, routes={PUBLIC: there.port}) as (sender, internet):
                assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204
                outcome = await sender.send(ENDPOINT, MESSAGE, _now())
                assert outcome.status is None
                assert "loopback" in outcome.error
                assert internet.asked == [(PUBLIC, 443)]
                assert len(there.received) == 1

    async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(self):
        """Whoever looked the name up a second time to connect would get the loopback address."""
        async with receiver() as there, name_server() as (names, resolve):
            names.answers["hooks.example.com"] = [[PUBLIC_2], ["127.0.0.1"]]
            routes = {PUBLIC_2: there.port, "127.0.0.1": there.port, "hooks.example.com": there.port}
            async with a_way_out(there.port, resolve=resolve, routes=routes) as (sender, internet):
                assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204
                assert internet.asked == [(PUBLIC_2, 443)]
                assert names.asked == ["hooks.example.com"]

    async def test_a_mixture_is_refused(self):
        async with receiver() as there, name_server() as (names, resolve):
            names.answers["hooks.example.com"] = [[PUBLIC, "10.0.0.7"]]
            async with a_way_out(there.port, resolve=resolve) as (sender, internet):
                assert (await sender.send(ENDPOINT, MESSAGE, _now())).status is None
                assert not internet.asked
                assert "private" in await sender.refuse(ENDPOINT.url)

    async def test_a_good_name_is_not_refused(self):
        async with name_server() as (names, resolve):
            names.answers["hooks.example.com"] = [[PUBLIC]]
            async with a_way_out(0, resolve=resolve) as (sender, _):
                assert await sender.refuse(ENDPOINT.url) == ""
                assert "resolve" in await sender.refuse("https://gone.example.com/")

    async def test_the_next_address_is_tried_when_one_does_not_answer(self):
        async with receiver() as there, name_server() as (names, resolve):
            names.answers["hooks.example.com"] = [[PUBLIC, PUBLIC_2]]
            async with a_way_out(0, resolve=resolve, routes={PUBLIC_2: there.port}) as (sender, internet):
                assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204
                assert internet.asked == [(PUBLIC, 443), (PUBLIC_2, 443)]


class TestTrust:
    async def test_a_certificate_for_another_name_is_refused(self):
        async with receiver("other.example.com") as there, a_way_out(there.port) as (sender, _):
            outcome = await sender.send(ENDPOINT, MESSAGE, _now())
            assert outcome.status is None
            assert "certificate" in outcome.error
            assert not there.received

    async def test_an_unknown_authority_is_refused(self):
        import httpcore

        async with receiver() as there, a_way_out(there.port, tls=httpcore.default_ssl_context()) as (sender, _):
            outcome = await sender.send(ENDPOINT, MESSAGE, _now())
            assert "certificate cannot be trusted" in outcome.error
            assert not there.received

    async def test_a_server_that_speaks_no_tls(self, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.http.webhook_sender.CONNECT_S", 0.2)
        async with receiver(tls=False) as there, a_way_out(there.port) as (sender, _):
            outcome = await sender.send(ENDPOINT, MESSAGE, _now())
            assert outcome.status is None
            assert outcome.error
            assert not there.received

    async def test_a_literal_address_is_held_against_the_certificate_too(self):
        endpoint = msgspec.structs.replace(ENDPOINT, url=f"https://{PUBLIC}/hooks")
        async with receiver(PUBLIC) as there, a_way_out(there.port) as (sender, _):
            assert (await sender.send(endpoint, MESSAGE, _now())).status == 204
            assert there.received[0].headers["host"] == PUBLIC
        async with receiver() as there, a_way_out(there.port) as (sender, _):
            assert (await sender.send(endpoint, MESSAGE, _now())).status is None


class TestAnswers:
    async def test_a_refused_connection(self):
        async with a_way_out(1) as (sender, _):
            assert (await sender.send(ENDPOINT, MESSAGE, _now())).error == "the connection was refused"

    async def test_no_more_than_64_kb_are_read(self):
        async with receiver() as there, a_way_out(there.port) as (sender, _):
            there.answer = lambda _: Answer(200, {}, b"x" * (8 * MOST_ANSWER))
            assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 200
            assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 200
            # The rest was not waited for: the connection was given up.
            assert there.connections == 2

    async def test_a_short_answer_is_read_whole(self):
        async with receiver() as there, a_way_out(there.port) as (sender, _):
            there.answer = lambda _: Answer(200, {}, b"x" * 1000)
            await sender.send(ENDPOINT, MESSAGE, _now())
            await sender.send(ENDPOINT, MESSAGE, _now())
            assert there.connections == 1

    async def test_an_answer_that_never_comes_ends_with_the_time(self, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.http.webhook_sender.TOTAL_S", 0.2)
        async with receiver() as there, a_way_out(there.port) as (sender, _):
            never = asyncio.Event()

            async def wait(_):
                await never.wait()
                return Answer()

            there.answer = wait
            outcome = await sender.send(ENDPOINT, MESSAGE, _now())
            assert outcome.status is None
            assert "no answer" in outcome.error

    async def test_a_body_that_breaks_off_changes_no_status(self):
        async with receiver() as there, a_way_out(there.port) as (sender, _):
            there.answer = lambda _: Answer(503, {"content-length": "999", "retry-after": "7"}, last=True)
            outcome = await sender.send(ENDPOINT, MESSAGE, _now())
            assert (outcome.status, outcome.retry_after_s) == (503, 7)

    @pytest.mark.parametrize(
        "raw", [b"SSH-2.0-OpenSSH\r\n", b"\0" * 64, b"HTTP/1.1 200 \xff\r\nBad Header\r\n\r\n", b""]
    )
    async def test_what_is_no_http(self, raw):
        from tests.receiver import server_context

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(("hooks.example.com",)))
        async with server, a_way_out(server.sockets[0].getsockname()[1]) as (sender, _):
            outcome = await sender.send(ENDPOINT, MESSAGE, _now())
            assert outcome.status is None
            assert outcome.error

    async def test_a_cancelled_attempt_is_cancelled_and_the_next_one_works(self):
        async with receiver() as there, a_way_out(there.port) as (sender, _):
            never = asyncio.Event()

            async def wait(_):
                await never.wait()
                return Answer()

            there.answer = wait
            task = asyncio.create_task(sender.send(ENDPOINT, MESSAGE, _now()))
            await there.until(lambda: len(there.received) == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            there.answer = lambda _: Answer()
            assert (await sender.send(ENDPOINT, MESSAGE, _now())).status == 204


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0),
        (b" 120 ", 120),
        (b"9" * 50, 7 * 24 * 3600),
        (b"Mon, 02 Nov 2026 10:30:30 GMT", 30),
        (b"Mon, 02 Nov 2026 10:29:00 GMT", 0),
        (b"", None),
        (b"-5", None),
        (b"1.5", None),
        (b"soon", None),
        (b"\xff\xfe", None),
        (b"Mon, 99 Nov 2026 10:30:30 GMT", None),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after_s(value, datetime(2026, 11, 2, 10, 30, tzinfo=UTC)) == seconds


class TestTheSystemsResolver:
    async def test_it_knows_this_machine(self):
        assert set(await SystemResolver()("localhost")) <= {"127.0.0.1", "::1"}

    @pytest.mark.parametrize("name", ["no-such-host.invalid.", "a..b", "x" * 300])
    async def test_it_says_what_is_not_there(self, name):
        with pytest.raises(OSError):  # noqa: PT011
            await SystemResolver()(name)

    async def test_one_name_is_looked_up_once_at_a_time(self, monkeypatch):
        import socket
        import threading

        begun, asked = threading.Event(), []

        def slowly(name, *_, **__):
            asked.append(name)
            begun.wait(10)
            return [(2, 1, 6, "", (PUBLIC, 0))]

        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        resolve = SystemResolver()
        waiting = [asyncio.ensure_future(resolve("a.example.")) for _ in range(5)]
        await asyncio.wait(waiting, timeout=0)
        begun.set()
        assert await asyncio.gather(*waiting) == [[PUBLIC]] * 5
        assert asked == ["a.example."]

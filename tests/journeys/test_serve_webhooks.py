"""`claimlens serve` with nothing configured tells a webhook what it has judged."""

import asyncio

import pytest
import standardwebhooks

from tests.receiver import Answer, receiver
from tests.serving import serving

ITEM = {"id": "dal-1", "name": "Dal that cures diabetes", "ingredients": ["lentils"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("serve"), environ={"CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1"}) as started:
        yield started


async def ask(server, *args, **options):
    return await asyncio.to_thread(server.ask, *args, **options)


async def test_a_verdict_reaches_its_receiver_signed(server):
    async with receiver(tls=False) as there:
        wanted = {"url": f"http://127.0.0.1:{there.port}/hooks", "events": ["menu.item.block"]}
        made = (await ask(server, "POST", "/v1/webhooks", wanted)).json()
        judged = await ask(server, "POST", "/v1/menu/feed", {"items": [ITEM], "locale": "en-IN"})
        [verdict] = judged.json()["verdicts"]
        assert verdict["verdict"] == "block"
        await there.until(lambda: len(there.received) == 1)
        [got] = there.received
        told = standardwebhooks.Webhook(made["secret"]).verify(got.body, got.headers)
        assert told["type"] == "verdict.generated"
        assert told["data"]["audit_id"] == verdict["audit_id"]
        assert told["data"]["verdict"] == "block"
        assert got.headers["x-correlation-id"] == judged.headers["x-correlation-id"]
        assert (await ask(server, "DELETE", f"/v1/webhooks/{made['id']}")).status == 204


async def test_what_was_sent_is_listed_and_sent_again_on_request(server):
    async with receiver(tls=False) as there:
        there.answer = lambda _: Answer(410)
        made = (await ask(server, "POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{there.port}/"})).json()
        await ask(server, "POST", "/v1/menu/feed", {"items": [ITEM], "locale": "en-IN"})
        await there.until(lambda: len(there.received) == 1)
        path = f"/v1/webhooks/{made['id']}"
        async with asyncio.timeout(30):
            while (shown := (await ask(server, "GET", path)).json())["enabled"]:
                pass
        assert shown["disabled_reason"] == "the receiver answered 410 Gone"
        [failed] = (await ask(server, "GET", f"{path}/deliveries?state=failed")).json()["deliveries"]
        assert failed["last_status"] == 410
        there.answer = lambda _: Answer()
        assert (await ask(server, "PATCH", path, {"enabled": True})).status == 200
        again = await ask(server, "POST", f"{path}/deliveries/{failed['id']}/redeliver")
        assert again.status == 202
        await there.until(lambda: len(there.received) == 2)
        assert there.ids == [failed["event_id"]] * 2
        replayed = await ask(server, "POST", f"{path}/replay", {"state": "failed"})
        assert (replayed.status, replayed.json()) == (202, {"queued": 1, "next_cursor": None})
        await there.until(lambda: len(there.received) == 3)
        assert there.ids == [failed["event_id"]] * 3
        await ask(server, "DELETE", path)


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://2130706433/", "ftp://a.example/"],
)
async def test_even_on_a_developers_machine_metadata_is_out_of_reach(server, url):
    refused = await ask(server, "POST", "/v1/webhooks", {"url": url})
    assert refused.status == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/url"]


async def test_without_the_setting_the_own_machine_is_out_of_reach(tmp_path):
    with serving(tmp_path) as closed:
        for url in ("http://127.0.0.1:9/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/"):
            refused = await ask(closed, "POST", "/v1/webhooks", {"url": url})
            assert refused.status == 400
            assert refused.json()["code"] == "INVALID_SCHEMA"

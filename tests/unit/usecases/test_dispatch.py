"""What an attempt makes of a delivery."""

from datetime import timedelta

import msgspec
import pytest

from claimlens.domain.webhook import Delivery, DeliveryState, Webhook, wants
from claimlens.gate.notify import webhook_disabled
from claimlens.ports.webhooks import Outcome
from claimlens.usecases.dispatch import after_attempt, correlation_id_of
from tests.clock import NOON

FRESH = Delivery(
    id="d1",
    tenant_id="t1",
    webhook_id="w1",
    event_id="e1",
    event_type="verdict.generated",
    payload=b"{}",
    created_at=NOON,
    next_attempt_at=NOON,
)
WAITS_S = [1, 2, 4, 8, 16, 60, 300, 1_800, 7_200]


@pytest.mark.parametrize(
    "outcome", [Outcome(500), Outcome(302), Outcome(404), Outcome(None, "no answer"), Outcome(101)]
)
def test_ten_attempts_and_the_waits_between_them(outcome):
    delivery, now = FRESH, NOON
    for attempts, wait in enumerate(WAITS_S, start=1):
        delivery = after_attempt(delivery, outcome, now, 0)
        assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, attempts)
        assert delivery.next_attempt_at == now + timedelta(seconds=wait)
        now = delivery.next_attempt_at
    delivery = after_attempt(delivery, outcome, now, 0)
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 10)
    assert delivery.next_attempt_at is None
    assert delivery.finished_at == now
    assert delivery.last_error


@pytest.mark.parametrize(("jitter", "wait"), [(-1, 54), (0, 60), (1, 66)])
def test_the_jitter_is_a_tenth(jitter, wait):
    tried = msgspec.structs.replace(FRESH, attempts=5)
    assert after_attempt(tried, Outcome(500), NOON, jitter).next_attempt_at == NOON + timedelta(seconds=wait)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_delivers(status):
    tried = msgspec.structs.replace(FRESH, attempts=3, last_error="no answer")
    delivery = after_attempt(tried, Outcome(status), NOON, 0)
    assert (delivery.state, delivery.attempts, delivery.last_status) == (DeliveryState.DELIVERED, 4, status)
    assert (delivery.last_error, delivery.next_attempt_at, delivery.finished_at) == ("", None, NOON)


def test_gone_is_not_tried_again():
    delivery = after_attempt(FRESH, Outcome(410), NOON, 0)
    assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.FAILED, None)


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        (Outcome(429, retry_after_s=90), 90),
        (Outcome(503, retry_after_s=90), 90),
        (Outcome(429, retry_after_s=0), 1),
        (Outcome(429), 1),
        (Outcome(503), 1),
        (Outcome(429, retry_after_s=90_000), 7_200),
        (Outcome(500, retry_after_s=90), 1),
        (Outcome(302, retry_after_s=90), 1),
    ],
)
def test_who_asks_for_patience_gets_it_up_to_two_hours(outcome, wait):
    assert after_attempt(FRESH, outcome, NOON, 0).next_attempt_at == NOON + timedelta(seconds=wait)


def test_patience_does_not_shorten_a_wait():
    tried = msgspec.structs.replace(FRESH, attempts=8)
    delivery = after_attempt(tried, Outcome(429, retry_after_s=5), NOON, 0)
    assert delivery.next_attempt_at == NOON + timedelta(seconds=7_200)


def test_asking_for_patience_is_an_attempt_too():
    tried = msgspec.structs.replace(FRESH, attempts=9)
    assert after_attempt(tried, Outcome(429, retry_after_s=5), NOON, 0).state is DeliveryState.FAILED


@pytest.mark.parametrize(
    ("payload", "correlation_id"),
    [
        (b'{"type":"verdict.generated","data":{"correlation_id":"abc","verdict":"block"}}', "abc"),
        (b'{"type":"webhook.disabled","data":{"webhook_id":"w1"}}', ""),
        (b'{"data":[]}', ""),
        (b"not JSON", ""),
    ],
)
def test_the_correlation_id_is_the_payloads(payload, correlation_id):
    assert correlation_id_of(payload) == correlation_id


@pytest.mark.parametrize(
    ("events", "event_type", "subject", "wanted"),
    [
        (("verdict.generated",), "verdict.generated", "block", True),
        (("menu.item.block",), "verdict.generated", "block", True),
        (("menu.item.block",), "verdict.generated", "allow", False),
        (("menu.item.block", "verdict.generated"), "verdict.generated", "allow", True),
        (("menu.item.allow", "menu.item.modify"), "verdict.generated", "modify", True),
        (("job.finished",), "verdict.generated", "block", False),
        (("job.finished",), "job.finished", "", True),
        (("service.degraded",), "service.recovered", "", False),
        (("job.finished",), "webhook.disabled", "", True),
        ((), "verdict.generated", "block", False),
    ],
)
def test_who_wants_what(events, event_type, subject, wanted):
    assert wants(events, event_type, subject) is wanted


def test_the_word_of_a_disabled_endpoint_tells_neither_its_url_nor_its_secrets():
    webhook = Webhook(
        id="w1", tenant_id="t1", url="https://a.example/s3cret", events=(), secrets=("whsec_x",), created_at=NOON
    )
    told = webhook_disabled(webhook, "the receiver answered 410 Gone", NOON)
    assert msgspec.json.decode(told) == {
        "type": "webhook.disabled",
        "timestamp": "2026-11-23T12:00:00.000000Z",
        "data": {"webhook_id": "w1", "description": "", "reason": "the receiver answered 410 Gone"},
    }

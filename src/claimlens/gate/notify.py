"""What webhooks are told. Decides what to send, does not send."""

from datetime import datetime

import msgspec

from claimlens.domain.job import Job
from claimlens.domain.service import ALT_SUGGESTER, OCR_LABEL, RECALL_LOOKUP, UNIT_CONVERT
from claimlens.domain.webhook import Webhook
from claimlens.gate.record import Recorded, moment_text

VERDICT_GENERATED, JOB_FINISHED, WEBHOOK_DISABLED = "verdict.generated", "job.finished", "webhook.disabled"
SERVICE_DEGRADED, SERVICE_RECOVERED = "service.degraded", "service.recovered"
#: What a verdict does without a service.
_WITHOUT = {
    OCR_LABEL: "the text that came with an item is judged, its image is not read",
    UNIT_CONVERT: "numbers that are not in a unit of the law are not verified",
    RECALL_LOOKUP: "recalls are not looked up; a note on safety is offered instead",
    ALT_SUGGESTER: "findings come without a suggestion of the service",
}
_encoder = msgspec.json.Encoder()


def verdict_generated(recorded: Recorded, at: datetime) -> bytes:
    """The payload that tells of one verdict: the verdict as it is answered, personal data masked."""
    return b'{"type":"verdict.generated","timestamp":"%b","data":%b}' % (moment_text(at).encode(), recorded.verdict)


def job_finished(job: Job, at: datetime, error: str = "") -> bytes:
    """The payload that tells of the end of a bulk job; results are fetched, not sent."""
    data = {
        "job_id": job.id,
        "state": "failed" if error else "finished",
        "lines": job.lines,
        "items": job.items,
        "unread": job.unread,
        **({"error": error} if error else {}),
        "correlation_id": job.correlation_id,
    }
    return _encoder.encode({"type": JOB_FINISHED, "timestamp": moment_text(at), "data": data})


def webhook_disabled(webhook: Webhook, reason: str, at: datetime) -> bytes:
    """The payload that tells a tenant's other endpoints of one that is told nothing any more. Its URL stays here."""
    data = {"webhook_id": webhook.id, "description": webhook.description, "reason": reason}
    return _encoder.encode({"type": WEBHOOK_DISABLED, "timestamp": moment_text(at), "data": data})


def service_event(*, out: bool) -> str:
    """The event that tells of a service that went out, or came back."""
    return SERVICE_DEGRADED if out else SERVICE_RECOVERED


def service_changed(service: str, at: datetime, *, out: bool, cause: str = "") -> bytes:
    """The payload that tells of a service that went out (why, and what is done without it) or came back."""
    data = {"service": service, **({"cause": cause, "meanwhile": _WITHOUT[service]} if out else {})}
    return _encoder.encode({"type": service_event(out=out), "timestamp": moment_text(at), "data": data})

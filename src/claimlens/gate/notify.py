"""What webhooks are told. Decides what to send, does not send."""

from datetime import datetime

import msgspec

from claimlens.domain.job import Job
from claimlens.domain.webhook import Webhook
from claimlens.gate.record import Recorded, moment_text

VERDICT_GENERATED, JOB_FINISHED, WEBHOOK_DISABLED = "verdict.generated", "job.finished", "webhook.disabled"
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

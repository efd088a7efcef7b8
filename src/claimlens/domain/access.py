"""The access log: who did what to keys, tenants, users, policies, and who read records."""

from datetime import datetime
from typing import Any

import msgspec


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the access log.

    `action` is `<noun>:<verb>` (`api_key:create`, `tenant:update`, `audit:read`, `audit:export`, `user:sign_in`).
    `delta` is what changed ({field: [before, after]}) or what was read ({"count": …, "filter": …}); never a secret.
    `outcome` is `ok`, `refused` or `failed`.
    """

    id: str
    ts: datetime
    tenant_id: str
    actor: str
    action: str
    target: str = ""
    delta: dict[str, Any] = {}
    ip: str = ""
    correlation_id: str = ""
    outcome: str = "ok"

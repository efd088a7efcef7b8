"""Verdicts shared by a link: whoever has it reads one recorded verdict, for some days, and nothing else.

The link holds all that is needed to find the audit, sealed under the installation's secret (AES-256-GCM): it can
neither be made nor changed outside, tells nothing of the tenant, and no row has to be kept for it. It ends by its time,
with the audit, and opens nothing while its tenant is isolated.
"""

import base64
import binascii
from datetime import datetime, timedelta

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.errors import InvalidError, NotFoundError, SecretError
from claimlens.domain.tenant import Principal
from claimlens.ports.accounts import AccessLog, TenantStore
from claimlens.ports.audits import AuditStore
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import stranger_of_tenant
from claimlens.usecases.permissions import require

#: For how many days a link may be good.
DAYS = (1, 7, 30)
USUAL_DAYS = 7
_PURPOSE = "shared-verdict"
#: Longer texts are no link of ours.
_MOST_TOKEN = 1_000
_NOTHING = "this link opens nothing: it is over, was cut short, or what it led to is gone"


class _Pass(msgspec.Struct, frozen=True):
    """What a link holds."""

    tenant: str
    audit: str
    until: datetime


class SharedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link's secret part, and when it ends."""

    token: str
    until: datetime


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What a link opens."""

    audit: Audit
    until: datetime


class Sharing:
    """Makes links and opens them; both stand in the access log of the tenant."""

    def __init__(self, audits: AuditStore, tenants: TenantStore, log: AccessLog, box: SecretBox, clock: Clock) -> None:
        self._audits = audits
        self._tenants = tenants
        self._log = log
        self._box = box
        self._clock = clock

    async def share(self, principal: Principal, audit_id: str, days: int = USUAL_DAYS) -> SharedLink:
        """A link to one audit, good for so many days. Raises NotFoundError, InvalidError for other days."""
        require(principal, "audits.share")
        if days not in DAYS:
            raise InvalidError((("/days", f"a link is good for {', '.join(map(str, DAYS))} days"),))
        audit = await self._audits.find(principal.scope, audit_id)
        if audit is None:
            raise NotFoundError(f"there is no audit {audit_id!r:.80}")
        until = (self._clock.now() + timedelta(days=days)).replace(microsecond=0)
        line = access_line(principal, self._clock, "audit:share", audit.id, {"until": until.isoformat()})
        await self._log.add(principal.scope, line)
        plain = msgspec.json.encode(_Pass(audit.tenant_id, audit.id, until)).decode()
        sealed = self._box.seal(_PURPOSE, plain)
        return SharedLink(token=base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("="), until=until)

    async def open(self, token: str, *, ip: str = "", correlation_id: str = "") -> Shared:
        """What a link opens. Raises NotFoundError, in the same words whatever is wrong."""
        found = self._read(token)
        tenant = await self._tenants.find(found.tenant)
        if tenant is None or tenant.isolated or found.until <= self._clock.now():
            raise NotFoundError(_NOTHING)
        stranger = stranger_of_tenant(tenant, "link", ip=ip, correlation_id=correlation_id)
        audit = await self._audits.find(stranger.scope, found.audit)
        if audit is None:
            raise NotFoundError(_NOTHING)
        line = access_line(stranger, self._clock, "audit:read", audit.id, {"count": 1, "filter": "shared link"})
        await self._log.add(stranger.scope, line)
        return Shared(audit=audit, until=found.until)

    def _read(self, token: str) -> _Pass:
        if len(token) > _MOST_TOKEN or not token.isascii():
            raise NotFoundError(_NOTHING)
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            return msgspec.json.decode(self._box.open(_PURPOSE, sealed), type=_Pass)
        except (binascii.Error, SecretError, msgspec.DecodeError):
            raise NotFoundError(_NOTHING) from None

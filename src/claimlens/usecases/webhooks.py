"""Webhook endpoints: made, changed, rotated, deleted."""

import base64
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from claimlens.domain.errors import InvalidError, NotFoundError
from claimlens.domain.tenant import Principal, TenantScope
from claimlens.domain.webhook import EVENT_TYPES, MOST_ENDPOINTS, Webhook
from claimlens.ports.accounts import TenantStore
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.webhooks import WebhookSender, WebhookStore
from claimlens.usecases.access_log import access_line, difference
from claimlens.usecases.authentication import scope_within, tenant_within
from claimlens.usecases.fields import one_line
from claimlens.usecases.pages import USUAL_ROWS, Page, cut, position_of
from claimlens.usecases.permissions import require

#: How long the old secret signs beside the new one, unless said otherwise, and at most.
USUAL_OVERLAP, MOST_OVERLAP = timedelta(hours=24), timedelta(days=30)
#: How many secrets of an endpoint may sign at once.
MOST_SECRETS = 3

_MOST_DESCRIPTION = 200
_SECRET_BYTES = 32
_TENANTS_AT_ONCE = 200


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. Without `events` every verdict is told."""

    url: str
    events: tuple[str, ...] = ("verdict.generated",)
    description: str = ""


class WebhookChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of the fields that are given. `enabled: true` opens an endpoint again that was disabled."""

    url: str | UnsetType = UNSET
    events: tuple[str, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class Rotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the old secret goes on signing beside the new one; 0 ends it at once."""

    overlap_hours: int = int(USUAL_OVERLAP.total_seconds() // 3600)


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it is shown: everything but its secrets. Until `overlap_until` the old secret signs too."""

    id: str
    tenant_id: str
    url: str
    events: tuple[str, ...]
    description: str
    enabled: bool
    disabled_reason: str
    overlap_until: datetime | None
    created_at: datetime


class IssuedWebhook(WebhookView, frozen=True, kw_only=True):
    """An endpoint with its new signing secret: shown this once."""

    secret: str


class Webhooks:
    """The endpoints of tenants. `tenant_id` None: one's own tenant; a platform administrator may name another."""

    def __init__(
        self,
        webhooks: WebhookStore,
        tenants: TenantStore,
        sender: WebhookSender,
        clock: Clock,
        words: Invalidations,
    ) -> None:
        self._webhooks = webhooks
        self._tenants = tenants
        self._sender = sender
        self._clock = clock
        self._words = words

    async def create(self, principal: Principal, wanted: NewWebhook, *, tenant_id: str | None = None) -> IssuedWebhook:
        """A new endpoint with its secret.

        Raises InvalidError for an address that may not be reached, saying why, and for the endpoint after the fiftieth.
        """
        require(principal, "webhooks.create")
        scope = webhook_scope(principal, tenant_id)
        events = _events(wanted.events)
        description = _description(wanted.description)
        await self._check_url(wanted.url)
        tenant = await tenant_within(principal, self._tenants, scope.tenant_id)
        if len(await self._webhooks.all_of(scope)) >= MOST_ENDPOINTS:
            raise InvalidError((("", f"a tenant has at most {MOST_ENDPOINTS} endpoints; delete one"),))
        webhook = Webhook(
            id=self._clock.new_id(),
            tenant_id=tenant.id,
            url=wanted.url,
            events=events,
            secrets=(_new_secret(),),
            created_at=self._clock.now(),
            description=description,
        )
        delta = {"url": [None, _shown(webhook.url)], "events": [None, events]}
        line = access_line(principal, self._clock, "webhook:create", webhook.id, delta, tenant_id=tenant.id)
        await self._webhooks.create(scope, webhook, line)
        await self._words.announce("webhook", tenant.id)
        return _issued(webhook)

    async def everywhere(self, principal: Principal, *, cursor: str = "", limit: int = USUAL_ROWS) -> Page[WebhookView]:
        """The endpoints of all tenants, oldest first. Raises RefusedError for all but platform administrators."""
        require(principal, "tenants.create")
        assert principal.platform is not None
        rows = await self._webhooks.page(principal.platform, after=position_of(cursor), limit=limit + 1)
        return cut([_view(row) for row in rows], limit, lambda row: (row.id,))

    async def page(self, principal: Principal, *, tenant_id: str | None = None) -> Page[WebhookView]:
        """Every endpoint of the tenant, oldest first."""
        require(principal, "webhooks.read")
        return Page([_view(webhook) for webhook in await self._webhooks.all_of(webhook_scope(principal, tenant_id))])

    async def find(self, principal: Principal, webhook_id: str, *, tenant_id: str | None = None) -> WebhookView:
        """One endpoint. Raises NotFoundError."""
        require(principal, "webhooks.read")
        return _view(await find_webhook(self._webhooks, webhook_scope(principal, tenant_id), webhook_id))

    async def update(
        self, principal: Principal, webhook_id: str, change: WebhookChange, *, tenant_id: str | None = None
    ) -> WebhookView:
        """Change an endpoint. What waits for a disabled one waits until it is enabled again.

        Raises NotFoundError; InvalidError as `create` does.
        """
        require(principal, "webhooks.update")
        scope = webhook_scope(principal, tenant_id)
        before = await find_webhook(self._webhooks, scope, webhook_id)
        after = before
        if change.url is not UNSET and change.url != before.url:
            await self._check_url(change.url)
            after = msgspec.structs.replace(after, url=change.url)
        if change.events is not UNSET:
            after = msgspec.structs.replace(after, events=_events(change.events))
        if change.description is not UNSET:
            after = msgspec.structs.replace(after, description=_description(change.description))
        if change.enabled is not UNSET and change.enabled != before.enabled:
            reason = "" if change.enabled else f"switched off by {principal.actor}"
            after = msgspec.structs.replace(after, enabled=change.enabled, disabled_reason=reason)
        if after != before:
            delta = difference(_logged(before), _logged(after))
            line = access_line(principal, self._clock, "webhook:update", before.id, delta, tenant_id=scope.tenant_id)
            await self._webhooks.update(scope, after, line)
            await self._words.announce("webhook", scope.tenant_id)
        return _view(after)

    async def rotate(
        self, principal: Principal, webhook_id: str, rotation: Rotation, *, tenant_id: str | None = None
    ) -> IssuedWebhook:
        """A new secret. For the overlap deliveries carry the signatures of the old ones too; then it alone signs.

        Raises NotFoundError.
        """
        require(principal, "webhooks.update")
        _check_overlap(rotation)
        scope = webhook_scope(principal, tenant_id)
        before = await find_webhook(self._webhooks, scope, webhook_id)
        return await self._rotate(principal, scope, before, rotation)

    async def rotate_all(
        self,
        principal: Principal,
        rotation: Rotation,
        *,
        tenant_id: str | None = None,
        hand_out: Callable[[IssuedWebhook], None],
        handed_out: Mapping[str, str],
    ) -> AsyncIterator[IssuedWebhook]:
        """Rotate every endpoint of one tenant or of all; yields each once its new secret is kept.

        What broke off can be begun again: `hand_out` gets each secret before it is kept, so that none is lost;
        `handed_out` are those of before, by endpoint.
        """
        require(principal, "webhooks.update")
        _check_overlap(rotation)
        async for tenant in self._tenants_of(principal, tenant_id):
            scope = webhook_scope(principal, tenant)
            for webhook in await self._webhooks.all_of(scope):
                if handed_out.get(webhook.id) != webhook.secrets[0]:
                    yield await self._rotate(principal, scope, webhook, rotation, hand_out)

    async def _rotate(
        self,
        principal: Principal,
        scope: TenantScope,
        before: Webhook,
        rotation: Rotation,
        hand_out: Callable[[IssuedWebhook], None] = lambda _: None,
    ) -> IssuedWebhook:
        now = self._clock.now()
        until = now + timedelta(hours=rotation.overlap_hours) if rotation.overlap_hours else None
        old = before.signing_secrets(now) if until else ()
        after = msgspec.structs.replace(before, secrets=(_new_secret(), *old)[:MOST_SECRETS], overlap_until=until)
        delta = {"overlap_until": [before.overlap_until, until]}
        line = access_line(principal, self._clock, "webhook:rotate", before.id, delta, tenant_id=scope.tenant_id)
        hand_out(_issued(after))
        await self._webhooks.update(scope, after, line)
        return _issued(after)

    async def _tenants_of(self, principal: Principal, tenant_id: str | None) -> AsyncIterator[str]:
        """The tenant that is named, else one's own, else all of the installation for who may touch them."""
        if tenant_id is not None or principal.platform is None:
            found = await tenant_within(principal, self._tenants, tenant_id or principal.scope.tenant_id)
            yield found.id
            return
        after = ""
        while page := await self._tenants.page(principal.platform, after=after, limit=_TENANTS_AT_ONCE):
            for tenant in page:
                yield tenant.id
            after = page[-1].id

    async def delete(self, principal: Principal, webhook_id: str, *, tenant_id: str | None = None) -> None:
        """Remove an endpoint with all its deliveries. Raises NotFoundError."""
        require(principal, "webhooks.delete")
        scope = webhook_scope(principal, tenant_id)
        line = access_line(principal, self._clock, "webhook:delete", webhook_id, tenant_id=scope.tenant_id)
        if not await self._webhooks.delete(scope, webhook_id, line):
            raise _not_there(webhook_id)
        await self._words.announce("webhook", scope.tenant_id)

    async def _check_url(self, url: str) -> None:
        if reason := await self._sender.refuse(url):
            raise InvalidError((("/url", reason),))


def _check_overlap(rotation: Rotation) -> None:
    if not 0 <= rotation.overlap_hours <= MOST_OVERLAP.days * 24:
        raise InvalidError((("/overlap_hours", f"the overlap is 0 to {MOST_OVERLAP.days * 24} hours"),))


def webhook_scope(principal: Principal, tenant_id: str | None) -> TenantScope:
    """Whose endpoints are meant. Raises RefusedError for another tenant than one's own."""
    return principal.scope if tenant_id is None else scope_within(principal, tenant_id)


async def find_webhook(webhooks: WebhookStore, scope: TenantScope, webhook_id: str) -> Webhook:
    """One endpoint. Raises NotFoundError."""
    webhook = await webhooks.find(scope, webhook_id)
    if webhook is None:
        raise _not_there(webhook_id)
    return webhook


def _events(events: Sequence[str]) -> tuple[str, ...]:
    """The events once each, in the order of the reference."""
    for place, event in enumerate(events):
        if event not in EVENT_TYPES:
            raise InvalidError(
                ((f"/events/{place}", f"{event!r:.60} is no event; there are {', '.join(EVENT_TYPES)}"),)
            )
    if not events:
        raise InvalidError((("/events", f"at least one event is expected of {', '.join(EVENT_TYPES)}"),))
    return tuple(event for event in EVENT_TYPES if event in events)


def _description(text: str) -> str:
    return one_line(text, "/description", most=_MOST_DESCRIPTION, least=0)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _shown(url: str) -> str:
    """The host: what follows it may be a secret of its own, and the log keeps none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


class _Logged(msgspec.Struct, frozen=True):
    """What the access log tells of an endpoint."""

    url: str
    events: tuple[str, ...]
    description: str
    enabled: bool


def _logged(webhook: Webhook) -> _Logged:
    return _Logged(_shown(webhook.url), webhook.events, webhook.description, webhook.enabled)


def _not_there(webhook_id: str) -> NotFoundError:
    return NotFoundError(f"there is no webhook {webhook_id!r:.80}")


def _view(webhook: Webhook) -> WebhookView:
    return WebhookView(**_kept(webhook))


def _issued(webhook: Webhook) -> IssuedWebhook:
    return IssuedWebhook(secret=webhook.secrets[0], **_kept(webhook))


def _kept(webhook: Webhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in WebhookView.__struct_fields__}

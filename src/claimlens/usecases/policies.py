"""A tenant's policies, one at a time: findings that somebody answers for, and names that are no claims.

An edit is tried before it is saved: who saves says which state of the policies the dry run was of.
"""

import hashlib
from datetime import date
from enum import StrEnum

import msgspec

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.tenant import Principal
from claimlens.ports.clock import Clock
from claimlens.usecases.dry_runs import USUAL_AUDITS, DryRun, DryRuns
from claimlens.usecases.fields import one_line
from claimlens.usecases.tenant_settings import NewBrandNote, NewSuppression, SuppressionScope
from claimlens.usecases.tenants import TenantChange, Tenants, TenantView

_MOST_REASON = 500


class Edit(StrEnum):
    """What is done to the policies."""

    SUPPRESS = "suppress"
    COUNT_AGAIN = "count_again"
    ADD_NAME = "add_name"
    END_NAME = "end_name"


class PolicyEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One edit. `rule`, `item`, `field`, `text` are of a suppression, `name` of a brand; `key` names what is ended.

    `expires` is the last day, YYYY-MM-DD; a brand name may go without. `author` answers for it.
    """

    edit: Edit
    rule: str = ""
    item: str = ""
    field: str = ""
    text: str = ""
    name: str = ""
    key: str = ""
    reason: str = ""
    author: str = ""
    expires: str = ""


class KeptSuppression(msgspec.Struct, frozen=True, kw_only=True):
    """A suppression that is kept. `key` names it; `is_over`: its last day has passed, so findings count again."""

    key: str
    of: NewSuppression
    is_over: bool


class KeptName(msgspec.Struct, frozen=True, kw_only=True):
    """A brand name that is kept; one that was given in a list has no note."""

    name: str
    note: NewBrandNote | None
    is_over: bool


class PoliciesView(msgspec.Struct, frozen=True, kw_only=True):
    """The policies of a tenant; `state` changes with every change of them."""

    suppressions: tuple[KeptSuppression, ...]
    names: tuple[KeptName, ...]
    state: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An edit, what it would do, and of which state of the policies that is."""

    edit: PolicyEdit
    dry_run: DryRun
    state: str


class Policies:
    """Shows, tries and saves."""

    def __init__(self, tenants: Tenants, dry_runs: DryRuns, clock: Clock) -> None:
        self._tenants = tenants
        self._dry_runs = dry_runs
        self._clock = clock

    async def look(self, principal: Principal) -> PoliciesView:
        """The policies of one's tenant, what is over too; what ends first stands first."""
        return self._view(await self._tenants.find(principal, principal.scope.tenant_id))

    async def attempt(self, principal: Principal, edit: PolicyEdit, *, audits: int = USUAL_AUDITS) -> Tried:
        """What an edit would do to the newest audits. Raises what saving it would raise."""
        tenant = await self._tenants.find(principal, principal.scope.tenant_id)
        change = self._change(tenant, edit)
        tried = await self._dry_runs.of_settings(principal, tenant.id, change, most=audits)
        return Tried(edit=edit, dry_run=tried.dry_run, state=_state(tenant))

    async def save(self, principal: Principal, edit: PolicyEdit, state: str) -> PoliciesView:
        """Save an edit that was tried against that state; effective within a second, the reason in the access log.

        Raises InvalidError naming the field; ConflictError if somebody changed the policies since it was tried.
        """
        tenant = await self._tenants.find(principal, principal.scope.tenant_id)
        change = self._change(tenant, edit)
        if state != _state(tenant):
            raise ConflictError("somebody changed the policies since this was tried; look at what it would do now")
        return self._view(await self._tenants.update(principal, tenant.id, change))

    def _change(self, tenant: TenantView, edit: PolicyEdit) -> TenantChange:
        reason = one_line(edit.reason, "/reason", most=_MOST_REASON)
        if edit.edit is Edit.SUPPRESS:
            new = NewSuppression(
                rule=edit.rule.strip(),
                scope=SuppressionScope(item=edit.item.strip(), field=edit.field.strip(), text=edit.text.strip()),
                reason=reason,
                author=edit.author,
                expires=self._last_day(edit.expires),
            )
            if any(_key(kept) == _key(new) for kept in tenant.suppressions):
                raise InvalidError((("/rule", "this very suppression is there already"),))
            return TenantChange(suppressions=(*tenant.suppressions, new), reason=reason)
        if edit.edit is Edit.COUNT_AGAIN:
            left = tuple([kept for kept in tenant.suppressions if _key(kept) != edit.key])
            if len(left) == len(tenant.suppressions):
                raise NotFoundError("there is no such suppression any more")
            return TenantChange(suppressions=left, reason=reason)
        if edit.edit is Edit.END_NAME:
            if edit.name not in tenant.brand_names:
                raise NotFoundError("there is no such brand name any more")
            return TenantChange(
                brand_names=tuple([name for name in tenant.brand_names if name != edit.name]), reason=reason
            )
        name = edit.name.strip()
        if name in tenant.brand_names and not _is_over(tenant.brand_notes.get(name), self._today()):
            raise InvalidError((("/name", f"{name!r:.80} is a brand name already"),))
        expires = self._last_day(edit.expires) if edit.expires.strip() else None
        note = NewBrandNote(reason=reason, author=edit.author, expires=expires)
        return TenantChange(
            brand_names=(*[each for each in tenant.brand_names if each != name], name),
            brand_notes={**tenant.brand_notes, name: note},
            reason=reason,
        )

    def _last_day(self, written: str) -> date:
        try:
            day = date.fromisoformat(written.strip())
        except ValueError:
            raise InvalidError((("/expires", "a last day is expected, YYYY-MM-DD"),)) from None
        if day < self._today():
            raise InvalidError((("/expires", f"{day} has passed"),))
        return day

    def _today(self) -> date:
        return self._clock.now().date()

    def _view(self, tenant: TenantView) -> PoliciesView:
        today = self._today()
        suppressions = [KeptSuppression(key=_key(s), of=s, is_over=s.expires < today) for s in tenant.suppressions]
        notes = tenant.brand_notes
        names = [
            KeptName(name=name, note=notes.get(name), is_over=_is_over(notes.get(name), today))
            for name in tenant.brand_names
        ]
        return PoliciesView(
            suppressions=tuple(sorted(suppressions, key=lambda each: each.of.expires)),
            names=tuple(sorted(names, key=lambda each: each.name.casefold())),
            state=_state(tenant),
        )


def _is_over(note: NewBrandNote | None, today: date) -> bool:
    return note is not None and note.expires is not None and note.expires < today


def _key(suppression: NewSuppression) -> str:
    return hashlib.sha256(msgspec.json.encode(suppression)).hexdigest()[:16]


def _state(tenant: TenantView) -> str:
    kept = (tenant.brand_names, tenant.brand_notes, tenant.suppressions)
    return hashlib.sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()[:16]

"""The first tenant and the first key of a new installation."""

from claimlens.domain.tenant import Role
from claimlens.usecases.api_keys import NewKey
from claimlens.usecases.authentication import operator
from claimlens.usecases.tenants import NewTenant
from claimlens.wiring.service import Service

#: The tenant of a new installation.
FIRST_TENANT = "tenant-001"


async def first_key(service: Service) -> str | None:
    """A platform administrator's key if there is no tenant yet, else None. It is kept nowhere."""
    nobody = operator("serve")
    if await _has_tenants(service):
        return None
    await service.tenants.create(nobody, NewTenant(id=FIRST_TENANT))
    wanted = NewKey(tenant_id=FIRST_TENANT, role=Role.PLATFORM_ADMIN, name="first key")
    return (await service.api_keys.create(nobody, wanted)).key


async def hint_without_tenants(service: Service) -> str:
    """What an operator does next in production, where no key is shown unasked; empty if there are tenants."""
    if await _has_tenants(service):
        return ""
    return "There is no tenant yet: `claimlens tenants create` makes one, `claimlens keys create` a key for it."


async def _has_tenants(service: Service) -> bool:
    return bool((await service.tenants.page(operator("serve"), limit=1)).rows)

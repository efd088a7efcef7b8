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
    if (await service.tenants.page(nobody, limit=1)).rows:
        return None
    await service.tenants.create(nobody, NewTenant(id=FIRST_TENANT))
    wanted = NewKey(tenant_id=FIRST_TENANT, role=Role.PLATFORM_ADMIN, name="first key")
    return (await service.api_keys.create(nobody, wanted)).key

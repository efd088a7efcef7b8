"""A service with two tenants and a key of each role in both, asked without a socket."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from claimlens.config import read_settings
from claimlens.domain.tenant import Role
from claimlens.entry.api.app import ROUTES, create_app
from claimlens.entry.api.openapi import document
from claimlens.ports.clock import Clock
from claimlens.usecases.api_keys import NewKey
from claimlens.usecases.authentication import operator
from claimlens.usecases.checks import Checker
from claimlens.usecases.tenants import NewTenant
from claimlens.wiring.service import Service
from tests.api.contract import Contract

OURS, THEIRS = "tenant-001", "tenant-002"
#: So high that no test meets a limit it is not about.
NO_LIMITS = {
    "CLAIMLENS_REQUESTS_PER_MINUTE": "1000000",
    "CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "1000000",
    "CLAIMLENS_ITEMS_PER_MINUTE": "1000000",
}
CURRY = {"id": "c-1", "name": "Butter chicken", "ingredients": "chicken, butter, tomato"}
ASK = {"item": CURRY, "locale": "en-GB"}


CONTRACT = Contract(json.loads(json.dumps(document(ROUTES))))


class House:
    """The application and everybody who may ask it something."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.app = create_app(service)
        self.keys: dict[tuple[str, Role], str] = {}
        self.key_ids: dict[tuple[str, Role], str] = {}

    async def settle(self) -> None:
        """Make the tenants and the keys."""
        nobody = operator("test")
        for tenant in (OURS, THEIRS):
            await self.service.tenants.create(nobody, NewTenant(id=tenant))
            for role in Role:
                issued = await self.service.api_keys.create(nobody, NewKey(tenant_id=tenant, role=role))
                self.keys[tenant, role] = issued.key
                self.key_ids[tenant, role] = issued.id

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | None = Role.ADMIN,
        tenant: str = OURS,
        headers: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        files: Any = None,
        params: Any = None,
        client: str = "127.0.0.1",
    ) -> httpx.Response:
        """One request; `role` None asks without a key. Whatever is answered stands in the document."""
        sent = dict(headers or {})
        if role is not None:
            sent.setdefault("Authorization", f"Bearer {self.keys[tenant, role]}")
        # What raises inside is answered by the frame; only half an answer ends in an exception.
        transport = httpx.ASGITransport(self.app, client=(client, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://claimlens.test") as http:
            if body is not None:
                answer = await http.request(method, path, json=body, headers=sent)
            else:
                answer = await http.request(method, path, content=content, files=files, params=params, headers=sent)
        CONTRACT.check(method, path, answer)
        return answer


async def open_house(
    url: str,
    folder: Any,
    checker: Checker,
    environ: Mapping[str, str] | None = None,
    *,
    clock: Clock | None = None,
    settle: bool = True,
) -> House:
    """A house over a migrated, empty store; over one that another house left if it need not `settle`."""
    settings = read_settings(
        {
            "HOME": str(folder),
            "CLAIMLENS_DATA_DIR": str(folder),
            "DATABASE_URL": url,
            **NO_LIMITS,
            **(environ or {}),
        }
    )
    house = House(Service(settings, checker=checker, clock=clock))
    await house.service.start()
    if settle:
        await house.settle()
    return house

import csv
import io
from datetime import timedelta

import pytest

from claimlens.domain.errors import InvalidError, NotFoundError, RefusedError
from claimlens.domain.tenant import Role
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.access_log import COLUMNS, access_line
from claimlens.usecases.tenants import TenantChange


async def rows_of(chunks):
    text = b"".join([chunk async for chunk in chunks]).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestPage:
    async def test_an_administrator_reads_its_own(self, accounts, issue):
        admin = (await issue(Role.ADMIN, "kitchen-b")).principal
        page = await accounts.access_log.page(admin, AccessFilter(), cursor="", limit=10)
        assert {row.tenant_id for row in page.rows} == {"kitchen-b"}
        with pytest.raises(RefusedError):
            await accounts.access_log.page(admin, AccessFilter(), tenant_id="kitchen-a", cursor="", limit=10)

    async def test_pages_go_on_where_the_last_ended(self, accounts, issue, root, log):
        await issue()
        page = await accounts.access_log.page(root, AccessFilter(), cursor="", limit=1)
        seen = list(page.rows)
        while page.next_cursor is not None:
            page = await accounts.access_log.page(root, AccessFilter(), cursor=page.next_cursor, limit=1)
            seen += page.rows
        assert seen == (await log())[::-1]
        assert len(seen) == 3

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER, Role.PUBLISHER])
    async def test_others_read_nothing(self, accounts, issue, role):
        principal = (await issue(role)).principal
        with pytest.raises(RefusedError):
            await accounts.access_log.page(principal, AccessFilter(), cursor="", limit=1)
        with pytest.raises(RefusedError):
            await accounts.access_log.csv(principal, AccessFilter())

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "WyIyMDI2LTExLTIzIiwiYSJd",
            "WyIyMDI2LTExLTIzVDEyOjAwOjAwIiwiMDFhMjA4NDYtZmUwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDBhIl0",
        ],
    )
    async def test_a_cursor_of_ones_own_making_is_refused(self, accounts, root, cursor):
        with pytest.raises(InvalidError, match="cursor"):
            await accounts.access_log.page(root, AccessFilter(), cursor=cursor, limit=1)


class TestCsv:
    async def test_everything_is_there_and_the_export_is_logged(self, accounts, issue, root, log):
        admin = await issue(Role.ADMIN)
        await accounts.tenants.update(admin.principal, "kitchen-a", TenantChange(name='Say "hi", you'))
        rows = await rows_of(await accounts.access_log.csv(admin.principal, AccessFilter()))
        lines = await log(tenant_id="kitchen-a")
        assert list(rows[0]) == list(COLUMNS)
        assert [row["id"] for row in rows] == [line.id for line in lines]
        assert rows[2]["delta"] == '{"name":["kitchen-a","Say \\"hi\\", you"]}'
        assert (rows[2]["ip"], rows[2]["correlation_id"]) == ("192.0.2.7", "c-1")
        assert [row["action"] for row in rows][-1] == "access_log:export"

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=1", "＝1"])
    async def test_no_cell_is_a_formula(self, accounts, root, clock, text):
        await accounts.log.add(root.scope, access_line(root, clock, "audit:read", target=text))
        (row, *_) = await rows_of(await accounts.access_log.csv(root, AccessFilter(action="audit:read")))
        assert row["target"] == "'" + text


class TestExposure:
    async def test_what_a_key_has_done_and_seen(self, accounts, issue, root, clock):
        admin = await issue(Role.ADMIN)
        who = admin.principal
        since = clock.forward(hours=1)
        done: list[tuple[str, dict[str, object], str]] = [
            ("audit:export", {"count": 4200, "filter": {"start": "2026-11-01"}}, "ok"),
            ("audit:read", {}, "ok"),
            ("api_key:create", {"role": [None, "viewer"]}, "refused"),
        ]
        for action, delta, outcome in done:
            clock.forward(minutes=1)
            await accounts.log.add(who.scope, access_line(who, clock, action, "t", delta, outcome=outcome))
        found = await accounts.access_log.exposure(root, admin.id, since)
        assert (found.tenant_id, found.role) == ("kitchen-a", "admin")
        assert found.actions == {"audit:export": 1, "audit:read": 1, "api_key:create": 1}
        assert (found.records, found.refused, found.ips) == (4201, 1, ("192.0.2.7",))
        assert [reading.action for reading in found.readings] == ["audit:export", "audit:read"]
        assert (found.first, found.last) == (since + timedelta(minutes=1), clock.now())

    async def test_a_key_that_did_nothing(self, accounts, issue, root):
        key = await issue(Role.PUBLISHER)
        found = await accounts.access_log.exposure(root, key.id, None)
        assert (found.actions, found.readings, found.first) == ({}, (), None)

    async def test_anothers_key_is_not_there(self, accounts, issue, root):
        admin, other = await issue(Role.ADMIN), await issue(Role.ADMIN, "kitchen-b")
        for key_id in (other.id, "constructor"):
            with pytest.raises(NotFoundError):
                await accounts.access_log.exposure(admin.principal, key_id, None)

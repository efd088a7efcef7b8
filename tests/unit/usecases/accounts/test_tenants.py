from datetime import date

import msgspec
import pytest

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError, UnauthenticatedError
from claimlens.domain.suppression import Suppression
from claimlens.domain.tenant import Role
from claimlens.usecases.tenants import NewTenant, TenantChange

SUPPRESSION = {
    "rule": "IN-QUAL-*",
    "scope": {"item": "laddoo-*", "text": "Original"},
    "reason": "Registered trade mark.",
    "author": "a.rao@example.com",
    "expires": "2027-03-31",
}


def change(**given):
    return msgspec.convert(given, TenantChange)


def problems(caught):
    return dict(caught.value.problems)


class TestCreate:
    async def test_all_but_the_id_has_a_default(self, accounts, root):
        made = await accounts.tenants.create(root, NewTenant(id="cloud-7"))
        assert (made.name, made.retention_days, made.default_locale, made.allowed_locales) == ("cloud-7", 365, "", ())
        assert (made.requests_per_minute, made.isolated, made.legal_hold) == (None, False, False)
        assert await accounts.tenants.find(root, "cloud-7") == made

    async def test_what_was_given_is_kept(self, accounts, root):
        given = {
            "id": "cloud-7",
            "name": "  Cloud Kitchen 7 ",
            "default_locale": "EN_in",
            "allowed_locales": ["en-in", "hi-IN", "en-IN"],
            "retention_days": 90,
            "requests_per_minute": 10,
            "items_per_minute": 1,
            "brand_names": ["Slim & Trim", "Slim & Trim", "क्‍ष"],
            "suppressions": [SUPPRESSION],
            "contact_email": "Quality@Kitchen.example",
            "legal_hold": True,
        }
        made = await accounts.tenants.create(root, msgspec.convert(given, NewTenant))
        shown = msgspec.to_builtins(made)
        assert shown["name"] == "Cloud Kitchen 7"
        assert (shown["default_locale"], shown["allowed_locales"]) == ("en-IN", ("en-IN", "hi-IN"))
        assert shown["brand_names"] == ("Slim & Trim", "क्‍ष")
        assert shown["suppressions"] == (SUPPRESSION,)
        assert shown["contact_email"] == "quality@kitchen.example"
        kept = await accounts.tenant_store.find("cloud-7")
        assert kept.settings.suppressions == (
            Suppression(
                rule="IN-QUAL-*",
                item="laddoo-*",
                text="Original",
                reason="Registered trade mark.",
                author="a.rao@example.com",
                expires=date(2027, 3, 31),
            ),
        )

    @pytest.mark.parametrize("name", ["a", "A-1", "-a", "a_b", "../etc", "a" * 64, "", "a\n", "टिफ़िन", "a b"])
    async def test_an_id_is_plain(self, accounts, root, name):
        with pytest.raises(InvalidError) as caught:
            await accounts.tenants.create(root, NewTenant(id=name))
        assert caught.value.pointer == "/id"

    @pytest.mark.parametrize("name", ["a1", "0-", "a" * 63])
    async def test_plain_ids(self, accounts, root, name):
        assert (await accounts.tenants.create(root, NewTenant(id=name))).id == name

    async def test_an_id_is_taken_once(self, accounts, root):
        with pytest.raises(ConflictError, match="kitchen-a"):
            await accounts.tenants.create(root, NewTenant(id="kitchen-a"))

    async def test_only_a_platform_administrator_makes_tenants(self, accounts, issue):
        for role in set(Role) - {Role.PLATFORM_ADMIN}:
            principal = (await issue(role)).principal
            with pytest.raises(RefusedError):
                await accounts.tenants.create(principal, NewTenant(id="cloud-7"))


class TestFields:
    @pytest.mark.parametrize(
        ("given", "pointer"),
        [
            ({"retention_days": 89}, "/retention_days"),
            ({"retention_days": 366}, "/retention_days"),
            ({"requests_per_minute": 0}, "/requests_per_minute"),
            ({"items_per_minute": -5}, "/items_per_minute"),
            ({"items_per_minute": 10**12}, "/items_per_minute"),
            ({"brand_names": ["a"] * 201}, "/brand_names"),
            ({"brand_names": ["ok", "x" * 81]}, "/brand_names/1"),
            ({"brand_names": [" "]}, "/brand_names/0"),
            ({"brand_names": ["a\u0000b"]}, "/brand_names/0"),
            ({"contact_email": "nobody"}, "/contact_email"),
            ({"contact_email": "=cmd@x.example"}, "/contact_email"),
            ({"contact_email": "a@b.example\nBcc: c@d.example"}, "/contact_email"),
            ({"name": ""}, "/name"),
            ({"name": "a\tb"}, "/name"),
            ({"suppressions": [{**SUPPRESSION, "scope": {}}]}, "/suppressions/0/scope"),
            ({"suppressions": [SUPPRESSION, {**SUPPRESSION, "reason": ""}]}, "/suppressions/1/reason"),
            ({"suppressions": [{**SUPPRESSION, "scope": {"text": "x" * 501}}]}, "/suppressions/0/scope/text"),
            ({"default_locale": "en-GB", "allowed_locales": ["hi-IN"]}, "/default_locale"),
        ],
    )
    async def test_what_is_wrong_is_named(self, accounts, root, given, pointer):
        with pytest.raises(InvalidError) as caught:
            await accounts.tenants.update(root, "kitchen-a", change(**given))
        assert list(problems(caught)) == [pointer]
        assert caught.value.code == "INVALID_SCHEMA"

    async def test_an_unknown_locale_is_told_which_are_known(self, accounts, root):
        with pytest.raises(InvalidError, match=r"'en-FR'; known: en-IN, hi-IN") as caught:
            await accounts.tenants.update(root, "kitchen-a", change(allowed_locales=["en-IN", "en-FR"]))
        assert (caught.value.pointer, caught.value.code) == ("/allowed_locales/1", "UNKNOWN_LOCALE")

    async def test_all_that_is_wrong_is_named_at_once(self, accounts, root):
        with pytest.raises(InvalidError) as caught:
            await accounts.tenants.update(root, "kitchen-a", change(retention_days=1, name="", brand_names=["a"]))
        assert set(problems(caught)) == {"/retention_days", "/name"}

    async def test_a_default_outside_of_what_was_allowed_before_is_refused(self, accounts, root):
        await accounts.tenants.update(root, "kitchen-a", change(allowed_locales=["hi-IN"]))
        with pytest.raises(InvalidError, match="none of the allowed locales"):
            await accounts.tenants.update(root, "kitchen-a", change(default_locale="en-GB"))


class TestUpdate:
    async def test_only_what_is_given_changes(self, accounts, root):
        await accounts.tenants.update(root, "kitchen-a", change(brand_names=["Slim"], requests_per_minute=7))
        after = await accounts.tenants.update(root, "kitchen-a", change(retention_days=100))
        assert (after.brand_names, after.requests_per_minute, after.retention_days) == (("Slim",), 7, 100)

    async def test_nothing_and_null_take_back(self, accounts, root):
        await accounts.tenants.update(
            root, "kitchen-a", change(requests_per_minute=7, default_locale="en-IN", brand_names=["Slim"])
        )
        after = await accounts.tenants.update(
            root, "kitchen-a", change(requests_per_minute=None, default_locale="", brand_names=[])
        )
        assert (after.requests_per_minute, after.default_locale, after.brand_names) == (None, "", ())

    async def test_before_and_after_are_logged(self, accounts, issue, log):
        admin = await issue(Role.ADMIN)
        await accounts.tenants.update(admin.principal, "kitchen-a", change(retention_days=100, name="A"))
        await accounts.tenants.update(admin.principal, "kitchen-a", change(retention_days=100))
        (line,) = await log("tenant:update", "kitchen-a")
        assert line.delta == {"name": ["kitchen-a", "A"], "retention_days": [365, 100]}
        assert line.actor == f"key:{admin.id}"

    @pytest.mark.parametrize(
        ("role", "given", "allowed"),
        [
            (Role.EDITOR, {"brand_names": ["Slim"], "suppressions": [SUPPRESSION]}, True),
            (Role.EDITOR, {"retention_days": 90}, False),
            (Role.EDITOR, {"brand_names": ["Slim"], "name": "New"}, False),
            (Role.ADMIN, {"retention_days": 90, "legal_hold": True, "brand_names": []}, True),
            (Role.ADMIN, {"requests_per_minute": 1_000_000}, False),
            (Role.ADMIN, {"items_per_minute": None}, False),
            (Role.PLATFORM_ADMIN, {"items_per_minute": 9}, True),
            (Role.VIEWER, {}, False),
            (Role.PUBLISHER, {}, False),
        ],
    )
    async def test_who_may_change_what(self, accounts, issue, role, given, allowed):
        principal = (await issue(role)).principal
        if allowed:
            await accounts.tenants.update(principal, "kitchen-a", change(**given))
        else:
            with pytest.raises(RefusedError):
                await accounts.tenants.update(principal, "kitchen-a", change(**given))

    @pytest.mark.parametrize("other", ["kitchen-b", "nobody", "\0", ""])
    async def test_anothers_tenant_is_not_there(self, accounts, issue, other):
        admin = (await issue(Role.ADMIN)).principal
        messages = set()
        for act in (
            accounts.tenants.find(admin, other),
            accounts.tenants.update(admin, other, change(retention_days=90)),
            accounts.tenants.export(admin, other),
        ):
            with pytest.raises(NotFoundError) as caught:
                await act
            messages.add(str(caught.value).replace(repr(other), ""))
        assert messages == {"there is no tenant "}


class TestPage:
    async def test_a_platform_administrator_sees_all(self, accounts, root):
        first = await accounts.tenants.page(root, limit=1)
        rest = await accounts.tenants.page(root, cursor=first.next_cursor, limit=9)
        assert [row.id for row in [*first.rows, *rest.rows]] == ["kitchen-a", "kitchen-b"]
        assert rest.next_cursor is None

    async def test_others_see_their_own(self, accounts, issue):
        viewer = (await issue(Role.VIEWER, "kitchen-b")).principal
        assert [row.id for row in (await accounts.tenants.page(viewer)).rows] == ["kitchen-b"]

    async def test_a_publisher_sees_none(self, accounts, issue):
        publisher = (await issue(Role.PUBLISHER)).principal
        with pytest.raises(RefusedError):
            await accounts.tenants.page(publisher)


class TestExport:
    async def test_the_last_line_counts(self, accounts, issue, root, log):
        admin = await issue(Role.ADMIN)
        chunks = [chunk async for chunk in await accounts.tenants.export(admin.principal, "kitchen-a")]
        lines = [msgspec.json.decode(line) for line in b"".join(chunks).splitlines()]
        counts = lines[-1]["_summary"]
        assert counts == {"tenants": 1, "api_keys": 1, "access_log": 3}
        assert sum(counts.values()) == len(lines) - 1
        assert admin.secret.encode() not in b"".join(chunks)
        assert [line.action for line in await log(tenant_id="kitchen-a")][-1] == "tenant:export"


class TestErase:
    async def test_its_keys_open_nothing_and_one_line_remains(self, accounts, issue, root, log):
        key, other = await issue(), await issue(tenant_id="kitchen-b")
        removed = await accounts.tenants.erase(root, "kitchen-a")
        assert removed["api_keys"] == 1
        with pytest.raises(UnauthenticatedError):
            await accounts.authentication.authenticate(key.secret)
        assert await accounts.authentication.authenticate(other.secret)
        with pytest.raises(NotFoundError):
            await accounts.tenants.find(root, "kitchen-a")
        (line,) = await log("tenant:erase")
        assert (line.tenant_id, line.target, line.actor) == ("", "kitchen-a", "cli:test")

    async def test_not_under_legal_hold(self, accounts, root):
        await accounts.tenants.update(root, "kitchen-a", change(legal_hold=True))
        with pytest.raises(ConflictError, match="legal hold"):
            await accounts.tenants.erase(root, "kitchen-a")
        assert not (await accounts.tenants.find(root, "kitchen-a")).isolated

    async def test_an_administrator_of_the_tenant_itself_leaves_a_line_too(self, accounts, issue, log):
        platform = await issue(Role.PLATFORM_ADMIN)
        await accounts.tenants.erase(platform.principal, "kitchen-a")
        (line,) = await log("tenant:erase")
        assert line.tenant_id == ""
        assert line.actor == f"key:{platform.id}"

    async def test_only_a_platform_administrator(self, accounts, issue):
        admin = (await issue(Role.ADMIN)).principal
        with pytest.raises(RefusedError):
            await accounts.tenants.erase(admin, "kitchen-a")
        with pytest.raises(RefusedError):
            await accounts.tenants.isolate(admin, "kitchen-a", isolated=True)

import msgspec
import pytest

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError, UnauthenticatedError
from claimlens.domain.tenant import Role
from claimlens.usecases.users import MOST_PASSWORD, NewUser, UserChange

PASSWORD = "correct horse battery"


@pytest.fixture
def person(accounts, root):
    async def person(
        email="a.rao@kitchen.example", tenant_id="kitchen-a", role=Role.EDITOR, password=PASSWORD, by=None
    ):
        wanted = NewUser(tenant_id=tenant_id, email=email, role=role, password=password)
        return await accounts.users.create(by or root, wanted)

    return person


class TestUsers:
    async def test_a_new_person_is_a_viewer_without_a_password(self, accounts, root):
        wanted = msgspec.json.decode(b'{"tenant_id": "kitchen-a", "email": "A.Rao@Kitchen.example"}', type=NewUser)
        made = await accounts.users.create(root, wanted)
        assert (made.email, made.role, made.has_password) == ("a.rao@kitchen.example", Role.VIEWER, False)
        assert await accounts.users.find(root, made.id) == made
        assert await accounts.users.find_by_email(root, " A.RAO@kitchen.example") == made

    async def test_an_address_is_taken_once_whatever_its_case(self, accounts, person):
        await person()
        with pytest.raises(ConflictError, match=r"a\.rao@kitchen\.example"):
            await person("A.RAO@kitchen.example", "kitchen-b")

    @pytest.mark.parametrize("password", ["short", "x" * 11, "x" * (MOST_PASSWORD + 1), "\ud800" * 12])
    async def test_a_password_is_long_enough(self, person, password):
        with pytest.raises(InvalidError, match="12 to 256 characters") as caught:
            await person(password=password)
        assert caught.value.pointer == "/password"

    @pytest.mark.parametrize("email", ["", "a", "a@b", "@b.example", "a b@c.example", "a@b.example\n", "é@b.example"])
    async def test_an_address_is_one(self, person, email):
        if email.strip() == "a@b.example":
            assert (await person(email)).email == "a@b.example"
            return
        with pytest.raises(InvalidError, match="no e-mail address"):
            await person(email)

    async def test_an_administrator_has_its_own_people(self, accounts, issue, person):
        admin = (await issue(Role.ADMIN)).principal
        other = await person("b@kitchen.example", "kitchen-b")
        own = await person(by=admin)
        assert [user.id for user in (await accounts.users.page(admin)).rows] == [own.id]
        for act in (
            accounts.users.find(admin, other.id),
            accounts.users.find_by_email(admin, other.email),
            accounts.users.update(admin, other.id, UserChange(disabled=True)),
            accounts.users.delete(admin, other.id),
        ):
            with pytest.raises(NotFoundError):
                await act
        with pytest.raises(RefusedError):
            await person("c@kitchen.example", "kitchen-b", by=admin)

    async def test_nobody_touches_people_above_them(self, accounts, issue, person):
        """Who could set a platform administrator's password would be one."""
        admin, platform = (await issue(Role.ADMIN)).principal, await person(role=Role.PLATFORM_ADMIN)
        editor = await person("e@kitchen.example")
        for act in (
            accounts.users.update(admin, platform.id, UserChange(password=PASSWORD)),
            accounts.users.delete(admin, platform.id),
            accounts.users.update(admin, editor.id, UserChange(role=Role.PLATFORM_ADMIN)),
            person("p@kitchen.example", role=Role.PLATFORM_ADMIN, by=admin),
        ):
            with pytest.raises(RefusedError):
                await act

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER, Role.PUBLISHER])
    async def test_others_see_nobody(self, accounts, issue, role):
        principal = (await issue(role)).principal
        with pytest.raises(RefusedError):
            await accounts.users.page(principal)

    async def test_only_what_is_given_changes_and_no_password_is_logged(self, accounts, root, person, log):
        made = await person()
        await accounts.users.update(root, made.id, UserChange())
        after = await accounts.users.update(root, made.id, UserChange(role=Role.ADMIN, password="another long one"))
        assert (after.role, after.disabled) == (Role.ADMIN, False)
        await accounts.users.delete(root, made.id)
        lines = await log(tenant_id="kitchen-a")
        assert [line.action for line in lines[1:]] == ["user:create", "user:update", "user:delete"]
        assert lines[2].delta == {"role": ["editor", "admin"], "password": ["(not shown)", "(not shown)"]}
        written = msgspec.json.encode(lines)
        assert b"argon2" not in written
        assert b"horse" not in written
        with pytest.raises(NotFoundError):
            await accounts.users.find(root, made.id)


class TestSignIn:
    async def test_who_knows_the_password_is_let_in(self, accounts, person, log, clock, root):
        made = await person()
        at = clock.forward(minutes=1)
        who = await accounts.sign_in.sign_in(" A.Rao@Kitchen.example", PASSWORD, ip="192.0.2.9", correlation_id="c-9")
        assert (who.actor, who.role, who.scope.tenant_id) == (f"user:{made.id}", Role.EDITOR, "kitchen-a")
        assert (await accounts.users.find(root, made.id)).last_sign_in_at == at
        (line,) = await log("user:sign_in")
        assert (line.ip, line.outcome, line.tenant_id) == ("192.0.2.9", "ok", "kitchen-a")

    async def test_all_refusals_are_told_the_same(self, accounts, person, root, log):
        await person()
        await person("no-password@kitchen.example", password="")
        disabled = await person("disabled@kitchen.example")
        await accounts.users.update(root, disabled.id, UserChange(disabled=True))
        await person("isolated@kitchen.example", "kitchen-b")
        await accounts.tenants.isolate(root, "kitchen-b", isolated=True)
        told = set()
        for email, password in [
            ("a.rao@kitchen.example", "wrong"),
            ("a.rao@kitchen.example", ""),
            ("a.rao@kitchen.example", "x" * 10_000),
            ("a.rao@kitchen.example", "\ud800"),
            ("nobody@kitchen.example", PASSWORD),
            ("no-password@kitchen.example", ""),
            ("no-password@kitchen.example", PASSWORD),
            ("disabled@kitchen.example", PASSWORD),
            ("isolated@kitchen.example", PASSWORD),
            ("\0", PASSWORD),
            ("\ud800", PASSWORD),
        ]:
            with pytest.raises(UnauthenticatedError) as caught:
                await accounts.sign_in.sign_in(email, password)
            told.add(str(caught.value))
        assert len(told) == 1
        lines = await log("user:sign_in")
        assert {line.outcome for line in lines} == {"refused"}
        assert len(lines) == 8

    async def test_an_outdated_hash_is_made_anew(self, accounts, person, monkeypatch, root):
        monkeypatch.setattr("claimlens.adapters.crypto.passwords.PASSES", 1)
        made = await person()
        monkeypatch.undo()
        await accounts.sign_in.sign_in(made.email, PASSWORD)
        kept = await accounts._users.find(root.platform, made.id)
        assert ",t=2," in kept.password_hash
        assert await accounts.sign_in.sign_in(made.email, PASSWORD)

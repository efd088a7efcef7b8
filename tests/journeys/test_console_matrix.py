"""No role and no stranger opens what it may not: every page and action, made from the pages themselves."""

import re
import uuid
from base64 import b32decode

import httpx
import pytest

from claimlens.config import read_settings
from claimlens.domain.session import Stage
from claimlens.domain.tenant import Role
from claimlens.entry.api.app import create_app
from claimlens.entry.console.app import PREFIX, ROUTES, create_console
from claimlens.entry.console.cookies import Cookies
from claimlens.entry.console.spec import KEY, PageSpec
from claimlens.kit.totp import code_at, step_at
from claimlens.usecases.authentication import operator
from claimlens.usecases.permissions import ACTIONS
from claimlens.usecases.tenants import NewTenant
from claimlens.usecases.users import NewUser
from claimlens.wiring import open_checker
from claimlens.wiring.service import Service
from tests.clock import HandClock
from tests.serving import NO_LIMITS

_PARAMETER = re.compile(r"\{(\w+):\w+\}")
PASSWORD = "correct horse battery"
PAGES = [
    (method, path, handler.opt[KEY])
    for handler in ROUTES
    for path in sorted(handler.paths)
    for method in sorted(str(each) for each in handler.http_methods)
    if method in ("GET", "POST")
]
CLOSED = [each for each in PAGES if not each[2].public and not each[2].half]


class House:
    """The application, and a session of a person of each role."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.app = create_app(service, beside={PREFIX: create_console(service)})
        self.tokens: dict[Role, str] = {}
        self.halfway = ""

    async def settle(self, clock: HandClock) -> None:
        nobody, accounts = operator("test"), self.service.accounts
        await accounts.tenants.create(nobody, NewTenant(id="ours"))
        for role in Role:
            email = f"{role}@kitchen.example"
            await accounts.users.create(nobody, NewUser(tenant_id="ours", email=email, role=role, password=PASSWORD))
            token, stage = await accounts.sessions.begin(email, PASSWORD)
            if stage is Stage.SETUP:
                self.halfway = token
                entered = await accounts.sessions.find(token)
                assert entered is not None
                letters = (await accounts.second_factors.begin(entered)).letters
                if role is Role.ADMIN:
                    code = code_at(b32decode(letters), step_at(clock.now().timestamp()))
                    await accounts.second_factors.confirm(entered, code)
                    token = await accounts.sessions.promote(entered)
            self.tokens[role] = token

    async def ask(self, method: str, path: str, token: str, *, form: dict[str, str] | None = None) -> httpx.Response:
        at = _PARAMETER.sub(lambda found: "0" if found[1] == "digest" else str(uuid.uuid4()), path)
        cookies = {Cookies(secure=False).session: token} if token else {}
        sent = None
        if method == "POST":
            sent = {"form_token": self.service.accounts.sessions.form_token(token), **(form or {})}
        transport = httpx.ASGITransport(self.app, client=("203.0.113.9", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://claimlens.test", cookies=cookies) as http:
            return await http.request(method, at, data=sent)


@pytest.fixture(scope="module")
async def house(tmp_path_factory, sqlite_template):
    folder, clock = tmp_path_factory.mktemp("console"), HandClock()
    path = folder / "claimlens.db"
    path.write_bytes(sqlite_template.read_bytes())
    environ = {"HOME": str(folder), "CLAIMLENS_DATA_DIR": str(folder), "DATABASE_URL": f"sqlite:///{path}", **NO_LIMITS}
    made = House(Service(read_settings(environ), checker=open_checker(), clock=clock))
    await made.service.start()
    await made.settle(clock)
    yield made
    await made.service.stop()


def named(each: tuple[str, str, PageSpec]) -> str:
    return f"{each[0]} {each[1]}"


@pytest.mark.parametrize("each", CLOSED, ids=named)
async def test_a_stranger_is_sent_to_sign_in(house, each):
    answer = await house.ask(each[0], each[1], "")
    if each[0] == "POST":
        # A form without a session carries no token of one.
        assert answer.status_code == 403
    else:
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/console/sign-in")


@pytest.mark.parametrize("each", CLOSED, ids=named)
async def test_a_password_alone_opens_nothing_of_an_administrators(house, each):
    answer = await house.ask(each[0], each[1], house.tokens[Role.PLATFORM_ADMIN])
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/second-factor")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.VIEWER, Role.PUBLISHER])
@pytest.mark.parametrize("each", CLOSED, ids=named)
async def test_a_role_opens_what_the_table_says(house, each, role):
    method, path, spec = each
    if path.endswith(("/sign-out", "/sessions/others")):
        pytest.skip("it would end the session of the others")
    answer = await house.ask(method, path, house.tokens[role])
    if not spec.action or role in ACTIONS[spec.action]:
        assert answer.status_code not in (401, 403)
        assert answer.status_code < 500
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize("each", [each for each in PAGES if each[0] == "POST"], ids=named)
async def test_no_form_is_taken_without_its_token(house, each):
    answer = await house.ask("POST", each[1], house.tokens[Role.EDITOR], form={"form_token": "0" * 64})
    assert answer.status_code == 403
    assert "too old" in answer.text


@pytest.mark.parametrize("each", PAGES, ids=named)
async def test_every_answer_carries_the_policy(house, each):
    answer = await house.ask(each[0], each[1], "")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/console/nothing",
        "/console/audits/no-id",
        "/console/audits?verdict=a&verdict=b",
        "/console/audits?x=%ff",
        "/console/static/0/..%2fapp.py",
        "/console/dashboard?period=1y",
        "/console/reviews?cursor=x",
        "/console/users?cursor=%00",
    ],
)
async def test_what_is_wrong_is_a_page_too(house, path):
    answer = await house.ask("GET", path, house.tokens[Role.ADMIN])
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text

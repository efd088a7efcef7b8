"""Rules found by words, by law and by what they catch; a pack held against an edition from before."""

import html
import re
from datetime import timedelta

import httpx
import msgspec
import pytest

from claimlens.config import read_settings
from claimlens.domain.errors import InvalidError, NotFoundError
from claimlens.domain.tenant import Role
from claimlens.entry.api.app import create_app
from claimlens.entry.console.app import PREFIX, create_console
from claimlens.entry.console.cookies import Cookies
from claimlens.usecases.authentication import operator
from claimlens.usecases.rulebook import OtherRule
from claimlens.usecases.tenants import NewTenant
from claimlens.usecases.users import NewUser
from claimlens.wiring.service import Service
from tests.api.house import NO_LIMITS
from tests.journeys.desk_world import checker

WHO = operator("test")
PASSWORD = "correct horse battery"


class Reader:
    """A viewer with a browser of few words."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._app = create_app(service, beside={PREFIX: create_console(service)})
        self._token = ""

    async def settle(self) -> None:
        accounts = self.service.accounts
        await accounts.tenants.create(WHO, NewTenant(id="ours", brand_names=("Natural Joy",)))
        wanted = NewUser(tenant_id="ours", email="v@kitchen.example", role=Role.VIEWER, password=PASSWORD)
        await accounts.users.create(WHO, wanted)
        self._token, _ = await accounts.sessions.begin("v@kitchen.example", PASSWORD)

    async def reads(self, path: str) -> str:
        transport = httpx.ASGITransport(self._app, client=("203.0.113.9", 4711))
        cookies = {Cookies(secure=False).session: self._token}
        async with httpx.AsyncClient(transport=transport, base_url="http://claimlens.test", cookies=cookies) as http:
            answer = await http.get(path)
        assert answer.status_code == 200, answer.text
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture(scope="module")
async def reader(tmp_path_factory, sqlite_template):
    folder = tmp_path_factory.mktemp("rulebook")
    path = folder / "claimlens.db"
    path.write_bytes(sqlite_template.read_bytes())
    environ = {"HOME": str(folder), "CLAIMLENS_DATA_DIR": str(folder), "DATABASE_URL": f"sqlite:///{path}", **NO_LIMITS}
    made = Reader(Service(read_settings(environ), checker=checker()))
    await made.service.start()
    await made.settle()
    yield made
    await made.service.stop()


async def test_a_rule_is_found_by_its_words_its_law_and_its_kind(reader):
    book = reader.service.rulebook
    by_words = await book.search(WHO, words="SUPERFOOD general", pack="gb")
    assert [entry.rule.id for entry in by_words] == ["GB-GENERAL-SUPERFOOD-001"]
    by_law = await book.search(WHO, words="1924/2006", pack="us")
    assert by_law == []
    blocked = await book.search(WHO, pack="in", category="disease", severity="block")
    assert blocked
    assert {(entry.pack, entry.rule.category, entry.rule.severity) for entry in blocked} == {("in", "disease", "block")}


async def test_whatever_stands_in_a_reason_has_a_page(reader):
    book = reader.service.rulebook
    for rule_id in ("gb-general-superfood-001", "GB-ALLERGEN-UNDECLARED", "PII-EMAIL", "GB-AUTH-HC020"):
        found = await book.find(WHO, rule_id)
        text = await reader.reads(f"/console/rules/{rule_id}")
        law = found.citation if isinstance(found, OtherRule) else found.rule.citation
        assert law.instrument in text
    with pytest.raises(NotFoundError):
        await book.find(WHO, "GB-NO-SUCH-RULE")


async def test_a_phrase_names_what_fires_and_what_was_let_through(reader):
    book = reader.service.rulebook
    found = await book.caught(WHO, "Superfood salad", "en-GB")
    assert [finding.rule_id for finding in found.answered.verdict.reasons] == ["GB-GENERAL-SUPERFOOD-001"]
    denied = await book.caught(WHO, "Not a superfood salad", "en-GB")
    assert denied.answered.verdict.reasons == ()
    assert [(one.rule_id, one.words) for one in denied.forgiven] == [("GB-GENERAL-SUPERFOOD-001", "superfood")]
    with pytest.raises(InvalidError, match="unknown locale"):
        await book.caught(WHO, "Superfood", "en-FR")
    text = await reader.reads("/console/rules/caught?phrase=Superfood+salad&locale=en-GB")
    assert "GB-GENERAL-SUPERFOOD-001" in text


async def test_an_edition_from_before_is_held_against_the_one_in_use(reader):
    book, store = reader.service.rulebook, reader.service.rulebook._editions
    assert "Only one edition has been served here" in await reader.reads("/console/packs/gb")
    (head,) = await book.editions(WHO, "gb")
    now = await book.edition(WHO, "gb", head.digest)
    rules = {rule_id: fields for rule_id, fields in now.rules.items() if rule_id != "GB-DISEASE-001"}
    superfood = "GB-GENERAL-SUPERFOOD-001"
    rules[superfood] = rules[superfood] | {"severity": "info"}
    older = msgspec.structs.replace(head, digest="0" * 64, since=head.since - timedelta(days=30))
    older = msgspec.structs.replace(older, versions={"gb.claims": "0.9.0"})
    await store.add(msgspec.structs.replace(now, head=older, rules=rules))

    text = await reader.reads("/console/packs/gb")
    assert "gb.claims 0.9.0" in text
    assert "what changed since" in text
    text = await reader.reads(f"/console/packs/gb?against={'0' * 64}")
    assert "1 rule added, 1 changed, 0 removed" in text
    assert f"Changed: {superfood}" in text
    assert "severity info modify" in text
    # A rule says since when it is there, as far as is known.
    assert "since gb.claims 1.0.0" in await reader.reads("/console/rules/GB-DISEASE-001")
    assert "no older edition is known here" in await reader.reads(f"/console/rules/{superfood}")


async def test_a_pack_says_what_it_is(reader):
    text = await reader.reads("/console/packs")
    assert "plain sources, neither built nor signed" in text
    for pack in await reader.service.rulebook.packs(WHO):
        assert pack.digest[:16] in text
        assert pack.rules > 100

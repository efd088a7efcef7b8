"""Editions of packs: kept once, found again whole, told apart rule by rule."""

from datetime import UTC, datetime, timedelta

from claimlens.adapters.sql.editions import SqlEditions
from claimlens.ports.editions import Edition, EditionHead
from claimlens.usecases.pack_diffs import pack_diff

NOVEMBER = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
RULE = {"title": "Superfood", "severity": "modify", "triggers": ["superfood"], "why": "It needs a claim beside it."}


def edition(digest, rules, *, since=NOVEMBER, files=None):
    head = EditionHead(pack="gb", digest=digest, versions={"gb.claims": "1.0.0"}, since=since)
    return Edition(head=head, rules=rules, files=files or {"general.yaml": "a"})


class TestEditions:
    async def test_one_is_kept_once_and_found_again(self, database):
        store, first = SqlEditions(database), edition("a1", {"GB-1": RULE})
        assert await store.add(first)
        assert not await store.add(edition("a1", {}, since=NOVEMBER + timedelta(days=1)))
        assert await store.find("gb", "a1") == first
        assert await store.find("gb", "b2") is None
        assert await store.find("gb\0", "a1") is None

    async def test_the_newest_comes_first(self, database):
        store = SqlEditions(database)
        for day, digest in ((1, "a1"), (3, "c3"), (2, "b2")):
            await store.add(edition(digest, {}, since=NOVEMBER + timedelta(days=day)))
        assert [head.digest for head in await store.heads("gb")] == ["c3", "b2", "a1"]
        assert await store.heads("us") == []


def test_a_difference_names_what_came_went_and_changed():
    before = edition("a1", {"GB-1": RULE, "GB-2": RULE, "GB-3": RULE}, files={"general.yaml": "a", "old.yaml": "o"})
    changed = RULE | {"severity": "block", "triggers": ["superfood", "power food"]}
    after = edition("b2", {"GB-1": changed, "GB-3": RULE, "GB-4": RULE}, files={"general.yaml": "b"})
    found = pack_diff(before, after)
    assert [(change.rule_id, change.kind) for change in found.rules] == [
        ("GB-1", "changed"),
        ("GB-2", "removed"),
        ("GB-4", "added"),
    ]
    assert [(field.field, field.before, field.after) for field in found.rules[0].fields] == [
        ("severity", "modify", "block"),
        ("triggers", "superfood", "superfood\npower food"),
    ]
    assert found.files == (("general.yaml", "changed"), ("old.yaml", "removed"))

"""What came of judging once more what was judged before."""

import msgspec

#: Audits, or rows of a scan, that are named one by one.
MOST_NAMED = 50


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict beside the one before. `name` is the audit's id, or source and position of a row.

    `same_law`: packs, engine and the state of what services know are what they were. `same_bytes`: so is the answer.
    `masked`: the item lost personal data since, and is judged without it; `hidden`: a rule was met by letters that are
    masked now, and cannot be met again.
    """

    name: str
    tenant: str
    before: str
    now: str
    rules_before: tuple[str, ...]
    rules_now: tuple[str, ...]
    same_law: bool
    same_bytes: bool
    masked: bool = False
    hidden: bool = False


class Comparison(msgspec.Struct):
    """Many of them, counted.

    Of those judged by the same law `identical` gave the same bytes and `different` did not (named). `masked` are of
    items that lost personal data; `unclear` those of them for which that matters: they stand in no other count below.
    `verdicts` counts `before > now`; `tenants` the same by tenant;
    `appeared` and `vanished` count verdicts by rule that counts now and did not, or the other way; `categories` those
    whose rules changed by category of the rule. `unread` could not be judged again (named with the reason).
    """

    verdicts_total: int = 0
    same_law: int = 0
    identical: int = 0
    masked: int = 0
    unclear: int = 0
    different_count: int = 0
    different: list[str] = msgspec.field(default_factory=list)
    unread_count: int = 0
    unread: list[str] = msgspec.field(default_factory=list)
    verdicts: dict[str, int] = msgspec.field(default_factory=dict)
    tenants: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    appeared: dict[str, int] = msgspec.field(default_factory=dict)
    vanished: dict[str, int] = msgspec.field(default_factory=dict)
    categories: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, one: Again, categories: dict[str, str]) -> None:
        """Count one; `categories` knows the category of a rule."""
        self.verdicts_total += 1
        self.same_law += one.same_law
        self.masked += one.masked
        if one.same_law and one.same_bytes:
            self.identical += 1
        elif one.masked and (one.same_law or one.hidden):
            self.unclear += 1
            return
        elif one.same_law:
            self.different_count += 1
            if len(self.different) < MOST_NAMED:
                self.different.append(one.name)
        change = f"{one.before} > {one.now}"
        _count(self.verdicts, change)
        _count(self.tenants.setdefault(one.tenant, {}), change)
        before, now = set(one.rules_before), set(one.rules_now)
        for rule in now - before:
            _count(self.appeared, rule)
        for rule in before - now:
            _count(self.vanished, rule)
        for category in {categories.get(rule, "other") for rule in before ^ now}:
            _count(self.categories, category)

    def miss(self, name: str, reason: str) -> None:
        """Count one that could not be judged again."""
        self.unread_count += 1
        if len(self.unread) < MOST_NAMED:
            self.unread.append(f"{name}: {reason}")

    def join(self, other: "Comparison") -> None:
        """Count another's in."""
        for name in ("verdicts_total", "same_law", "identical", "masked"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("unclear", "different_count", "unread_count"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.different = (self.different + other.different)[:MOST_NAMED]
        self.unread = (self.unread + other.unread)[:MOST_NAMED]
        for name in ("verdicts", "appeared", "vanished", "categories"):
            mine = getattr(self, name)
            for key, count in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + count
        for tenant, counts in other.tenants.items():
            mine = self.tenants.setdefault(tenant, {})
            for key, count in counts.items():
                mine[key] = mine.get(key, 0) + count

    @property
    def changed(self) -> int:
        """Verdicts that are another now."""
        return sum(count for change, count in self.verdicts.items() if len(set(change.split(" > "))) > 1)


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1

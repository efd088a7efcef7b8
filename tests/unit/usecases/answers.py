"""Answers for report and suppression tests, built by hand: what they say is theirs, not the engine's."""

from datetime import date

from claimlens.domain.finding import Change, Citation, Finding, Resolution, Severity, Suggestion
from claimlens.domain.item import Item
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import AllergenEntry, AllergenSummary, Outcome, Verdict
from claimlens.gate.ingest import Read, Unread
from claimlens.usecases.menus import Checked, NotChecked, Tally
from claimlens.usecases.reports import Report, Run

LAW = Citation("Food (Claims) Act <2020>", "s. 4", "https://law.example/act/2020")
RUN = Run(on_date=date(2026, 11, 23), files=("menu.json",), version="1.2.3")
SOURCE = """{"id": "j-1",
  "name": "Immune <b>Juice</b>",
  "description": "Boosts immunity. Low fat.",
  "claims": ["Boosts immunity"]}"""


def finding(words="Boosts immunity", field="/description", start=0, **changed) -> Finding:
    given = {
        "rule_id": "GB-HEALTH-001",
        "transform": "detect.claims",
        "severity": Severity.MODIFY,
        "resolution": Resolution.AUTO,
        "field": field,
        "span": (start, start + len(words)),
        "matched_text": words,
        "why": "A health effect may be claimed only in its authorised wording.",
        "citation": LAW,
        "source": LAW.url,
        "suggestions": (Suggestion("Vitamin C contributes to …", "vitamin_c 30 mg"),),
    }
    return Finding(**{**given, **changed})


def verdict(*reasons: Finding, **changed) -> Verdict:
    heaviest = max((reason.severity.rank for reason in reasons), default=0)
    given = {
        "item_id": "j-1",
        "verdict": list(Outcome)[heaviest],
        "needs_review": False,
        "reasons": reasons,
        "changes": (),
        "allergens": AllergenSummary(complete=True),
        "nutrition": {},
        "not_checked": (),
        "degraded_services": (),
        "pack_versions": {"gb.claims": "1.0.0"},
    }
    return Verdict(**{**given, **changed})


ITEM = Item(
    id="j-1",
    name="Immune <b>Juice</b>",
    description="Boosts immunity. Low fat.",
    claims=("Boosts immunity",),
    locale="en-GB",
)
LOW_FAT = finding("Low fat", start=17, rule_id="GB-FAT-LOW", severity=Severity.INFO, resolution=Resolution.NONE)
CHANGE = Change("/description", "Boosts immunity. Low fat.", "Low fat.")


def checked(*reasons: Finding, suppressed: dict[int, Suppression] | None = None, **changed) -> Checked:
    read = Read(ITEM, 0, 3, 5, SOURCE, {})
    return Checked("menu.json", read, Answered(verdict(*reasons, **changed), suppressed or {}))


def full() -> Checked:
    """An item with a finding of each severity, a change, allergens and gaps."""
    disease = finding("Immune", "/name", rule_id="GB-DISEASE-001", severity=Severity.BLOCK, resolution=Resolution.HUMAN)
    return checked(
        finding(),
        LOW_FAT,
        disease,
        changes=(CHANGE,),
        needs_review=True,
        allergens=AllergenSummary(
            complete=False,
            contains=(AllergenEntry("milk", ("ghee",)),),
            may_contain=(AllergenEntry("nuts", ("traces of nuts",)),),
            undeclared=("milk",),
        ),
        nutrition={"per": "100 ml", "energy_kcal": 42, "fat_g": 0.1},
        not_checked=("recall.lookup",),
    )


def not_read() -> NotChecked:
    return NotChecked("menu.json", Unread(1, "j-2", "/nutrition/fat", "not a finite number", 9, 3))


def rendered(make, *answers, failures: tuple[str, ...] = (), run: Run = RUN) -> str:
    """What a report writes for the answers."""
    written: list[str] = []
    report: Report = make(written.append, run)
    tally = Tally()
    for answer in answers:
        tally.add(answer)
        report.add(answer)
    report.close(tally, failures)
    return "".join(written)

"""The gate for writers and agents, over this installation's packs."""

from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.usecases.rules import RuleLibrary
from claimlens.usecases.writing import WritingDesk
from claimlens.wiring import open_checker, open_packs


def open_writing_desk(settings: Settings) -> WritingDesk:
    """The desk; its packs are read when the first question of their market comes."""
    return WritingDesk(open_checker(settings, asking=True), RuleLibrary(open_packs(settings)), SystemClock())

"""Scans of this installation. `open_worker` is what other processes, here or on a cluster, open the gate with."""

import gc
from pathlib import Path

import msgspec

import claimlens
from claimlens.adapters.bulk.places import Place
from claimlens.adapters.bulk.results import Results, answers_in
from claimlens.adapters.bulk.sources import Sources
from claimlens.config import Settings, read_settings
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.pack import Pack
from claimlens.ports.scans import ScanEngine, Work
from claimlens.usecases.checks import Checker
from claimlens.usecases.scan_pieces import PieceJudge
from claimlens.usecases.scan_replays import ScanReplay, replayer, unfit_to_replay
from claimlens.usecases.scans import Scans, Setup, unfit, worker
from claimlens.wiring import open_packs


def open_scans(place: str) -> Scans:
    """The scan in a folder. What killed processes left there unfinished is removed."""
    folder = Place(place)
    folder.sweep()
    return Scans(Sources(), folder)


def open_engine(name: str, *, address: str = "", processes: int = 0) -> ScanEngine:
    """`local` or `ray`. Raises ClaimLensError if what it needs is not there."""
    if name == "ray":
        from claimlens.adapters.bulk.engine import RayEngine

        return RayEngine(address, processes=processes)
    from claimlens.adapters.bulk.engine import DaftEngine

    return DaftEngine(processes=processes)


def law(root: Path | None = None, settings: Settings | None = None) -> tuple[dict[str, bytes], dict[str, str]]:
    """The packs that judge, ready to be sent to other processes, and their digests; both by jurisdiction."""
    folder = open_packs(settings, root)
    packs = [folder.load(jurisdiction) for jurisdiction in Jurisdiction if jurisdiction.lower() in folder.names()]
    if not packs:
        raise ClaimLensError(f"there is no rule pack in {folder.root}")
    return (
        {pack.jurisdiction.value: msgspec.msgpack.encode(pack) for pack in packs},
        {pack.jurisdiction.value: pack.digest for pack in packs},
    )


def state_of_recalls(settings: Settings | None = None) -> str:
    """What `recall.lookup` knows here, in a line; two processes with the same line give the same answers."""
    from claimlens.wiring.recalls import open_recalls

    try:
        found = open_recalls(settings).status()
    except ClaimLensError as error:
        return f"unreadable: {error}"
    return ", ".join(f"{one.source} {one.data_as_of} ({one.rows} rows, {one.state})" for one in found) or "none"


def open_worker(setup: bytes) -> Work:
    """What judges the pieces of a scan in a process of its own; the gate is opened here, once."""
    try:
        told, judge = _opened(setup)
    except ClaimLensError as error:
        return unfit(error)
    place = Place(told.place)
    return worker(told, lambda piece: judge.write(piece, place, Results()), place)


def open_replayer(setup: bytes) -> Work:
    """What judges the pieces of a scan once more and lays the answers beside those that it wrote."""
    try:
        told, judge = _opened(setup)
    except ClaimLensError as error:
        return unfit_to_replay(error)
    return replayer(told, judge, Place(told.place), answers_in)


def open_scan_replay(place: str) -> ScanReplay:
    """The replay of the scan in a folder."""
    return ScanReplay(open_scans(place), Place(place))


def checker_of(setup: Setup, settings: Settings) -> Checker:
    """The gate by the packs that came with the plan. Raises ClaimLensError if this process would judge otherwise."""
    terms = setup.terms
    if terms.engine != claimlens.__version__:
        raise ClaimLensError(f"this node runs ClaimLens {claimlens.__version__}, the scan is of {terms.engine}")
    if terms.asking and (here := state_of_recalls(settings)) != terms.recalls:
        raise ClaimLensError(
            f"recalls on this node ({here}) are not those of the scan ({terms.recalls}); share CLAIMLENS_DATA_DIR,"
            " or scan without services"
        )

    def load(jurisdiction: Jurisdiction) -> Pack:
        packed = setup.packs.get(jurisdiction.value)
        if packed is None:
            raise ClaimLensError(f"no rule pack for {jurisdiction} came with the scan")
        pack = msgspec.msgpack.decode(packed, type=Pack)
        gc.freeze()  # it lives as long as the process: no collection need walk it again
        return pack

    if not terms.asking:
        return Checker(load, says_unasked=True)
    from claimlens.wiring.asking import AskHere

    checker = Checker(load, AskHere(settings, lambda: checker))
    return checker


def _opened(setup: bytes) -> tuple[Setup, PieceJudge]:
    told = msgspec.msgpack.decode(setup, type=Setup)
    return told, PieceJudge(checker_of(told, read_settings()), Sources(), told.columns, told.terms)

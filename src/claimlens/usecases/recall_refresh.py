"""Keeping the index of recalls fresh: fetch what the publishers offer, take it in, say what failed."""

import asyncio
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.recall_source import SOURCES
from claimlens.ports.clock import Clock
from claimlens.ports.downloads import DownloadError, Downloads
from claimlens.usecases.recalls import OPEN_FOR_DAYS, Import, Recalls, SourceStatus

#: Bytes of one file as it comes and unpacked, and seconds for it.
MOST_BYTES, MOST_UNPACKED, WITHIN_S = 64 * 1024 * 1024, 256 * 1024 * 1024, 300.0
#: What is asked for again, in days, of a source that was taken in before: rows change after they were published.
OVERLAP_DAYS = 60


class Feed(msgspec.Struct, frozen=True):
    """A file of a source. `{since}` and `{today}` in its URL become days, in any form that a date can be written in."""

    source: str
    url: str


class Refreshed(msgspec.Struct, frozen=True):
    """What came of one source: an import, or why there was none."""

    source: str
    done: Import | None = None
    failure: str = ""


class RecallRefresh:
    """The use case over one index."""

    def __init__(self, recalls: Recalls, downloads: Downloads, feeds: Sequence[Feed], clock: Clock) -> None:
        self._recalls = recalls
        self._downloads = downloads
        self._feeds = feeds
        self._clock = clock

    @property
    def sources(self) -> list[str]:
        """Those that have a feed."""
        return list(dict.fromkeys(feed.source for feed in self._feeds))

    def due(self, after: timedelta) -> list[str]:
        """The sources last taken in longer ago than that, or never. Raises ClaimLensError without an index."""
        known = {status.source: status for status in self._recalls.status()}
        return [source for source in self.sources if self._is_due(known.get(source), after)]

    async def run(self, sources: Iterable[str]) -> list[Refreshed]:
        """Fetch and take in these sources, one after the other; one that fails stops no other."""
        known = {status.source: status for status in await asyncio.to_thread(self._recalls.status)}
        return [await self._refresh(source, known.get(source)) for source in sources]

    def _is_due(self, status: SourceStatus | None, after: timedelta) -> bool:
        if status is None or status.state == "starting":
            return True
        return status.failure != "" or self._clock.now() - datetime.fromisoformat(status.imported_at) >= after

    async def _refresh(self, source: str, status: SourceStatus | None) -> Refreshed:
        try:
            files = [await self._fetch(feed, status) for feed in self._feeds if feed.source == source]
        except DownloadError as error:
            await asyncio.to_thread(self._recalls.note_failure, source, str(error))
            return Refreshed(source, failure=str(error))
        form = source if source in SOURCES else "csv"
        name = "" if source in SOURCES else source
        try:
            done = await asyncio.to_thread(self._recalls.take_in, files, form=form, source=name, live=True)
        except ClaimLensError as error:
            return Refreshed(source, failure=str(error))
        return Refreshed(source, done)

    async def _fetch(self, feed: Feed, status: SourceStatus | None) -> bytes:
        today = self._clock.now().date()
        since = today - timedelta(days=OPEN_FOR_DAYS)
        if status is not None and status.state != "starting":
            since = status.data_as_of - timedelta(days=OVERLAP_DAYS)
        url = dated(feed.url, since, today)
        return unpacked(await self._downloads.fetch(url, most_bytes=MOST_BYTES, within_s=WITHIN_S))


def dated(url: str, since: date, today: date) -> str:
    """A feed's URL for these days. Raises ValueError or LookupError if it asks for anything else."""
    return url.format(since=since, today=today)


def unpacked(data: bytes) -> bytes:
    """The file in a zip, or what is no zip as it is. Raises DownloadError: broken, several files, or far too long."""
    if not data.startswith(b"PK\x03\x04"):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(names) != 1:
                raise DownloadError(f"a zip of {len(names)} files; one is expected")
            with archive.open(names[0]) as file:  # what the archive says of its length is not believed
                found = file.read(MOST_UNPACKED + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DownloadError(f"the zip cannot be unpacked: {error}") from None
    if len(found) > MOST_UNPACKED:
        raise DownloadError(f"longer than {MOST_UNPACKED:,} bytes when unpacked")
    return found

import asyncio

import pytest

from claimlens.adapters.http.addresses import Wall
from claimlens.adapters.http.download import HttpDownloads
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.ports.downloads import DownloadError
from tests.publisher import publishing

DOWNLOADS = HttpDownloads(Wall(SystemResolver(), private=True))


async def fetch(url, most_bytes=1_000, within_s=10.0):
    return await DOWNLOADS.fetch(url, most_bytes=most_bytes, within_s=within_s)


async def test_a_file_as_long_as_it_may_be():
    with publishing() as publisher:
        publisher.offer("/file", b"x" * 1_000)
        assert await fetch(f"{publisher.url}/file") == b"x" * 1_000


async def test_a_longer_one_is_broken_off():
    with publishing() as publisher:
        publisher.offer("/file", b"x" * 1_001)
        with pytest.raises(DownloadError, match="longer than 1,000 bytes"):
            await fetch(f"{publisher.url}/file")


async def test_one_that_never_ends_costs_its_time_and_no_more():
    gone = asyncio.Event()

    async def drip(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            writer.close()
            gone.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DownloadError, match="not there within 0 s"):
            await fetch(f"http://127.0.0.1:{port}/drip", within_s=0.3)
        await asyncio.wait_for(gone.wait(), 10)


async def test_nobody_is_there_and_the_query_is_not_shown():
    with publishing() as publisher:
        url = publisher.url
    with pytest.raises(DownloadError) as raised:
        await fetch(f"{url}/file?key=secret")
    assert str(raised.value) == f"{url}/file: no connection, or it broke off"


async def test_a_private_address_is_refused_unless_opened():
    with publishing() as publisher:
        publisher.offer("/file", b"x")
        closed = HttpDownloads(Wall(SystemResolver()))
        for url in (publisher.url, publisher.url.replace("http:", "https:"), "https://127.0.0.1:8443"):
            with pytest.raises(DownloadError):
                await closed.fetch(f"{url}/file", most_bytes=10, within_s=5)
        assert publisher.asked == []

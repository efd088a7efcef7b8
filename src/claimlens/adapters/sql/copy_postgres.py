"""PostgreSQL copied by pg_dump and brought back by psql, as the runbook does by hand."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.snapshot import snapshot, snapshot_of
from claimlens.domain.backup import Snapshot
from claimlens.domain.errors import BackupError

_PIECE = 1 << 20
_PASSWORD = re.compile(r"^(?P<before>\w+://[^/?#@]*?):(?P<password>[^/?#@]*)@")
_EMPTIED = b"DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"


class PostgresCopy:
    """A StoreCopy (`ports/backup.py`) of the database at a URL. `programs`: the folder of pg_dump and psql."""

    dialect = "postgresql"

    def __init__(self, url: str, programs: Path | None = None) -> None:
        self.url = url
        self._programs = programs

    @asynccontextmanager
    async def pieces(self) -> AsyncIterator[tuple[Snapshot, Iterator[bytes]]]:
        """What the store holds, and the dump of exactly that: both look at one snapshot of the database."""
        database = Database(self.url)
        try:
            async with database.alone() as connection:
                await connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
                await connection.exec_driver_sql("SET statement_timeout = 0")
                await connection.commit()
                await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                name = (await connection.execute(sa.text("SELECT pg_export_snapshot()"))).scalar_one()
                yield await snapshot(connection), self._dump(name)
                await connection.rollback()
        finally:
            await database.close()

    async def restore(self, pieces: Iterable[bytes], *, replace: bool) -> None:
        """Bring a dump back in one transaction. Without `replace` only into a database without tables."""
        if not replace and await self._has_tables():
            raise BackupError("the database has tables; say --replace to put the backup in their place")
        await asyncio.to_thread(self._restore, pieces, replace)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator["PostgresCopy"]:
        """A database of its own on the same server; the role needs CREATEDB."""
        name = f"claimlens_drill_{os.getpid()}_{os.urandom(4).hex()}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield PostgresCopy(urlunsplit(urlsplit(self.url)._replace(path=f"/{name}")), self._programs)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def snapshot(self) -> Snapshot:
        """What the store holds."""
        database = Database(self.url)
        try:
            return await snapshot_of(database)
        finally:
            await database.close()

    def _dump(self, snapshot_name: str) -> Iterator[bytes]:
        options = ["--no-owner", "--no-privileges", f"--snapshot={snapshot_name}"]
        with self._run("pg_dump", *options, stdout=subprocess.PIPE) as (process, complaints):
            assert process.stdout is not None
            while piece := process.stdout.read(_PIECE):
                yield piece
            _check("pg_dump", process, complaints)

    def _restore(self, pieces: Iterable[bytes], replace: bool) -> None:
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        with self._run("psql", *options, stdin=subprocess.PIPE) as (process, complaints):
            assert process.stdin is not None
            try:
                if replace:
                    process.stdin.write(_EMPTIED)
                for piece in pieces:
                    process.stdin.write(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it says why on its standard error
            except BaseException:
                process.kill()  # nothing is committed
                raise
            _check("psql", process, complaints)

    def _run(self, program: str, *options: str, **pipes: int) -> "_Running":
        url, environ = self.url, dict(os.environ)
        if found := _PASSWORD.match(url):
            # In the environment: everybody on the machine can read a command line.
            environ["PGPASSWORD"] = unquote(found["password"])
            url = f"{found['before']}@{url[found.end() :]}"
        return _Running([self._program(program), *options, f"--dbname={url}"], environ, pipes)

    def _program(self, name: str) -> str:
        if self._programs is not None:
            return str(self._programs / name)
        installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
        if installed:
            return str(installed[-1])
        if found := shutil.which(name):
            return found
        raise BackupError(f"there is no {name}: install PostgreSQL's client programs, or say CLAIMLENS_PG_BIN")

    async def _has_tables(self) -> bool:
        database = Database(self.url)
        try:
            async with database.read(fresh=True) as connection:
                found = sa.text("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')")
                return bool((await connection.execute(found)).scalar_one())
        finally:
            await database.close()

    async def _execute(self, statement: str) -> None:
        try:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()
        except (asyncpg.PostgresError, OSError) as error:
            raise BackupError(f"a scratch database cannot be made or removed: {error}") from error


class _Running:
    """A program of PostgreSQL as long as a block lasts, with what it complains about."""

    def __init__(self, command: list[str], environ: dict[str, str], pipes: dict[str, int]) -> None:
        self._command = command
        self._environ = environ
        self._pipes = pipes

    def __enter__(self) -> "tuple[subprocess.Popen[bytes], IO[bytes]]":
        self._complaints = tempfile.NamedTemporaryFile()
        try:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=self._pipes.get("stdin", subprocess.DEVNULL),
                stdout=self._pipes.get("stdout"),
                stderr=self._complaints,
            )
        except OSError as error:
            raise BackupError(f"{self._command[0]} cannot be started: {(error.strerror or '').lower()}") from None
        return self._process, self._complaints

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._complaints.close()


def _check(program: str, process: "subprocess.Popen[bytes]", complaints: IO[bytes]) -> None:
    if process.wait():
        complaints.seek(0)
        lines = complaints.read().decode(errors="replace").split("\n")
        raise BackupError(f"{program}: {next((line for line in lines if line.strip()), 'failed')}")

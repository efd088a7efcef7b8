"""Whatever is stored has its end: every table is in the reference, and what the reference says goes, goes."""

import re
from pathlib import Path

import pytest

from claimlens.adapters.sql.retention import OWNED, TABLES
from claimlens.adapters.sql.tables import job_chunks, metadata
from claimlens.adapters.sql.tenants import erased_tables
from claimlens.domain.retention import POLICIES, WAITING_KEPT, Data

PAGE = (Path(__file__).parents[2] / "docs/reference/stored-data.md").read_text(encoding="utf-8")
TENANTS, INSTALLATION = PAGE.split("## Of the installation")
#: What lets go of rows besides the purge.
OTHERS = {"sealing", "erasure", "deliveries", "worker, hourly", "deletion", "overwritten", "nothing", "purge, each"}


def rows(text):
    """Table → how long, goes by."""
    found = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    return {name: (kept, by.strip()) for name, kept, by in found}


PURGED = {table.name: data for data, table in OWNED.items()}
PURGED |= {table.name: data for data, kept in TABLES.items() for table in kept} | {job_chunks.name: Data.JOBS}


def test_every_table_is_in_the_reference():
    assert sorted([*rows(TENANTS), *rows(INSTALLATION)]) == sorted(table.name for table in metadata.sorted_tables)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_what_is_said_of_a_table_is_what_is_done(table):
    kept, by = (rows(TENANTS) | rows(INSTALLATION))[table.name]
    if table.name not in PURGED:
        assert by in OTHERS
        return
    data = PURGED[table.name]
    assert by == f"purge `{data.value}`"
    if (policy := POLICIES[data].kept) is not None and table is not job_chunks:
        days, hours = f"{policy.days} days", f"{policy.total_seconds() / 3600:g} hours"
        assert days in kept or hours in kept


def test_a_delivery_that_waits_too():
    assert f"switched off {WAITING_KEPT.days} days" in rows(TENANTS)["deliveries"][0]


def test_a_table_of_tenants_is_erased_with_its_tenant():
    owned = {table.name for table in metadata.sorted_tables if "tenant_id" in table.c}
    assert owned == set(rows(TENANTS)) == {table.name for table in erased_tables()}


def test_every_kind_that_is_purged_is_a_table_of_its_own():
    assert set(OWNED) | set(TABLES) == set(Data)
    assert not set(OWNED) & set(TABLES)
    assert {data for data, policy in POLICIES.items() if policy.kept is None} == set(OWNED)

"""Whom to write to, tenant by tenant: ClaimLens sends no mail itself."""

import csv
import io
from collections.abc import Iterable

from claimlens.kit.spreadsheet import safe_cell
from claimlens.usecases.tenants import TenantView

COLUMNS = ("tenant", "name", "contact_email", "isolated")


def contacts(tenants: Iterable[TenantView]) -> list[tuple[str, str, str, str]]:
    """The tenants that have an address, in the order of `COLUMNS`."""
    return [(t.id, t.name, t.contact_email, "yes" if t.isolated else "no") for t in tenants if t.contact_email]


def contacts_csv(rows: Iterable[tuple[str, ...]]) -> str:
    """As CSV with a heading; texts that a spreadsheet would take for formulas are quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([[safe_cell(each) for each in row] for row in rows])
    return out.getvalue()

"""The sources of recalls that ClaimLens knows: whose market, under which licence, how long their word is fresh."""

import msgspec

from claimlens.domain.jurisdiction import Jurisdiction


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A publisher of recalls. `closes`: its records say when a recall has ended."""

    name: str
    publisher: str
    market: Jurisdiction
    url: str
    licence: str
    attribution: str
    closes: bool = False


SOURCES = {
    "openfda": Source(
        name="openfda",
        publisher="U.S. Food and Drug Administration, food enforcement reports (openFDA)",
        market=Jurisdiction.US,
        url="https://api.fda.gov/food/enforcement.json",
        licence="public domain (CC0 1.0)",
        attribution="Source: U.S. Food and Drug Administration, openFDA. Not endorsed by the FDA.",
        closes=True,
    ),
    "fsa": Source(
        name="fsa",
        publisher="Food Standards Agency, food alerts",
        market=Jurisdiction.GB,
        url="https://data.food.gov.uk/food-alerts",
        licence="Open Government Licence v3.0",
        attribution="Contains public sector information licensed under the Open Government Licence v3.0 "
        "(https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/). Source: Food Standards Agency.",
    ),
    "rasff": Source(
        name="rasff",
        publisher="European Commission, RASFF Window",
        market=Jurisdiction.EU,
        url="https://webgate.ec.europa.eu/rasff-window",
        licence="Commission Decision 2011/833/EU (reuse with attribution)",
        attribution="Source: European Commission, RASFF Window. © European Union.",
    ),
}

"""Which pages there are for whom."""

from typing import NamedTuple

from claimlens.domain.tenant import Principal
from claimlens.usecases.permissions import may


class Link(NamedTuple):
    """A page in the navigation."""

    path: str
    name: str
    action: str
    is_here: bool = False
    beside: str = ""


_LINKS = (
    Link("/console", "Playground", "gate.preview"),
    Link("/console/dashboard", "Dashboard", "audits.read"),
    Link("/console/reviews", "Reviews", "reviews.read"),
    Link("/console/audits", "Audits", "audits.read"),
    Link("/console/rules", "Rules", "rules.read", beside="/console/packs"),
    Link("/console/policies", "Policies", "tenants.read"),
    Link("/console/profiles", "Profiles", "profiles.read"),
    Link("/console/jobs", "Jobs", "jobs.read"),
    Link("/console/webhooks", "Webhooks", "webhooks.read"),
    Link("/console/keys", "API keys", "api_keys.read"),
    Link("/console/users", "People", "users.read"),
    Link("/console/access-log", "Access log", "access_log.read"),
    Link("/console/settings", "Settings", "tenants.settings"),
    Link("/console/services", "Services", "services.read"),
    Link("/console/performance", "SLO", "operations.read"),
    Link("/console/tenants", "Tenants", "tenants.create"),
)


def links_for(principal: Principal | None, path: str) -> list[Link]:
    """What the visitor may open, the present page marked."""
    if principal is None:
        return []
    return [link._replace(is_here=_is_here(link, path)) for link in _LINKS if may(principal, link.action)]


def _is_here(link: Link, path: str) -> bool:
    if link.beside and (path == link.beside or path.startswith(f"{link.beside}/")):
        return True
    return path == link.path or (link.path != "/console" and path.startswith(f"{link.path}/"))

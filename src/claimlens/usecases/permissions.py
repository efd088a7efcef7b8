"""Who may do what: the one table of actions and roles. `docs/reference/roles.md` shows it, a test compares the two.

Every use case names its action with `require`; routes, commands and pages hold no rule of their own.
"""

from claimlens.domain.errors import RefusedError
from claimlens.domain.tenant import Principal, Role

_PLATFORM = frozenset({Role.PLATFORM_ADMIN})
_ADMINS = _PLATFORM | {Role.ADMIN}
_EDITORS = _ADMINS | {Role.EDITOR}
_READERS = _EDITORS | {Role.VIEWER}
_PUBLISHERS = _EDITORS | {Role.PUBLISHER}

#: Action → the roles that may, each within its own tenant; a platform administrator's tenant is every tenant.
ACTIONS: dict[str, frozenset[Role]] = {
    # The gate. A publisher reads the jobs that its own key sent; `jobs.read_all` reads those of the whole tenant.
    "gate.judge": _PUBLISHERS,
    "gate.preview": frozenset(Role),
    "jobs.create": _PUBLISHERS,
    "jobs.cancel": _PUBLISHERS,
    "jobs.read": _PUBLISHERS | _READERS,
    "jobs.read_all": _READERS,
    # Records.
    "audits.read": _READERS,
    "audits.prove": _READERS,
    # A link by which everybody who has it reads one verdict for some days.
    "audits.share": _EDITORS,
    "audits.export": _ADMINS,
    "menu.export": _EDITORS,
    # What the rules are. They hold nothing of any tenant.
    "rules.read": frozenset(Role),
    # What needs a person: the queue, and deciding.
    "reviews.read": _READERS,
    "reviews.decide": _EDITORS,
    # Tenants. `tenants.update` opens the route: an editor changes brand names and suppressions, an administrator the
    # other settings too; what a tenant may use of the platform is the platform administrators' to say.
    "tenants.read": _READERS,
    "tenants.update": _EDITORS,
    "tenants.settings": _ADMINS,
    "tenants.export": _ADMINS,
    "tenants.limits": _PLATFORM,
    "tenants.create": _PLATFORM,
    "tenants.isolate": _PLATFORM,
    "tenants.erase": _PLATFORM,
    # Who gets in, and who did what.
    "api_keys.read": _ADMINS,
    "api_keys.create": _ADMINS,
    "api_keys.rotate": _ADMINS,
    "api_keys.revoke": _ADMINS,
    "users.read": _ADMINS,
    "users.create": _ADMINS,
    "users.update": _ADMINS,
    "users.delete": _ADMINS,
    "access_log.read": _ADMINS,
    # Webhooks. An address may hold a secret of its own, so reading them is the administrators' too.
    "webhooks.read": _ADMINS,
    "webhooks.create": _ADMINS,
    "webhooks.update": _ADMINS,
    "webhooks.delete": _ADMINS,
    "webhooks.redeliver": _ADMINS,
    # The installation. `operations.read`: metrics and the like, from outside the operators' networks.
    "maintenance.read": frozenset(Role),
    "maintenance.write": _PLATFORM,
    "installation.rotate": _PLATFORM,
    "operations.read": _PLATFORM,
    "services.read": frozenset(Role),
    "services.write": _PLATFORM,
    "profiles.read": frozenset(Role),
    "profiles.switch": _PLATFORM,
    "incidents.read": _PLATFORM,
    "incidents.write": _PLATFORM,
    "deployments.read": _PLATFORM,
    "deployments.write": _PLATFORM,
}

#: A key or a user is made by one who has at least the same rank.
_RANKS = {Role.PUBLISHER: 0, Role.VIEWER: 0, Role.EDITOR: 1, Role.ADMIN: 2, Role.PLATFORM_ADMIN: 3}


def may(principal: Principal, action: str) -> bool:
    """Whether the principal may do this within its scope. Raises KeyError for an action that is not in the table."""
    return principal.role in ACTIONS[action]


def require(principal: Principal, action: str) -> None:
    """Raises RefusedError, saying which roles may, unless the principal may do this."""
    if not may(principal, action):
        roles = " or ".join(role for role in Role if role in ACTIONS[action])
        raise RefusedError(f"{action} needs the role {roles}; yours is {principal.role}")


def require_rank(principal: Principal, role: Role) -> None:
    """Raises RefusedError if the role is above the principal's own: nobody hands on more than they have.

    Asked for whoever makes, changes, rotates or revokes a key or a user of that role: who could rotate a platform
    administrator's key would hold it.
    """
    if _RANKS[role] > _RANKS[principal.role]:
        raise RefusedError(f"the role {role} is above yours, {principal.role}")


def roles_within(principal: Principal) -> list[Role]:
    """The roles that the principal may hand on, the highest first."""
    return sorted((role for role in Role if _RANKS[role] <= _RANKS[principal.role]), key=lambda role: -_RANKS[role])

"""Whom to reach when something is wrong."""

from collections.abc import Mapping

import msgspec


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to reach a team, or a company outside; what is empty there is not."""

    slack: str = ""
    email: str = ""
    phone: str = ""
    pagerduty: str = ""


class OnCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How on-call duty goes, in words: how often it changes, to whom it goes on."""

    rotation: str = ""
    escalation: str = ""


class Contacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody, by name."""

    on_call: OnCall = OnCall()
    teams: Mapping[str, Contact] = {}
    external: Mapping[str, Contact] = {}

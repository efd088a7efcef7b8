"""Profiles: which steps judge, and how long services may take."""

from typing import Any

from litestar.params import FromPath
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import ProfileList
from claimlens.entry.api.spec import Answer, Spec, Takes, route
from claimlens.usecases.profiles import ProfileChange, ProfileView

_TAG = "Operations"
_ONE = "/v1/profiles/{profile_id:str}"
_CHANGE: dict[str, Any] = {
    "off": ["detect.recalls"],
    "services_ms": 40,
    "reason": "The index of recalls is being rebuilt",
}
_PROFILE: dict[str, Any] = {
    "id": "menushield_gb",
    "jurisdiction": "GB",
    "budget_ms": 150,
    "services_ms": 40,
    "usual_services_ms": 60,
    "transforms": [
        {"transform": "detect.claims", "state": "on", "paused": None},
        {"transform": "detect.recalls", "state": "off", "paused": None},
    ],
    "changed": {**_CHANGE, "by": "cli:root", "since": "2026-11-23T10:30:00.000000Z"},
}


@route(
    "GET",
    "/v1/profiles",
    Spec(
        name="listProfiles",
        tag=_TAG,
        summary="The profiles as they judge now",
        about="A transform is `on`, `off`, `paused` until a moment in every profile, or `absent`: none of the "
        "profile's. What is off or paused stands in `not_checked` of every verdict.",
        action="profiles.read",
        answers=(Answer(shape=ProfileList, example={"profiles": [_PROFILE]}),),
    ),
)
async def overview(call: TheCall) -> Response[bytes]:
    """The profiles as they judge now."""
    return reply.json({"profiles": await call.service.profiles.overview(call.principal)})


@route(
    "PATCH",
    _ONE,
    Spec(
        name="changeProfile",
        tag=_TAG,
        summary="Let a profile be like this",
        about="For the whole installation, in every process within two seconds. What is not given is as the profile "
        "came: an empty `off` switches everything on again. The reason stands in the access log.",
        action="profiles.switch",
        closes=True,
        takes=Takes.JSON,
        shape=ProfileChange,
        examples={"default": _CHANGE},
        answers=(Answer(shape=ProfileView, example=_PROFILE),),
        problems=("NOT_FOUND",),
    ),
)
async def change(call: TheCall, profile_id: FromPath[str]) -> Response[bytes]:
    """Change a profile."""
    wanted = await call.read(ProfileChange)
    return reply.json(await call.service.profiles.change(call.principal, profile_id, wanted))


ROUTES = [overview, change]

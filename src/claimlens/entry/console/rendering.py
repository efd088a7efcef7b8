"""Templates, and how values look on pages."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jinja2
from markupsafe import Markup

import claimlens
from claimlens.domain.notice import NOTICE
from claimlens.entry.console import statics

#: Nothing from elsewhere, no script or style but our files.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: A sign beside the word, so that colour alone says nothing.
SIGNS = {"allow": "✓", "modify": "✎", "block": "✕", "info": "i"}
#: How a state looks: the colours of a severity, a sign, and the word for it.
STATES = {
    "ok": ("allow", "✓", "ok"),
    "warning": ("modify", "!", "warning"),
    "critical": ("block", "✕", "critical"),
    "no_data": ("info", "–", "no data"),
    "out": ("block", "✕", "out"),
    "trying": ("modify", "…", "trying again"),
    "off": ("modify", "‖", "switched off"),
    "fresh": ("allow", "✓", "fresh"),
    "starting": ("info", "…", "starting"),
    "stale": ("modify", "!", "stale"),
    "failed": ("block", "✕", "failed"),
    "isolated": ("block", "✕", "isolated"),
    "receiving": ("info", "…", "receiving"),
    "queued": ("info", "…", "waiting"),
    "running": ("info", "▸", "running"),
    "finished": ("allow", "✓", "finished"),
}


@lru_cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("claimlens.entry.console", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "static": statics.url_of,
        "signs": SIGNS,
        "states": STATES,
        "version": claimlens.__version__,
        "notice": NOTICE,
    }
    environment.filters |= {"moment": moment, "day": day, "number": number, "plural": plural, "place": place}
    return environment


def rendered(template: str, values: dict[str, Any]) -> str:
    """A template with its values."""
    return _environment().get_template(template).render(values)


def moment(value: datetime | str | None) -> str:
    """A moment in UTC, which a script shows in the reader's own zone; a dash for none."""
    if value is None:
        return Markup('<span class="soft">–</span>')
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    at = at.astimezone(UTC)
    full = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{} UTC</time>').format(full, at.strftime("%Y-%m-%d %H:%M"))


def day(value: datetime) -> str:
    """The day of a moment, UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d")


def number(value: float | None, places: int = 0) -> str:
    """A number with thin spaces between thousands; a dash for none."""
    return "–" if value is None else f"{value:,.{places}f}".replace(",", "\u202f")


def plural(count: int, one: str, many: str = "") -> str:
    """A count and its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def place(pointer: str) -> str:
    """A JSON Pointer into an item as people say it: `/claims/0` is "Claims 1"."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    steps = ["print of the label" if step == "ocr_text" else step for step in steps]
    words = [str(int(step) + 1) if step.isdigit() else step.replace("_", " ") for step in steps]
    return " ".join(words).capitalize() if words else "The whole item"

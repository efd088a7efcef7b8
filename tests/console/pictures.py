"""Pictures of the console for the documents, made anew: `python -m tests.console.pictures [FOLDER]`.

Each is what a reader of docs/reference/console.md sees: one page, one width, one theme, few colours to stay small.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Page

from tests.browser import launched
from tests.console.world import CHANGED, DOUBTFUL, PLAIN, World, world
from tests.valkey import eventually

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "pictures"
_COLOURS = 96
_HEIGHT = 820


class Picture(NamedTuple):
    """A page as somebody sees it; `{doubtful}` is the audit of an item that needs a person."""

    name: str
    path: str
    role: str
    width: int = 1280
    theme: str = "light"


PICTURES = (
    Picture("playground", "/console?example=1", "editor"),
    Picture("reviews", "/console/reviews", "editor", width=1000),
    Picture("audit", "/console/audits/{doubtful}", "admin"),
    Picture("performance", "/console/performance", "platform_admin"),
    Picture("services", "/console/services", "platform_admin", theme="dark"),
)


def prepare(made: World) -> dict[str, str]:
    """Something to be seen: audits, one of them sealed."""
    tea = {"name": "Melts belly fat tea", "ingredients": "tea"}
    for number in range(40):
        one = (PLAIN, CHANGED, tea, PLAIN)[number % 4]
        made.judge({**one, "id": f"item-{number}"}, locale=("en-IN", "en-GB", "en-US")[number % 3])
    doubtful = made.judge(DOUBTFUL)[0]["audit_id"]

    def is_sealed() -> bool:
        return bool(made.server.ask("GET", f"/v1/audits/{doubtful}/proof").json()["sealed"])

    eventually(is_sealed, "the audit is sealed", within_s=120)
    return {"doubtful": doubtful}


def switch_off(made: World) -> None:
    """A service that is switched off, for the picture that shows it; the last one."""
    with made.as_("platform_admin") as page:
        page.goto("/console/services")
        form = page.locator("form.switch", has_text="alt.suggester")
        form.get_by_label("Reason").fill("its server is moved")
        form.get_by_role("button", name="Switch off").click()
        page.locator("tr", has_text="switched off").wait_for()


def taken(page: Page) -> bytes:
    """The picture of a page as a small PNG."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    out = io.BytesIO()
    picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def make(folder: Path) -> None:
    """All of them, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, launched() as browser:
        at = Path(data)
        with world(at, browser, f"sqlite:///{at / 'pictures.db'}", CLAIMLENS_SEAL_INTERVAL_S="10") as made:
            names = prepare(made)
            for one in PICTURES:
                if one.name == "services":
                    switch_off(made)
                size = {"width": one.width, "height": _HEIGHT}
                with made.as_(one.role, color_scheme=one.theme, viewport=size) as page:
                    page.goto(one.path.format(**names))
                    (folder / f"{one.name}.png").write_bytes(taken(page))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

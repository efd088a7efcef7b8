"""A photo of a label from end to end: `POST /v1/labels/scan` of a server process, and `claimlens check --image`."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.mcp_serving import mcp_serving
from tests.ocr_engine import label_png, needs_models, png
from tests.serving import Server, serving

pytestmark = needs_models
ROOT = Path(__file__).parents[2]
#: How long starting the engine takes is no matter here.
PATIENT = {"CLAIMLENS_OCR_LIMIT_MS": "60000"}
LABEL = [
    "Golden Boost Cereal",
    "Boosts your immunity",
    "Ingredients: wheat flour, sugar, milk powder, salt.",
    "Contains wheat.",
    "Nutrition per 100 g",
    "Energy 1582 kJ / 378 kcal",
    "Fat 8.9 g",
    "Sugars 31 g",
    "Salt 0.4 g",
    "Questions? Write to jo.bloggs@cereal.example",
]


@pytest.fixture(scope="module")
def image():
    return label_png(LABEL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data"), environ=PATIENT) as running:
        yield running


def scan(server: Server, image: bytes, item=None, *, locale: str = "en-GB", headers=()):
    parts = [("image", 'filename="label.png"', image), ("locale", "", locale.encode())]
    if item is not None:
        parts.append(("item", "", json.dumps(item).encode()))
    body = b"".join(
        f'--x1\r\nContent-Disposition: form-data; name="{name}"; {rest}\r\n\r\n'.encode() + data + b"\r\n"
        for name, rest, data in parts
    )
    sent = {"Content-Type": "multipart/form-data; boundary=x1", **dict(headers)}
    return server.ask("POST", "/v1/labels/scan", body + b"--x1--\r\n", headers=sent, within_s=90)


def children(pid: int) -> list[int]:
    """Processes that read labels for a server."""
    told = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line.split()[0]) for line in told.stdout.splitlines() if "adapters.ocr.child" in line]


class TestScan:
    def test_the_label_is_the_item(self, server, image):
        answer = scan(server, image)
        verdict = answer.json()
        label = verdict["label"]
        assert (answer.status, verdict["verdict"], verdict["degraded_services"]) == (200, "block", [])
        assert "ocr.label" not in verdict["not_checked"]
        assert verdict["nutrition"]["fat_g"] == 8.9
        assert label["name"]["text"] == "Golden Boost Cereal"
        assert label["ingredients"]["text"] == "wheat flour, sugar, milk powder, salt"
        assert verdict["allergens"]["undeclared"] == ["milk"]
        (claim,) = [one for one in verdict["reasons"] if one["matched_text"] == "Boosts your immunity"]
        start, end = claim["span"]
        assert (claim["field"], label["text"][start:end]) == ("/ocr_text", "Boosts your immunity")
        (line,) = [one for one in label["lines"] if one["span"][0] <= start and end <= one["span"][1]]
        (left, top), _, (right, bottom), _ = line["box"]
        assert 20 < left < right < label["width"]
        assert 50 < top < bottom < 120

    def test_what_is_known_of_the_item_goes_before_the_label(self, server, image):
        known = {"id": "c-1", "name": "Corn flakes", "kind": "menu_item", "nutrition": {"per_100g": {"fat": "1 g"}}}
        verdict = scan(server, image, known).json()
        assert (verdict["item_id"], verdict["nutrition"]["fat_g"]) == ("c-1", 1)
        assert "/name" not in verdict["label"]["fields"]
        assert "/ingredients" in verdict["label"]["fields"]

    def test_the_audit_holds_what_was_read_without_personal_data(self, server, image):
        verdict = scan(server, image).json()
        assert "jo.bloggs" not in json.dumps(verdict["label"])
        audit = server.ask("GET", f"/v1/audits/{verdict['audit_id']}").json()
        assert audit["item"]["ocr_text"].startswith("Golden Boost Cereal")
        assert "jo.bloggs" not in json.dumps(audit)
        assert audit["item"]["image"]["digest"].startswith("sha256:")

    def test_the_same_key_gives_the_same_bytes(self, server, image):
        once, again = (scan(server, image, headers={"Idempotency-Key": "photo-1"}) for _ in range(2))
        assert once.body == again.body
        assert again.headers["idempotency-replayed"] == "true"

    def test_a_photo_of_nothing_is_refused_or_leaves_the_item(self, server):
        blank = png(600, 400)
        alone = scan(server, blank)
        assert (alone.status, alone.json()["errors"][0]["pointer"]) == (400, "/image")
        verdict = scan(server, blank, {"name": "Soup", "ingredients": "water"}).json()
        assert (verdict["verdict"], verdict["degraded_services"]) == ("allow", [])
        assert "ocr.label" in verdict["not_checked"]
        assert "no print" in verdict["label"]["cannot"]

    def test_a_bomb_is_refused_by_its_header(self, server):
        answer = scan(server, png(60_000, 60_000, b""), {"name": "Soup"})
        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (400, "/image")

    def test_a_reader_killed_in_the_middle_costs_nobody_an_answer(self, server, image):
        scan(server, image)
        (child,) = children(server.pid)
        os.kill(child, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(scan, server, image)
            os.kill(child, signal.SIGKILL)
            verdict = asked.result(90).json()
        assert (verdict["degraded_services"], verdict["label"]["name"]["text"]) == ([], "Golden Boost Cereal")
        assert child not in children(server.pid)

    def test_others_are_served_while_a_label_is_read(self, server, image):
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(scan, server, image)
            served = 0
            while not reading.done():
                assert (
                    server.ask("POST", "/v1/menu/validate", {"item": {"name": "Tea"}, "locale": "en-GB"}).status == 200
                )
                served += 1
        assert served > 3


def test_a_reader_too_slow_leaves_the_text_that_came_along(tmp_path, image):
    with serving(tmp_path, environ={"CLAIMLENS_OCR_LIMIT_MS": "100"}) as server:
        verdict = scan(server, image, {"name": "Soup"}).json()
        assert verdict["degraded_services"] == ["ocr.label"]
        assert "ocr.label" in verdict["not_checked"]
        assert "label" not in verdict
        alone = scan(server, image)
        assert (alone.status, alone.json()["code"]) == (503, "OVERLOADED")
        assert alone.headers["retry-after"] == "30"


def test_a_label_read_by_a_server_of_its_own(tmp_path, image):
    (tmp_path / "ocr").mkdir()
    with mcp_serving(tmp_path / "ocr", "ocr.label") as reader:
        environ = {**PATIENT, "CLAIMLENS_MCP_OCR_LABEL_URL": reader.url}
        with serving(tmp_path, environ=environ) as server:
            verdict = scan(server, image).json()
            assert verdict["label"]["ingredients"]["text"] == "wheat flour, sugar, milk powder, salt"
            assert children(server.pid) == []
            reader.stop()
            verdict = scan(server, image, {"name": "Soup"}).json()
            assert verdict["degraded_services"] == ["ocr.label"]


class TestCheck:
    @pytest.fixture
    def claimlens(self, tmp_path, tmp_path_factory):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CLAIMLENS_")}
        environ = {**kept, "PYTHONPATH": str(ROOT / "src"), "CLAIMLENS_DATA_DIR": str(tmp_path)}

        def call(*arguments, before: str = "pass"):
            code = f"import sys; {before}; from claimlens.entry.cli import main; main()"
            done = subprocess.run(
                [sys.executable, "-c", code, *map(str, arguments)],
                capture_output=True,
                text=True,
                env=environ,
                cwd=tmp_path,
                check=False,
            )
            assert "Traceback" not in done.stderr
            return done.returncode, done.stdout, done.stderr

        return call

    def test_a_label_is_judged(self, claimlens, tmp_path, image):
        (tmp_path / "label.png").write_bytes(image)
        code, out, _ = claimlens("check", "--image", "label.png", "--locale", "en-GB", "--json")
        (verdict,) = json.loads(out)["verdicts"]
        assert (code, verdict["verdict"], verdict["item_id"]) == (2, "block", "label")
        assert verdict["label"]["ingredients"]["text"] == "wheat flour, sugar, milk powder, salt"
        assert verdict["allergens"]["undeclared"] == ["milk"]

    def test_what_cannot_be_read_is_told_and_the_rest_is_judged(self, claimlens, tmp_path, image):
        (tmp_path / "good.png").write_bytes(image)
        (tmp_path / "cut.png").write_bytes(image[:300])
        (tmp_path / "menu.json").write_text('{"name": "Tea", "locale": "en-GB"}')
        arguments = ["--image", "cut.png", "--image", "good.png", "--fail-on", "never", "--locale", "en-GB"]
        code, out, err = claimlens("check", "menu.json", *arguments, "--json")
        report = json.loads(out)
        assert (code, [one["item_id"] for one in report["verdicts"]]) == (3, ["item-1", "good"])
        assert report["not_read"][0]["file"] == "cut.png"
        assert "damaged or cut off" in err

    def test_without_the_extra_one_line_says_what_to_install(self, claimlens, tmp_path, image):
        (tmp_path / "label.png").write_bytes(image)
        without = "sys.modules['rapidocr'] = sys.modules['cv2'] = None"
        code, out, err = claimlens("check", "--image", "label.png", "--locale", "en-GB", before=without)
        assert (code, "verdicts" in out) == (1, False)
        assert "pip install 'claimlens[ocr]'" in err
        assert len(err.strip().splitlines()) == 1

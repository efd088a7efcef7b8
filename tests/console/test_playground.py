"""Trying texts, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.world import world
from tests.ocr_engine import needs_models


class TestTyping:
    def test_the_verdict_follows_and_nothing_is_recorded(self, console):
        before = len(console.server.ask("GET", "/v1/audits?limit=200").json()["audits"])
        with console.as_("viewer") as page:
            page.goto("/console")
            page.get_by_label("Market").select_option("en-GB")
            page.get_by_label("Name").press_sequentially("Melts belly fat tea")
            result = page.locator("#result")
            expect(result.get_by_role("heading", level=2)).to_contain_text("block")
            expect(result.locator("mark.block")).to_contain_text(re.compile("belly fat", re.I))
            expect(result.locator(".law a").first).to_have_attribute("href", re.compile("^https://"))
            page.get_by_label("Name").fill("Green tea")
            expect(result.get_by_role("heading", level=2)).to_contain_text("allow")
            expect(result.locator(".allergens .unknown")).to_have_count(14)
            page.get_by_label("Ingredients").fill("green tea, milk powder")
            expect(result.locator(".allergens .contains")).to_contain_text("milk")
            expect(result.locator(".allergens .unknown")).to_have_count(0)
        assert len(console.server.ask("GET", "/v1/audits?limit=200").json()["audits"]) == before

    def test_a_claim_is_held_against_its_numbers(self, console):
        with console.as_("viewer") as page:
            page.goto("/console")
            page.get_by_label("Market").select_option("en-GB")
            page.get_by_label("Name").fill("Low fat yoghurt")
            page.get_by_label("Ingredients").fill("milk")
            result = page.locator("#result")
            expect(result.get_by_text("Not given: fat").first).to_be_visible()
            page.get_by_label("Nutrition").fill("fat: 8 g")
            expect(result.get_by_text("label says 8 g").first).to_be_visible()
            page.get_by_label("Nutrition").fill("fat")
            expect(result.get_by_role("alert")).to_contain_text("line 1")

    def test_the_corrected_text_stands_beside_the_old_one(self, console):
        with console.as_("viewer") as page:
            page.goto("/console?example=1")
            expect(page.locator("#result del").first).to_be_visible()
            expect(page.locator("#result .after").first).to_contain_text("reads then Orange Juice")


class TestWithoutAScript:
    def test_the_button_checks(self, console):
        with console.as_("viewer", java_script_enabled=False) as page:
            page.goto("/console")
            page.get_by_label("Name").fill("Melts belly fat tea")
            page.get_by_role("button", name="Check", exact=True).click()
            expect(page.locator("#result").get_by_role("heading", level=2)).to_contain_text("block")
            assert page.get_by_label("Name").input_value() == "Melts belly fat tea"


class TestRecording:
    @pytest.mark.parametrize("role", ["editor", "publisher"])
    def test_who_may_judge_gets_an_audit(self, console, role):
        with console.as_(role) as page:
            page.goto("/console")
            page.get_by_label("Name").fill(f"Recorded by {role}")
            page.get_by_role("button", name="Check and record").click()
            page.wait_for_url(re.compile("/console/(audits/|recorded)"))
        rows = console.server.ask("GET", "/v1/audits?limit=5").json()["audits"]
        assert any(row["item_id"] == "playground" for row in rows)

    def test_who_may_not_is_not_offered_it(self, console):
        with console.as_("viewer") as page:
            page.goto("/console")
            expect(page.get_by_role("button", name="Check and record")).to_have_count(0)

    def test_a_report_is_one_file(self, console):
        with console.as_("viewer") as page:
            page.goto("/console?example=1")
            with page.expect_download() as waiting:
                page.get_by_role("button", name="Download report").click()
            body = waiting.value.path().read_text()
            assert "Immunity Boost" in body
            assert "not recorded" in body


class TestThePublic:
    def test_it_is_closed_unless_opened(self, console):
        with console.as_("stranger") as page:
            page.goto("/console")
            expect(page).to_have_url(re.compile("/console/sign-in"))

    def test_opened_anybody_may_try(self, browser, tmp_path):
        with (
            world(tmp_path, browser, f"sqlite:///{tmp_path / 'open.db'}", CLAIMLENS_PUBLIC_PLAYGROUND="1") as opened,
            opened.as_("stranger") as page,
        ):
            page.goto("/console")
            page.get_by_label("Name").fill("Melts belly fat tea")
            expect(page.locator("#result").get_by_role("heading", level=2)).to_contain_text("block")
            expect(page.get_by_role("button", name="Check and record")).to_have_count(0)
            page.goto("/console/audits")
            expect(page).to_have_url(re.compile("/console/sign-in"))


class TestPhotos:
    @pytest.fixture
    def label_photo(self, tmp_path):
        from PIL import Image, ImageDraw, ImageFont

        lines = ["Boosts immunity.", "Ingredients: yoghurt (milk), mango pulp, sugar.", "Allergens: milk"]
        lines += ["Nutrition per 100 g", "Energy 82 kcal", "Fat 4.2 g", "Sugars 11 g", "Protein 2.9 g"]
        picture = Image.new("RGB", (900, 700), "white")
        pen = ImageDraw.Draw(picture)
        pen.text((40, 20), "Mango Lassi", font=ImageFont.load_default(52), fill="black")
        for number, line in enumerate(lines):
            pen.text((40, 120 + number * 65), line, font=ImageFont.load_default(30), fill="black")
        path = tmp_path / "label.png"
        picture.save(path)
        return path

    @needs_models
    def test_the_form_is_filled_from_the_photo(self, console, label_photo):
        with console.as_("viewer") as page:
            page.goto("/console")
            page.get_by_label("Market").select_option("en-GB")
            page.get_by_label("Photo of a label").set_input_files(label_photo)
            page.get_by_role("button", name="Read it").click()
            expect(page.get_by_text("This was read from the photo")).to_be_visible(timeout=60_000)
            assert "Mango" in page.get_by_label("Name").input_value()
            assert "yoghurt" in page.get_by_label("Ingredients").input_value()
            assert "fat: 4.2 g" in page.get_by_label("Nutrition").input_value()
            assert page.get_by_label("Market").input_value() == "en-GB"
            expect(page.locator("#result").get_by_role("heading", level=2)).to_contain_text("block")

    def test_what_is_no_photo_is_said(self, console, tmp_path):
        (tmp_path / "photo.png").write_bytes(b"not a photo")
        with console.as_("viewer") as page:
            page.goto("/console")
            page.get_by_label("Photo of a label").set_input_files(tmp_path / "photo.png")
            page.get_by_role("button", name="Read it").click()
            expect(page.get_by_role("alert")).to_contain_text("PNG, JPEG or WebP")

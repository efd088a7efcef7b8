import pytest

from claimlens.domain.errors import InvalidError, RefusedError
from claimlens.entry.console.cookies import Cookies
from claimlens.entry.console.forms import read_form, require_own
from claimlens.entry.console.rendering import moment, number, place, plural
from claimlens.entry.console.visit import inner_path

_URL = b"application/x-www-form-urlencoded"


class TestForms:
    def test_fields_and_ticks(self):
        form = read_form(b"name=Dal+%C3%A9&tick=a&tick=b&empty=&text=a%0D%0Ab&text%3A%2Fname=x", _URL)
        assert form.text("name") == "Dal é"
        assert form.texts("tick") == ["a", "b"]
        assert (form.has("empty"), form.text("empty"), form.has("nothing")) == (True, "", False)
        assert form.text("text") == "a\nb"
        assert form.named("text:") == {"/name": "x"}

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(b"a=%ff", _URL), (b"a=%00", _URL), (b"\xff", _URL), (b"{}", b"application/json"), (b"a&" * 600, _URL)],
    )
    def test_what_is_no_form_is_refused(self, body, kind):
        with pytest.raises(InvalidError):
            read_form(body, kind)

    def test_files_come_whole(self):
        data = bytes(range(256)) + b"\r\n--not the boundary\r\n"
        body = (
            b'--b0\r\nContent-Disposition: form-data; name="locale"\r\n\r\nen-GB\r\n'
            b'--b0\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
            + data
            + b"\r\n--b0--\r\n"
        )
        form = read_form(body, b"multipart/form-data; boundary=b0")
        assert (form.text("locale"), form.file("image"), form.file("other")) == ("en-GB", data, b"")

    @pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
    def test_what_another_site_sends_is_refused(self, site):
        with pytest.raises(RefusedError):
            require_own({b"sec-fetch-site": site})
        require_own({b"sec-fetch-site": b"same-origin"})
        require_own({})


class TestPaths:
    @pytest.mark.parametrize(
        "path", ["//x.example", "https://x.example", "/\\x", "/console\\x", "/console\n", "", "/v1/audits"]
    )
    def test_only_the_consoles_own_are_gone_back_to(self, path):
        assert inner_path(path) == "/console"

    def test_those_are(self):
        assert inner_path("/console/audits?verdict=block") == "/console/audits?verdict=block"


class TestCookies:
    def test_outside_development_they_are_bound_to_the_host(self):
        cookie = Cookies(secure=True).keep(Cookies(secure=True).session, "x")
        assert cookie.key.startswith("__Host-")
        assert (cookie.secure, cookie.httponly, cookie.samesite, cookie.path, cookie.domain) == (
            True, True, "lax", "/", None,
        )  # fmt: skip

    def test_a_theme_is_one_of_two(self):
        cookies = Cookies(secure=False)
        assert cookies.theme_of({cookies.theme: "dark"}) == "dark"
        assert cookies.theme_of({cookies.theme: '"><script>'}) == ""
        assert cookies.keep_theme("auto").max_age == 0

    def test_a_header_that_cannot_be_read_holds_none(self):
        assert Cookies(secure=False).read(b"\xff=;;= a") == {}


class TestWords:
    def test_a_moment_is_utc_until_a_script_knows_better(self):
        said = moment("2026-11-24T05:30:00+05:30")
        assert said == '<time datetime="2026-11-24T00:00:00Z">2026-11-24 00:00 UTC</time>'
        assert "–" in moment(None)

    def test_numbers_places_and_counts(self):
        assert (number(1234567), number(None), number(0.25, 1)) == ("1\u202f234\u202f567", "–", "0.2")
        assert (plural(1, "item"), plural(2, "item")) == ("1 item", "2 items")
        assert [place(at) for at in ("/name", "/claims/0", "/ocr_text", "", "/a~1b")] == [
            "Name", "Claims 1", "Print of the label", "The whole item", "A/b",
        ]  # fmt: skip

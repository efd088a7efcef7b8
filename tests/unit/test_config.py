"""Settings that may only be had where they do no harm."""

import pytest

from claimlens.config import SettingsError, read_settings


@pytest.mark.parametrize(("value", "is_open"), [("", False), ("0", False), ("1", True), (" 1 ", True)])
def test_on_a_developers_machine_webhooks_may_stay_inside(value, is_open):
    assert read_settings({"CLAIMLENS_WEBHOOKS_TO_PRIVATE": value}).webhooks_to_private is is_open


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_elsewhere_they_may_not(environment):
    with pytest.raises(SettingsError, match="CLAIMLENS_WEBHOOKS_TO_PRIVATE is for development only"):
        read_settings({"CLAIMLENS_ENV": environment, "CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1"})
    assert not read_settings({"CLAIMLENS_ENV": environment}).webhooks_to_private


def test_what_is_neither_yes_nor_no_stops_the_start():
    with pytest.raises(SettingsError, match="it is 1 or 0"):
        read_settings({"CLAIMLENS_WEBHOOKS_TO_PRIVATE": "yes please"})


@pytest.mark.parametrize("origin", ["*", "shop.example", "https://shop.example/", "https://bücher.example", "https://"])
def test_an_origin_is_what_a_browser_sends(origin):
    with pytest.raises(SettingsError, match="CLAIMLENS_CORS_ORIGINS: "):
        read_settings({"CLAIMLENS_CORS_ORIGINS": f"https://shop.example,{origin}"})


@pytest.mark.parametrize("url", ["sqlite://claimlens.db", "sqlite://", "sqlite:claimlens.db"])
def test_a_sqlite_url_names_its_file_behind_three_slashes(url):
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        read_settings({"DATABASE_URL": url})


class TestMcpUrls:
    URL = "CLAIMLENS_MCP_RECALL_LOOKUP_URL"
    TRUSTED = "CLAIMLENS_MCP_TRUSTED_HOSTS"

    @pytest.mark.parametrize(
        ("given", "used"),
        [
            ("http://127.0.0.1:7003", "http://127.0.0.1:7003/mcp"),
            ("http://127.0.0.1:7003/", "http://127.0.0.1:7003/mcp"),
            ("https://recalls.example/tools/v2", "https://recalls.example/tools/v2"),
            ("http://[::1]:7003/mcp", "http://[::1]:7003/mcp"),
        ],
    )
    def test_the_path_is_mcp_unless_another_is_named(self, given, used):
        assert read_settings({self.URL: given}).mcp_urls == {"recall.lookup": used}

    def test_without_a_url_a_service_is_in_process(self):
        assert read_settings({}).mcp_urls == {}

    @pytest.mark.parametrize(
        "url",
        ["http://", "http://host:port/mcp", "http://user:word@host/mcp", "http://host/mcp?x=1", "http://bücher/mcp"],
    )
    def test_what_is_no_address_stops_the_start_and_shows_no_password(self, url):
        with pytest.raises(SettingsError, match=f"{self.URL} is no address of a server") as caught:
            read_settings({self.URL: url})
        assert "word" not in str(caught.value)

    @pytest.mark.parametrize("environment", ["staging", "production"])
    def test_plain_http_leaves_a_developers_machine_for_listed_hosts_only(self, environment):
        with pytest.raises(SettingsError, match=f"{self.URL} is plain http"):
            read_settings({self.URL: "http://recalls:7003", "CLAIMLENS_ENV": environment})
        listed = {self.URL: "http://Recalls:7003", "CLAIMLENS_ENV": environment, self.TRUSTED: "ocr, recalls"}
        assert read_settings(listed).mcp_urls
        assert read_settings({self.URL: "https://recalls:7003", "CLAIMLENS_ENV": environment}).mcp_urls

    @pytest.mark.parametrize(
        "url", ["https://elsewhere.example/mcp", "http://recalls.evil.example", "http://notrecalls"]
    )
    def test_a_list_of_hosts_is_the_whole_list(self, url):
        with pytest.raises(SettingsError, match=r"which CLAIMLENS_MCP_TRUSTED_HOSTS does not list"):
            read_settings({self.URL: url, self.TRUSTED: "recalls"})

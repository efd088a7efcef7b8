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

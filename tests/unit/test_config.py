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

"""What a log line says, and what it never says."""

import io
import json
import logging

import pytest
import structlog

from claimlens.domain.errors import ClaimLensError
from claimlens.entry.web import logs

MAIL, PHONE, CARD = "asha.rao@example.com", "+91 98765 43210", "4111 1111 1111 1111"
WORDS = f"could not read {MAIL}, {PHONE}, {CARD}"


@pytest.fixture
def out():
    logs.set_up_logs(out := io.StringIO())
    yield out
    structlog.reset_defaults()


def line(out):
    return json.loads(out.getvalue().splitlines()[-1])


def raised(error):
    try:
        raise error
    except type(error):
        structlog.get_logger().exception("it_failed")


def test_the_level_is_in_capitals_for_grep(out):
    log = structlog.get_logger()
    for method in ("info", "warning", "error", "exception", "critical"):
        getattr(log, method)("told")
    logging.getLogger("a.library").error("told")
    found = [json.loads(each)["level"] for each in out.getvalue().splitlines()]
    assert found == ["INFO", "WARNING", "ERROR", "ERROR", "CRITICAL", "ERROR"]


@pytest.mark.parametrize("field", ["reason", "error", "detail"])
def test_words_are_cleared_of_personal_data(out, field):
    structlog.get_logger().warning("told", **{field: WORDS})
    assert line(out)[field].startswith("could not read ")
    assert not [each for each in (MAIL, PHONE, CARD) if each in out.getvalue()]


def test_what_libraries_say_is_cleared_too(out):
    logging.getLogger("a.library").warning("no mail for %s", MAIL)
    assert line(out)["event"].startswith("no mail for ")
    assert MAIL not in out.getvalue()


@pytest.mark.parametrize("error", [RuntimeError(WORDS), OSError(WORDS), ClaimLensError(WORDS)])
def test_an_error_is_shown_by_kind_and_place_and_a_cleared_message(out, error):
    raised(error)
    assert f"{type(error).__name__}: could not read " in line(out)["exception"]
    assert "in raised" in line(out)["exception"]
    assert line(out)["reason"] == type(error).__name__
    assert not [each for each in (MAIL, PHONE, CARD) if each in out.getvalue()]


@pytest.mark.parametrize("error", [ValueError("Anna's soup"), KeyError("Anna's soup"), IndexError("Anna's soup")])
def test_an_error_that_quotes_what_was_worked_on_is_shown_by_kind(out, error):
    raised(error)
    assert line(out)["exception"].endswith(type(error).__name__)
    assert "Anna" not in out.getvalue()


def test_causes_are_shown_first(out):
    try:
        try:
            raise KeyError("Anna")
        except KeyError as error:
            raise RuntimeError("the gate stumbled") from error
    except RuntimeError:
        structlog.get_logger().exception("it_failed")
    shown = line(out)["exception"]
    assert shown.index("KeyError") < shown.index("RuntimeError: the gate stumbled")
    assert "Anna" not in shown


def test_errors_that_came_together_are_all_shown(out):
    raised(ExceptionGroup("both", [RuntimeError("one"), ValueError("Anna")]))
    assert {"RuntimeError: one", "ValueError"} <= {each.strip() for each in line(out)["exception"].splitlines()}
    assert "Anna" not in out.getvalue()


def test_a_line_written_while_a_request_is_answered_says_which(out):
    class Request:
        def log_fields(self):
            return {"correlation_id": "order-1", "tenant": "t-1"}

    token = logs.around.set(Request())
    structlog.get_logger().warning("told", tenant="t-2")
    logs.around.reset(token)
    structlog.get_logger().warning("later")
    told, later = map(json.loads, out.getvalue().splitlines())
    assert (told["correlation_id"], told["tenant"]) == ("order-1", "t-2")
    assert "correlation_id" not in later


def test_a_log_that_cannot_be_written_stops_nobody():
    class Full(io.StringIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    logs.set_up_logs(Full())
    logs.request_line("request", {})
    structlog.get_logger().error("told")
    structlog.reset_defaults()

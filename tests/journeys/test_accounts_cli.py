"""Tenants, keys, users and the access log from the command line, each call on the store that the last one left."""

import csv
import io
import json

import pytest

from claimlens.entry.cli import run

PASSWORD = "correct horse battery"


@pytest.fixture
def claimlens(tmp_path, sqlite_url, monkeypatch, capsys):
    """Run `claimlens` on a store of this test's own; gives exit code, output, errors."""
    for name in ("CLAIMLENS_ENV", "CLAIMLENS_SECRET_KEY", "DATABASE_READ_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LOGNAME", "anna")

    def call(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def good(claimlens):
    """What a call that works prints."""

    def call(*arguments, stdin=""):
        code, out, err = claimlens(*arguments, stdin=stdin)
        assert code == 0, err
        return out

    return call


@pytest.fixture
def kitchen(good):
    good("tenants", "create", "kitchen-a", "--name", "Kitchen A")


def fields(out):
    return dict(line.split("\t") for line in out.splitlines())


class TestTenants:
    def test_made_changed_and_shown(self, good):
        made = good(
            *["tenants", "create", "kitchen-a", "--default-locale", "en_in", "--retention-days", 90],
            *["--brand-name", "Slim & Trim", "--brand-name", "Pure", "--requests-per-minute", 10, "--legal-hold"],
        )
        assert fields(made)["brand names"] == "Slim & Trim, Pure"
        assert fields(made)["legal hold"] == "yes"
        good("tenants", "set", "kitchen-a", "--brand-name", "", "--requests-per-minute", "none", "--no-legal-hold")
        shown = json.loads(good("tenants", "show", "kitchen-a", "--json"))
        assert (shown["brand_names"], shown["requests_per_minute"], shown["legal_hold"]) == ([], None, False)
        assert (shown["default_locale"], shown["retention_days"]) == ("en-IN", 90)
        assert good("tenants", "list").split("\t")[:3] == ["kitchen-a", "kitchen-a", "open"]

    def test_suppressions_come_from_a_file(self, good, kitchen):
        shown = good("tenants", "set", "kitchen-a", "--suppressions", "docs/tutorial/data/suppressions.yaml", "--json")
        (kept,) = json.loads(shown)["suppressions"]
        assert kept["scope"] == {"item": "superfood", "field": "/name"}

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["set", "kitchen-a", "--retention-days", 5, "--name", ""], ["retention days: ", "name: ", "90 to 365"]),
            (["set", "kitchen-a", "--default-locale", "en-FR"], ["default locale: ", "known: en-IN"]),
            (["set", "kitchen-a"], ["say what to change"]),
            (["set", "nobody", "--name", "x"], ["no tenant 'nobody'", "claimlens tenants create"]),
            (["create", "Kitchen"], ["id: ", "a-z, 0-9"]),
            (["create", "kitchen-a"], ["kitchen-a already"]),
            (["erase", "kitchen-a"], ["--yes"]),
        ],
    )
    def test_mistakes_are_said_with_exit_code_1(self, claimlens, kitchen, arguments, said):
        code, out, err = claimlens("tenants", *arguments)
        assert (code, out) == (1, "")
        for part in said:
            assert part in err

    def test_isolated_and_released(self, good, kitchen):
        assert fields(good("tenants", "isolate", "kitchen-a"))["isolated"] == "yes"
        assert fields(good("tenants", "release", "kitchen-a"))["isolated"] == "no"

    def test_taken_out_and_erased(self, good, claimlens, kitchen, tmp_path):
        good("keys", "create", "--tenant", "kitchen-a")
        good("tenants", "export", "kitchen-a", "-o", tmp_path / "all.ndjson")
        lines = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]
        assert lines[-1]["_summary"]["api_keys"] == 1
        assert fields(good("tenants", "erase", "kitchen-a", "--yes"))["api_keys"] == "1"
        assert claimlens("tenants", "show", "kitchen-a")[0] == 1
        (line,) = json.loads(good("access", "list", "--json"))
        assert (line["action"], line["target"], line["actor"]) == ("tenant:erase", "kitchen-a", "cli:anna")

    def test_contacts(self, claimlens, good, kitchen):
        good("tenants", "create", "kitchen-b", "--name", "=HYPERLINK(1)", "--contact-email", "q@b.example")
        code, out, err = claimlens("tenants", "contacts", "--csv")
        assert code == 0
        assert list(csv.DictReader(io.StringIO(out))) == [
            {"tenant": "kitchen-b", "name": "'=HYPERLINK(1)", "contact_email": "q@b.example", "isolated": "no"}
        ]
        assert "kitchen-a" in err


class TestKeys:
    def test_the_key_alone_goes_to_standard_output(self, claimlens, kitchen):
        code, out, err = claimlens("keys", "create", "--tenant", "kitchen-a", "--name", "till", "--test")
        assert code == 0
        assert out.startswith("cl_test_")
        assert len(out.split()) == 1
        assert out.strip() not in err
        assert "this once" in err

    def test_listed_and_revoked(self, good, claimlens, kitchen):
        key = json.loads(good("keys", "create", "--tenant", "kitchen-a", "--expires", "2999-01-01", "--json"))
        assert key["expires_at"] == "2999-01-01T00:00:00Z"
        row = good("keys", "list", "--tenant", "kitchen-a").split("\t")
        assert row[:4] == [key["id"], "kitchen-a", "publisher", "active"]
        assert key["key"] not in good("keys", "list", "--json")
        good("keys", "revoke", key["id"])
        assert "revoked" in good("keys", "list")
        assert claimlens("keys", "revoke", "constructor")[0] == 1

    def test_rotated_one_by_one_and_all(self, good, kitchen):
        good("tenants", "create", "kitchen-b")
        old = [json.loads(good("keys", "create", "--tenant", f"kitchen-{t}", "--json")) for t in "ab"]
        tenant, replaced, new, _, secret = good("keys", "rotate", old[0]["id"]).rstrip("\n").split("\t")
        assert (tenant, replaced) == ("kitchen-a", old[0]["id"])
        assert secret.startswith("cl_live_")
        rows = good("keys", "rotate", "--all", "--overlap", 0, "--yes", "--json").splitlines()
        assert [json.loads(row)["replaces"] for row in rows] == [old[1]["id"], new]
        states = [row.split("\t")[3] for row in good("keys", "list").splitlines()]
        assert sorted(states) == ["active", "active", "expired", "expired", "revoked"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["create", "--tenant", "nobody"], "claimlens tenants create"),
            (["create"], "--tenant"),
            (["create", "--tenant", "kitchen-a", "--role", "king"], "king"),
            (["create", "--tenant", "kitchen-a", "--expires", "2000-01-01"], "in the future"),
            (["rotate"], "--all"),
            (["rotate", "--all"], "--yes"),
            (["rotate", "x", "--overlap", "721"], "720"),
            (["rotate", "x", "--tenant", "kitchen-a"], "--tenant goes with --all"),
        ],
    )
    def test_mistakes_are_said_with_exit_code_1(self, claimlens, kitchen, arguments, said):
        code, out, err = claimlens("keys", *arguments)
        assert (code, out) == (1, "")
        assert said in err

    def test_in_production_the_secret_must_be_given(self, claimlens, kitchen, monkeypatch):
        monkeypatch.setenv("CLAIMLENS_ENV", "production")
        code, _, err = claimlens("keys", "create", "--tenant", "kitchen-a")
        assert code == 1
        assert "CLAIMLENS_SECRET_KEY is not set" in err
        assert claimlens("tenants", "contacts")[0] == 0


class TestUsers:
    def test_made_changed_and_deleted(self, good, claimlens, kitchen):
        made = ["users", "create", "A.Rao@kitchen.example", "--tenant", "kitchen-a"]
        shown = json.loads(good(*made, "--json", stdin=f"{PASSWORD}\n"))
        assert (shown["email"], shown["role"], shown["has_password"]) == ("a.rao@kitchen.example", "viewer", True)
        row = good("users", "list").rstrip("\n").split("\t")
        assert row == [shown["id"], "kitchen-a", "viewer", "a.rao@kitchen.example", "active", ""]
        good("users", "set", "a.rao@kitchen.example", "--role", "editor", "--disable")
        good("users", "set", shown["id"], "--password", stdin="another long one\n")
        assert good("users", "list").split("\t")[2:5:2] == ["editor", "disabled"]
        good("users", "delete", "a.rao@kitchen.example", "--yes")
        assert good("users", "list") == ""

    @pytest.mark.parametrize(
        ("arguments", "stdin", "said"),
        [
            (["create", "a@b.example", "--tenant", "kitchen-a"], "", "no password came"),
            (["create", "a@b.example", "--tenant", "kitchen-a"], "short\n", "12 to 256"),
            (["create", "a@b.example", "--tenant", "kitchen-a", "--password", PASSWORD], "", "--password"),
            (["create", "nobody", "--tenant", "kitchen-a", "--no-password"], "", "email: "),
            (["set", "a@b.example"], "", "say what to change"),
            (["set", "a@b.example", "--disable"], "", "no user 'a@b.example'"),
            (["delete", "a@b.example"], "", "--yes"),
        ],
    )
    def test_mistakes_are_said_with_exit_code_1(self, claimlens, kitchen, arguments, stdin, said):
        code, out, err = claimlens("users", *arguments, stdin=stdin)
        assert (code, out) == (1, "")
        assert said in err


class TestAccess:
    def test_listed_and_exported(self, good, claimlens, kitchen):
        good("keys", "create", "--tenant", "kitchen-a", "--role", "admin")
        code, out, err = claimlens("access", "list", "--limit", 1)
        assert code == 0
        assert "api_key:create" in out
        assert "there is more" in err
        rows = list(csv.DictReader(io.StringIO(good("access", "export", "--tenant", "kitchen-a"))))
        assert [row["action"] for row in rows] == ["tenant:create", "api_key:create"]
        assert {row["actor"] for row in rows} == {"cli:anna"}
        assert json.loads(good("access", "list", "--action", "access_log:export", "--json"))[0]["target"] == "kitchen-a"
        assert good("access", "list", "--since", "2999-01-01") == ""
        assert good("access", "list", "--actor", "key:nobody") == ""

    def test_the_scope_of_a_key(self, good, claimlens, kitchen):
        key = json.loads(good("keys", "create", "--tenant", "kitchen-a", "--json"))
        found = json.loads(good("access", "scope", "--key", key["id"], "--since", "2026-01-01", "--json"))
        assert (found["tenant_id"], found["records"], found["actions"]) == ("kitchen-a", 0, {})
        assert "kitchen-a" in good("access", "scope", "--key", key["id"])
        assert claimlens("access", "scope", "--key", "constructor")[0] == 1

    def test_a_moment_that_is_none_is_said_in_the_words_of_the_option(self, claimlens):
        code, _, err = claimlens("access", "list", "--until", "yesterday")
        assert code == 1
        assert "--until is a day such as" in err


def test_a_new_store_is_made_in_development_only(claimlens, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    monkeypatch.setenv("CLAIMLENS_ENV", "production")
    code, _, err = claimlens("tenants", "list")
    assert code == 1
    assert "claimlens db upgrade" in err
    monkeypatch.setenv("CLAIMLENS_ENV", "development")
    assert claimlens("tenants", "list") == (0, "", "")


def test_a_store_that_is_out_is_one_line(claimlens, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:geheim@127.0.0.1:1/none")
    code, out, err = claimlens("tenants", "list")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "the database cannot be reached" in err
    assert "geheim" not in err

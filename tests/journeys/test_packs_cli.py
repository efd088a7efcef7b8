"""Packs on their way to production: built, signed, verified; refused, with one clear line, when they do not hold."""

import shutil
from pathlib import Path

import pytest

from claimlens.entry.cli import run

ROOT = Path(__file__).parents[2]
CURE = '{"id": "c", "name": "Haldi doodh", "description": "Cures diabetes."}'


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def claimlens(kept, tmp_path, monkeypatch, capsys):
    """Run `claimlens` with folders of its own; gives exit code, output, errors."""
    for name in ("CLAIMLENS_ENV", "CLAIMLENS_PACKS_DIR", "CLAIMLENS_PACKS_PUBLIC_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept / "cache"))

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def sources(tmp_path):
    """A copy of the Indian pack and of what it shares."""
    for name in ("in", "shared"):
        shutil.copytree(ROOT / "packs" / name, tmp_path / "sources" / name)
    return tmp_path / "sources"


@pytest.fixture
def signed(claimlens, kept, tmp_path, sources):
    """Built and signed packs, made once; each test has a copy. The keys are `private` and `public` beside them."""
    if not (kept / "signed").exists():
        assert claimlens("packs", "build", "--packs", sources, "--out", kept / "built")[0] == 0
        code, public, _ = claimlens("packs", "keygen", "--key", kept / "private")
        assert code == 0
        (kept / "public").write_text(public)
        assert claimlens("packs", "sign", "--packs", kept / "built", "--key", kept / "private")[0] == 0
        (kept / "built").rename(kept / "signed")
    return Path(shutil.copytree(kept / "signed", tmp_path / "packs"))


@pytest.fixture
def serve(claimlens, kept, tmp_path, monkeypatch):
    """Check one menu in production with a folder of packs."""
    (tmp_path / "menu.json").write_text(CURE)

    def call(packs, key=True):
        monkeypatch.setenv("CLAIMLENS_ENV", "production")
        monkeypatch.setenv("CLAIMLENS_PACKS_DIR", str(packs))
        if key:
            monkeypatch.setenv("CLAIMLENS_PACKS_PUBLIC_KEY", str(kept / "public"))
        return claimlens("check", tmp_path / "menu.json", "--locale", "en-IN", "--format", "ndjson")

    return call


def flip_one_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def assert_refused(answer, *named: str) -> None:
    code, out, err = answer
    assert code == 1
    assert "item_id" not in out
    assert len(err.splitlines()) == 1
    for name in named:
        assert name in err


class TestWhatHolds:
    def test_signed_packs_verify_and_judge_in_production(self, claimlens, serve, signed, kept):
        code, out, _ = claimlens("packs", "verify", "--packs", signed, "--public-key", kept / "public")
        assert code == 0
        assert [line.split("\t")[:2] for line in out.splitlines()] == [
            ["in", "signature and digests hold"],
            ["shared", "signature and digests hold"],
        ]
        code, out, _ = serve(signed)
        assert code == 2
        assert '"verdict":"block"' in out

    def test_without_a_key_it_is_said_that_nobody_checked_who_signed(self, claimlens, signed):
        code, out, err = claimlens("packs", "verify", "--packs", signed)
        assert code == 0
        assert "signature not checked" in out
        assert "no public key" in err

    def test_building_twice_gives_the_same_manifest(self, claimlens, sources, signed, tmp_path):
        assert claimlens("packs", "build", "--packs", sources, "--out", tmp_path / "again")[0] == 0
        assert (tmp_path / "again/in/manifest.json").read_bytes() == (signed / "in/manifest.json").read_bytes()

    def test_a_private_key_is_readable_by_its_owner_only_and_never_overwritten(self, claimlens, tmp_path):
        key = tmp_path / "key"
        assert claimlens("packs", "keygen", "--key", key)[0] == 0
        assert key.stat().st_mode & 0o077 == 0
        before = key.read_bytes()
        assert_refused(claimlens("packs", "keygen", "--key", key), str(key))
        assert key.read_bytes() == before


class TestWhatIsRefused:
    @pytest.mark.parametrize("file", ["in/disease.yaml", "in/corpus/lawful.txt", "shared/words/en.yaml"])
    def test_one_byte_changed(self, claimlens, serve, signed, kept, file):
        flip_one_byte(signed / file)
        pack, _, name = file.partition("/")
        answer = claimlens("packs", "verify", "--packs", signed, "--public-key", kept / "public")
        assert_refused(answer, f"pack {pack}", name)
        assert_refused(serve(signed), f"pack {pack}", name)

    def test_one_byte_of_the_manifest_changed(self, serve, signed):
        flip_one_byte(signed / "in/manifest.json")
        assert_refused(serve(signed), "pack in", "manifest.json")

    def test_one_byte_of_the_signature_changed(self, serve, signed):
        (signed / "in/manifest.sig").write_text("A" * 86 + "==\n")
        assert_refused(serve(signed), "pack in", "signature")

    def test_a_file_added(self, claimlens, serve, signed, kept):
        (signed / "in/more.yaml").write_text("family: other\nrules: []\n")
        answer = claimlens("packs", "verify", "--packs", signed, "--public-key", kept / "public")
        assert_refused(answer, "pack in", "more.yaml")
        assert_refused(serve(signed), "pack in", "more.yaml")

    def test_a_file_removed(self, claimlens, serve, signed, kept):
        (signed / "in/alcohol.yaml").unlink()
        answer = claimlens("packs", "verify", "--packs", signed, "--public-key", kept / "public")
        assert_refused(answer, "pack in", "alcohol.yaml")
        assert_refused(serve(signed), "pack in", "alcohol.yaml")

    def test_another_key(self, claimlens, signed, tmp_path):
        _, public, _ = claimlens("packs", "keygen", "--key", tmp_path / "other")
        answer = claimlens("packs", "verify", "--packs", signed, "--public-key", public.strip())
        assert_refused(answer, "pack in", "another key")

    def test_sources_in_production(self, serve, sources):
        assert_refused(serve(sources), "pack in", "manifest.json")

    def test_built_but_unsigned_in_production(self, serve, signed):
        (signed / "in/manifest.sig").unlink()
        assert_refused(serve(signed), "pack in", "manifest.sig")

    def test_signed_but_no_key_configured_in_production(self, serve, signed):
        assert_refused(serve(signed, key=False), "CLAIMLENS_PACKS_PUBLIC_KEY")

    def test_an_older_version_after_a_newer_one_served(self, claimlens, serve, signed, sources, kept, tmp_path):
        header = sources / "in/pack.yaml"
        header.write_text(header.read_text().replace("in.claims: 1.0.0", "in.claims: 9.0.0"))
        newer = tmp_path / "newer"
        assert claimlens("packs", "build", "--packs", sources, "--out", newer)[0] == 0
        assert claimlens("packs", "sign", "--packs", newer, "--key", kept / "private")[0] == 0
        assert serve(signed)[0] == 2
        assert serve(newer)[0] == 2
        assert_refused(serve(signed), "pack in", "pack.yaml", "1.0.0", "9.0.0")

    def test_another_countrys_signed_pack_in_the_folder(self, claimlens, serve, signed, sources, kept, tmp_path):
        (sources / "in").rename(sources / "gb")
        wrong = tmp_path / "wrong"
        assert claimlens("packs", "build", "--packs", sources, "--out", wrong)[0] == 0
        assert claimlens("packs", "sign", "--packs", wrong, "--key", kept / "private")[0] == 0
        (tmp_path / "menu.json").write_text(CURE.replace('"id"', '"locale": "en-GB", "id"'))
        assert_refused(serve(wrong), "pack gb", "jurisdiction IN")

    def test_a_changed_pack_is_not_signed_before_it_is_built_again(self, claimlens, signed, kept):
        flip_one_byte(signed / "in/disease.yaml")
        answer = claimlens("packs", "sign", "--packs", signed, "--key", kept / "private")
        assert answer[0] == 1
        assert "disease.yaml" in answer[2]

    def test_a_pack_with_a_lint_problem_is_not_built(self, claimlens, sources, tmp_path):
        rules = sources / "in/alcohol.yaml"
        rules.write_text(rules.read_text().replace("id: IN-", "id: in-", 1))
        answer = claimlens("packs", "build", "--packs", sources, "--out", tmp_path / "out")
        assert_refused(answer, "alcohol.yaml")
        assert not (tmp_path / "out").exists()


def test_sources_are_not_built_over(claimlens, sources):
    answer = claimlens("packs", "build", "--packs", sources, "--out", sources)
    assert_refused(answer, "--out")
    assert (sources / "in" / "pack.yaml").exists()


def test_a_damaged_memory_of_versions_stops_the_start(serve, signed, tmp_path):
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "packs-seen.json").write_text("{")
    assert_refused(serve(signed), "packs-seen.json")

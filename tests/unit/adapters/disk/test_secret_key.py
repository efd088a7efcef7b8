from concurrent.futures import ThreadPoolExecutor

import pytest

from claimlens.adapters.disk.secret_key import made_secret, secret_of
from claimlens.domain.errors import SecretError


def test_it_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "data" / "secret.key"
    secret = made_secret(path)
    assert len(secret) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert made_secret(path) == secret_of(path) == secret
    assert [each.name for each in path.parent.iterdir()] == ["secret.key"]


def test_those_who_make_it_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: made_secret(tmp_path / "secret.key"), range(16)))
    assert len(made) == 1


def test_what_is_cut_short_is_not_used_and_not_replaced(tmp_path):
    path = tmp_path / "secret.key"
    path.write_text("abc")
    with pytest.raises(SecretError, match="too short"):
        made_secret(path)
    assert path.read_text() == "abc"


def test_what_is_not_there_is_named_with_what_to_do(tmp_path):
    with pytest.raises(SecretError, match="CLAIMLENS_SECRET_KEY"):
        secret_of(tmp_path / "secret.key")
    with pytest.raises(SecretError, match="is a directory"):
        secret_of(tmp_path)

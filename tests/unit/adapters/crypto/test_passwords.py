import pytest

from claimlens.adapters.crypto.passwords import Argon2Passwords

PASSWORDS = Argon2Passwords()
HASHED = PASSWORDS.hash("correct horse ßत")


def test_the_right_one_and_no_other():
    assert PASSWORDS.verify("correct horse ßत", HASHED)
    assert not PASSWORDS.verify("correct horse", HASHED)
    assert not PASSWORDS.verify("", HASHED)


def test_the_parameters_stand_in_it():
    assert HASHED.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not PASSWORDS.is_outdated(HASHED)
    assert PASSWORDS.is_outdated(HASHED.replace("t=2", "t=1"))


def test_each_has_a_salt_of_its_own():
    assert PASSWORDS.hash("correct horse ßत") != HASHED


@pytest.mark.parametrize(
    "hashed",
    ["", "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$!$!", HASHED[:-5]],
    ids=["nothing", "a letter", "a name", "no base64", "cut off"],
)
def test_what_is_no_hash_matches_nothing(hashed):
    assert not PASSWORDS.verify("correct horse ßत", hashed)

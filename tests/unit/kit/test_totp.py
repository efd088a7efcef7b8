import pytest

from claimlens.kit.totp import code_at, letters_of, matching_step, step_at

#: RFC 6238, appendix B: moment, then the password for SHA-1, SHA-256 and SHA-512.
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
DIGITS = b"1234567890" * 7
SECRET = DIGITS[:20]


@pytest.mark.parametrize(("moment", "sha1", "sha256", "sha512"), VECTORS)
def test_the_vectors_of_the_rfc(moment, sha1, sha256, sha512):
    step = step_at(moment)
    assert code_at(SECRET, step, digits=8) == sha1
    assert code_at(DIGITS[:32], step, digits=8, digest="sha256") == sha256
    assert code_at(DIGITS[:64], step, digits=8, digest="sha512") == sha512


#: RFC 4226, appendix D: the passwords of the counters 0 to 9.
@pytest.mark.parametrize(
    ("counter", "code"),
    list(enumerate("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split())),
)
def test_the_vectors_of_counters(counter, code):
    assert code_at(SECRET, counter) == code


class TestMatching:
    def test_a_clock_may_be_one_step_off(self):
        for off in (-1, 0, 1):
            assert matching_step(SECRET, code_at(SECRET, 1000 + off), 1000) == 1000 + off
        for off in (-2, 2):
            assert matching_step(SECRET, code_at(SECRET, 1000 + off), 1000) is None

    def test_a_code_opens_once(self):
        assert matching_step(SECRET, code_at(SECRET, 1000), 1000, after=1000) is None
        assert matching_step(SECRET, code_at(SECRET, 1001), 1000, after=1000) == 1001

    @pytest.mark.parametrize("code", ["", "12345", "abcdef", "１２３４５６", "1" * 100])
    def test_what_is_no_code_matches_nothing(self, code):
        assert matching_step(SECRET, code, 1000) is None

    def test_the_space_that_apps_show_is_no_matter(self):
        code = code_at(SECRET, 1000)
        assert matching_step(SECRET, f"{code[:3]} {code[3:]}", 1000) == 1000


def test_the_secret_as_people_type_it():
    assert letters_of(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

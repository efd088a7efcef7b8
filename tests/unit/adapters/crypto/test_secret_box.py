import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.domain.errors import SecretError

ONE, TWO = b"1" * 32, b"2" * 32
BOX = InstallationSecretBox(ONE)


class TestSeals:
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_what_is_sealed_opens(self, plain):
        assert BOX.open("webhook", BOX.seal("webhook", plain)) == plain

    def test_the_same_text_is_sealed_differently_each_time(self):
        assert BOX.seal("webhook", "whsec") != BOX.seal("webhook", "whsec")

    def test_the_text_is_not_in_the_seal(self):
        assert b"whsec" not in BOX.seal("webhook", "whsec")

    def test_for_another_purpose_it_does_not_open(self):
        with pytest.raises(SecretError):
            BOX.open("session", BOX.seal("webhook", "whsec"))

    @given(st.integers(0, 10_000), st.integers(1, 255))
    def test_one_changed_byte_is_noticed(self, place, flip):
        sealed = bytearray(BOX.seal("webhook", "whsec"))
        sealed[place % len(sealed)] ^= flip
        with pytest.raises(SecretError):
            BOX.open("webhook", bytes(sealed))

    @pytest.mark.parametrize("length", [0, 1, 28])
    def test_what_is_cut_short_is_noticed(self, length):
        with pytest.raises(SecretError, match="cut short"):
            BOX.open("webhook", BOX.seal("webhook", "whsec")[:length])

    def test_another_secret_does_not_open_it(self):
        with pytest.raises(SecretError, match="another secret"):
            InstallationSecretBox(TWO).open("webhook", BOX.seal("webhook", "whsec"))

    def test_no_error_shows_the_secret_or_the_text(self):
        with pytest.raises(SecretError) as caught:
            InstallationSecretBox(TWO).open("webhook", BOX.seal("webhook", "whsec"))
        assert "whsec" not in str(caught.value)
        assert "111" not in str(caught.value)


class TestRotation:
    def test_a_new_secret_opens_what_the_old_one_sealed(self):
        sealed = BOX.seal("webhook", "whsec")
        rotated = InstallationSecretBox(TWO, also=[ONE])
        assert rotated.open("webhook", sealed) == "whsec"
        assert rotated.open("webhook", rotated.seal("webhook", "new")) == "new"

    def test_the_old_one_does_not_open_what_the_new_one_sealed(self):
        sealed = InstallationSecretBox(TWO, also=[ONE]).seal("webhook", "new")
        with pytest.raises(SecretError, match="another secret"):
            BOX.open("webhook", sealed)

    def test_it_is_known_what_is_still_under_the_old_one(self):
        rotated = InstallationSecretBox(TWO, also=[ONE])
        assert not rotated.is_current("webhook", BOX.seal("webhook", "whsec"))
        assert rotated.is_current("webhook", rotated.seal("webhook", "whsec"))
        with pytest.raises(SecretError):
            rotated.is_current("webhook", InstallationSecretBox(b"3" * 32).seal("webhook", "whsec"))

    def test_digests_stay_where_the_root_is_taken_along(self):
        rotated = InstallationSecretBox(TWO, also=[ONE])
        rotated.digest("api-key", b"k")
        rotated.use_digests(BOX.digest_root)
        assert rotated.digest("api-key", b"k") == BOX.digest("api-key", b"k")

    def test_a_short_one_beside_is_refused(self):
        with pytest.raises(SecretError, match="32 bytes"):
            InstallationSecretBox(ONE, also=[b"short"])


class TestDigests:
    def test_the_same_in_every_process(self):
        again = InstallationSecretBox(ONE)
        assert BOX.digest("api-key", b"k") == again.digest("api-key", b"k")
        assert len(BOX.digest("api-key", b"k")) == 32

    def test_other_purpose_other_secret_other_data(self):
        digests = {
            BOX.digest("api-key", b"k"),
            BOX.digest("item", b"k"),
            BOX.digest("api-key", b"l"),
            InstallationSecretBox(TWO).digest("api-key", b"k"),
        }
        assert len(digests) == 4

    def test_they_do_not_change_between_releases(self):
        """Stored keys are found by their digest: another one would lock everybody out."""
        assert BOX.digest("api-key", b"cl_live_").hex() == KEPT


def test_a_short_secret_is_refused():
    with pytest.raises(SecretError, match="32 bytes"):
        InstallationSecretBox(b"short")


KEPT = "cc6d7e2a9f6d202e0c9f7292d30c6ece2dd8e1acbbdfbdde723f18c1e4740b82"

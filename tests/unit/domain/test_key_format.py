import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from claimlens.domain.key_format import ALPHABET, RANDOM_BYTES, is_key, shown, write_key

randoms = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
keys = st.builds(write_key, randoms, test=st.booleans())


@given(randoms, st.booleans())
def test_a_key_is_recognised_and_says_what_it_is_for(random, test):
    key = write_key(random, test=test)
    assert is_key(key)
    assert re.fullmatch(r"cl_(live|test)_[0-9A-Za-z]{38}", key)
    assert key.startswith("cl_test_" if test else "cl_live_")


@given(keys, st.data())
def test_one_wrong_character_is_noticed(key, data):
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.sampled_from(ALPHABET + "_-é٣ \n"))
    assume(other != key[place])
    assert not is_key(key[:place] + other + key[place + 1 :])


@given(keys, st.integers(8, 40))
def test_two_characters_swapped_are_noticed(key, place):
    assume(key[place] != key[place + 1])
    assert not is_key(key[:place] + key[place + 1] + key[place] + key[place + 2 :])


@given(keys, st.text(min_size=1, max_size=3))
def test_nothing_more_nothing_less(key, more):
    assert not is_key(key + more)
    assert not is_key(more + key)
    assert not is_key(key[: -len(more)])


@given(st.text())
def test_what_somebody_types_is_no_key(text):
    assert not is_key(text)


@given(randoms, randoms)
def test_other_chance_other_key(one, two):
    assume(int.from_bytes(one, "big") % 62**32 != int.from_bytes(two, "big") % 62**32)
    assert write_key(one, test=False) != write_key(two, test=False)


@given(keys)
def test_what_is_shown_is_a_beginning_and_no_more(key):
    assert key.startswith(shown(key))
    assert len(shown(key)) == 12


def test_too_little_chance_is_refused():
    with pytest.raises(ValueError, match="40 random bytes"):
        write_key(b"1" * (RANDOM_BYTES - 1), test=False)


def test_a_key_stays_a_key():
    """Keys that were given out must be good for ever: this one was made on 2026-11-23."""
    assert write_key(bytes(range(40)), test=False) == GIVEN_OUT
    assert is_key(GIVEN_OUT)


GIVEN_OUT = "cl_live_S86reYjdQ5ckAqLoTS4ckntI6Yz8O0Ih0v5UIn"

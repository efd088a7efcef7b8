import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.finding import Change
from claimlens.usecases.corrections import CannotPlaceError, corrected_record, corrected_row


def corrected(record, *changes, **dumped):
    return json.loads(corrected_record(json.dumps(record, **dumped), record, [Change(*change) for change in changes]))


class TestRecords:
    @given(
        record=st.dictionaries(st.text(max_size=5), st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)),
        name=st.text(min_size=1),
        after=st.text(min_size=1),
        indent=st.sampled_from([None, 2]),
    )
    def test_only_the_text_changes(self, record, name, after, indent):
        record = {**record, "name": name}
        assert corrected(record, ("/name", name, after), indent=indent) == {**record, "name": after}

    def test_everything_else_stays_to_the_character(self):
        source = '{ "price":1.10,"name" : "A\\u00e9", "x":[1e3 ,2] }'
        after = corrected_record(source, json.loads(source), [Change("/name", "Aé", "B")])
        assert after == '{ "price":1.10,"name" : "B", "x":[1e3 ,2] }'

    @pytest.mark.parametrize(
        ("record", "change", "after"),
        [
            ({"claims": ["a", "b"]}, ("/claims/0", "a", ""), {"claims": ["b"]}),
            ({"claims": ["a", "b"]}, ("/claims/1", "b", "c"), {"claims": ["a", "c"]}),
            ({"claims": "a"}, ("/claims/0", "a", "c"), {"claims": "c"}),
            (
                {"ingredients": [{"name": "a", "pct": 1}]},
                ("/ingredients/0", "a", "b"),
                {"ingredients": [{"name": "b", "pct": 1}]},
            ),
            ({"category": {"title": "a"}}, ("/category", "a", "b"), {"category": {"title": "b"}}),
            ({"options": [{"name": "a"}]}, ("/options/0/name", "a", "b"), {"options": [{"name": "b"}]}),
            ({"name": "n"}, ("/description", "", "Note."), {"name": "n", "description": "Note."}),
            ({"modifiers": {"a/b": ["x"]}}, ("/modifiers/a~1b/0", "x", "y"), {"modifiers": {"a/b": ["y"]}}),
        ],
    )
    def test_records_are_looser_than_items(self, record, change, after):
        assert corrected(record, change) == after

    def test_several_changes_at_once(self):
        record = {"name": "a", "claims": ["b", "c", "d"], "description": "e"}
        changes = [("/claims/2", "d", ""), ("/name", "a", "A"), ("/claims/0", "b", "B"), ("/description", "e", "E")]
        assert corrected(record, *changes) == {"name": "A", "claims": ["B", "c"], "description": "E"}

    def test_a_text_that_does_not_stand_there_is_not_written_over(self):
        with pytest.raises(CannotPlaceError):
            corrected({"name": "a"}, ("/name", "b", "c"))
        with pytest.raises(CannotPlaceError):
            corrected({"ingredients": [{"name": "a", "ingredients": ["x"]}]}, ("/ingredients/0", "a (x)", "b"))


class TestRows:
    columns = ("id", "name", "claims")

    @pytest.mark.parametrize(
        ("row", "change", "after"),
        [
            ("1;a;x | y", ("/name", "a", 'b; "c"'), '1;"b; ""c""";x | y'),
            ("1;a;x | y", ("/claims/0", "x", ""), "1;a;y"),
            ('1;a;"[""x"", ""y""]"', ("/claims/1", "y", "z"), '1;a;"[""x"", ""z""]"'),
            ('1;"a\nb";x', ("/name", "a\nb", "c"), "1;c;x"),
        ],
    )
    def test_a_cell_changes(self, row, change, after):
        assert corrected_row(";", list(self.columns), row, [Change(*change)]) == after

    def test_no_column_no_change(self):
        with pytest.raises(CannotPlaceError):
            corrected_row(";", list(self.columns), "1;a;x", [Change("/description", "", "b")])

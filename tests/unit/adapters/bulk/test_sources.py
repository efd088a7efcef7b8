"""Files are cut into pieces of any size, and together the pieces hold every row once."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claimlens.adapters.bulk.places import Place
from claimlens.adapters.bulk.sources import Sources, form_of
from claimlens.domain.errors import InputError
from claimlens.domain.scan import Form, Packing

LINES = [json.dumps({"id": str(i), "name": "Suppe " + "ü" * (i % 7)}, ensure_ascii=False) for i in range(60)]
CSV = "id;name;text\n" + "".join(
    f'{i};"Soup, ""hot"" no. {i}";"first line\nsecond; line"\n' if i % 3 else f"{i};Plain;\n" for i in range(50)
)


def rows(sources, path, spool):
    """Every row of a file, by way of its pieces, and how many pieces those were."""
    (file,), _ = sources.files(str(path))
    pieces = list(sources.cut(file, str(spool)))
    return [row for piece in pieces for row in sources.rows(piece, list)], len(pieces)


@pytest.mark.parametrize("size", [1, 40, 41, 100, 1000, 1 << 20])
class TestText:
    def test_lines(self, tmp_path, size):
        path = tmp_path / "a.ndjson"
        path.write_text("\ufeff" + "\n".join(LINES[:30]) + "\n\n" + "\r\n".join(LINES[30:]), encoding="utf-8")
        found, pieces = rows(Sources(size=size), path, tmp_path / "spool")
        assert [text for _, _, text, problem in found if not problem] == LINES
        content = path.read_bytes()
        assert all(content[at:].lstrip(b"\xef\xbb\xbf").startswith(text.encode()) for at, _, text, _ in found)
        assert pieces == -(-len(content) // size)

    def test_a_packed_file_is_unpacked_once_and_its_places_are_those_of_its_text(self, tmp_path, size):
        path = tmp_path / "a.jsonl.gz"
        text = "\n".join(LINES).encode()
        path.write_bytes(gzip.compress(text[:500]) + gzip.compress(text[500:]))
        found, _ = rows(Sources(size=size), path, tmp_path / "spool")
        assert [one for _, _, one, _ in found] == LINES
        assert all(text[at:].startswith(one.encode()) for at, _, one, _ in found)

    def test_a_row_of_csv_is_never_cut_inside_quotes(self, tmp_path, size):
        path = tmp_path / "a.csv"
        path.write_text(CSV, newline="")
        found, _ = rows(Sources(size=size), path, tmp_path / "spool")
        assert [cells[0] for _, cells, _, _ in found] == [str(i) for i in range(50)]
        assert found[1][1] == ["1", 'Soup, "hot" no. 1', "first line\nsecond; line"]
        assert all(CSV.encode()[at:].startswith(text.encode()) for at, _, text, _ in found)
        assert not any(problem for *_, problem in found)


def test_zstandard(tmp_path):
    path = tmp_path / "a.ndjson.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as out:
        out.write("\n".join(LINES).encode())
    found, _ = rows(Sources(), path, tmp_path / "spool")
    assert [text for _, _, text, _ in found] == LINES


def test_a_file_that_was_cut_short_is_refused(tmp_path):
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode())[:-20])
    with pytest.raises(InputError, match="damaged gzip: it ends too early"):
        rows(Sources(), path, tmp_path / "spool")


def test_a_row_of_csv_that_is_none_costs_itself_alone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,name\n1,Soup\n2,"So"up\n3,Stew\n')
    found, _ = rows(Sources(), path, tmp_path / "spool")
    assert [(at, cells, text) for at, cells, text, problem in found if not problem] == [
        (8, ["1", "Soup"], "1,Soup"),
        (24, ["3", "Stew"], "3,Stew"),
    ]
    (bad,) = [row for row in found if row[3]]
    assert bad[0] == 15
    assert bad[2] == '2,"So"up'


@pytest.mark.parametrize(("rows_of_a_piece", "pieces"), [(7, 7), (10, 5), (1000, 2)])
def test_row_groups(tmp_path, rows_of_a_piece, pieces):
    path = tmp_path / "a.parquet"
    table = pa.table({"id": list(range(40)), "name": [f"Soup {i}" for i in range(40)]})
    pq.write_table(table, path, row_group_size=25)
    found, count = rows(Sources(rows=rows_of_a_piece), path, tmp_path / "spool")
    assert [(at, row["id"]) for at, row, _, _ in found] == [(i, i) for i in range(40)]
    assert count == pieces


def test_a_large_row_group_is_not_cut_without_end(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"name": ["x"] * 4000}), path)
    assert rows(Sources(rows=10), path, tmp_path / "spool")[1] == 8


def test_a_folder_is_read_in_order_and_says_what_it_left_out(tmp_path):
    for name in ("b/2.ndjson", "a.csv", "notes.txt", ".hidden.csv", "_tmp/x.csv", "empty.ndjson"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("" if "empty" in name else "name\nSoup\n")
    files, left_out = Sources().files(str(tmp_path))
    assert [file.url.removeprefix(f"{tmp_path}/") for file in files] == ["a.csv", "b/2.ndjson"]
    assert left_out == [f"{tmp_path}/notes.txt"]


@pytest.mark.parametrize(
    ("path", "message"),
    [("nothing", "No such file"), ("notes.txt", "no file of a form"), ("bad.parquet", "no Parquet")],
)
def test_what_cannot_be_scanned_is_said(tmp_path, path, message):
    (tmp_path / "notes.txt").write_text("Soup")
    (tmp_path / "bad.parquet").write_text("Soup")
    with pytest.raises(InputError, match=message):
        rows(Sources(), tmp_path / path, tmp_path / "spool")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("s3://b/food.parquet", (Form.PARQUET, Packing.NONE)),
        ("https://h/a.NDJSON.gz?x=1", (Form.NDJSON, Packing.GZIP)),
        ("a.tsv.zst", (Form.CSV, Packing.ZSTD)),
        ("a.parquet.gz", (None, Packing.GZIP)),
        ("a.xlsx", (None, Packing.NONE)),
    ],
)
def test_forms(name, form):
    assert form_of(name) == form


def test_a_place_keeps_files_whole(tmp_path):
    place = Place(str(tmp_path / "new"))
    assert place.read("done/1.json") is None
    assert place.names("done") == []
    place.write("done/1.json", b"a")
    place.write("done/1.json", b"b")
    assert (place.read("done/1.json"), place.names("done")) == (b"b", ["1.json"])
    (tmp_path / "new/.unfinished-x").write_bytes(b"half")
    place.sweep()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["done"]
    place.remove("done/1.json")
    place.remove("done/1.json")
    assert place.names("done") == []

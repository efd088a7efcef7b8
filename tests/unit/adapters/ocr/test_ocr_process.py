"""The reading process with its real engine: what it reads, what it refuses, and what happens when it dies."""

import base64
import io
import os
import signal
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest

from claimlens.adapters.ocr.process import OcrProcess
from claimlens.gate.ingest.label import understood
from claimlens.ports.label_engine import EngineError, UnreadableError
from claimlens.ports.services import ServiceError
from claimlens.usecases.label_reading import NO_PRINT, LabelReading
from tests.ocr_engine import label_png, needs_models, png

pytestmark = needs_models

LINES = ["Sunny Morning Bites", "Ingredients: oats, honey (4%), salt.", "Contains oats."]


@pytest.fixture(scope="module")
def engine():
    process = OcrProcess(limit_s=60)
    yield process
    process.close()


@pytest.fixture(scope="module")
def reading(engine):
    return LabelReading(engine)


def turned(image: bytes, degrees: float, *, pale: bool = False) -> bytes:
    from PIL import Image

    picture = Image.open(io.BytesIO(image)).convert("RGB")
    if pale:
        picture = picture.point(lambda value: 160 + value // 6)
    ground = picture.getpixel((0, 0))
    data = io.BytesIO()
    picture.rotate(-degrees, expand=True, fillcolor=ground, resample=Image.Resampling.BICUBIC).save(data, "PNG")
    return data.getvalue()


class TestReads:
    @pytest.mark.parametrize(
        ("degrees", "pale"), [(0, False), (90, False), (180, False), (270, True), (14, False), (-15, True)]
    )
    def test_a_label_however_it_lies(self, engine, degrees, pale):
        label = understood(engine.read(turned(label_png(LINES), degrees, pale=pale)))
        assert label.text.replace("\n", " ").replace(" ", "") == " ".join(LINES).replace(" ", "")
        assert abs((label.turned - degrees + 180) % 360 - 180) < 2
        assert all(0 <= x <= label.width and 0 <= y <= label.height for line in label.lines for x, y in line.box)

    def test_small_print(self, engine):
        label = understood(engine.read(label_png(LINES, size=12)))
        assert label.ingredients is not None
        assert label.ingredients.text == "oats, honey (4%), salt"

    def test_bars(self, engine):
        import zxingcpp
        from PIL import Image

        picture = Image.new("RGB", (900, 500), "white")
        code = zxingcpp.create_barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13).to_image(scale=3)
        picture.paste(Image.fromarray(code).convert("RGB"), (200, 100))
        data = io.BytesIO()
        picture.save(data, "WEBP", lossless=True)
        assert understood(engine.read(data.getvalue())).gtin == "04006381333931"

    def test_a_picture_as_base64_text_too(self, reading):
        image = label_png(LINES)
        (one, other) = reading.answer([{"image": image}, {"image": base64.encodebytes(image).decode()}])
        assert one == other
        assert one["name"]["text"] == LINES[0]

    def test_a_photo_upright_by_its_exif_data(self, engine):
        from PIL import Image

        picture = Image.open(io.BytesIO(label_png(LINES)))
        width, height = picture.size
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown turned by a quarter
        data = io.BytesIO()
        picture.rotate(90, expand=True).save(data, "JPEG", quality=90, exif=exif)
        label = understood(engine.read(data.getvalue()))
        assert (label.width, label.height, round(label.turned) % 360) == (width, height, 0)


def saved(form: str, *, frames: int = 1, size: tuple[int, int] = (300, 200)) -> bytes:
    from PIL import Image

    pictures = [Image.new("RGB", size, (number * 40, 90, 90)) for number in range(frames)]
    data = io.BytesIO()
    pictures[0].save(data, form, save_all=frames > 1, append_images=pictures[1:])
    return data.getvalue()


class TestRefuses:
    @pytest.mark.parametrize(
        ("image", "why"),
        [
            (b"", "PNG, JPEG or WebP"),
            (b"GIF89a" + b"\0" * 40, "PNG, JPEG or WebP"),
            (None, "`image` is missing"),
            (17, "`image` is missing"),
            ("no base64!", "no base64"),
            (png(60_000, 60_000, b""), "million is the most"),
            (png(4_000, 4_000, zlib.compress(b"\0" * 100)), "damaged or cut off"),
            (png(400, 300)[:-60], "damaged or cut off"),
            (png(400, 300, b"no zlib"), "damaged or cut off"),
            (png(400, 300, chunks=[(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 80_000_000))]), "damaged or cut off"),
            (b"\xff\xd8\xff\xe0" + b"\0" * 50, "damaged"),
            (png(5, 5), "no print fits"),
            (png(600, 400), NO_PRINT),
        ],
    )
    def test_what_is_no_picture_of_print(self, reading, image, why):
        (answer,) = reading.answer([{"image": image}])
        assert answer.keys() == {"cannot"}
        assert why in answer["cannot"]

    @pytest.mark.parametrize("form", ["WEBP", "PNG"])
    def test_an_animation(self, reading, form):
        (answer,) = reading.answer([{"image": saved(form, frames=3)}])
        assert "animation" in answer["cannot"]

    def test_half_a_jpeg(self, reading):
        (answer,) = reading.answer([{"image": saved("JPEG", size=(1500, 1500))[:3_000]}])
        assert "damaged or cut off" in answer["cannot"]

    def test_one_bad_picture_costs_no_other(self, reading):
        bad, good = reading.answer([{"image": b"x"}, {"image": label_png(LINES)}])
        assert (bad.keys(), good["name"]["text"]) == ({"cannot"}, LINES[0])


class TestWhenItDies:
    def test_a_child_killed_in_the_middle_is_replaced_and_the_picture_read(self, engine):
        engine.read(label_png(LINES))
        first = engine.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)  # it cannot answer before it is killed
        read = []
        thread = threading.Thread(target=lambda: read.append(engine.read(label_png(LINES))))
        thread.start()
        os.kill(first, signal.SIGKILL)
        thread.join(60)
        assert len(read[0].lines) >= len(LINES)
        assert engine.pid not in (None, first)

    def test_one_that_hangs_costs_its_limit_and_the_next_is_read(self):
        engine = OcrProcess(limit_s=2, waiting=0)
        dot = png(5, 5)  # answered at once however busy the machine is
        try:
            with pytest.raises(UnreadableError, match="no print fits"):
                engine.read(dot)
            hung = engine.pid
            assert hung is not None
            os.kill(hung, signal.SIGSTOP)
            refused = []

            def busy():
                try:
                    engine.read(dot)
                except EngineError as error:
                    refused.append(str(error))

            other = threading.Timer(0.5, busy)
            other.start()
            with pytest.raises(UnreadableError, match="within 2 s"):
                engine.read(dot)
            other.join()
            assert "too many photos" in refused[0]
            with pytest.raises(UnreadableError, match="no print fits"):
                engine.read(dot)
            assert engine.pid != hung
        finally:
            engine.close()

    def test_an_engine_that_cannot_start_is_the_services_fault(self):
        engine = OcrProcess(megabytes=200)
        with pytest.raises(ServiceError, match="does not start"):
            LabelReading(engine).answer([{"image": label_png(LINES[:1])}])
        assert engine.pid is None

    def test_it_ends_with_its_parent_and_knows_no_secrets(self, tmp_path):
        image = tmp_path / "label.png"
        image.write_bytes(label_png(LINES[:1]))
        code = (
            "import sys, os, pathlib; from claimlens.adapters.ocr.process import OcrProcess; engine = OcrProcess();"
            "engine.read(pathlib.Path(sys.argv[1]).read_bytes()); print(engine.pid, flush=True);"
            "print(b'do-not-tell' in pathlib.Path(f'/proc/{engine.pid}/environ').read_bytes(), flush=True); os._exit(9)"
        )
        environ = {**os.environ, "CLAIMLENS_SECRET_KEY": "do-not-tell", "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", code, str(image)], capture_output=True, text=True, env=environ, check=False
        )
        pid, knows = done.stdout.split()
        assert (done.returncode, knows) == (9, "False")
        for _ in range(600):  # its input ended: it ends as soon as it sees that
            if not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes():
                break
            threading.Event().wait(0.05)
        else:
            pytest.fail("the child outlived its parent")


def test_tesseract_reads_where_nothing_better_is_installed():
    from claimlens.adapters.ocr.picture import unpacked
    from claimlens.adapters.ocr.tesseract import TesseractReader

    try:
        reader = TesseractReader()
    except FileNotFoundError:
        pytest.skip("tesseract is not installed")
    words = " ".join(line.text for line in reader.read(unpacked(label_png(LINES, size=26))))
    assert "Ingredients: oats, honey" in words
    assert "tesseract" in reader.name

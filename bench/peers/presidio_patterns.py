"""Presidio's pattern recognisers as a peer (see `bench/peers/__init__.py`); runs where Presidio is, not the product.

As its documentation recommends for patterns without a language model: `AnalyzerEngine` with a `NoOpNlpEngine`. Either
`shipped`, the recognisers that it enables by itself, or `tuned`: only those of what is looked for, and an engine for
each market, whose telephone recogniser knows that market's numbers alone. Built and warmed before anything is timed.
"""

import gc
import json
import logging
import sys
import time
from importlib.metadata import version
from typing import Any

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # type: ignore[import-not-found, unused-ignore]
from presidio_analyzer.nlp_engine import NoOpNlpEngine  # type: ignore[import-not-found, unused-ignore]
from presidio_analyzer.predefined_recognizers import (  # type: ignore[import-not-found, unused-ignore]
    CreditCardRecognizer,
    EmailRecognizer,
    InAadhaarRecognizer,
    InPanRecognizer,
    PhoneRecognizer,
    UkPostcodeRecognizer,
    UrlRecognizer,
)

_REGIONS = {"IN": ("IN",), "GB": ("GB",), "US": ("US",), "EU": ("DE", "IE", "ES")}


def main() -> None:
    given = json.loads(sys.stdin.readline())
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)  # without a network it takes the list it came with
    tuned = {market: _engine(_chosen(regions)) for market, regions in _REGIONS.items()}
    shipped = _engine(_shipped())
    engines = [tuned[market] if given["how"] == "tuned" else shipped for market in given["markets"]]
    work = list(zip(engines, given["texts"], strict=True))

    def once() -> list[Any]:
        return [engine.analyze(text, language="en") for engine, text in work]

    once()
    gc.collect()
    gc.freeze()
    packages = ", ".join(f"{name} {version(name)}" for name in ("presidio-analyzer", "phonenumbers"))
    _tell(versions=f"{packages}, Python {sys.version.split()[0]}")
    for line in sys.stdin:
        if json.loads(line)["ask"] == "round":
            gc.collect()
            began = time.process_time()
            once()
            _tell(cpu_s=time.process_time() - began)
        else:
            _tell(found=[[[r.entity_type, r.start, r.end, r.score] for r in results] for results in once()])


def _engine(registry: RecognizerRegistry) -> AnalyzerEngine:
    nothing = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}])
    return AnalyzerEngine(registry=registry, nlp_engine=nothing, supported_languages=["en"])


def _shipped() -> RecognizerRegistry:
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.remove_recognizer("SpacyRecognizer")  # it needs the language model
    return registry


def _chosen(regions: tuple[str, ...]) -> RecognizerRegistry:
    registry = RecognizerRegistry(supported_languages=["en"])
    for recognizer in (
        CreditCardRecognizer(),
        EmailRecognizer(),
        InAadhaarRecognizer(),
        InPanRecognizer(),
        PhoneRecognizer(supported_regions=regions),
        UkPostcodeRecognizer(),
        UrlRecognizer(),
    ):
        registry.add_recognizer(recognizer)
    return registry


def _tell(**told: object) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()

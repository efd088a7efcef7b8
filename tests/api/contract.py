"""Holds answers to the OpenAPI document: nothing is answered that is not declared there."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_NAME = "urn:openapi"


class Contract:
    """The document, ready to check answers against."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        registry: Registry[Any] = Registry()
        self._registry = registry.with_resource(_NAME, DRAFT202012.create_resource(document))
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path, methods)
            for path, methods in document["paths"].items()
        ]
        self.validator = cache(self._validator)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation that a request asks for; None for a route or method that is not there."""
        plain = path.partition("?")[0]
        plain = plain[4:] if plain.startswith("/api/v1/") else plain
        if plain != "/":
            plain = plain.rstrip("/")
        for pattern, _, methods in self._paths:
            if pattern.fullmatch(plain) and method.lower() in methods:
                found: dict[str, Any] = methods[method.lower()]
                return found
        return None

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """Raises AssertionError for what is not declared."""
        where = f"{method} {path} {answer.status_code}"
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        assert answer.headers.get("x-correlation-id"), where
        assert "server" not in answer.headers, where
        if method != "HEAD" and answer.status_code >= 400 and media_type != "application/json":
            assert media_type == "application/problem+json", where
            self.conforms(answer.json(), "#/components/schemas/Problem", where)
            assert answer.json()["status"] == answer.status_code
            assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"] or _is_replay(answer)
        operation = self.operation("GET" if method == "HEAD" else method, path)
        if operation is None:
            assert answer.status_code in (204, 401, 404, 405, 429), where
            return
        declared = operation["responses"].get(str(answer.status_code))
        assert declared is not None, f"{where} is not declared: {answer.text[:300]}"
        declared = self.resolved(declared)
        if answer.status_code == 204 or method == "HEAD":
            assert answer.content == b"", where
            return
        assert media_type in declared["content"], f"{where}: {media_type} is not declared"
        schema = declared["content"][media_type]["schema"]
        if media_type == "application/json":
            self.conforms(answer.json(), schema, where)

    def conforms(self, value: Any, schema: dict[str, Any] | str, where: str) -> None:
        """Raises AssertionError if a value is not of a schema (or of the one that a reference names)."""
        validator = self.validator(schema) if isinstance(schema, str) else self._of(schema)
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        assert error is None, f"{where}: {error.json_path} {error.message[:300]}"

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        """A part of the document, references followed."""
        while "$ref" in part:
            found: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part

    def _validator(self, reference: str) -> Validator:
        return self._of({"$ref": reference})

    def _of(self, schema: dict[str, Any]) -> Validator:
        return jsonschema.Draft202012Validator(_rooted(schema), registry=self._registry)


def _rooted(value: Any) -> Any:
    """A schema whose references name the whole document."""
    if isinstance(value, dict):
        return {
            key: _NAME + inner if key == "$ref" and isinstance(inner, str) and inner.startswith("#") else _rooted(inner)
            for key, inner in value.items()
        }
    return [_rooted(inner) for inner in value] if isinstance(value, list | tuple) else value


def _is_replay(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("idempotency-replayed") == "true")

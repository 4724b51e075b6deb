"""GitHub's own OpenAPI description, as the judge of what is sent to the fake and what it answers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_METHODS = ("get", "post", "put", "patch", "delete")
_ROOT = "urn:github"

# Answers that GitHub gives on every operation, though the description lists them only here and there
# ("Troubleshooting the REST API", "Rate limits for the REST API").
_ALWAYS = frozenset({"304", "401", "403", "404", "429", "500", "502", "503", "504"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    template: str
    method: str
    spec: Mapping[str, Any]
    values: Mapping[str, str]  # of the path's parameters

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.template}"


class OpenApiContract:
    """Finds the operation of a request and lists what is wrong with it or with its answer."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._document = _tolerant(description)
        resource = Resource(contents=self._document, specification=DRAFT202012)
        self._registry = Registry().with_resource(_ROOT, resource)
        self._routes = sorted(
            (
                (self._pattern(template, item), template, item)
                for template, item in self._document["paths"].items()
            ),
            key=lambda route: _specificity(route[1]),
        )

    @classmethod
    def load(cls, path: Path) -> "OpenApiContract":
        """The contract in a file; loading takes a second, so each file is loaded once."""
        return _load(path)

    def operation(self, method: str, path: str) -> Operation | None:
        """What a path without its base, e.g. `/repos/o/r/pulls`, and a method stand for."""
        for pattern, template, item in self._routes:
            if method.lower() in item and (match := pattern.fullmatch(path)):
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return Operation(
                    template=template, method=method.lower(), spec=item[method.lower()], values=values
                )
        return None

    def request_problems(self, operation: Operation, query: Mapping[str, str], body: Any) -> list[str]:
        """What GitHub's description has against a request; `body` is its JSON, None where there is none."""
        problems = []
        parameters = [self._follow(parameter) for parameter in operation.spec.get("parameters", [])]
        known = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"}
        for name, value in query.items():
            if name not in known:
                problems.append(f"unknown query parameter {name!r}")
                continue
            schema = known[name]["schema"]
            problems += self._check(schema, _typed(schema, value), f"query {name}", OAS30WriteValidator)
        problems += [
            f"query parameter {name!r} is missing"
            for name, parameter in known.items()
            if parameter.get("required") and name not in query
        ]
        wanted = operation.spec.get("requestBody")
        if wanted is None:
            return problems + (["a body where none is described"] if body is not None else [])
        if body is None:
            return problems + (["the body is missing"] if wanted.get("required") else [])
        schema = self._follow(wanted)["content"]["application/json"]["schema"]
        return problems + self._check(schema, body, "body", OAS30WriteValidator)

    def response_problems(self, operation: Operation, status: int, body: Any) -> list[str]:
        """What GitHub's description has against an answer; `body` is its JSON, None where there is none."""
        responses = operation.spec["responses"]
        response = responses.get(str(status))
        if response is None:
            if str(status) not in _ALWAYS:
                return [f"status {status} is not described"]
            schema = self._document["components"]["schemas"]["basic-error"]
        else:
            content = self._follow(response).get("content", {})
            if "application/json" not in content:
                # Refusals have bodies even where the description shows none.
                return ["a body where none is described"] if body is not None and status < 400 else []
            schema = content["application/json"]["schema"]
        if body is None:
            return [] if status == 304 else [f"status {status} comes without a body"]
        return self._check(schema, body, f"answer {status}", OAS30ReadValidator)

    def _check(self, schema: Mapping[str, Any], value: Any, where: str, validator: Any) -> list[str]:
        judge = validator(_absolute(schema), registry=self._registry, format_checker=oas30_format_checker)
        return [
            f"{where}{''.join(f'[{part!r}]' for part in error.absolute_path)}: {error.message[:300]}"
            for error in judge.iter_errors(value)
        ]

    def _pattern(self, template: str, item: Mapping[str, Any]) -> re.Pattern[str]:
        """A regular expression for a path; the description marks the parameters that may hold slashes."""
        parameters = [
            self._follow(parameter)
            for method in _METHODS
            for parameter in item.get(method, {}).get("parameters", [])
        ]
        many = {parameter["name"] for parameter in parameters if parameter.get("x-multi-segment")}
        literal_and_name = re.split(r"\{([^}]+)\}", template)
        return re.compile(
            "".join(
                re.escape(part)
                if index % 2 == 0
                else f"(?P<{part.replace('-', '_')}>{'.+' if part in many else '[^/]+'})"
                for index, part in enumerate(literal_and_name)
            )
        )

    def _follow(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in item:
            return item
        found: Any = self._document
        for part in item["$ref"].removeprefix(f"{_ROOT}#/").removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return self._follow(found)


@cache
def _load(path: Path) -> OpenApiContract:
    return OpenApiContract(json.loads(path.read_bytes()))


def _tolerant(node: Any) -> Any:
    """The description with null allowed wherever it says `nullable`, as GitHub means it.

    OpenAPI 3.0.3 lets `nullable` work only beside a `type`, and lets an `enum` exclude null all the same. The
    alternatives of its `oneOf` overlap (any error matches each kind of error), so that `anyOf` is meant. A
    `discriminator` adds nothing to them, and the validator cannot follow it out of a part of the document.
    The account of a listed installation is a user and an enterprise at once there (`allOf`), and one of them
    (`anyOf`) in the schema `installation` that all other operations have.
    """
    if isinstance(node, dict):
        kinds = [kind.get("title") for kind in node.get("allOf", ()) if isinstance(kind, dict)]
        loose = {"oneOf", "allOf"} if kinds == ["Simple User", "Enterprise"] else {"oneOf"}
        node = {
            "anyOf" if key in loose else key: _tolerant(value)
            for key, value in node.items()
            if key != "discriminator"
        }
        if node.get("nullable") is True and ("enum" in node or "type" not in node):
            return {"anyOf": [node, {"nullable": True, "enum": [None]}]}
        return node
    return [_tolerant(item) for item in node] if isinstance(node, list) else node


def _absolute(node: Any) -> Any:
    """A piece of the description whose references lead into the whole of it."""
    if isinstance(node, dict):
        return {
            key: f"{_ROOT}{value}" if key == "$ref" and isinstance(value, str) else _absolute(value)
            for key, value in node.items()
        }
    return [_absolute(item) for item in node] if isinstance(node, list) else node


def _specificity(template: str) -> tuple[int, int]:
    """Literal paths before those with parameters, long ones before short ones."""
    return (template.count("{"), -len(template))


def _typed(schema: Mapping[str, Any], value: str) -> Any:
    """A query parameter's text as the type that it stands for."""
    if schema.get("type") == "integer" and value.isdigit():
        return int(value)
    if schema.get("type") == "boolean" and value in ("true", "false"):
        return value == "true"
    return value

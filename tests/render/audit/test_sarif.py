"""SARIF, checked against the schema of OASIS."""

import json
import unicodedata
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from pinbot import __version__
from pinbot.audit import catalog
from pinbot.model.finding import Audit
from pinbot.render.audit.sarif import dumps, sarif
from tests.render.audit.values import AUDIT, BINARY, CLOSED, CONFIG, GOOD, LINE, RULES, UNCHECKED, hostile
from tests.render.values import HOSTILE
from tests.support.parts import SARIF

ALL = replace(AUDIT, findings=(CLOSED, CONFIG, LINE, BINARY))
official = pytest.mark.needs("sarif-schema")


def log(*audits: Audit) -> Any:
    return json.loads(dumps(sarif(audits, RULES)))


@cache
def validator() -> Draft4Validator:
    return Draft4Validator(json.loads(SARIF.read_bytes()), format_checker=Draft4Validator.FORMAT_CHECKER)


def valid(document: Any) -> Any:
    validator().validate(document)
    return document


@official
@pytest.mark.parametrize("audits", [(), (GOOD,), (ALL,), (ALL, GOOD)])
def test_every_log_follows_the_official_schema(audits: tuple[Audit, ...]) -> None:
    assert len(valid(log(*audits))["runs"]) == len(audits)


@official
def test_the_rules_that_there_are_follow_the_official_schema() -> None:
    document = valid(json.loads(dumps(sarif([ALL], tuple(catalog.RULES.values())))))
    described = document["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == list(catalog.RULES)


@official
@settings(max_examples=30)
@given(st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()))))
def test_any_text_makes_a_valid_log(text: str) -> None:
    shown = json.dumps(valid(log(hostile(text))), ensure_ascii=False)
    assert {unicodedata.category(character) for character in shown}.isdisjoint({"Cc", "Cf", "Cs"})


def test_a_result_names_its_rule_its_place_and_what_to_do() -> None:
    (run,) = log(ALL)["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("pinbot", __version__)
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    closed, config, line, binary = run["results"]
    assert closed["level"] == "error"
    assert closed["message"]["text"] == (
        "'/etc/passwd' (mode 0400, owner 0:0) cannot be read by uid 10001. "
        "To mend it: let everybody read files and search folders: chmod -R a+rX."
    )
    assert place(closed) == ({"uri": "etc/passwd", "uriBaseId": "IMAGE"}, {"startLine": 1})
    assert place(config) == ({"uri": "oci%3Abuild/app"}, {"startLine": 1})
    assert place(line) == ({"uri": "svc/Dockerfile"}, {"startLine": 7, "startColumn": 3})
    assert place(binary) == ({"uri": "app/app", "uriBaseId": "IMAGE"}, {"startLine": 1})
    assert binary["message"]["text"].startswith("/app/app: it is not stripped. ")
    assert (line["level"], binary["level"]) == ("warning", "note")


def place(result: Any) -> tuple[Any, Any]:
    (location,) = result["locations"]
    return location["physicalLocation"]["artifactLocation"], location["physicalLocation"]["region"]


def test_a_rule_is_described_with_what_to_do_and_an_example() -> None:
    rule = log(GOOD)["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"]["text"] == "The rule B5 is broken."
    assert rule["helpUri"] == "https://example.org/rules"
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["help"]["text"] == (
        "It hurts.\n\nTo mend it: mend it.\n\nWrong:\n\n    FROM odd\n\nRight:\n\n    FROM even\n    USER 1"
    )


def test_what_was_not_checked_is_a_notification_and_not_a_result() -> None:
    (invocation,) = log(AUDIT)["runs"][0]["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["associatedRule"] == {"id": "I11", "index": 4}
    assert notification["message"]["text"] == f"Not checked: {UNCHECKED.reason}."
    assert len(log(AUDIT)["runs"][0]["results"]) == 1


def test_a_finding_keeps_its_fingerprint_when_its_line_or_a_figure_in_it_changes() -> None:
    other = replace(LINE, line=9, message=LINE.message.replace("444", "666"))
    moved = log(replace(ALL, findings=(LINE, other, CLOSED)))["runs"][0]["results"]
    prints = [result["partialFingerprints"]["pinbotFinding/v1"] for result in moved]
    assert prints[0] == prints[1] != prints[2]


def test_a_name_that_is_not_utf_8_is_a_uri_of_its_bytes() -> None:
    finding = replace(CLOSED, path="a b/caf\udce9#1")
    (result,) = log(replace(AUDIT, findings=(finding,)))["runs"][0]["results"]
    assert place(result)[0]["uri"] == "a%20b/caf%E9%231"

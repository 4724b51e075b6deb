"""The schema for editors: it is current, takes what pinbot takes, and refuses what pinbot refuses.

That also holds for every document in test_configfile.py, which asks both.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from dev import schema
from pinbot.config import Config
from pinbot.configfile.load import load
from pinbot.errors import Several
from pinbot.scaffold.repository import configuration
from tests.support.schema import editor_sees, schema_takes

VALUES = (
    "",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "10000",
    '""',
    '"5"',
    "word",
    "a.b",
    "../x",
    "x/../y",
    "/x",
    '"!x"',
    "3h",
    "3d",
    "400d",
    "30s",
    "2g",
    "2GiB",
    "2 MB",
    "2 iB",
    "6:30",
    "25:00",
    "linux/amd64",
    "linux/arm/v7",
    "a/b/c/d",
    "Mars/Base",
    "https://example.com:8443/a",
    "I12",
    "scratch",
    "hold",
    "mon",
    "squash",
    "x" * 65,
    "[]",
    "{}",
    "[word]",
    "[linux/amd64, arm]",
    "[I12, D5]",
    "[mon, sun]",
    "[null]",
    "{A: 1.10, B: true}",
    "{a b: x}",
    "{A: null}",
)


def places(form: dict[str, Any], around: str = "%s") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each key of the schema, as the document that holds nothing but it, and what is said of it there."""
    for key, inner in form.get("properties", {}).items():
        others = "".join(f"{name}: word, " for name in needs(form, key))
        here = around % f"{{{others}{key}: %s}}"
        yield here, inner
        yield from places(inner, here)
    if isinstance(more := form.get("additionalProperties"), dict) and "properties" in more:
        yield from places(more, around % "{a.io: %s}")
    if "properties" in form.get("items", {}):
        yield from places(form["items"], around % "[%s]")


def needs(form: dict[str, Any], key: str) -> set[str]:
    return {*form.get("required", ()), *form.get("dependencies", {}).get(key, ())} - {key}


DOCUMENT = schema.document()
PLACES = dict(places(DOCUMENT))
WORDS = {"true", "false"} | {word for form in PLACES.values() for word in form.get("enum", ())}
"""What pinbot also takes in capitals, and truths between quotes: an editor warns of both."""


def messages(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    try:
        load(path)
    except Several as caught:
        return [error.message for error in caught.errors]
    return []


def test_the_file_is_current() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), "run `make schema`"


def test_a_key_that_the_page_does_not_explain_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "AUDIT_KEYS", (*schema.AUDIT_KEYS, "unexplained"))
    with pytest.raises(KeyError, match="unexplained"):
        schema.document()


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(DOCUMENT)
    assert len(PLACES) > 60


@pytest.mark.parametrize("place", PLACES)
def test_pinbot_and_an_editor_agree_on_every_kind_of_value(tmp_path: Path, place: str) -> None:
    for value in VALUES:
        text = place % value
        told = messages(tmp_path / "pinbot.yaml", text)
        assert editor_sees(text, told), (text, told)
        assert told or schema_takes(text), text


def test_a_name_without_a_password_is_seen() -> None:
    assert not schema_takes("registries: {a.io: {username_variable: A}}")
    assert not schema_takes("registries: {a.io: {key: k.pem}}")


@pytest.mark.parametrize("place", PLACES)
def test_every_key_has_its_meaning_and_an_unknown_one_beside_it_is_seen(tmp_path: Path, place: str) -> None:
    assert PLACES[place]["description"].endswith(".")
    text = place.replace("%s", "null, unknown: 1")
    assert "unknown key 'unknown'" in messages(tmp_path / "pinbot.yaml", text)
    assert not schema_takes(text)


@pytest.mark.parametrize("place", [place for place in PLACES if "default" in PLACES[place]])
def test_a_default_that_is_written_out_changes_nothing(tmp_path: Path, place: str) -> None:
    def read(value: str) -> Config:
        (tmp_path / "pinbot.yaml").write_text(place % value, encoding="utf-8")
        return load(tmp_path / "pinbot.yaml")

    assert read(json.dumps(PLACES[place]["default"])) == read("")


@pytest.mark.parametrize("place", [place for place in PLACES if "examples" in PLACES[place]])
def test_every_example_is_taken(tmp_path: Path, place: str) -> None:
    for example in PLACES[place]["examples"]:
        text = place % json.dumps(example)
        assert messages(tmp_path / "pinbot.yaml", text) == []
        assert schema_takes(text)


@given(text=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12), data=st.data())
def test_they_agree_on_any_text(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(list(PLACES)))
    document = place % json.dumps(text)
    told = messages(tmp_path_factory.getbasetemp() / "any.yaml", document)
    assert editor_sees(document, told)
    assert told or schema_takes(document) or text.lower() in WORDS


@pytest.mark.parametrize("dockerfiles", [(), ("Dockerfile", "a b/Dockerfile")])
@pytest.mark.parametrize("scratch", [None, "Dockerfile"])
def test_a_new_configuration_names_the_schema_and_holds_to_it(
    dockerfiles: tuple[str, ...], scratch: str | None
) -> None:
    text = configuration(dockerfiles, scratch=scratch).data.decode()
    assert text.startswith("# yaml-language-server: $schema=https://")
    assert text.splitlines()[0].endswith(f"/docs/schema/{schema.FILE.name}")
    assert schema_takes(text)

"""What registries and token servers say of what went wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.registry.asking import complaints


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"errors":[{"code":"NAME_UNKNOWN","message":"no such name"}]}', "NAME_UNKNOWN: no such name"),
        (b'{"errors":[{"code":"DENIED","message":""}]}', "DENIED"),
        (b'{"error":"invalid_scope","error_description":"no"}', "invalid_scope: no"),
        (b'{"details":"incorrect username or password"}', "incorrect username or password"),
        (b'{"message":"line\\n\\u001b[31mred"}', "line [31mred"),
        (b'{"errors":[]}', ""),
        (b'{"errors":["x"]}', ""),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_what_a_server_says_becomes_one_clean_line(body: bytes, message: str) -> None:
    assert complaints.error_message(body) == message


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b'{"errors":[{"code":"NAME_UNKNOWN"},{"code":"DENIED","detail":{}}]}', {"NAME_UNKNOWN", "DENIED"}),
        (b'{"errors":[{"code":5}]}', {"5"}),
        (b'{"errors":[{}]}', set()),
        (b'{"errors":"DENIED"}', set()),
        (b'{"errors":null}', set()),
        (b'["errors"]', set()),
        (b"[" * 100_000, set()),
        (b"\xff", set()),
        (b"", set()),
    ],
)
def test_the_codes_are_those_of_all_errors_that_have_one(body: bytes, codes: set[str]) -> None:
    assert complaints.error_codes(body) == codes


_WORDS = st.sampled_from(["errors", "error", "error_description", "details", "code", "message"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(_JSON.map(lambda document: json.dumps(document).encode()) | st.binary())
def test_whatever_is_said_becomes_at_most_one_short_clean_line(body: bytes) -> None:
    message = complaints.error_message(body)
    assert len(message) <= 201
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in message)
    assert all(isinstance(code, str) for code in complaints.error_codes(body))

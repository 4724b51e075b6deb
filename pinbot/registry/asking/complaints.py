"""What registries and token servers say of what went wrong (distribution-spec 1.1, Error Codes). Pure."""

import json

from pinbot.documents import clean


def error_message(body: bytes) -> str:
    """What a registry or token server says about an error, as far as it can be read: one short line."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else document
    if not isinstance(first, dict):
        return ""
    words = [first.get("code"), first.get("message")]
    if words == [None, None]:
        words = [first.get("error"), first.get("error_description"), first.get("details")]
    return clean(": ".join(word for word in words if isinstance(word, str) and word))


def error_codes(body: bytes) -> frozenset[str]:
    """The codes of an error answer, e.g. `MANIFEST_UNKNOWN`."""
    try:
        errors = json.loads(body)["errors"]
        return frozenset(str(error["code"]) for error in errors)
    except (ValueError, RecursionError, KeyError, TypeError):
        return frozenset()

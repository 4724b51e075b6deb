"""Files as they lie in the package, with `@WORD@` where something is put in."""

from collections.abc import Mapping
from importlib import resources

_FOLDER = resources.files("pinbot.scaffold") / "templates"


def render(name: str, values: Mapping[str, str] | None = None) -> str:
    """A template with every `@WORD@` replaced by the value of that word.

    The values must be harmless where they are put: nothing is quoted.
    """
    text = (_FOLDER / name).read_text(encoding="utf-8")
    for word, value in (values or {}).items():
        text = text.replace(f"@{word}@", value)
    return text

"""Workflow commands: lines that GitHub's runner takes for annotations (actions/toolkit, `command.ts`)."""

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
"""What a workflow command is called that shows something as grave as that."""


def command(name: str, text: str, **properties: object) -> str:
    """A workflow command of one line, whatever its text holds; properties that are None are left out."""
    told = ",".join(
        f"{key}={_escape(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{name} {told}::{_escape(text)}" if told else f"::{name}::{_escape(text)}"


def _escape(text: str) -> str:
    """As GitHub's toolkit writes the message of a command: it undoes exactly these three."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

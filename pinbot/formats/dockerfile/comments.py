"""What a file says to pinbot: `# pinbot: ignore` and `# pinbot: ignore-file`.

Alone, they leave references as they are. With ids of rules (`# pinbot: ignore D11, D12: why`) they say
nothing of references, and spare the instruction below, or the whole file, these rules of the audit.
"""

import re
from collections.abc import Iterator

from pinbot.formats.dockerfile.text import SourceText

_IGNORE = re.compile(r"pinbot:[ \t]*ignore[ \t\r]*\Z")
_IGNORE_FILE = re.compile(r"pinbot:[ \t]*ignore-file[ \t\r]*\Z")
_RULES = r"[ \t]+([A-Z][0-9]+(?:[ \t]*,[ \t]*[A-Z][0-9]+|[ \t]+[A-Z][0-9]+)*)(?![\w-])"
_SPARE = re.compile(rf"pinbot:[ \t]*ignore{_RULES}")
_SPARE_FILE = re.compile(rf"pinbot:[ \t]*ignore-file{_RULES}")
_RULE = re.compile(r"[A-Z][0-9]+")


class Comments:
    """The comments of one file that are meant for pinbot."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self.any = "pinbot:" in source.text

    def ignoring_file(self) -> int | None:
        """The line of an `ignore-file` above the first instruction."""
        return next((line for line, text in self._head() if _IGNORE_FILE.search(text)), None)

    def ignoring(self, line: int) -> int | None:
        """The line of an `ignore` in the comment lines straight above a line."""
        return next((above for above, text in self._above(line) if _IGNORE.search(text)), None)

    def sparing_file(self) -> frozenset[str]:
        """Ids of the rules that an `ignore-file` above the first instruction names."""
        return _rules(_SPARE_FILE, self._head())

    def sparing(self, line: int) -> frozenset[str]:
        """Ids of the rules that an `ignore` in the comment lines straight above a line names."""
        return _rules(_SPARE, self._above(line))

    def _head(self) -> Iterator[tuple[int, str]]:
        """The comment lines above the first instruction."""
        if not self.any:
            return
        for line in range(1, self._source.line_count + 1):
            text = self._source.line_text(line).strip()
            if text and not text.startswith("#"):
                return
            yield line, text

    def _above(self, line: int) -> Iterator[tuple[int, str]]:
        """The comment lines straight above a line, the nearest first."""
        if not self.any:
            return
        above = line - 1
        while above >= 1 and (text := self._source.line_text(above).strip()).startswith("#"):
            yield above, text
            above -= 1


def _rules(pattern: re.Pattern[str], lines: Iterator[tuple[int, str]]) -> frozenset[str]:
    found = (pattern.search(text) for _, text in lines)
    return frozenset(rule for match in found if match for rule in _RULE.findall(match[1]))

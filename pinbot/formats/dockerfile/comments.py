"""What a file says to pinbot: `# pinbot: ignore` and `# pinbot: ignore-file`."""

import re

from pinbot.formats.dockerfile.text import SourceText

_IGNORE = re.compile(r"pinbot:[ \t]*ignore[ \t\r]*\Z")
_IGNORE_FILE = re.compile(r"pinbot:[ \t]*ignore-file[ \t\r]*\Z")


class Comments:
    """The comments of one file that are meant for pinbot."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self.any = "pinbot:" in source.text

    def ignoring_file(self) -> int | None:
        """The line of an `ignore-file` above the first instruction."""
        if not self.any:
            return None
        for line in range(1, self._source.line_count + 1):
            text = self._source.line_text(line).strip()
            if text and not text.startswith("#"):
                return None
            if _IGNORE_FILE.search(text):
                return line
        return None

    def ignoring(self, line: int) -> int | None:
        """The line of an `ignore` in the comment lines straight above a line."""
        if not self.any:
            return None
        above = line - 1
        while above >= 1 and (text := self._source.line_text(above).strip()).startswith("#"):
            if _IGNORE.search(text):
                return above
            above -= 1
        return None

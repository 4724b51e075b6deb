"""Changes as unified diffs that `git apply` takes.

Not `difflib`: an edit never adds or removes a line, so lines pair up by number. Searching for the pairs
instead costs a second on a large file, and rewrites the whole of it when most of its lines are alike.
"""

import re
from collections.abc import Iterable, Iterator

from pinbot.model.plan import FileChange
from pinbot.render.printable import printable

_CONTEXT = 3
_COLOURS = {"---": "1", "+++": "1", "@@": "36", "-": "31", "+": "32"}
"""ANSI colours by how a line begins, the longer beginnings first."""

_ODD = re.compile(rb'[\x00-\x1f"\\\x7f]')
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(changes: Iterable[FileChange]) -> bytes:
    """One diff of all files, byte for byte what stands in them."""
    return b"".join(b"".join(_file(change)) for change in changes)


def shown(diff: bytes, *, colour: bool) -> str:
    """The diff for a terminal: nothing in it is obeyed by the terminal but our own colours."""
    lines = []
    for line in diff.decode("utf-8", "backslashreplace").split("\n"):
        code = next((code for start, code in _COLOURS.items() if line.startswith(start)), None)
        lines.append(f"\x1b[{code}m{printable(line)}\x1b[0m" if code and colour else printable(line))
    return "\n".join(lines)


def _file(change: FileChange) -> Iterator[bytes]:
    before, after = _lines(change.source.data), _lines(change.after)
    changed = [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    if not changed:
        return
    yield b"--- %s\n+++ %s\n" % (_name("a", change.path), _name("b", change.path))
    for first, last in _hunks(changed):
        start, stop = max(first - _CONTEXT, 0), min(last + _CONTEXT + 1, len(before))
        yield b"@@ -%d,%d +%d,%d @@\n" % (start + 1, stop - start, start + 1, stop - start)
        number = start
        while number < stop:
            run = number
            while run < stop and before[run] != after[run]:
                run += 1
            yield from (_marked(b"-", line) for line in before[number:run])
            yield from (_marked(b"+", line) for line in after[number:run])
            if run < stop:
                yield _marked(b" ", before[run])
            number = run + 1


def _lines(data: bytes) -> list[bytes]:
    """Lines with their ends, cut at line feeds alone, as git cuts them."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop().removesuffix(b"\n")
    return [*lines, last] if last else lines


def _hunks(changed: list[int]) -> Iterator[tuple[int, int]]:
    """First and last changed line of each hunk; changes whose contexts touch share one."""
    first = last = changed[0]
    for number in changed[1:]:
        if number - last > 2 * _CONTEXT + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _marked(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + _NO_NEWLINE


def _name(side: str, path: str) -> bytes:
    r"""A path as git writes it: between quotes, with C escapes, where it holds odd characters.

    The leading slash of an absolute path goes, as with `git diff --no-index`. A tab after a name with blanks
    keeps `patch` from taking the end of it for a date.
    """
    raw = f"{side}/{path.lstrip('/')}".encode("utf-8", "surrogateescape")
    if _ODD.search(raw):
        return b'"%s"' % _ODD.sub(lambda byte: b"\\%03o" % ord(byte[0]), raw)
    return raw + b"\t" if b" " in raw else raw

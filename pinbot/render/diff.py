"""Changes as unified diffs that `git apply` takes.

Not `difflib`: an edit never adds or removes a line, so lines pair up by number. Searching for the pairs
instead costs a second on a large file, and rewrites the whole of it when most of its lines are alike.
"""

from collections.abc import Callable, Iterable, Iterator

from pinbot.model.plan import FileChange

_CONTEXT = 3
_COLOURS = {"---": "1", "+++": "1", "@@": "36", "-": "31", "+": "32"}
"""ANSI colours by how a line begins, the longer beginnings first."""

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(changes: Iterable[FileChange]) -> bytes:
    """One diff of all files, byte for byte what stands in them."""
    return b"".join(b"".join(_file(change)) for change in changes)


def coloured(diff: bytes, show: Callable[[str], str]) -> str:
    """The diff for a terminal: colours by ANSI codes, and `show` makes each line safe."""
    lines = []
    for line in diff.decode("utf-8", "replace").split("\n"):
        safe = show(line.removesuffix("\r"))
        code = next((code for start, code in _COLOURS.items() if line.startswith(start)), None)
        lines.append(f"\x1b[{code}m{safe}\x1b[0m" if code else safe)
    return "\n".join(lines)


def _file(change: FileChange) -> Iterator[bytes]:
    before, after = _lines(change.source.data), _lines(change.after)
    changed = [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    if not changed:
        return
    yield b"--- %s\n+++ %s\n" % (_quoted("a/" + change.path), _quoted("b/" + change.path))
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
        if number - last > 2 * _CONTEXT:
            yield first, last
            first = number
        last = number
    yield first, last


def _marked(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + _NO_NEWLINE


def _quoted(path: str) -> bytes:
    """A path as git writes it: between quotes, with C escapes, where it holds odd characters."""
    raw = path.encode("utf-8", "surrogateescape")
    if all(byte >= 0x20 and byte not in b'"\\\x7f' for byte in raw):  # noqa: PLR2004 - the first printable
        return raw
    quoted = bytearray()
    for byte in raw:
        if byte in b'"\\':
            quoted += b"\\%c" % byte
        elif byte < 0x20 or byte == 0x7F:  # noqa: PLR2004 - control characters
            quoted += b"\\%03o" % byte
        else:
            quoted.append(byte)
    return b'"%s"' % bytes(quoted)

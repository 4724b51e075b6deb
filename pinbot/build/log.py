"""Understanding builders' logs: which step is running or failed, and what is newer than the builder."""

import re
from collections.abc import Sequence

_BUILDAH_STEP = re.compile(r"(?:\[(?P<stage>\d+/\d+)\] )?STEP (?P<count>\d+/\d+): (?P<step>.+)")
_BUILDAH_ABSENT = re.compile(
    r"Error: (?:creating build container: (?P<base>\S+): image not known"
    r"|.*\bfrom=(?P<copied>[^\s,]+): no stage or image found with that name)"
)

_VERTEX = re.compile(
    r"#(?P<number>\d+) (?:\[internal\] load metadata for (?P<base>\S+)"
    r"|resolve image config for (?:docker-image://)?(?P<frontend>\S+)"
    r"|\[(?!internal\])(?:(?P<stage>[^\]]+) )?(?P<count>\d+/\d+)\] (?P<step>.+))"
)
_ENDED = re.compile(r"#(?P<number>\d+) (?P<how>DONE|CACHED|ERROR)\b")
_PRINTED = re.compile(r"#(?P<number>\d+) (?:\d+\.\d+ )?(?P<text>.*)")


class BuildahLog:
    """The log of `buildah bud` or `podman build`, one line after the other."""

    def __init__(self) -> None:
        self.step = ""
        self.absent: str | None = None
        self._place = ""

    def feed(self, line: str) -> str:
        """Take the next line; returns it with its place in the Dockerfile in front, for people.

        `step` is then the instruction that began last, and `absent` an image that was not there and might
        not be pulled.
        """
        if match := _BUILDAH_STEP.fullmatch(line):
            self.step = line = match["step"]
            self._place = _place(f"stage {match['stage']}" if match["stage"] else None, match["count"])
        elif match := _BUILDAH_ABSENT.match(line):
            self.absent = match["base"] or match["copied"]
        return self._place + line


class BuildKitLog:
    """BuildKit's plain progress, one line after the other."""

    def __init__(self) -> None:
        self._running: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._failed = ""

    @property
    def step(self) -> str:
        """The step that failed; if none did, the last to begin of those that run or were stopped."""
        return self._failed or next(reversed(self._running.values()), "")

    def feed(self, line: str) -> str:
        """Take the next line; returns it with its place in the Dockerfile in front, for people."""
        if match := _VERTEX.fullmatch(line):
            if match["base"]:
                step = f"FROM {match['base']}"
            elif match["frontend"]:
                step = f"# syntax={match['frontend']}"
            else:
                step = match["step"]
                self._places[match["number"]] = _place(match["stage"], match["count"])
            self._running[match["number"]] = step
            return self._places.get(match["number"], "") + step
        if match := _ENDED.match(line):
            step = self._running.pop(match["number"], "")
            if match["how"] == "ERROR" and not self._failed:
                self._failed = step
        if (match := _PRINTED.fullmatch(line)) and match["number"] in self._places:
            return self._places[match["number"]] + match["text"]
        return line


def _place(stage: str | None, count: str) -> str:
    return f"[{stage}, step {count}] " if stage else f"[step {count}] "


# A builder's own complaint comes last; what a RUN prints may look the same.
_LAST_WORDS = 3
# Dockerfile reference: flags that came after the first BuildKit releases.
_NEW_FLAGS = frozenset(
    {
        "checksum",
        "chmod",
        "device",
        "exclude",
        "keep-git-dir",
        "link",
        "mount",
        "network",
        "parents",
        "security",
    }
    | {"unpack"}
)
_UNKNOWN_FLAG = re.compile(r"unknown flag: -{0,2}(?P<flag>[a-z-]+)", re.IGNORECASE)
_UNSUPPORTED = re.compile(r"(?P<what>[A-Z]+ --[a-z-]+) is not supported")
_OTHER_FLAGS = re.compile(r'at STEP "(?P<step>[A-Z]+ .*)": [A-Z]+ only supports the ')
_FLAG = re.compile(r"(?<=\s)--(?P<flag>[a-z-]+)")
_SYMBOLIC_MODE = re.compile(r"chmod(?: parameter:)? '?[ugoa]*[-+=][rwxXstugo]*", re.IGNORECASE)
_HEREDOC = re.compile(rb"^\s*(?:RUN|COPY|ADD)\b.*<<-?[\"']?\w", re.IGNORECASE | re.MULTILINE)
_HEREDOC_COMPLAINT = re.compile(r"unknown instruction|<<\S*[\"']?: no such file|\"/?<<|/<<", re.IGNORECASE)


def newer_than_builder(tail: Sequence[str], dockerfile: bytes) -> str | None:
    """What in the Dockerfile the builder does not know yet, by its complaint; None if that is not why."""
    for line in tail[-_LAST_WORDS:]:
        if not line.lower().startswith(("error", "failed", "dockerfile")):
            continue
        if (match := _UNKNOWN_FLAG.search(line)) and match["flag"] in _NEW_FLAGS:
            return f"--{match['flag']}"
        if match := _OTHER_FLAGS.search(line):
            for flag in _FLAG.finditer(match["step"]):
                if flag["flag"] in _NEW_FLAGS - {"chmod", "mount"}:
                    return f"{match['step'].partition(' ')[0]} --{flag['flag']}"
        if match := _UNSUPPORTED.search(line):
            return match["what"]
        if _SYMBOLIC_MODE.search(line):
            return "symbolic modes in --chmod"
        if _HEREDOC_COMPLAINT.search(line) and _HEREDOC.search(dockerfile):
            return "heredocs"
    return None

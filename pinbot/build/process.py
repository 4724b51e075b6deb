"""The only place that starts a builder's process, and the one that makes sure that it ends.

A child gets a session of its own, so that it and everything it starts can be stopped as one group; nothing of
pinbot's environment except what is passed; and one pipe for both its outputs, which is read as it comes.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinbot.errors import BuilderError
from pinbot.model.build import Limit

TAIL_LINES = 40
LONGEST_LINE = 2000
GRACE_SECONDS = 5.0
_CHUNK = 64 * 1024
_GOING_SECONDS = 1.0
_PATIENCE = 0.005

# What programs need beside what their driver gives them; the rest, tokens above all, is not theirs to see.
_PASSED_ON = (
    "PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *(case(name) for name in ("http_proxy", "https_proxy", "no_proxy") for case in (str.lower, str.upper)),
)
# ECMA-48, 5.4 and 8.3: control sequences, then strings up to BEL or ST, then the short escapes.
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[P\]X^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
# Also what would reorder or break a line for its reader: bidirectional controls and Unicode's line ends.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LINE_END = re.compile(rb"[\r\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A process that came to an end.

    Attributes:
        code: its exit status; if negative, the signal that ended it.
        tail: its last lines, both outputs together, without control characters.
        seconds: how long it ran.
        limit: why it was stopped, if it was.
    """

    code: int
    tail: tuple[str, ...]
    seconds: float
    limit: Limit | None = None

    @property
    def good(self) -> bool:
        """Whether it did what was asked."""
        return self.code == 0 and self.limit is None


@contextlib.contextmanager
def scratch_folder(environ: Mapping[str, str]) -> Iterator[Path]:
    """A private folder for as long as it is needed, where TMPDIR says, else in the system's usual place.

    Raises:
        BuilderError: none can be made.
    """
    with contextlib.ExitStack() as exits:
        try:
            made = tempfile.TemporaryDirectory(
                prefix="pinbot-", dir=environ.get("TMPDIR"), ignore_cleanup_errors=True
            )
        except OSError as error:
            raise BuilderError(
                f"no temporary folder can be made: {error}", hint="name another place in TMPDIR"
            ) from error
        yield Path(exits.enter_context(made))


def environment(environ: Mapping[str, str], *, home: str | Path, scratch: Path) -> dict[str, str]:
    """The variables of `environ` that any builder may see, with a home and a folder for temporary files."""
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    return {**passed, "HOME": str(home), "TMPDIR": str(scratch), "LC_ALL": "C.UTF-8"}


def is_there(program: str, env: Mapping[str, str]) -> bool:
    """Whether a program can be found on the PATH of `env`, or is a path to one."""
    return shutil.which(program, path=env.get("PATH", os.defpath)) is not None


def leash(env: Mapping[str, str]) -> tuple[str, ...]:
    """The command in front of one that must end when pinbot does, even where that is killed outright."""
    return ("setpriv", "--pdeathsig", "KILL") if is_there("setpriv", env) else ()


async def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    limit: float,
    grace: float = GRACE_SECONDS,
    on_line: Callable[[str], None] = lambda _: None,
    watch: Callable[[], Awaitable[Limit]] | None = None,
) -> Finished:
    """Run a command to its end. However this ends, nothing of its process group is left.

    Args:
        command: the program, looked up in the PATH of `env`, and its arguments.
        env: all that the process gets to see.
        limit: seconds, after which the group is asked to end.
        grace: seconds, after which what was asked to end is killed.
        on_line: gets each line as it comes, cleaned and of bounded length; blank lines are left out.
        watch: comes back when something else has become too much, after which the group is to end too.

    Raises:
        BuilderError: the program cannot be started.
    """
    started = time.monotonic()
    tail: deque[str] = deque(maxlen=TAIL_LINES)

    def take(line: str) -> None:
        tail.append(line)
        on_line(line)

    reached: Limit | None = None
    async with _started(command, env) as (process, output):
        reading = asyncio.create_task(_read(output, take))
        try:
            async with asyncio.timeout(limit):
                reached = await _first_of(process, reading, watch)
        except TimeoutError:
            reached = Limit.TIME
        finally:
            await _end(process, grace)
            await _drain(reading, grace)
    return Finished(
        code=process.returncode if process.returncode is not None else -signal.SIGKILL,
        tail=tuple(tail),
        seconds=time.monotonic() - started,
        limit=reached,
    )


@contextlib.asynccontextmanager
async def _started(
    command: Sequence[str | Path], env: Mapping[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """A process and the reading end of its output.

    The pipe is made here because asyncio's own would have `wait` wait for everyone who inherited it.
    """
    reading, writing = os.pipe()
    output = asyncio.StreamReader(limit=_CHUNK)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env=dict(env),
                start_new_session=True,
            )
        except OSError as error:
            raise BuilderError(f"{command[0]} cannot be started: {error.strerror}") from error
        finally:
            os.close(writing)
        yield process, output
    finally:
        transport.close()


async def _first_of(
    process: asyncio.subprocess.Process,
    reading: asyncio.Task[None],
    watch: Callable[[], Awaitable[Limit]] | None,
) -> Limit | None:
    """Wait for the process to end, for what is watched, or for the reader to fail.

    A reader that failed would leave the process stuck on a full pipe.
    """
    exiting = asyncio.ensure_future(process.wait())
    watching = asyncio.ensure_future(watch()) if watch is not None else None
    waiting: set[asyncio.Future[Any]] = {exiting, reading, *((watching,) if watching else ())}
    try:
        while not exiting.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if reading in done and reading.exception():
                return None
            if watching is not None and watching in done and not exiting.done():
                return watching.result()
        return None
    finally:
        exiting.cancel()
        if watching is not None:
            watching.cancel()


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """Ask what is left of the group to end, and make it end."""
    try:
        if process.returncode is None:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await process.wait()
    finally:
        # Also when the process itself is gone: others of its group may not be.
        _signal(process, signal.SIGKILL)
    await process.wait()
    deadline = time.monotonic() + _GOING_SECONDS  # what is killed takes a moment to go, and nobody tells
    while _signal(process, 0) and _has_living(process.pid) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_PATIENCE)


def _signal(process: asyncio.subprocess.Process, number: int) -> bool:
    """Send a signal to the group; whether it has anybody left."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _has_living(group: int) -> bool:
    """Whether anybody in a group is more than dead and waiting for a parent that looks after it (proc(5))."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


async def _drain(reading: asyncio.Task[None], grace: float) -> None:
    """Let the reader come to the end; someone who left the group may hold the pipe open for ever."""
    try:
        async with asyncio.timeout(grace):
            await reading
    except TimeoutError:
        pass


async def _read(output: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    rest = b""
    while chunk := await output.read(_CHUNK):
        *lines, rest = _LINE_END.split(rest + chunk)
        for line in lines:
            _take(line, take)
        rest = rest[:LONGEST_LINE]
    _take(rest, take)


def _take(line: bytes, take: Callable[[str], None]) -> None:
    if text := clean(line[:LONGEST_LINE].decode(errors="replace")).rstrip():
        take(text)


def clean(text: str) -> str:
    """One line without terminal escapes and control characters; tabs stay."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))

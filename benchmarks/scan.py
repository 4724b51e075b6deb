"""Measure the Dockerfile engine on real files.

    python -m benchmarks.scan [FOLDER]

Every file of the folder that is named like a Dockerfile counts. Where there are fewer than `--files`, the
same ones are taken again with a comment appended, so that no two are equal. Ratios are measured within one
run: all files over half of them, and pinbot over BuildKit's own parser (the PyPI package `dockerfile`).
"""

import argparse
import cProfile
import gc
import io
import pstats
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.table import save
from pinbot.errors import PinbotError
from pinbot.formats.discover import DOCKERFILE, format_of
from pinbot.formats.pinning import Pin, pin, prove, spell_tag, unpin
from pinbot.model.occurrence import SourceFile, Status
from pinbot.model.reference import Digest
from pinbot.rewrite import apply
from tests.formats.dockerfile.oracle import is_comparable, ours, theirs

EXAMPLES = Path(__file__).parents[1] / "examples"
DIGEST = Digest("sha256", "0123456789abcdef" * 4)
SPECIAL = (
    b"\\\n",
    b"\n",
    b"\r\n",
    b"<<EOF\n",
    b"EOF\n",
    b"${",
    b"}",
    b"'",
    b'"',
    b"#",
    b"FROM ",
    b"--from=",
    b"\xc2\xa0",
)


def collect(folder: Path, wanted: int) -> tuple[list[SourceFile], int]:
    """The sources, and how many of them are distinct files of the folder."""
    real = [
        SourceFile(path=str(path.relative_to(folder)), data=path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and format_of(path.name) is not None
    ]
    files = list(real)
    while real and len(files) < wanted:
        source = real[len(files) % len(real)]
        files.append(SourceFile(path=source.path, data=source.data + b"\n# copy %d\n" % len(files)))
    return files[: max(wanted, len(real))], len(real)


def scan(files: Iterable[SourceFile]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for file in files:
        try:
            for found in DOCKERFILE.references(file):
                counts[f"{found.kind} {found.status}"] += 1
        except PinbotError as problem:
            counts[f"refused: {problem.code}"] += 1
    return counts


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Processor time of the fastest of a few rounds: other processes on the machine count least there."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def read_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


def oracle(files: Iterable[SourceFile]) -> tuple[Counter[str], list[str], float]:
    """Agreement with BuildKit's parser, the files that differ, and the time that parser takes."""
    counts: Counter[str] = Counter()
    differing: list[str] = []
    took = 0.0
    for file in files:
        try:
            text = file.data.decode()
        except UnicodeDecodeError:
            counts["not UTF-8, which the oracle cannot be given"] += 1
            continue
        begun = time.process_time()
        expected = theirs(text)
        took += time.process_time() - begun
        if ours(text) == expected:
            counts["agree"] += 1
        else:
            known = not is_comparable(text) or "\\u0000" in text
            counts["differ by a rule that changed since" if known else "DIFFER"] += 1
            differing.append(file.path)
    return counts, differing, took


def round_trips(files: Iterable[SourceFile]) -> Counter[str]:
    """Pin and prove, pin again, unpin again: what must hold on every file."""
    counts: Counter[str] = Counter()
    for file in files:
        try:
            found = DOCKERFILE.references(file)
        except PinbotError:
            continue
        editable = {each: Pin(DIGEST) for each in found if each.status is not Status.SKIPPED}
        if not editable:
            continue
        counts["files"] += 1
        counts["references"] += len(editable)
        once = apply(file.data, [pin(each, DIGEST) for each in editable])
        prove(DOCKERFILE, file, once, editable)
        pinned = DOCKERFILE.references(SourceFile(path=file.path, data=once))
        again = [pin(each, DIGEST) for each in pinned if each.status is not Status.SKIPPED]
        counts["pinned twice is not pinned once"] += apply(once, again) != once
        fresh = {each.place for each in found if each.status is Status.UNPINNED}
        undone = [
            unpin(after)
            for before, after in zip(found, pinned, strict=True)
            if before.status is Status.UNPINNED
        ]
        moved = [pin(each, DIGEST) for each in found if each.status is Status.PINNED]
        spelt = filter(None, [spell_tag(each) for each in editable])
        expected = apply(file.data, [*moved, *spelt])
        counts["unpinned is not as before"] += bool(fresh) and apply(once, filter(None, undone)) != expected
    return counts


def fuzz(files: list[SourceFile], limit: float, seed: int) -> dict[str, object]:
    """Damaged files for so many seconds: nothing but a PinbotError may come out, and soon."""
    chance = random.Random(seed)
    inputs = refused = 0
    slowest = 0.0
    end = time.monotonic() + limit
    while time.monotonic() < end:
        data = bytearray(chance.choice(files).data)
        for _ in range(chance.randint(1, 8)):
            at = chance.randint(0, len(data))
            match chance.randrange(4):
                case 0:
                    data[at:at] = chance.choice(SPECIAL)
                case 1:
                    del data[at : at + chance.randint(1, 20)]
                case 2:
                    data[at : at + 1] = bytes([chance.randrange(1, 256)])
                case _:
                    other = chance.choice(files).data
                    start = chance.randint(0, len(other))
                    data[at:at] = other[start : start + chance.randint(1, 200)]
        begun = time.process_time()
        try:
            source = SourceFile(path="fuzzed", data=bytes(data))
            edits = {each: Pin(DIGEST) for each in DOCKERFILE.references(source) if each.place is not None}
            after = apply(source.data, [pin(each, DIGEST) for each in edits])
        except PinbotError:
            refused += 1
        else:
            prove(DOCKERFILE, source, after, edits)
        slowest = max(slowest, time.process_time() - begun)
        inputs += 1
    return {
        "seed": seed,
        "seconds": limit,
        "inputs": inputs,
        "refused": refused,
        "slowest": round(slowest, 4),
    }


def profile(files: list[SourceFile]) -> list[str]:
    profiler = cProfile.Profile()
    profiler.runcall(scan, files)
    out = io.StringIO()
    pstats.Stats(profiler, stream=out).sort_stats("tottime").print_stats(12)
    lines = [line for line in out.getvalue().splitlines() if line.strip()]
    return lines[lines.index(next(line for line in lines if "tottime" in line)) :]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=EXAMPLES)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--fuzz", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    files, real = collect(options.folder, options.files)
    if not files:
        parser.error(f"{options.folder} holds no Dockerfile")
    size = sum(len(file.data) for file in files)
    half = files[: len(files) // 2]
    half_size = sum(len(file.data) for file in half)
    counts = scan(files)
    whole, part = seconds(lambda: scan(files)), seconds(lambda: scan(half))
    reading = seconds(lambda: read_all(options.folder), 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    agreement, differing, buildkit = oracle(files[:real])
    result = {
        "files": len(files),
        "distinct files": real,
        "MB": round(size / 1e6, 2),
        "seconds": round(whole, 3),
        "MB/s": round(size / 1e6 / whole, 2),
        "us per file": round(whole / len(files) * 1e6),
        "time ratio / size ratio, all files over half": round((whole / part) / (size / half_size), 3),
        "seconds to read the distinct files": round(reading, 3),
        "pinbot over BuildKit's parser, on the distinct files": round(
            whole * real / len(files) / buildkit, 3
        ),
        "peak memory, MB (the files' bytes included)": round(memory),
        "references": dict(sorted(counts.items())),
        "oracle": dict(agreement),
        "differing": differing,
        "round trips": dict(round_trips(files[:real])),
        "fuzz": fuzz(files[:real], options.fuzz, options.seed),
    }
    for name, value in result.items():
        print(f"{name:55} {value if not isinstance(value, dict) else ''}")
        if isinstance(value, dict):
            for key, number in value.items():
                print(f"    {key:51} {number}")
    print("\n".join(profile(files)))
    save("scan", result)


if __name__ == "__main__":
    main()

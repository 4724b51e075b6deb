"""What is kept of builds, and when it is taken again; the builder counts how often it is asked."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pinbot.build import baselines
from pinbot.build.baselines import LONGEST_AGE_SECONDS, Baselines
from pinbot.config import BuildSettings, Network
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget, BuiltImage, FailedBuild
from pinbot.model.diagnosis import Capability
from pinbot.model.reference import Digest
from tests.support.layouts import read_strictly, write_layout
from tests.support.oci import Entry, Image, layer

NOW = 1_900_000_000.0


class Counting:
    """Writes an image that holds the content of the Dockerfile, or fails where that says so."""

    name = "counting"

    def __init__(self, version: str = "counting 1") -> None:
        self.version = version
        self.built = 0

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        self.built += 1
        content = (request.root / request.target.dockerfile).read_bytes()
        on_line("building")
        if b"fail" in content:
            return FailedBuild(step="RUN fail", tail=(), seconds=1.0, builder=self.version)
        blob = layer((Entry(name="Dockerfile", data=content),))
        image = Image(layers=(blob,))
        write_layout(request.image, image)
        digest = Digest.parse(read_strictly(request.image).digest)
        return BuiltImage(
            digest=digest, size=len(blob), layers=1, seconds=2.5, builder=self.version, caveats=("weak",)
        )

    async def capabilities(self) -> tuple[Capability, ...]:
        return (Capability(name="counting", able=True),)


class Desk:
    """A tree, a cache, and a builder before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self.cache = folder / "cache"
        (self.tree / "svc").mkdir(parents=True)
        self.write("Dockerfile", "FROM scratch\n")
        self.write("svc/file", "content")
        self.target = BuildTarget(dockerfile="Dockerfile", context="svc")
        self.settings = BuildSettings()
        self.builder = Counting()
        self.now = NOW
        self.lines: list[str] = []
        self.place = ""

    def write(self, path: str, text: str) -> None:
        (self.tree / path).write_text(text)

    def build(self, *, reuse: bool = True) -> BuildOutcome:
        """Build from a copy, as everybody does; the image is in `images` under a number."""
        number = len(list(self.folder.iterdir()))
        root, image = self.folder / f"copy-{number}", self.folder / f"image-{number}"
        shutil.copytree(self.tree, root, symlinks=True)
        builder = Baselines(self.builder, self.settings, self.cache, place=self.place, clock=lambda: self.now)
        request = BuildRequest(target=self.target, root=root, image=image, reuse=reuse)
        outcome = asyncio.run(builder.build(request, on_line=self.lines.append))
        if isinstance(outcome, BuiltImage):
            assert read_strictly(image).digest == str(outcome.digest)
        return outcome

    @property
    def entries(self) -> list[Path]:
        return sorted(self.cache.iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_equal_files_are_built_once(desk: Desk) -> None:
    first = desk.build()
    desk.now += 90
    again = desk.build()
    assert isinstance(first, BuiltImage)
    assert again == replace(first, age=90)
    assert desk.builder.built == 1
    assert desk.lines == ["building", "taken from the cache: built 90 s ago"]


def test_what_was_built_as_the_update_is_the_next_baseline(desk: Desk) -> None:
    desk.build(reuse=False)
    desk.build(reuse=False)
    assert desk.builder.built == 2
    assert isinstance(desk.build(), BuiltImage)
    assert desk.builder.built == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: desk.write("svc/file", "other"),
        lambda desk: desk.write("svc/new", ""),
        lambda desk: (desk.tree / "svc/file").chmod(0o755),
        lambda desk: (desk.tree / "svc/folder").mkdir(),
        lambda desk: (desk.tree / "svc/link").symlink_to("file"),
        lambda desk: desk.write("Dockerfile", "FROM scratch \n"),
        lambda desk: desk.write("Dockerfile.dockerignore", "file\n"),
        lambda desk: setattr(desk, "target", replace(desk.target, stage="a")),
        lambda desk: setattr(desk, "target", replace(desk.target, platform="linux/arm64")),
        lambda desk: setattr(desk, "target", replace(desk.target, args=(("A", "1"),))),
        lambda desk: setattr(desk, "target", replace(desk.target, context=".")),
        lambda desk: setattr(desk, "settings", BuildSettings(network=Network.NONE)),
        lambda desk: setattr(desk, "builder", Counting("counting 2")),
        lambda desk: setattr(desk, "place", "tcp://elsewhere"),
        lambda desk: setattr(desk, "now", NOW + LONGEST_AGE_SECONDS + 1),
        lambda desk: setattr(desk, "now", NOW - 1),
    ],
)
def test_anything_else_is_built_anew(desk: Desk, change: Callable[[Desk], None]) -> None:
    desk.build()
    desk.builder.built = 0
    change(desk)
    assert isinstance(desk.build(), BuiltImage)
    assert desk.builder.built == 1


def test_what_lies_outside_of_the_context_and_times_do_not_matter(desk: Desk) -> None:
    desk.build()
    desk.write("README", "other")
    os.utime(desk.tree / "svc/file", (1, 1))
    desk.build()
    assert desk.builder.built == 1


def test_a_link_is_told_from_another_whatever_they_lead_to(desk: Desk) -> None:
    (desk.tree / "svc/link").symlink_to("file")
    desk.build()
    (desk.tree / "svc/link").unlink()
    (desk.tree / "svc/link").symlink_to("./file")
    desk.build()
    assert desk.builder.built == 2


def test_failures_are_not_kept(desk: Desk) -> None:
    desk.write("Dockerfile", "fail")
    assert isinstance(desk.build(), FailedBuild)
    assert isinstance(desk.build(), FailedBuild)
    assert desk.builder.built == 2


def damage(entry: Path, how: str) -> None:
    blobs = entry / "image" / "blobs" / "sha256"
    match how:
        case "a blob that was changed":
            largest = max(blobs.iterdir(), key=lambda blob: blob.stat().st_size)
            data = largest.read_bytes()
            largest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "a blob that is gone":
            next(blobs.iterdir()).unlink()
        case "no index":
            (entry / "image" / "index.json").unlink()
        case "facts that are none":
            (entry / "facts.json").write_text("[]")
        case "an image that is none":
            shutil.rmtree(entry / "image")


@pytest.mark.parametrize(
    "how",
    [
        "a blob that was changed",
        "a blob that is gone",
        "no index",
        "facts that are none",
        "an image that is none",
    ],
)
def test_what_is_damaged_is_as_if_it_were_not_there(desk: Desk, how: str) -> None:
    desk.build()
    [entry] = desk.entries
    damage(entry, how)
    assert isinstance(desk.build(), BuiltImage)
    assert desk.builder.built == 2
    assert isinstance(desk.build(), BuiltImage)
    assert desk.builder.built == 2


def test_the_cache_is_bounded_and_what_was_used_last_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        desk.now = NOW + number
        desk.write("svc/file", str(number))
        desk.build()
    size = sum(file.stat().st_size for file in desk.entries[0].rglob("*") if file.is_file())
    monkeypatch.setattr(baselines, "MOST_BYTES", 2.5 * size)
    desk.now += 1
    desk.write("svc/file", "0")
    desk.build()  # taken, so that the others are older now
    desk.write("svc/file", "3")
    desk.build()
    assert len(desk.entries) == 2
    for text, built in (("3", 4), ("0", 4), ("2", 5)):
        desk.write("svc/file", text)
        desk.build()
        assert desk.builder.built == built


def test_what_is_too_large_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "LARGEST_BYTES", 10)
    desk.build()
    assert not desk.cache.exists()


def test_what_a_killed_run_left_goes(desk: Desk) -> None:
    left, busy = desk.cache / ".left", desk.cache / ".busy"
    for folder, age in ((left, 4000.0), (busy, 10.0)):
        folder.mkdir(parents=True)
        os.utime(folder, (NOW - age, NOW - age))
    desk.build()
    assert not left.exists()
    assert busy.exists()


def test_a_cache_that_cannot_be_written_is_done_without(desk: Desk) -> None:
    desk.cache.write_text("no folder")
    assert isinstance(desk.build(), BuiltImage)
    assert isinstance(desk.build(), BuiltImage)
    assert desk.builder.built == 2


def test_it_is_the_builder_that_can_do_things(desk: Desk) -> None:
    builder = Baselines(desk.builder, desk.settings, desk.cache)
    assert (builder.name, builder.version) == ("counting", "counting 1")
    assert asyncio.run(builder.capabilities()) == (Capability(name="counting", able=True),)

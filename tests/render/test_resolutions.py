"""What tags mean, and which there are, as people read it."""

import io

import pytest

from pinbot.model.manifest import OCI_INDEX
from pinbot.model.plan import Resolution, TagList
from pinbot.model.reference import ImageReference, Platform
from pinbot.render import resolutions
from pinbot.render.console import Console, console
from tests.render.values import ALPINE, NEW


@pytest.fixture(autouse=True)
def no_wishes_about_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def out() -> Console:
    return console(io.StringIO(), colour=None)


def told(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_what_was_asked_for_by_digest_alone_gets_no_tag(out: Console) -> None:
    untagged = ImageReference.parse(f"alpine@{NEW}")
    resolutions.resolve(out, [Resolution(image=untagged, digest=NEW, media_type=OCI_INDEX)])
    resolutions.resolve(
        out, [Resolution(image=ImageReference.parse("alpine"), digest=NEW, media_type=OCI_INDEX)]
    )
    assert told(out) == f"docker.io/library/alpine@{NEW}\ndocker.io/library/alpine:latest@{NEW}\n"


def test_a_resolution_is_an_image_with_its_digest_and_its_platforms_below(out: Console) -> None:
    platforms = (Platform("linux", "amd64"), Platform("linux", "arm", "v7"))
    resolutions.resolve(
        out,
        [
            Resolution(image=ALPINE, digest=NEW, media_type=OCI_INDEX),
            Resolution(image=ALPINE, digest=NEW, media_type=OCI_INDEX, platforms=platforms),
        ],
    )
    line = f"docker.io/library/alpine:3.22@{NEW}\n"
    assert told(out) == f"{line}{line}  linux/amd64\n  linux/arm/v7\n"


def test_a_tag_is_listed_as_a_whole_reference(out: Console) -> None:
    resolutions.tags(
        out, [TagList(repository="docker.io/a", tags=("1", "2")), TagList(repository="x/b", tags=())]
    )
    assert told(out) == "docker.io/a:1\ndocker.io/a:2\n"

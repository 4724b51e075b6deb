"""Each alarm: an image that raises it, and one that does not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pinbot.comparison import cautions
from pinbot.model.comparison import (
    Alarm,
    Caution,
    Layer,
    LayerDiff,
    Move,
    Origin,
    PackageChange,
    Pair,
    Source,
)
from pinbot.model.image import Ecosystem, ImageConfig
from pinbot.model.reference import Digest, Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
NOTHING: Pair[str | None] = Pair(old=None, new=None)
ORIGIN = Origin(kind=Source.SAME, source=NOTHING, revision=NOTHING, version=NOTHING, created=NOTHING)
CONFIG = ImageConfig(platform=AMD64, user="nobody", entrypoint=("/app",), cmd=("serve",))


def test_a_lost_platform() -> None:
    assert [*cautions.of_index(())] == []
    assert [*cautions.of_index((AMD64, ARM64))] == [
        Caution(
            alarm=Alarm.LOST_PLATFORM,
            message="there is no image any more for linux/amd64, linux/arm64",
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "older"), [(2, 1, True), (1, 2, False), (1, 1, False), (None, 1, False), (2, None, False)]
)
def test_a_tag_that_goes_back_to_a_digest_it_had(old: int | None, new: int | None, *, older: bool) -> None:
    def day(number: int | None) -> datetime | None:
        return None if number is None else datetime(2026, 1, number, tzinfo=UTC)

    found = [*cautions.of_sightings(Pair(old=day(old), new=day(new)))]
    assert [caution.alarm for caution in found] == [Alarm.OLDER_DIGEST] * older


def test_a_source_that_moved() -> None:
    moved = replace(ORIGIN, kind=Source.MOVED, source=Pair(old="https://a", new="https://b"))
    assert [*cautions.of_origin(ORIGIN)] == []
    assert [*cautions.of_origin(moved)] == [
        Caution(
            alarm=Alarm.SOURCE_MOVED,
            message="the image says it is made of https://b, and no longer of https://a",
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "backwards"),
    [
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
        ("2026-01-02T00:00:00Z", "2026-01-02T01:00:00+02:00", True),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "1980-01-01T00:00:01Z", False),
        ("2026-01-01T00:00:00Z", "soon", False),
        (None, "2026-01-01T00:00:00Z", False),
    ],
)
def test_a_date_that_goes_backwards(old: str | None, new: str, *, backwards: bool) -> None:
    found = [caution.alarm for caution in cautions.of_origin(replace(ORIGIN, created=Pair(old=old, new=new)))]
    assert found == [Alarm.CREATED_BACKWARDS] * backwards


def test_packages_that_go_back() -> None:
    def change(name: str, move: Move) -> PackageChange:
        return PackageChange(ecosystem=Ecosystem.APK, name=name, move=move, old="2", new="1", place="")

    assert [*cautions.of_packages([change("a", Move.UPGRADED), change("b", Move.CHANGED)])] == []
    assert [*cautions.of_packages([change(name, Move.DOWNGRADED) for name in "abcd"])] == [
        Caution(
            alarm=Alarm.OLDER_PACKAGES,
            message="4 packages go back to an older version: a 2 to 1, b 2 to 1, c 2 to 1 and 1 more",
        )
    ]


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (CONFIG, []),
        (replace(CONFIG, cmd=("other",)), []),
        (
            replace(CONFIG, entrypoint=("/bin/sh",)),
            [(Alarm.ENTRYPOINT_CHANGED, "a container starts /bin/sh serve, where it started /app serve")],
        ),
        (
            replace(CONFIG, entrypoint=(), cmd=()),
            [(Alarm.ENTRYPOINT_CHANGED, "a container starts nothing, where it started /app serve")],
        ),
        (
            replace(CONFIG, user=""),
            [(Alarm.USER_CHANGED, "a container runs as root, where it ran as nobody")],
        ),
        (
            replace(CONFIG, platform=ARM64),
            [(Alarm.WRONG_PLATFORM, "the image that is offered for linux/amd64 says it is for linux/arm64")],
        ),
    ],
)
def test_what_is_started_by_whom_and_on_what(new: ImageConfig, told: list[tuple[Alarm, str]]) -> None:
    found = cautions.of_config(Pair(old=CONFIG, new=new), AMD64)
    assert [(caution.alarm, caution.message) for caution in found] == told


def test_a_password_in_a_command_is_not_told() -> None:
    (caution,) = cautions.of_config(
        Pair(old=CONFIG, new=replace(CONFIG, entrypoint=("/app", "--token=x"))), None
    )
    assert caution.message.startswith("a container starts /app --token=…")


def test_another_command_of_an_image_without_entrypoint() -> None:
    old, new = (ImageConfig(cmd=(name,)) for name in ("sh", "bash"))
    assert [caution.alarm for caution in cautions.of_config(Pair(old=old, new=new), None)] == [
        Alarm.ENTRYPOINT_CHANGED
    ]


def test_setuid_files_that_new_layers_bring() -> None:
    def told(*added: str, certain: bool = True) -> list[str]:
        found = [*cautions.of_files(added, certain=certain)]
        assert {caution.alarm for caution in found} <= {Alarm.SETUID_ADDED}
        return [caution.message for caution in found]

    assert told() == []
    assert told("usr/bin/su") == ["new layers bring a file with setuid, setgid or capabilities: usr/bin/su"]
    (unsure,) = told("bin/a", "bin/b", certain=False)
    assert unsure == (
        "new layers bring 2 files with setuid, setgid or capabilities: bin/a, bin/b, "
        "unless layers of the old image that were not read have it too"
    )


@pytest.mark.parametrize(
    ("new", "told"), [(1_999, []), (2_000, [Alarm.SIZE_DOUBLED]), (9_000, [Alarm.SIZE_DOUBLED])]
)
def test_an_image_that_doubled(new: int, told: list[Alarm]) -> None:
    def layer(size: int) -> tuple[Layer, ...]:
        return (Layer(digest=Digest("sha256", "0" * 64), size=size),)

    diff = LayerDiff(shared=(), gone=layer(1_000), new=layer(new))
    assert [caution.alarm for caution in cautions.of_layers(diff)] == told

import io

import pytest

from pinbot.errors import NotFound
from pinbot.model.comparison import (
    Alarm,
    Caution,
    Comparison,
    Cost,
    Evidence,
    Move,
    Part,
    Setting,
    SettingChange,
    Source,
    Subject,
    Unread,
)
from pinbot.model.manifest import OCI_INDEX
from pinbot.model.reference import Platform
from pinbot.model.vulnerability import Rating, VulnerabilityDiff
from pinbot.render import console
from pinbot.render.comparison import text
from tests.render.comparison.values import (
    AMD64,
    ARM64,
    OLD,
    comparison,
    everything,
    explained,
    exposed,
    origin,
    package,
    platform_diff,
)
from tests.render.values import HOSTILE


def shown(told: Comparison) -> str:
    stream = io.StringIO()
    text.show(console.console(stream, colour=False), told)
    return stream.getvalue()


def test_a_comparison_in_full() -> None:
    told = comparison(
        platform_diff(
            package("busybox", old="1.37.0-r18", new="1.37.0-r19"),
            package("zlib", Move.ADDED, None, "1.3.1-r2"),
            of=origin(Source.REVISION, text="bbbbbbb", link="https://github.com/o/r/compare/a...b"),
            distribution="Alpine Linux v3.22",
            vulnerabilities=VulnerabilityDiff(
                fixed=(exposed("CVE-1", "an overflow", Rating.HIGH),), remaining=2, unasked=("crates",)
            ),
            settings=(
                SettingChange(setting=Setting.CMD, old=("sh",), new=("sh", "-l")),
                SettingChange(setting=Setting.ENV, name="KEY", old="x" * 80, new=None),
            ),
            cautions=(Caution(alarm=Alarm.USER_CHANGED, message="a container runs as root"),),
            unread=(Unread(part=Part.FILES, reason="1 layer was not searched"),),
        ),
        same=(ARM64,),
        lost=(Platform("linux", "386"),),
        cautions=(Caution(alarm=Alarm.LOST_PLATFORM, message="there is no image any more for linux/386"),),
    )
    assert shown(told) == (
        f"- alpine:3.22@{OLD}\n+ alpine:3.22 sha256:{'2' * 64}\n"
        """\
PLATFORM               OLD           NEW           SIZE    CHANGE             LAYERS
linux/amd64  changed   111111111111  222222222222  3.1 MB  +100.0 kB (+3.3%)  1 shared, 1 gone, 1 new
linux/arm64  the same
linux/386    gone
warning: lost-platform: there is no image any more for linux/386

linux/amd64
warning: user-changed: a container runs as root
built from another revision of the source
  source: bbbbbbb -> bbbbbbb2
  revision: bbbbbbb -> bbbbbbb2
  version: bbbbbbb -> bbbbbbb2
  system: Alpine Linux v3.22
  created (the builder's claim): bbbbbbb -> bbbbbbb2
  https://github.com/o/r/compare/a...b
packages: 1 upgraded, 1 added, of 15
PACKAGE  ECOSYSTEM  CHANGE    OLD         NEW
busybox  apk        upgraded  1.37.0-r18  1.37.0-r19
zlib     apk        added                 1.3.1-r2
known vulnerabilities: 1 fixed, 0 new, 2 remain
VULNERABILITY  CHANGE  RATING  PACKAGES                                             SUMMARY
CVE-1          fixed   high    CVE-10 CVE-1, CVE-11 CVE-1, CVE-12 CVE-1 and 1 more  an overflow
not known: vulnerabilities: crates
CONFIG   OLD                                                           NEW
cmd      ["sh"]                                                        ["sh", "-l"]
"""
        f"env KEY  {'x' * 59}…\n"
        """\
not known: files: 1 layer was not searched

read 6.1 MB of 6.1 MB (100%) in 6 requests
"""
    )


def test_no_change_is_one_line() -> None:
    assert "\nNothing changed for linux/amd64.\n" in shown(comparison(same=(AMD64,)))


def test_the_same_digest_is_told_as_such() -> None:
    side = Subject(name="alpine", digest=OLD, media_type=OCI_INDEX)
    told = Comparison(old=side, new=side, cost=Cost(requests=1, received=500, whole=0))
    assert shown(told).splitlines()[2:] == ["Both are the same image.", "", "read 500 B in 1 request"]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Source.SAME, "rebuilt from the same source"),
        (Source.MOVED, "built from another source"),
        (Source.UNKNOWN, "the images do not say whether the source changed"),
    ],
)
def test_where_the_image_comes_from_is_told(kind: Source, line: str) -> None:
    assert line in shown(comparison(platform_diff(of=origin(kind)))).splitlines()


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        (Evidence.READ, "packages: none changed, of 15"),
        (Evidence.SHARED, "no package changed: their list lies in layers that both images share"),
        (Evidence.CLAIMED, "packages: none changed, of 15, as an SBOM claims"),
    ],
)
def test_how_it_is_known_which_packages_there_are(evidence: Evidence, line: str) -> None:
    assert line in shown(comparison(platform_diff(evidence=evidence))).splitlines()


@pytest.mark.parametrize("trick", HOSTILE)
def test_nothing_of_an_image_moves_the_cursor(trick: str) -> None:
    out = shown(everything(trick))
    assert out.replace("\n", "").isprintable() or "\t" in out
    assert "\x1b" not in out


def test_an_update_is_explained_below_its_digests() -> None:
    stream = io.StringIO()
    out = console.console(stream, colour=False)
    text.explanations(
        out, [explained(comparison(platform_diff(package()))), explained(NotFound("it is gone"))]
    )
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["", "alpine:3.22: 111111111111 -> 222222222222"]
    assert "busybox  apk        upgraded  1-r0  1-r1" in lines
    assert lines[-3:] == [
        "",
        "alpine:3.22: 111111111111 -> 222222222222",
        "not known what changed: it is gone",
    ]

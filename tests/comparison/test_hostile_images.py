"""Images that somebody made to mislead a comparison, or to break it: it tells what it cannot know."""

import gzip
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from pinbot.comparison.scope import Scope
from pinbot.errors import Untrustworthy
from pinbot.model.comparison import Alarm, Part, PlatformDiff
from pinbot.model.manifest import OCI_INDEX, Descriptor, Index, Manifest
from pinbot.model.reference import Digest
from pinbot.render.comparison import markdown
from pinbot.render.markdown import LIMIT
from tests.comparison.bench import Bench, Watched, apk, dpkg, image, whiteout
from tests.render.markup import EVIL, check_nothing_escapes
from tests.support import local_images
from tests.support.oci import Entry, Image, digest_of

DATABASE = "lib/apk/db/installed"
STATUS = "var/lib/dpkg/status"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def raw(*members: tuple[tarfile.TarInfo, bytes]) -> Image:
    """An image of one layer with exactly these members."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return Image(layers=(gzip.compress(archive.getvalue(), 1, mtime=0),))


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def reasons(diff: PlatformDiff) -> list[str]:
    """Why the packages are not known."""
    return [unread.reason for unread in diff.unread if unread.part is Part.PACKAGES]


def names(diff: PlatformDiff) -> list[tuple[str, str | None]]:
    assert diff.packages is not None, diff.unread
    return [(change.name, change.new) for change in diff.packages.changes]


@pytest.mark.parametrize(
    ("kind", "link", "reason"),
    [
        (tarfile.SYMTYPE, "/etc/shadow", f"{DATABASE} is no file but a symlink"),
        (tarfile.LNKTYPE, "etc/shadow", f"{DATABASE} is a hard link to etc/shadow, which is not followed"),
        (tarfile.CHRTYPE, "", f"{DATABASE} is no file but a device"),
        (tarfile.FIFOTYPE, "", f"{DATABASE} is no file but a fifo"),
        (tarfile.DIRTYPE, "", f"{DATABASE} is no file but a directory"),
    ],
)
def test_a_database_that_is_no_file_is_not_known(bench: Bench, kind: bytes, link: str, reason: str) -> None:
    shadow = (member("etc/shadow"), b"root:secret\n")
    diff = bench.diff(image([apk(musl="1-r0")]), raw(shadow, (member(DATABASE, kind, link), b"")))
    assert diff.packages is None
    assert reasons(diff) == [f"in the new image, {reason}"]


def test_a_link_in_place_of_the_folder_of_a_database_is_told(bench: Bench) -> None:
    status = dpkg("opt/dpkg/status", libc6="1").data or b""
    new = raw(
        (member("var/lib/dpkg", tarfile.SYMTYPE, "../../opt/dpkg"), b""), (member("opt/dpkg/status"), status)
    )
    assert reasons(bench.diff(image([dpkg(libc6="1")]), new)) == [
        "in the new image, var/lib/dpkg is a link to opt/dpkg, where no database is read"
    ]


def test_a_link_between_two_places_where_the_database_may_lie_is_followed(bench: Bench) -> None:
    new = raw(
        (member("lib", tarfile.SYMTYPE, "usr/lib"), b""),
        (member(f"usr/{DATABASE}"), apk(musl="1-r1").data or b""),
    )
    assert names(bench.diff(image([apk(musl="1-r0")]), new)) == [("musl", "1-r1")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe\x00junk\n", "is no field"),
        (
            b"Package: \xff\nStatus: install ok installed\nVersion: 1\n\n",
            "holds a package that cannot be one",
        ),
        (b"Package: libc6\nStatus: install ok installed\nVersi", "is cut off"),
        (b"\0" * (33 << 20), "cannot be read: it has 34,603,008 bytes"),
    ],
)
def test_a_damaged_or_monstrous_database_is_not_known(bench: Bench, data: bytes, reason: str) -> None:
    diff = bench.diff(image([dpkg(libc6="1")]), image([Entry(name=STATUS, data=data)]))
    assert diff.packages is None
    (told,) = reasons(diff)
    assert told.startswith(f"in the new image, {STATUS}")
    assert reason in told


def test_of_what_a_layer_holds_twice_the_last_one_counts(bench: Bench) -> None:
    new = raw(
        (member(DATABASE), apk(musl="9-r9").data or b""),
        (member("bin/su"), b"a"),
        (member(f"./{DATABASE}"), apk(musl="1-r1").data or b""),
    )
    assert names(bench.diff(image([apk(musl="1-r0")]), new)) == [("musl", "1-r1")]


def test_a_setuid_file_that_the_same_layer_replaces_does_not_count(bench: Bench) -> None:
    first, second = member("bin/su"), member("bin/su")
    first.mode, second.mode = 0o4755, 0o755
    assert bench.diff(image([Entry(name="a", data=b"")]), raw((first, b""), (second, b""))).cautions == ()


def test_a_hard_link_to_a_setuid_file_is_one_too(bench: Bench) -> None:
    first = member("bin/su")
    first.mode = 0o4755
    new = raw((first, b""), (member("tmp/x", tarfile.LNKTYPE, "bin/su"), b""))
    (caution,) = bench.diff(image([Entry(name="a", data=b"")]), new).cautions
    assert caution.message.endswith(": bin/su, tmp/x")


def test_a_file_with_capabilities_counts_as_one_with_setuid(bench: Bench) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = member("bin/ping")
        info.mode = 0o755
        info.pax_headers = {"SCHILY.xattr.security.capability": "\x01\x00"}
        tar.addfile(info)
    new = Image(layers=(gzip.compress(archive.getvalue(), 1, mtime=0),))
    (caution,) = bench.diff(image([Entry(name="a", data=b"")]), new).cautions
    assert (caution.alarm, caution.message[-10:]) == (Alarm.SETUID_ADDED, ": bin/ping")


def test_a_layer_that_is_damaged_is_told_and_the_rest_is_compared(bench: Bench) -> None:
    good = image([apk(musl="1-r0")], User="nobody")
    bad = Image(layers=(gzip.compress(b"no tar" * 1000, 1, mtime=0),))
    diff = bench.diff(good, bad)
    assert diff.packages is None
    assert [change.old for change in diff.settings] == ["nobody"]
    (reason,) = reasons(diff)
    assert reason.startswith("in the new image, layer ")
    assert "could not be searched" in diff.unread[-1].reason
    assert Alarm.DATABASE_GONE not in [caution.alarm for caution in diff.cautions]


def manifest_with(kind: str, one: Image) -> bytes:
    return one.manifest.replace(b"application/vnd.oci.image.layer.v1.tar+gzip", kind.encode())


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "is a foreign one"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "is a foreign one"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "which holds no files"),
    ],
)
def test_layers_that_cannot_be_had_are_told_with_the_reason(bench: Bench, kind: str, reason: str) -> None:
    one = image([apk(musl="1-r1")])
    body = manifest_with(kind, one)
    new = bench.write_root(
        body, "application/vnd.oci.image.manifest.v1+json", [one.config_bytes, *one.layers]
    )
    (told,) = reasons(bench.diff(image([apk(musl="1-r0")]), new))
    assert told.startswith("in the new image, layer ")
    assert reason in told


def test_a_database_above_a_layer_that_cannot_be_read_is_known(bench: Bench) -> None:
    bad = gzip.compress(b"no tar" * 1000, 1, mtime=0)
    old, new = (
        Image(layers=(bad + gzip.compress(version.encode(), mtime=0), *image([apk(musl=version)]).layers))
        for version in ("1-r0", "1-r1")
    )
    assert names(bench.diff(old, new)) == [("musl", "1-r1")]
    thorough = bench.diff(old, new, Scope(thorough=True))
    assert names(thorough) == [("musl", "1-r1")]
    assert "could not be searched for programs and setuid files: layer" in thorough.unread[-1].reason


@pytest.mark.parametrize(
    "text",
    [
        f"{EVIL} @octocat #1 https://evil.example [x](https://evil.example) ![x](x)",
        f"</details><script>{EVIL}</script><!--",
        f"` {EVIL} `` | {EVIL}",
        f"{EVIL}\n\n# {EVIL}\n\x1b[2J\u202e",
    ],
)
def test_labels_stay_text_in_a_pull_request(bench: Bench, text: str) -> None:
    names = ("source", "revision", "version", "created", "title")
    labels = {f"org.opencontainers.image.{name}": f"{text}{name}" for name in names}
    old = image([apk(musl="1-r0")], User="a", Entrypoint=["a"])
    new = image(
        [apk(musl="1-r0")],
        User=text,
        Entrypoint=[text],
        Env=[f"{text}={text}"],
        Labels={**labels, text: text},
    )
    body = markdown.document(bench.compare(old, new), room=LIMIT)
    assert len(body) <= LIMIT
    assert EVIL in body
    check_nothing_escapes(body)


def test_a_label_of_a_megabyte_is_cut(bench: Bench) -> None:
    old, new = (image([apk(musl="1-r0")], Labels={"vendor": letter * 1_000_000}) for letter in "ab")
    found = bench.compare(old, new)
    assert len(markdown.document(found, room=LIMIT)) < 3_000
    (change,) = found.changed[0].settings
    assert change.new == "b" * 1_000_000


def test_a_platform_that_cannot_be_had_does_not_stop_the_others(bench: Bench) -> None:
    def both(version: str, *, whole: bool) -> Path:
        amd64, arm64 = (image([apk(musl=version)], architecture=name) for name in ("amd64", "arm64"))
        folder = bench.write([amd64, arm64])
        if not whole:
            (folder / local_images.blob_name(digest_of(arm64.manifest))).unlink()
        return folder

    found = bench.compare(both("1-r0", whole=True), both("1-r1", whole=False), Scope(every=True))
    assert [str(diff.platform) for diff in found.changed] == ["linux/amd64"]
    (unread,) = found.unread
    assert unread.reason.startswith("linux/arm64: ")
    assert not found.equal


def test_images_for_several_versions_of_windows_are_compared_one_by_one(bench: Bench) -> None:
    def windows(*contents: str) -> list[Image]:
        return [replace(image([Entry(name="a", data=text.encode())]), os="windows") for text in contents]

    assert bench.compare(windows("2019", "2022"), windows("2019", "2022")).equal
    changed = bench.compare(windows("2019", "2022"), windows("2019", "new"))
    assert [str(diff.platform) for diff in changed.changed] == ["windows/amd64"]
    fewer = bench.compare(windows("2019", "2022"), windows("2022"))
    assert [unread.reason for unread in fewer.unread] == [
        "windows/amd64: there were 2 images for it, and there are 1"
    ]


class Circular(Watched):
    """A source whose index holds itself, as no honest registry can show it."""

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        descriptor = Descriptor(media_type=OCI_INDEX, digest=Digest("sha256", "0" * 64), size=1)
        return descriptor, Index(media_type=OCI_INDEX, manifests=(descriptor,))

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        del descriptor
        return (await self.root())[1]


def test_an_index_that_holds_itself_is_refused(bench: Bench) -> None:
    bench.wrap = Circular
    with pytest.raises(Untrustworthy, match="holds itself"):
        bench.compare(image([apk(musl="1-r0")]), image([apk(musl="1-r1")]))


def test_more_names_than_any_image_takes_away_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinbot.comparison.reading._MOST_NAMES", 10)
    new = image([apk(musl="1-r1"), *(whiteout(f"usr/{number}") for number in range(11))])
    (reason,) = reasons(bench.diff(image([apk(musl="1-r0")]), new))
    assert "takes away or replaces more than 10 names" in reason


def test_a_link_behind_the_database_in_the_same_layer_takes_its_place(bench: Bench) -> None:
    new = raw(
        (member(DATABASE), apk(musl="9-r9").data or b""),
        (member("lib/apk"), b""),
        (member("lib/apk", tarfile.SYMTYPE, "../nowhere"), b""),
    )
    assert reasons(bench.diff(image([apk(musl="1-r0")]), new)) == [
        "in the new image, lib/apk is a link to nowhere, where no database is read"
    ]


def test_a_database_of_a_kind_that_is_not_read_is_told(bench: Bench) -> None:
    new = image([Entry(name="var/lib/rpm/Packages", data=b"Berkeley DB")])
    (reason,) = reasons(bench.diff(image([apk(musl="1-r0")]), new))
    assert reason.startswith("in the new image, var/lib/rpm/Packages is not read: rpm kept it in Berkeley DB")


def test_a_log_without_its_database_is_not_known(bench: Bench) -> None:
    path = "var/lib/rpm/rpmdb.sqlite"
    new = image([Entry(name=f"{path}-wal", data=b"log")])
    assert reasons(bench.diff(image([apk(musl="1-r0")]), new)) == [
        f"in the new image, {path} lies in another layer than what belongs to it"
    ]


def test_more_packages_than_any_image_has_are_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinbot.comparison.reading._MOST_PACKAGES", 10)
    new = image([apk(**{f"p{number}": "1-r0" for number in range(11)})])
    (reason,) = reasons(bench.diff(image([apk(musl="1-r0")]), new))
    assert "holds more than 10 packages" in reason


def test_a_program_that_is_damaged_or_too_large_is_told_and_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinbot.comparison.reading.LARGEST_PROGRAM", 10_000)
    programs = [
        Entry(name="bad", data=b"\x7fELF" + bytes(8_000), mode=0o755),
        Entry(name="big", data=b"\x7fELF" + bytes(10_000), mode=0o755),
        Entry(name="script", data=b"#!/bin/sh\n" * 1_000, mode=0o755),
    ]
    diff = bench.diff(image([apk(musl="1-r0")]), image([apk(musl="1-r1"), *programs]))
    assert names(diff) == [("musl", "1-r1")]
    bad, big = reasons(diff)
    assert bad.startswith("bad: ")
    assert big == "big is larger than the 10,000 bytes that are read of a program"

"""Two images, compared as a whole; they lie on disk as builders write them."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from pinbot.cache import DiskCache
from pinbot.comparison.scope import Scope
from pinbot.errors import NotFound, PinbotError
from pinbot.model.comparison import Alarm, Evidence, Part, PlatformDiff, Setting
from pinbot.model.image import Distribution
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST
from pinbot.model.reference import Platform
from tests.comparison.bench import Bench, apk, blobs, dpkg, image, whiteout
from tests.support import local_images
from tests.support.oci import Entry, Image, digest_of, layer, to_json
from tests.support.programs import program

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def told(diff: PlatformDiff) -> list[tuple[str, str, str | None, str | None]]:
    assert diff.packages is not None, diff.unread
    return [(one.name, str(one.move), one.old, one.new) for one in diff.packages.changes]


def reasons(diff: PlatformDiff) -> list[str]:
    return [unread.reason for unread in diff.unread]


def digests(*layers: Sequence[Entry]) -> list[str]:
    return [digest_of(layer(one)) for one in layers]


# Whether it is a change


def test_the_same_digest_is_no_change_and_nothing_is_read_for_it(bench: Bench) -> None:
    path = bench.write([image([apk(musl="1-r0")])])
    found = bench.compare(path, path)
    assert found.equal
    assert bench.read == []


def attestation(of: Image, predicate: str) -> dict[str, object]:
    body = to_json(predicate)
    return {
        "mediaType": OCI_MANIFEST,
        "digest": digest_of(body),
        "size": len(body),
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": digest_of(of.manifest),
        },
    }


def test_other_attestations_are_no_change(bench: Bench) -> None:
    same = image([apk(musl="1-r0")])
    old = bench.write([same], attestation(same, "one"))
    new = bench.write([same], attestation(same, "two"))
    found = bench.compare(old, new)
    assert found.equal
    assert (found.same, found.changed, found.attestations) == ((AMD64,), (), True)
    assert bench.read == []


def test_another_platform_that_changes_is_no_change_unless_it_is_in_use(bench: Bench) -> None:
    same = image([apk(musl="1-r0")])
    old, new = (
        bench.write([same, image([apk(musl=version)], architecture="arm64")]) for version in ("1-r0", "1-r1")
    )
    found = bench.compare(old, new)
    assert found.equal
    assert (found.in_use, found.same, found.elsewhere) == ((AMD64,), (AMD64,), (ARM64,))
    found = bench.compare(old, new, Scope(every=True))
    assert not found.equal
    assert (found.same, [diff.platform for diff in found.changed]) == ((AMD64,), [ARM64])
    found = bench.compare(old, new, Scope(platforms=(Platform("linux", "aarch64"),)))
    assert [diff.platform for diff in found.changed] == [ARM64]


def test_platforms_that_come_and_go_are_told(bench: Bench) -> None:
    amd64, arm64 = image([apk(musl="1-r0")]), image([apk(musl="1-r0")], architecture="arm64")
    both, one = bench.write([amd64, arm64]), bench.write([amd64])
    lost = bench.compare(both, one)
    assert (lost.equal, lost.lost, lost.gained) == (True, (ARM64,), ())
    assert [caution.alarm for caution in lost.cautions] == [Alarm.LOST_PLATFORM]
    gained = bench.compare(one, both)
    assert (gained.equal, gained.lost, gained.gained, gained.cautions) == (True, (), (ARM64,), ())
    assert not bench.compare(both, one, Scope(platforms=(ARM64,))).equal
    assert not bench.compare(one, both, Scope(every=True)).equal


def test_a_platform_that_is_nowhere_is_an_error_that_lists_those_there_are(bench: Bench) -> None:
    old, new = image([apk(musl="1-r0")]), image([apk(musl="1-r1")])
    with pytest.raises(NotFound, match="there is no image for linux/s390x") as raised:
        bench.compare([old], [new], Scope(platforms=(Platform("linux", "s390x"),)))
    assert raised.value.hint == "there are images for linux/amd64"


def test_an_index_and_a_single_image_are_compared_by_platform(bench: Bench) -> None:
    old, new = image([apk(musl="1-r0")]), image([apk(musl="1-r1")])
    found = bench.compare(old, [image([apk(musl="1-r1")], architecture="arm64"), new])
    assert told(found.changed[0]) == [("musl", "upgraded", "1-r0", "1-r1")]
    assert found.gained == (ARM64,)


def test_two_single_images_for_different_platforms_are_compared_all_the_same(bench: Bench) -> None:
    diff = bench.diff(image([apk(musl="1-r0")]), image([apk(musl="1-r0")], architecture="arm64"))
    (change,) = diff.settings
    assert (change.setting, change.old, change.new) == (Setting.PLATFORM, "linux/amd64", "linux/arm64")


def test_annotations_alone_are_no_change(bench: Bench) -> None:
    one = image([apk(musl="1-r0")])
    document = to_json({**json.loads(one.manifest), "annotations": {"a": "b"}})
    new = bench.write_root(document, OCI_MANIFEST, blobs(one))
    found = bench.compare(one, new)
    assert (found.equal, found.same) == (True, (AMD64,))
    assert found.old.digest != found.new.digest
    assert bench.read == []


def test_an_index_in_an_index_is_looked_into(bench: Bench) -> None:
    def nested(one: Image) -> Path:
        inner = local_images.index(local_images.descriptor(one))
        entry = {"mediaType": OCI_INDEX, "digest": digest_of(inner), "size": len(inner)}
        return bench.write_root(local_images.index(entry), OCI_INDEX, [inner, *blobs(one)])

    diff = bench.diff(nested(image([apk(musl="1-r0")])), nested(image([apk(musl="1-r1")])))
    assert told(diff) == [("musl", "upgraded", "1-r0", "1-r1")]


def test_indexes_nested_without_end_are_refused(bench: Bench) -> None:
    body, chain = local_images.index(), []
    for _ in range(6):
        chain.append(body)
        body = local_images.index({"mediaType": OCI_INDEX, "digest": digest_of(body), "size": len(body)})
    with pytest.raises(PinbotError, match="more than 4 levels"):
        bench.compare(bench.write_root(body, OCI_INDEX, chain), image([apk(musl="1-r0")]))


# Packages


def test_the_topmost_layer_with_the_database_is_read_and_none_below(bench: Bench) -> None:
    old = ([apk(musl="1-r0")], [apk(musl="1-r0", zlib="1-r0")], [Entry(name="app", data=b"1")])
    new = ([apk(musl="1-r1")], [apk(musl="1-r1", zlib="1-r0")], [Entry(name="app", data=b"2")])
    diff = bench.diff(image(*old), image(*new))
    assert told(diff) == [("musl", "upgraded", "1-r0", "1-r1")]
    assert sorted(bench.read) == sorted(digests(*old[1:], *new[1:]))
    assert [unread.part for unread in diff.unread] == [Part.FILES, Part.FILES]
    assert reasons(diff)[0].startswith("1 layer of the old image (")
    assert "below the package database were not searched" in reasons(diff)[0]


def test_all_layers_that_differ_are_read_where_that_is_wanted(bench: Bench) -> None:
    old, new = ([apk(a="1-r0")], [apk(a="1-r1")]), ([apk(a="1-r2")], [apk(a="1-r3")])
    diff = bench.diff(image(*old), image(*new), Scope(thorough=True))
    assert told(diff) == [("a", "upgraded", "1-r1", "1-r3")]
    assert sorted(bench.read) == sorted(digests(*old, *new))
    assert diff.unread == ()


def test_a_layer_that_both_share_is_not_read(bench: Bench) -> None:
    base = [dpkg(libc6="2.36-9", bash="5.2-1")]
    layers = [base, *([Entry(name=f"usr/share/{number}", data=b"x")] for number in range(3))]
    old, new = [*layers, [Entry(name="app", data=b"1")]], [*layers, [Entry(name="app", data=b"2")]]
    diff = bench.diff(image(*old), image(*new))
    assert diff.packages is not None
    assert (diff.packages.evidence, diff.packages.changes) == (Evidence.SHARED, ())
    assert sorted(bench.read) == sorted(digests(old[-1], new[-1]))
    assert diff.unread == ()


def test_what_lies_above_the_database_and_is_shared_is_not_read_and_that_is_told(bench: Bench) -> None:
    above = [Entry(name="app", data=b"1")]
    diff = bench.diff(image([apk(musl="1-r0")], above), image([apk(musl="1-r1")], above))
    assert told(diff) == [("musl", "upgraded", "1-r0", "1-r1")]
    assert digest_of(layer(above)) not in bench.read
    (reason,) = reasons(diff)
    assert reason.startswith("whether 1 layer above the one with the package database bring another")


def test_a_shared_layer_is_read_where_one_side_has_its_database_nowhere_else(bench: Bench) -> None:
    base = [apk(musl="1-r0")]
    diff = bench.diff(image(base), image(base, [apk(musl="1-r0", zlib="1-r0")]))
    assert told(diff) == [("zlib", "added", None, "1-r0")]
    assert sorted(bench.read) == sorted(digests(base, [apk(musl="1-r0", zlib="1-r0")]))


def test_a_database_that_a_whiteout_takes_away_is_not_there_any_more(bench: Bench) -> None:
    base = [dpkg(libc6="2.36-9", bash="5.2-1")]
    for gone in ("var/lib/dpkg/status", "var/lib/dpkg", "var"):
        diff = bench.diff(image(base), image(base, [whiteout(gone)]))
        assert diff.packages is None
        assert reasons(diff) == ["the new image has no package database"]
        assert [caution.alarm for caution in diff.cautions] == [Alarm.DATABASE_GONE]


def test_a_folder_that_is_emptied_takes_its_database_away(bench: Bench) -> None:
    base = [dpkg(libc6="2.36-9")]
    emptied = [Entry(name="var/lib/dpkg/.wh..wh..opq", data=b"")]
    assert reasons(bench.diff(image(base), image(base, emptied))) == ["the new image has no package database"]
    renewed = [*emptied, dpkg(libc6="2.36-10")]
    assert told(bench.diff(image(base), image(base, renewed))) == [("libc6", "upgraded", "2.36-9", "2.36-10")]


def test_a_database_that_comes_is_no_addition_of_all_its_packages(bench: Bench) -> None:
    diff = bench.diff(image([Entry(name="app", data=b"1")]), image([apk(musl="1-r0")]))
    assert diff.packages is None
    assert reasons(diff) == ["the old image has no package database"]


def test_another_distribution_is_told_package_by_package(bench: Bench) -> None:
    release = Entry(name="etc/os-release", data=b'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')
    diff = bench.diff(image([apk(musl="1-r0")]), image([dpkg(libc6="2.41-1"), release]))
    assert told(diff) == [("musl", "removed", "1-r0", None), ("libc6", "added", None, "2.41-1")]
    assert diff.packages is not None
    assert diff.packages.distribution.new == "Debian GNU/Linux 13 (trixie)"


def part(name: str, version: str) -> Entry:
    return dpkg(f"var/lib/dpkg/status.d/{name}", **{name: version})


def test_a_database_in_parts_is_put_together_from_all_layers(bench: Bench) -> None:
    tz = [part("tzdata", "2025a-1")]
    old = (tz, [part("base-files", "13")], [part("openssl", "3.0.1"), part("netbase", "6")])
    new = (tz, [part("base-files", "14")], [part("openssl", "3.0.2"), part("netbase", "6")])
    diff = bench.diff(image(*old), image(*new))
    assert told(diff) == [
        ("base-files", "upgraded", "13", "14"),
        ("openssl", "upgraded", "3.0.1", "3.0.2"),
    ]
    assert digest_of(layer(tz)) not in bench.read


def test_a_part_that_only_one_image_has_is_looked_for_in_the_shared_layers(bench: Bench) -> None:
    base = [part("openssl", "3.0.1"), part("tzdata", "2025a-1")]
    diff = bench.diff(image(base), image(base, [part("openssl", "3.0.2")]))
    assert told(diff) == [("openssl", "upgraded", "3.0.1", "3.0.2")]


def crates(*names_and_versions: tuple[str, str]) -> bytes:
    """A program that says which crates it was made of."""
    packages = [
        {"name": name, "version": version, "source": "crates.io"} for name, version in names_and_versions
    ]
    data = zlib.compress(json.dumps({"packages": packages}).encode())
    return program(data, section=".dep-v0").ljust(8192, b"\0")


def app(*names_and_versions: tuple[str, str], name: str = "app") -> Entry:
    return Entry(name=name, data=crates(*names_and_versions), mode=0o755)


def test_programs_tell_of_their_modules_in_an_image_from_scratch(bench: Bench) -> None:
    diff = bench.diff(
        image([app(("serde", "1.0.200"), ("tokio", "1.37.0"))]),
        image([app(("serde", "1.0.201"), ("rustls", "0.23.0"))]),
    )
    assert told(diff) == [
        ("rustls", "added", None, "0.23.0"),
        ("serde", "upgraded", "1.0.200", "1.0.201"),
        ("tokio", "removed", "1.37.0", None),
    ]
    assert diff.packages is not None
    assert diff.packages.changes[0].place == "app"
    assert diff.unread == ()


def test_programs_tell_of_their_modules_beside_a_database_in_parts(bench: Bench) -> None:
    base = [part("tzdata", "2025a-1")]
    diff = bench.diff(image(base, [app(("serde", "1.0.1"))]), image(base, [app(("serde", "1.0.2"))]))
    assert told(diff) == [("serde", "upgraded", "1.0.1", "1.0.2")]


def test_a_program_that_replaces_another_hides_its_modules(bench: Bench) -> None:
    plain = Entry(name="app", data=program(b"no modules").ljust(8192, b"\0"), mode=0o755)
    old = image([app(("serde", "1.0.1"), name="tool"), app(("tokio", "1.0.0"))])
    new = image([app(("serde", "1.0.2"), name="tool"), app(("tokio", "1.0.0"))], [plain])
    assert told(bench.diff(old, new)) == [
        ("serde", "upgraded", "1.0.1", "1.0.2"),
        ("tokio", "removed", "1.0.0", None),
    ]


def test_a_program_below_the_database_is_not_told_to_be_gone(bench: Bench) -> None:
    tool = app(("serde", "1.0.1"), name="tool")
    old = image([tool, Entry(name="a", data=b"1")], [apk(musl="1-r0")])
    new = image([Entry(name="a", data=b"2")], [apk(musl="1-r1"), tool])
    assert told(bench.diff(old, new)) == [("musl", "upgraded", "1-r0", "1-r1")]
    thorough = bench.diff(old, new, Scope(thorough=True))
    assert told(thorough) == [("musl", "upgraded", "1-r0", "1-r1")]
    gone = bench.diff(old, image([Entry(name="a", data=b"2")], [apk(musl="1-r1")]), Scope(thorough=True))
    assert told(gone) == [("musl", "upgraded", "1-r0", "1-r1"), ("serde", "removed", "1.0.1", None)]


def test_an_image_that_tells_of_no_package_is_said_to(bench: Bench) -> None:
    diff = bench.diff(image([Entry(name="app", data=b"1")]), image([Entry(name="app", data=b"2")]))
    assert diff.packages is None
    assert reasons(diff) == ["neither image has a package database, or a program that names its modules"]


# Warnings that need the layers


def test_a_setuid_file_that_a_new_layer_brings_is_a_warning(bench: Bench) -> None:
    def tool(mode: int, data: bytes = b"1") -> list[Entry]:
        return [apk(musl="1-r0"), Entry(name="bin/su", data=data, mode=mode)]

    (caution,) = bench.diff(image(tool(0o755)), image(tool(0o4755))).cautions
    assert caution.alarm is Alarm.SETUID_ADDED
    assert caution.message == "new layers bring a file with setuid, setgid or capabilities: bin/su"
    assert bench.diff(image(tool(0o4755)), image(tool(0o4755, b"2"))).cautions == ()
    assert bench.diff(image(tool(0o4755)), image(tool(0o755))).cautions == ()


def test_a_setuid_file_that_an_upper_layer_takes_away_is_no_warning(bench: Bench) -> None:
    old = image([apk(musl="1-r0")])
    brought = [apk(musl="1-r1"), Entry(name="bin/su", data=b"1", mode=0o4755)]
    assert bench.diff(old, image(brought, [whiteout("bin/su")]), Scope(thorough=True)).cautions == ()


def test_whether_a_setuid_file_is_new_is_open_where_old_layers_were_not_read(bench: Bench) -> None:
    old = image([Entry(name="a", data=b"1")], [apk(musl="1-r0")])
    new = image([Entry(name="a", data=b"2")], [apk(musl="1-r0"), Entry(name="bin/su", data=b"", mode=0o4755)])
    (caution,) = bench.diff(old, new).cautions
    assert caution.message.endswith("unless layers of the old image that were not read have it too")


def test_each_part_that_looks_at_two_images_is_joined(bench: Bench) -> None:
    def one(entrypoint: str, created: str, size: int) -> Image:
        noise = Entry(name="blob", data=bytes(range(256)) * size)
        return Image(
            layers=(layer([apk(musl="1-r0"), noise]),),
            config={
                "Entrypoint": [entrypoint],
                "Labels": {
                    "org.opencontainers.image.source": "https://github.com/o/r",
                    "org.opencontainers.image.revision": created.replace("-", "")[:8],
                },
            },
            created=f"{created}T00:00:00Z",
        )

    diff = bench.diff(one("/app", "2026-02-02", 1), one("/evil", "2026-01-01", 9000))
    assert [caution.alarm for caution in diff.cautions] == [
        Alarm.ENTRYPOINT_CHANGED,
        Alarm.CREATED_BACKWARDS,
        Alarm.SIZE_DOUBLED,
    ]
    assert diff.origin.link == "https://github.com/o/r/compare/20260202...20260101"
    assert [change.setting for change in diff.settings] == [Setting.ENTRYPOINT], "the revision is told above"


# What is known already


def test_what_was_learnt_is_not_asked_for_again(bench: Bench, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "images", DiskCache(tmp_path / "cache"))
    old, new = (bench.write([image([apk(musl=version)])]) for version in ("1-r0", "1-r1"))
    first = bench.compare(old, new)
    assert len(bench.read) == 2
    again = bench.compare(old, new)
    assert bench.read == []
    assert again.changed == first.changed
    assert again.cost.received < first.cost.received


def test_a_layer_that_both_sides_want_is_read_once(bench: Bench) -> None:
    base = [part("openssl", "3.0.1")]
    bench.diff(image(base, [part("a", "1")]), image(base, [part("b", "1")]))
    assert len(bench.read) == 3


def test_the_report_says_what_it_took(bench: Bench) -> None:
    old, new = image([apk(musl="1-r0")]), image([apk(musl="1-r1")])
    cost = bench.compare([old], [new]).cost
    layers = sum(len(one.layers[0]) for one in (old, new))
    assert cost.whole == layers
    assert cost.received > layers
    assert cost.requests >= 8


def test_the_system_is_looked_for_in_shared_layers_only_where_it_is_wanted(bench: Bench) -> None:
    base = [Entry(name="etc/os-release", data=b"ID=alpine\nVERSION_ID=3.22.1\n"), apk(musl="1-r0")]
    old, new = image(base, [apk(musl="1-r0", a="1-r0")]), image(base, [apk(musl="1-r1", a="1-r0")])
    assert bench.diff(old, new).packages is not None
    assert digest_of(layer(base)) not in bench.read
    found = bench.diff(old, new, Scope(system=True)).inventories
    assert found is not None
    assert [side.distribution and side.distribution.version for side in (found.old, found.new)] == [
        "3.22.1"
    ] * 2
    assert digest_of(layer(base)) in bench.read


def test_the_system_is_not_looked_for_where_a_package_tells_which_it_is(bench: Bench) -> None:
    base = [Entry(name="etc/os-release", data=b"ID=alpine\nVERSION_ID=3.22.1\n"), apk(musl="1-r0")]
    packages = {"alpine-release": "3.22.1-r0", "a": "1-r0"}
    old, new = image(base, [apk(musl="1-r0", **packages)]), image(base, [apk(musl="1-r1", **packages)])
    found = bench.diff(old, new, Scope(system=True)).inventories
    assert found is not None
    assert {side.distribution for side in (found.old, found.new)} == {
        Distribution(id="alpine", version="3.22.1")
    }
    assert digest_of(layer(base)) not in bench.read

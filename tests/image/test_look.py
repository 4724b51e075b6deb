"""All layers of one image, wherever it lies."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest
import zstandard

from pinbot.errors import ImageError, Mismatch
from pinbot.image import look, platforms
from pinbot.image.files import Files
from pinbot.image.limits import DEFAULT, Limits
from pinbot.model.image import EntryKind
from pinbot.ports.images import ImageSource
from tests.image.sources.looking import ask, everything
from tests.support import local_images
from tests.support.oci import Image, digest_of, to_json
from tests.support.tarballs import (
    Member,
    archive,
    device,
    folder,
    hard_link,
    member,
    merged,
    symlink,
    whiteout,
)

BIG = b"0123456789" * 1000


def place(folder: Path, *layers: list[Member]) -> str:
    """The name of a layout with an image of these layers."""
    blobs = [gzip.compress(archive(*layer), 1, mtime=0) for layer in layers]
    return f"oci:{local_images.write_folder(folder, local_images.layout(Image(layers=tuple(blobs))))}"


def contents(name: str, wanted: Mapping[str, int], limits: Limits = DEFAULT) -> dict[str, bytes]:
    async def read(source: ImageSource) -> dict[str, bytes]:
        _, manifest = await platforms.pick(source)
        config = await look.config(source, manifest)
        files = await look.files(source, manifest, config)
        return await look.contents(source, manifest, files, wanted, limits=limits)

    return ask(name, read)


def test_contents_are_read_where_their_links_lead(tmp_path: Path) -> None:
    name = place(
        tmp_path,
        [folder("usr/bin"), symlink("bin", "usr/bin"), member("usr/bin/app", BIG), member("etc/a", b"lower")],
        [hard_link("bin/other", "bin/app"), symlink("run", "bin/other"), member("etc/a", b"upper")],
        [member("bin/new", b"new"), symlink("dangling", "nowhere"), device("null")],
    )
    assert contents(name, {"/run": 20_000, "usr/bin/app": 5, "bin/new": 9, "etc/a": 9}) == {
        "/run": BIG,
        "usr/bin/app": BIG[:5],
        "bin/new": b"new",
        "etc/a": b"upper",
    }
    assert contents(name, {"none": 9, "dangling": 9, "null": 9, "usr": 9}) == {}


def test_only_the_layers_that_are_needed_are_read_again(tmp_path: Path) -> None:
    name = place(tmp_path, [member("a", b"a")], [member("b", b"b")], [member("c", b"c")])

    async def read(source: ImageSource) -> int:
        _, manifest = await platforms.pick(source)
        files = await look.files(source, manifest, await look.config(source, manifest))
        before = source.taken.parts
        assert await look.contents(source, manifest, files, {"b": 1}) == {"b": b"b"}
        return source.taken.parts - before

    assert ask(name, read) == 1


def test_contents_that_cannot_be_told_apart_or_kept_are_left_out(tmp_path: Path) -> None:
    name = place(tmp_path, [member("a", b"1"), hard_link("b", "a"), member("a", b"2"), member("c", BIG)])
    assert contents(name, {"a": 9, "b": 9, "c": 99_999}, Limits(kept=100)) == {"a": b"2"}


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_the_bytes_tell_how_a_layer_is_compressed(tmp_path: Path, compress: object) -> None:
    data = archive(member("a", BIG))
    packed = {bytes: data, gzip.compress: gzip.compress(data)}.get(compress, zstandard.compress(data))
    image = local_images.layout(Image(layers=(gzip.compress(data),)))
    config = Image(layers=(gzip.compress(data),)).config_bytes
    manifest = to_json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "a", "digest": digest_of(config), "size": len(config)},
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": digest_of(packed),
                    "size": len(packed),
                }
            ],
        }
    )
    for blob in (packed, manifest):
        image[local_images.blob_name(digest_of(blob))] = blob
    described = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest_of(manifest),
        "size": len(manifest),
    }
    image["index.json"] = local_images.index(described)
    assert ask(f"oci:{local_images.write_folder(tmp_path, image)}", everything).content("a") == BIG


def test_a_config_that_tells_of_other_layers_is_refused(tmp_path: Path) -> None:
    layers = tuple(gzip.compress(archive(member(name))) for name in "ab")
    real, other = Image(layers=layers), Image(layers=layers[:1])
    config = other.config_bytes
    manifest = real.manifest.replace(digest_of(real.config_bytes).encode(), digest_of(config).encode())
    manifest = manifest.replace(b'"size":%d' % len(real.config_bytes), b'"size":%d' % len(config), 1)
    files = local_images.layout(real, more=[config, manifest])
    described = {**local_images.descriptor(real), "digest": digest_of(manifest), "size": len(manifest)}
    files["index.json"] = local_images.index(described)
    with pytest.raises(Mismatch, match="the config tells of 1 layers, the manifest of 2"):
        ask(f"oci:{local_images.write_folder(tmp_path, files)}", everything)


def test_an_image_of_too_many_layers_is_refused(tmp_path: Path) -> None:
    name = place(tmp_path, *([member(f"{number}")] for number in range(4)))

    async def read(source: ImageSource) -> Files:
        _, manifest = await platforms.pick(source)
        config = await look.config(source, manifest)
        return await look.files(source, manifest, config, limits=Limits(layers=3))

    with pytest.raises(ImageError, match="the image has 4 layers, more than the 3 that are read"):
        ask(name, read)


def test_limits_hold_for_all_layers_together(tmp_path: Path) -> None:
    name = place(tmp_path, [member("a", b"x" * 60)], [member("b", b"x" * 60)])

    async def read(source: ImageSource) -> Files:
        _, manifest = await platforms.pick(source)
        config = await look.config(source, manifest)
        return await look.files(source, manifest, config, keep=lambda _: 60, limits=Limits(kept=100))

    files = ask(name, read)
    assert files.content("a") == b"x" * 60
    assert files.content("b") is None
    assert files.unkept == {"b": "more than 100 bytes of files would have to be kept"}


def test_a_file_is_found_through_links_as_a_program_would() -> None:
    files = merged(
        [
            folder("usr/lib"),
            symlink("lib", "usr/lib"),
            symlink("usr/lib/up", "../../etc"),
            symlink("outside", "../../../../etc/passwd"),
            symlink("loop", "loop2"),
            symlink("loop2", "/loop"),
            member("etc/passwd", b"root"),
        ],
        [whiteout("none")],
    )
    for path in ("etc/passwd", "/etc//passwd", "lib/up/passwd", "/lib/./up/../etc/passwd", "outside"):
        entry = files.resolve(path)
        assert entry is not None, path
        assert entry.path == "etc/passwd"
        assert files.content(path) == b"root"
    for path in ("loop", "loop/x", "none", "etc/passwd/x", "lib/none", "loop2"):
        assert files.resolve(path) is None
        assert files.content(path) is None
    link = files.get("lib")
    assert link is not None
    assert link.kind is EntryKind.SYMLINK
    assert [entry.path for entry in files.below("lib")] == []


def test_what_is_below_a_folder_is_listed_in_order() -> None:
    files = merged([member("a/b"), member("a.b"), member("a/c/d"), member("a0"), member("ab/x")])
    assert [entry.path for entry in files.below("a")] == ["a/b", "a/c", "a/c/d"]
    assert [entry.path for entry in files.below("/a/c/")] == ["a/c/d"]
    assert [entry.path for entry in files.below("a/b")] == []
    assert [entry.path for entry in files.below("")] == [
        "a", "a.b", "a/b", "a/c", "a/c/d", "a0", "ab", "ab/x",
    ]  # fmt: skip
    assert len(files) == 9

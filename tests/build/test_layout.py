import gzip
import io
import json
import tarfile
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from pinbot.build.layout import Contents, check, convert_archive, read_layout
from pinbot.errors import BuilderError
from tests.support.layouts import read_strictly, write_layout
from tests.support.oci import Entry, Image, digest_of, layer, to_json

LAYERS = (layer((Entry(name="a", data=b"a" * 5000),)), layer((Entry(name="b", data=b"b"),)))
IMAGE = Image(layers=LAYERS)


def write_archive(file: Path, members: Mapping[str, bytes | str]) -> None:
    """A `docker save` archive; text is the target of a symbolic link."""
    with tarfile.open(file, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


def convert(file: Path) -> Contents:
    return convert_archive(file, file.with_suffix(".layout"))


def test_a_layout_gives_the_digest_and_the_sum_of_its_layers(tmp_path: Path) -> None:
    write_layout(tmp_path, IMAGE)
    contents = read_layout(tmp_path)
    assert str(contents.digest) == digest_of(IMAGE.manifest)
    assert contents.layers == 2
    assert contents.size == sum(len(blob) for blob in LAYERS)


@pytest.mark.parametrize("damage", ["index.json", "blobs"])
def test_a_damaged_layout_is_the_builders_fault(tmp_path: Path, damage: str) -> None:
    write_layout(tmp_path, IMAGE)
    (tmp_path / damage).rename(tmp_path / "gone")
    with pytest.raises(BuilderError, match="no image that can be read"):
        read_layout(tmp_path)


def test_plain_layers_are_compressed_as_a_push_would(tmp_path: Path) -> None:
    plain = [gzip.decompress(blob) for blob in LAYERS]
    listing = to_json([{"Config": "c.json", "Layers": ["1/layer.tar", "2/layer.tar"]}])
    write_archive(
        tmp_path / "a.tar",
        {
            "1/layer.tar": plain[0],
            "2/layer.tar": plain[1],
            "c.json": IMAGE.config_bytes,
            "manifest.json": listing,
        },
    )
    squeezed = Image(layers=tuple(gzip.compress(data, compresslevel=6, mtime=0) for data in plain))
    contents = convert(tmp_path / "a.tar")
    assert contents.layers == 2
    assert read_strictly(tmp_path / "a.layout").layers == tuple(plain)
    assert read_layout(tmp_path / "a.layout") == contents
    assert contents.size == sum(len(blob) for blob in squeezed.layers)


def test_a_layer_that_comes_again_is_a_link_in_older_archives(tmp_path: Path) -> None:
    plain = gzip.decompress(LAYERS[0])
    listing = to_json([{"Config": "c.json", "Layers": ["1/layer.tar", "2/layer.tar"]}])
    members: dict[str, bytes | str] = {"1/layer.tar": plain, "c.json": b"{}", "manifest.json": listing}
    write_archive(tmp_path / "twice.tar", {**members, "2/layer.tar": "../1/layer.tar"})
    write_archive(tmp_path / "plain.tar", {**members, "2/layer.tar": plain})
    assert convert(tmp_path / "twice.tar") == convert(tmp_path / "plain.tar")


def test_layers_that_are_compressed_already_count_as_they_are(tmp_path: Path) -> None:
    names = [f"blobs/sha256/{digest_of(blob).removeprefix('sha256:')}" for blob in LAYERS]
    members = dict(zip(names, LAYERS, strict=True))
    listing = to_json([{"Config": "c.json", "Layers": names}])
    write_archive(tmp_path / "a.tar", {**members, "c.json": IMAGE.config_bytes, "manifest.json": listing})
    contents = convert(tmp_path / "a.tar")
    assert contents.size == sum(len(blob) for blob in LAYERS)
    assert str(contents.digest) == digest_of(IMAGE.manifest)


@pytest.mark.parametrize(
    "listing", [b"", b"[]", b"{}", json.dumps([{"Config": "gone", "Layers": []}]).encode()]
)
def test_an_archive_of_no_image_is_the_builders_fault(tmp_path: Path, listing: bytes) -> None:
    write_archive(tmp_path / "a.tar", {"manifest.json": listing})
    with pytest.raises(BuilderError, match="no image that can be read"):
        convert(tmp_path / "a.tar")


def test_a_layer_that_is_no_file_is_the_builders_fault(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        folder = tarfile.TarInfo("layer.tar")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in (
            ("c.json", b"{}"),
            ("manifest.json", b'[{"Config":"c.json","Layers":["layer.tar"]}]'),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    with pytest.raises(BuilderError, match=r"layer\.tar"):
        convert(tmp_path / "a.tar")


def test_a_file_that_is_no_archive_is_the_builders_fault(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"nothing of the kind")
    with pytest.raises(BuilderError, match="no image that can be read"):
        convert(tmp_path / "a.tar")


def test_a_layout_is_checked_blob_by_blob(tmp_path: Path) -> None:
    write_layout(tmp_path, IMAGE)
    assert check(tmp_path) == read_layout(tmp_path)
    blob = tmp_path / "blobs" / "sha256" / digest_of(LAYERS[1]).removeprefix("sha256:")
    blob.write_bytes(LAYERS[1] + b"x")
    with pytest.raises(BuilderError, match=f"damaged: {digest_of(LAYERS[1])}"):
        check(tmp_path)
    blob.unlink()
    with pytest.raises(BuilderError, match="cannot be read any more"):
        check(tmp_path)


def test_a_conversion_that_is_not_wanted_any_more_ends(tmp_path: Path) -> None:
    listing = to_json([{"Config": "c.json", "Layers": ["layer.tar"]}])
    write_archive(tmp_path / "a.tar", {"layer.tar": b"data", "c.json": b"{}", "manifest.json": listing})
    stop = threading.Event()
    stop.set()
    with pytest.raises(BuilderError, match="stopped"):
        convert_archive(tmp_path / "a.tar", tmp_path / "layout", stop=stop)

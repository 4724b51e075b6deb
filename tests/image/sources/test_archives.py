"""Archives that hold something else than they should, and those of `docker save`."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import zstandard

from pinbot.errors import ImageError, Mismatch
from pinbot.model.manifest import Manifest
from tests.image.sources.looking import ask, everything, root
from tests.support import local_images
from tests.support.oci import Entry, Image, digest_of, layer, to_json
from tests.support.tarballs import Member, archive, hard_link, member, symlink

IMAGE = Image(layers=(layer([Entry(name="a", data=b"a" * 5000)]), layer([Entry(name="b", data=b"b")])))
PLAIN = tuple(gzip.decompress(blob) for blob in IMAGE.layers)


def refused(name: str, kind: type[ImageError] = ImageError) -> ImageError:
    with pytest.raises(kind) as caught:
        ask(name, everything)
    return caught.value


def write(folder: Path, files: Mapping[str, bytes]) -> str:
    return f"docker-archive:{local_images.write_archive(folder / 'a.tar', files)}"


def test_plain_layers_count_as_a_push_would_compress_them(tmp_path: Path) -> None:
    _, manifest = ask(write(tmp_path, local_images.saved(IMAGE)), root)
    assert isinstance(manifest, Manifest)
    squeezed = [gzip.compress(data, 6, mtime=0) for data in PLAIN]
    assert [one.size for one in manifest.layers] == [len(data) for data in squeezed]
    assert all(one.media_type.endswith("tar+gzip") for one in manifest.layers)


def test_layers_that_are_compressed_already_count_as_they_are(tmp_path: Path) -> None:
    names = [local_images.blob_name(digest_of(blob)) for blob in IMAGE.layers]
    listing = to_json([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": names}])
    files = {**dict(zip(names, IMAGE.layers, strict=True)), "config.json": IMAGE.config_bytes}
    place = write(tmp_path, {**files, "manifest.json": listing})
    found, manifest = ask(place, root)
    assert str(found.digest) == digest_of(IMAGE.manifest)
    assert isinstance(manifest, Manifest)
    assert manifest.compressed_size == sum(map(len, IMAGE.layers))
    assert ask(place, everything).content("a") == b"a" * 5000


@pytest.mark.parametrize(
    "again", [symlink("2/layer.tar", "../1/layer.tar"), hard_link("2/layer.tar", "1/layer.tar")]
)
def test_a_layer_that_comes_again_is_a_link_in_older_archives(tmp_path: Path, again: Member) -> None:
    config = Image(layers=(IMAGE.layers[0],) * 2).config_bytes
    listing = to_json([{"Config": "c.json", "Layers": ["1/layer.tar", "2/layer.tar"]}])
    members = [member("1/layer.tar", PLAIN[0]), member("c.json", config), member("manifest.json", listing)]
    (tmp_path / "a.tar").write_bytes(archive(*members, again))
    assert ask(f"docker-archive:{tmp_path / 'a.tar'}", everything).content("a") == b"a" * 5000


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    listing = to_json([{"Config": "c.json", "Layers": ["a"]}])
    members = [symlink("a", "b"), symlink("b", "a"), member("c.json"), member("manifest.json", listing)]
    (tmp_path / "a.tar").write_bytes(archive(*members))
    assert "there is no file a in" in refused(f"docker-archive:{tmp_path / 'a.tar'}").message


def test_an_image_is_found_by_a_tag_in_any_form(tmp_path: Path) -> None:
    other = Image(layers=IMAGE.layers[:1], created="2026-02-02T00:00:00Z")
    place = write(tmp_path, local_images.saved({"app:1": IMAGE, "reg.io:5000/other:2": other}))
    for tag in ("app:1", "docker.io/library/app:1"):
        assert ask(f"{place}:{tag}", everything).get("b") is not None
    assert ask(f"{place}:reg.io:5000/other:2", everything).get("b") is None
    assert refused(place).hint == "add one of these behind a colon: app:1, reg.io:5000/other:2"
    assert refused(f"{place}:app").message == f"{tmp_path / 'a.tar'} holds no image called app"


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (b"", "is not what docker writes"),
        (b"{}", "is not what docker writes: it is no list"),
        (b"[" * 100_000, "is not what docker writes"),
        (b"[7]", "an entry is no object"),
        (b'[{"Config":1}]', "an entry names no config and layers"),
        (b'[{"Config":"c","Layers":[1]}]', "an entry names no config and layers"),
        (b'[{"Config":"c","Layers":"c"}]', "an entry names no config and layers"),
        (b"[]", "holds no image"),
        (b'[{"Config":"none"}]', "there is no file none in"),
        (b'[{"Config":"manifest.json","Layers":["none"]}]', "there is no file none in"),
    ],
)
def test_a_list_that_docker_did_not_write_is_refused(tmp_path: Path, listing: bytes, words: str) -> None:
    assert words in refused(write(tmp_path, {"manifest.json": listing})).message


def test_a_config_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    files = local_images.saved(IMAGE)
    name = next(name for name in files if name.endswith(".json") and name != "manifest.json")
    files[name] = IMAGE.config_bytes + b" "
    assert "is not what its name says" in refused(write(tmp_path, files), Mismatch).message


def test_a_layer_that_the_config_does_not_name_is_refused(tmp_path: Path) -> None:
    files = local_images.saved(IMAGE)
    name = next(name for name in files if name.endswith("layer.tar"))
    files[name] = archive(member("evil"))
    assert "is not the one that the config names" in refused(write(tmp_path, files), Mismatch).message


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, form: str) -> None:
    data = local_images.write_archive(tmp_path / "a.tar", local_images.layout(IMAGE)).read_bytes()
    packed = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[form](data)
    (tmp_path / "a.tar").write_bytes(packed)
    assert ask(f"oci-archive:{tmp_path / 'a.tar'}", everything).get("a") is not None
    # What tar pads an archive with may be missing.
    end = len(packed.rstrip(b"\0"))
    for size in range(20, end, end // 20):
        (tmp_path / "a.tar").write_bytes(packed[:size])
        refused(f"oci-archive:{tmp_path / 'a.tar'}")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no OCI layout: there is no index.json in it"),
        (b"not an archive" * 100, "a.tar is no tar archive that could be unpacked"),
        (gzip.compress(b"not an archive" * 100, mtime=0), "a.tar is no tar archive that could be unpacked"),
        (archive(member("../x")), "a.tar holds '../x', which leads out of the image"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    assert words in refused(f"oci-archive:{tmp_path / 'a.tar'}").message


def test_large_files_are_sought_over(tmp_path: Path) -> None:
    # Ten gigabytes that take no room on the disk: to read them would take longer than the test may.
    head = io.BytesIO()
    info = tarfile.TarInfo("large")
    info.size = 10 * 1024**3
    head.write(info.tobuf(tarfile.GNU_FORMAT))
    files = local_images.layout(IMAGE)
    rest = local_images.write_archive(tmp_path / "rest.tar", files).read_bytes()
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(head.getvalue())
        file.seek(info.size, io.SEEK_CUR)
        file.write(rest)
    assert ask(f"oci-archive:{tmp_path / 'a.tar'}", everything).content("a") == b"a" * 5000

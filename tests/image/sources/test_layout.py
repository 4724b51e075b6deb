"""OCI layouts, as folders and archives, that hold something else than they should."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pinbot.errors import ImageError, Mismatch, PinbotError
from pinbot.model.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST
from tests.image.sources.looking import ask, everything, root
from tests.support import local_images
from tests.support.local_images import blob_name, descriptor, index
from tests.support.oci import Entry, Image, digest_of, layer, to_json

IMAGE = Image(layers=(layer([Entry(name="a", data=b"a" * 1000)]),))
OTHER = Image(layers=(layer([Entry(name="b", data=b"b")]),))
ARM = Image(architecture="arm64", layers=IMAGE.layers)
LAYER = blob_name(digest_of(IMAGE.layers[0]))
MANIFEST = blob_name(digest_of(IMAGE.manifest))
CONFIG = blob_name(digest_of(IMAGE.config_bytes))


def refused(name: str, kind: type[PinbotError] = ImageError) -> PinbotError:
    with pytest.raises(kind) as caught:
        ask(name, everything)
    return caught.value


def test_an_image_is_found_by_its_name_or_digest(tmp_path: Path) -> None:
    place = f"oci:{local_images.write_folder(tmp_path, local_images.layout({'1': IMAGE, '2': OTHER}))}"
    assert ask(f"{place}:2", everything).get("b") is not None
    assert ask(f"{place}:{digest_of(IMAGE.manifest)}", everything).get("a") is not None
    assert refused(place).hint == "add one of these behind a colon: 1, 2"
    error = refused(f"{place}:3")
    assert error.message == f"{tmp_path} holds no image called 3"
    assert error.hint == "it holds 1, 2"
    assert error.image == f"{place}:3"


def test_images_that_share_a_name_are_told_apart_by_digest(tmp_path: Path) -> None:
    files = local_images.layout({"1": IMAGE, "2": ARM})
    files["index.json"] = index(descriptor(IMAGE, "1"), descriptor(ARM, "1"))
    place = f"oci:{local_images.write_folder(tmp_path, files)}"
    assert refused(f"{place}:1").message == f"{tmp_path} holds 2 images called 1"
    found, _ = ask(f"{place}:{digest_of(ARM.manifest)}", root)
    assert str(found.digest) == digest_of(ARM.manifest)


def test_images_without_a_name_are_listed_by_digest(tmp_path: Path) -> None:
    files = local_images.layout({"1": IMAGE, "2": OTHER})
    files["index.json"] = index(descriptor(IMAGE), descriptor(OTHER))
    error = refused(f"oci:{local_images.write_folder(tmp_path, files)}")
    assert digest_of(IMAGE.manifest) in error.hint


def test_one_image_with_two_names_is_one_image(tmp_path: Path) -> None:
    files = local_images.layout(IMAGE)
    files["index.json"] = index(descriptor(IMAGE, "1"), descriptor(IMAGE, "2"))
    place = f"oci:{local_images.write_folder(tmp_path, files)}"
    assert ask(place, everything).get("a") is not None
    assert ask(f"{place}:2", everything).get("a") is not None


def test_containerds_name_of_an_image_is_known(tmp_path: Path) -> None:
    files = local_images.layout({"1": IMAGE, "2": OTHER})
    named = {"io.containerd.image.name": "docker.io/library/app:latest"}
    files["index.json"] = index({**descriptor(IMAGE), "annotations": named}, descriptor(OTHER))
    place = f"oci:{local_images.write_folder(tmp_path, files)}"
    assert ask(f"{place}:docker.io/library/app:latest", everything).get("a") is not None


def test_what_is_no_image_does_not_count(tmp_path: Path) -> None:
    signature = {"mediaType": "application/vnd.example", "digest": digest_of(b"x"), "size": 1}
    files = local_images.layout(IMAGE)
    files["index.json"] = index(signature, descriptor(IMAGE))
    assert ask(f"oci:{local_images.write_folder(tmp_path, files)}", everything).get("a") is not None
    files["index.json"] = index(signature)
    assert (
        refused(f"oci:{local_images.write_folder(tmp_path, files)}").message == f"{tmp_path} holds no image"
    )


def test_an_index_in_a_layout_is_one_image(tmp_path: Path) -> None:
    inner = index(descriptor(ARM), descriptor(IMAGE))
    files = local_images.layout({"1": IMAGE, "2": ARM}, more=[inner])
    files["index.json"] = index({"mediaType": OCI_INDEX, "digest": digest_of(inner), "size": len(inner)})
    place = f"oci:{local_images.write_folder(tmp_path, files)}"
    found, _ = ask(place, root)
    assert str(found.digest) == digest_of(inner)
    assert ask(place, everything).get("a") is not None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is no JSON object"),
        (b"[]", "it is no JSON object"),
        (b'{"schemaVersion":2}', "manifests is not a list"),
        (to_json({"schemaVersion": 2, "manifests": [7]}), "manifests[0] is no descriptor"),
        (
            to_json({"schemaVersion": 2, "manifests": [{"mediaType": OCI_MANIFEST, "size": 1}]}),
            "is not a digest",
        ),
        (to_json({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": []}), "calls itself"),
        (IMAGE.manifest, "calls itself"),
        (b'{"schemaVersion":2,"manifests":[],"manifests":[]}', '"manifests" stands twice in one place'),
        (b" " * (4 * 1024**2 + 1), "where such a file has 4194304 at most"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    place = local_images.write_folder(tmp_path, {"index.json": body})
    assert words in refused(f"oci:{place}").message


@pytest.mark.parametrize("name", [MANIFEST, CONFIG, LAYER])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
@pytest.mark.parametrize(
    ("damage", "kind", "words"),
    [
        (lambda _: None, ImageError, "there is no file blobs/sha256/"),
        (lambda data: data[:-1], Mismatch, "bytes, where the manifest says"),
        (lambda data: data + b" ", Mismatch, "bytes, where the manifest says"),
        (lambda data: data[:-1] + b"!", Mismatch, "which is not that of its name"),
    ],
    ids=["missing", "cut off", "longer", "changed"],
)
def test_a_blob_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path,
    *,
    name: str,
    packed: bool,
    damage: Callable[[bytes], bytes | None],
    kind: type[ImageError],
    words: str,
) -> None:
    files = local_images.layout(IMAGE)
    damaged = damage(files.pop(name))
    if damaged is not None:
        files[name] = damaged
    if packed:
        place = f"oci-archive:{local_images.write_archive(tmp_path / 'a.tar', files)}"
    else:
        place = f"oci:{local_images.write_folder(tmp_path, files)}"
    assert words in refused(place, kind).message


def test_a_descriptor_that_lies_about_its_size_is_found_out(tmp_path: Path) -> None:
    files = local_images.layout(IMAGE)
    files["index.json"] = index({**descriptor(IMAGE), "size": 5 * 1024**2})
    error = refused(f"oci:{local_images.write_folder(tmp_path, files)}")
    assert "has 5242880 bytes, more than the 4194304 that are read of a manifest or config" in error.message


@pytest.mark.parametrize("linked", ["index.json", LAYER, "blobs/sha256", "blobs"])
def test_no_link_is_followed_out_of_the_folder(tmp_path: Path, linked: str) -> None:
    place = local_images.write_folder(tmp_path / "layout", local_images.layout(IMAGE))
    (place / linked).rename(tmp_path / "outside")
    (place / linked).symlink_to(tmp_path / "outside")
    assert "is a link that leads out of that folder" in refused(f"oci:{place}").message


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    place = local_images.write_folder(tmp_path / "layout", local_images.layout(IMAGE))
    (place / LAYER).rename(place / "elsewhere")
    (place / LAYER).symlink_to("../../elsewhere")
    (tmp_path / "link").symlink_to(place)
    assert ask(f"oci:{tmp_path / 'link'}", everything).get("a") is not None


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    place = local_images.write_folder(tmp_path, local_images.layout(IMAGE))
    (place / LAYER).unlink()
    (place / LAYER).symlink_to(place / LAYER)
    assert "cannot be read" in refused(f"oci:{place}").message


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    place = local_images.write_folder(tmp_path, local_images.layout(IMAGE))
    (place / LAYER).unlink()
    os.mkfifo(place / LAYER)
    assert "there is no file" in refused(f"oci:{place}").message
    (tmp_path / "pipe.tar").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "pipe.tar")
    assert "it is no regular file" in refused(f"oci-archive:{tmp_path / 'pipe.tar'}").message

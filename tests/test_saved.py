"""What `docker save` writes; see also the tests of images in archives."""

import gzip
import json
import zlib

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from pinbot import documents, saved
from pinbot.model.manifest import OCI_MANIFEST, Manifest
from pinbot.saved import Packer, SavedImage
from tests.support.oci import digest_of


def test_the_list_names_config_layers_and_tags() -> None:
    body = (
        b'[{"Config":"c.json","RepoTags":["app:1","app:2"],"Layers":["1","2"]},{"Config":"d","Layers":null}]'
    )
    assert saved.listing(body) == (
        SavedImage(config="c.json", layers=("1", "2"), tags=("app:1", "app:2")),
        SavedImage(config="d", layers=()),
    )


_KEYS = st.sampled_from(["Config", "Layers", "RepoTags"])
_JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner)
)


@given(_JSON)
def test_whatever_it_is_it_is_a_list_or_a_value_error(document: object) -> None:
    try:
        assert all(isinstance(image, SavedImage) for image in saved.listing(json.dumps(document).encode()))
    except ValueError as error:
        assert str(error)  # noqa: PT017


@given(st.binary(max_size=5000), st.lists(st.integers(4, 700), max_size=9))
def test_a_plain_layer_is_packed_and_described(data: bytes, sizes: list[int]) -> None:
    assume(not data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")))
    packer = Packer()
    packed = b""
    start = 0
    for size in [*sizes, len(data) or 1]:
        if piece := data[start : start + size]:
            packed += packer.feed(piece)
        start += size
    packed += packer.finish()
    assert packer.descriptor.media_type == "application/vnd.oci.image.layer.v1.tar+gzip"
    assert str(packer.descriptor.digest) == digest_of(packed)
    assert packer.descriptor.size == len(packed)
    assert gzip.decompress(packed) == data
    squeeze = zlib.compressobj(wbits=31)
    assert packed == squeeze.compress(data) + squeeze.flush()


@pytest.mark.parametrize(("compress", "form"), [(gzip.compress, "gzip"), (zstandard.compress, "zstd")])
def test_a_layer_that_is_packed_already_stays_as_it_is(compress: object, form: str) -> None:
    data = gzip.compress(b"data" * 100) if compress is gzip.compress else zstandard.compress(b"data" * 100)
    packer = Packer()
    assert packer.feed(data[:10]) + packer.feed(data[10:]) + packer.finish() == data
    assert packer.descriptor.media_type == f"application/vnd.oci.image.layer.v1.tar+{form}"
    assert str(packer.descriptor.digest) == digest_of(data)


def test_the_manifest_is_one_that_can_be_read() -> None:
    packer = Packer()
    packer.feed(b"layer")
    packer.finish()
    document = documents.parse(saved.manifest(b"{}", [packer.descriptor]), OCI_MANIFEST)
    assert isinstance(document, Manifest)
    assert document.layers == (packer.descriptor,)
    assert (str(document.config.digest), document.config.size) == (digest_of(b"{}"), 2)

"""Reading manifests, indexes and configs."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot import documents
from pinbot.errors import PinbotError, RegistryError, Unsupported, Untrustworthy
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
)
from pinbot.model.reference import Digest, Platform

ZERO, ONE = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def blob(**changes: object) -> dict[str, object]:
    return {"mediaType": "application/x", "digest": ZERO, "size": 7} | changes


def manifest(**changes: object) -> dict[str, object]:
    whole = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": blob(), "layers": [blob(digest=ONE)]}
    return {name: value for name, value in (whole | changes).items() if value != "absent"}


def index(**changes: object) -> dict[str, object]:
    child = blob(platform={"os": "linux", "architecture": "arm", "variant": "v7"}, annotations={"a": "b"})
    whole = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]}
    return {name: value for name, value in (whole | changes).items() if value != "absent"}


def parse(document: object, content_type: str = OCI_MANIFEST) -> Manifest | Index:
    return documents.parse(json.dumps(document).encode(), content_type)


@pytest.mark.parametrize("kind", [OCI_MANIFEST, DOCKER_MANIFEST])
@pytest.mark.parametrize("stated", [True, False])
def test_a_manifest_is_read(kind: str, *, stated: bool) -> None:
    document = manifest(mediaType=kind if stated else "absent", annotations={"k": "v", "odd": 1})
    config = Descriptor(media_type="application/x", digest=Digest.parse(ZERO), size=7)
    layer = Descriptor(media_type="application/x", digest=Digest.parse(ONE), size=7)
    assert parse(document, f"{kind}; charset=utf-8") == Manifest(
        media_type=kind, config=config, layers=(layer,), annotations=(("k", "v"),)
    )


@pytest.mark.parametrize("kind", [OCI_INDEX, DOCKER_LIST])
def test_an_index_is_read(kind: str) -> None:
    child = Descriptor(
        media_type="application/x",
        digest=Digest.parse(ZERO),
        size=7,
        platform=Platform("linux", "arm", "v7"),
        annotations=(("a", "b"),),
    )
    assert parse(index(mediaType=kind), kind) == Index(media_type=kind, manifests=(child,))


def test_the_type_in_the_document_counts_where_the_server_names_none_that_is_known() -> None:
    assert isinstance(parse(index(), "application/json"), Index)
    assert isinstance(parse(index(), ""), Index)


def test_platforms_are_those_that_can_be_run_each_once() -> None:
    platforms = [
        {"os": "linux", "architecture": "amd64"},
        {"os": "unknown", "architecture": "unknown"},
        {"os": "windows", "architecture": "amd64", "os.version": "10.0.1"},
        {"os": "windows", "architecture": "amd64", "os.version": "10.0.2"},
        {"os": "linux", "architecture": "arm64", "variant": ""},
        {"os": "linux"},
        {"os": "linux", "architecture": "\x1b[31m"},
        "linux/amd64",
        None,
    ]
    found = parse(index(manifests=[blob(platform=platform) for platform in platforms]), OCI_INDEX)
    assert isinstance(found, Index)
    assert [str(platform) for platform in found.platforms] == ["linux/amd64", "windows/amd64", "linux/arm64"]


@pytest.mark.parametrize(
    ("document", "content_type", "words"),
    [
        (manifest(mediaType=DOCKER_MANIFEST), OCI_MANIFEST, "calls itself"),
        (manifest(mediaType=5), OCI_MANIFEST, "calls itself 5"),
        (index(mediaType="absent"), OCI_MANIFEST, "config is no descriptor"),
        (manifest(manifests=[]), OCI_MANIFEST, "of an index and of a manifest at once"),
        (index(layers=[]), OCI_INDEX, "of an index and of a manifest at once"),
        (index(config={}), OCI_INDEX, "of an index and of a manifest at once"),
        (manifest(schemaVersion="absent"), OCI_MANIFEST, "schemaVersion is not 2"),
        (manifest(schemaVersion="2"), OCI_MANIFEST, "schemaVersion is not 2"),
        (manifest(layers=None), OCI_MANIFEST, "layers is not a list"),
        (manifest(layers={}), OCI_MANIFEST, "layers is not a list"),
        (manifest(layers=["x"]), OCI_MANIFEST, "layers[0] is no descriptor"),
        (manifest(config=blob(size=-1)), OCI_MANIFEST, "config lacks a media type or a size"),
        (manifest(config=blob(size=True)), OCI_MANIFEST, "config lacks a media type or a size"),
        (manifest(config=blob(size="7")), OCI_MANIFEST, "config lacks a media type or a size"),
        (manifest(config=blob(mediaType=None)), OCI_MANIFEST, "config lacks a media type or a size"),
        (manifest(config=blob(digest="sha256:../../x")), OCI_MANIFEST, "config: 'sha256:../../x' is not a"),
        (manifest(config=blob(digest=None)), OCI_MANIFEST, "config: 'None' is not a digest"),
        (index(manifests="absent"), OCI_INDEX, "manifests is not a list"),
        ([], OCI_INDEX, "no JSON object"),
        ("text", OCI_INDEX, "no JSON object"),
    ],
)
def test_a_document_that_two_readers_could_take_differently_is_refused(
    document: object, content_type: str, words: str
) -> None:
    with pytest.raises(Untrustworthy) as caught:
        parse(document, content_type)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        ({"schemaVersion": 1}, "application/vnd.docker.distribution.manifest.v1+prettyjws"),
        ({"schemaVersion": 1}, "application/vnd.docker.distribution.manifest.v1+json"),
        ({"schemaVersion": 1, "fsLayers": []}, "application/json"),
        (manifest(mediaType="application/vnd.cncf.helm.config"), "application/vnd.cncf.helm.config"),
        (manifest(mediaType="absent"), "text/html"),
    ],
)
def test_what_is_no_image_is_unsupported(document: object, content_type: str) -> None:
    with pytest.raises(Unsupported) as caught:
        parse(document, content_type)
    assert caught.value.code == "unsupported"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000])
def test_bytes_that_are_no_document_are_refused(body: bytes) -> None:
    with pytest.raises(Untrustworthy):
        documents.parse(body, OCI_INDEX)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([ZERO, OCI_INDEX, OCI_MANIFEST, 2]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "schemaVersion",
                    "mediaType",
                    "config",
                    "layers",
                    "manifests",
                    "digest",
                    "size",
                    "platform",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_JSON, st.sampled_from([OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, "application/json", ""]))
def test_whatever_is_served_it_is_a_document_or_a_registry_error(document: object, content_type: str) -> None:
    body = json.dumps(document).encode()
    with suppress(RegistryError):
        assert isinstance(documents.parse(body, content_type), Manifest | Index)


def test_the_platform_of_a_config_is_read() -> None:
    assert documents.platform_of_config(b'{"os":"linux","architecture":"arm","variant":"v7"}') == Platform(
        "linux", "arm", "v7"
    )
    assert documents.platform_of_config(b"{}") is None
    with pytest.raises(PinbotError):
        documents.platform_of_config(b"no")


def test_a_config_is_read() -> None:
    body = {
        "os": "linux",
        "architecture": "arm64",
        "variant": "v8",
        "created": "2026-01-01T00:00:00Z",
        "author": "somebody",
        "config": {
            "User": "app:app",
            "Env": ["PATH=/bin:/usr/bin", "EMPTY=", "BARE", "A=b=c"],
            "Entrypoint": ["/app"],
            "Cmd": ["--port", "80"],
            "WorkingDir": "/srv",
            "ExposedPorts": {"80/tcp": {}, "443/tcp": {}},
            "Volumes": {"/data": {}},
            "StopSignal": "SIGINT",
            "Labels": {"b": "2", "a": "1"},
            "Healthcheck": {"Test": ["NONE"]},
        },
        "rootfs": {"type": "layers", "diff_ids": [ZERO]},
        "history": [{}],
    }
    found = documents.image_config(json.dumps(body).encode())
    assert found == ImageConfig(
        platform=Platform("linux", "arm64", "v8"),
        user="app:app",
        entrypoint=("/app",),
        cmd=("--port", "80"),
        env=(("PATH", "/bin:/usr/bin"), ("EMPTY", ""), ("BARE", ""), ("A", "b=c")),
        working_dir="/srv",
        exposed_ports=("443/tcp", "80/tcp"),
        volumes=("/data",),
        stop_signal="SIGINT",
        labels=(("a", "1"), ("b", "2")),
        created="2026-01-01T00:00:00Z",
        diff_ids=(Digest.parse(ZERO),),
    )
    assert found.command == ("/app", "--port", "80")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"config":null,"rootfs":null}',
        b'{"config":{"User":null,"Env":null,"Cmd":null,"Labels":null,"Volumes":null},"rootfs":{"diff_ids":null}}',
    ],
)
def test_what_a_config_leaves_out_is_empty(body: bytes) -> None:
    assert documents.image_config(body) == ImageConfig()


def test_a_command_may_be_one_word() -> None:
    found = documents.image_config(b'{"config":{"Entrypoint":"/app","Cmd":"run it"}}')
    assert found.command == ("/app", "run it")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the config cannot be trusted: it is no JSON object"),
        (b"[]", "it is no JSON object"),
        (b'{"config":[]}', "config is no object"),
        (b'{"config":{"User":0}}', "User is no text"),
        (b'{"config":{"Env":"A=b"}}', "Env is no list of words"),
        (b'{"config":{"Env":["A=b",7]}}', "Env is no list of words"),
        (b'{"config":{"Cmd":{}}}', "Cmd is no list of words"),
        (b'{"config":{"Labels":{"a":1}}}', "a label is no text"),
        (b'{"config":{"Labels":["a"]}}', "Labels is no object"),
        (b'{"config":{"ExposedPorts":["80"]}}', "ExposedPorts is no object"),
        (b'{"created":5}', "created is no text"),
        (b'{"rootfs":{"diff_ids":["sha256:1"]}}', "diff_ids: 'sha256:1' is not a sha256 digest"),
        # Runtimes read names without regard to case, and the last of several: uid 0 would be overlooked.
        (b'{"config":{"User":"app","user":"0"}}', '"user" in it could be taken for User'),
        (b'{"Config":{"User":"0"}}', '"Config" in it could be taken for config'),
        (b'{"config":{"User":"0","User":"app"}}', '"User" stands twice in one place'),
        (b'{"config":{"\\u0055ser":"0","User":"app"}}', '"User" stands twice in one place'),
    ],
)
def test_a_config_that_readers_could_differ_about_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(Untrustworthy) as caught:
        documents.image_config(body)
    assert words in caught.value.message


_CONFIGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([ZERO]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["config", "rootfs", "diff_ids", "User", "Env", "Cmd", "Labels", "Volumes", "os"])
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_CONFIGS)
def test_whatever_is_served_it_is_a_config_or_a_registry_error(document: object) -> None:
    with suppress(RegistryError):
        assert isinstance(documents.image_config(json.dumps(document).encode()), ImageConfig)

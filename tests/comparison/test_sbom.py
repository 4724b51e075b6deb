import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.comparison import sbom
from pinbot.errors import ImageError
from pinbot.model.comparison import Evidence, Part, PlatformDiff
from pinbot.model.image import Ecosystem, Package
from pinbot.model.manifest import OCI_MANIFEST
from tests.comparison.bench import Bench, apk, image
from tests.support.oci import OCI_CONFIG, Entry, Image, digest_of, to_json


def spdx(*urls: str) -> bytes:
    packages = [
        {
            "name": url,
            "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}
            ],
        }
        for url in urls
    ]
    return to_json({"spdxVersion": "SPDX-2.3", "packages": packages})


def cyclonedx(*urls: str) -> bytes:
    return to_json(
        {"bomFormat": "CycloneDX", "components": [{"type": "library", "purl": url} for url in urls]}
    )


def statement(document: bytes) -> bytes:
    return to_json(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://spdx.dev/Document",
            "predicate": json.loads(document),
        }
    )


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("pkg:apk/alpine/musl@1.2.5-r9?arch=x86_64", (Ecosystem.APK, "musl", "1.2.5-r9", "x86_64")),
        (
            "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
            (Ecosystem.DPKG, "libstdc++6", "12.2.0-14+deb12u1", "amd64"),
        ),
        (
            "pkg:rpm/rocky/bind@9.16-1.el9?arch=x86_64&epoch=32",
            (Ecosystem.RPM, "bind", "32:9.16-1.el9", "x86_64"),
        ),
        (
            "pkg:golang/golang.org/x/net@v0.30.0#http2",
            (Ecosystem.GO, "golang.org/x/net", "v0.30.0", ""),
        ),
        ("pkg:cargo/serde@1.0.200", (Ecosystem.CARGO, "serde", "1.0.200", "")),
    ],
)
def test_packages_are_known_by_their_urls(url: str, package: tuple[Ecosystem, str, str, str]) -> None:
    ecosystem, name, version, architecture = package
    expected = Package(
        ecosystem=ecosystem, name=name, version=version, architecture=architecture, place="sbom"
    )
    for document in (spdx(url, url), cyclonedx(url), statement(spdx(url))):
        assert sbom.read(document, "sbom") == (expected,)


def test_what_is_no_package_of_a_known_ecosystem_is_passed_over() -> None:
    odd = (
        "pkg:npm/left-pad@1.0.0",
        "pkg:apk/alpine/musl",
        "pkg:apk//@1",
        "cpe:2.3:a:x",
        "pkg:",
        "pkg:apk/x@",
    )
    assert sbom.read(spdx(*odd), "sbom") == ()
    assert (
        sbom.read(to_json({"spdxVersion": "SPDX-2.3", "packages": [1, {}, {"externalRefs": 1}]}), "x") == ()
    )


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"predicate": []}'])
def test_what_is_no_sbom_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="the SBOM sbom is n"):
        sbom.read(data, "sbom")


@given(st.text(st.sampled_from("pkg:apk/@?#%25=&x1 "), max_size=30))
def test_any_url_is_read_or_passed_over(url: str) -> None:
    for package in sbom.read(spdx(f"pkg:{url}"), "sbom"):
        assert package.name
        assert package.version


def attested(bench: Bench, one: Image, document: bytes) -> Path:
    """An index with an image and an attestation of it, as BuildKit writes it."""
    config = to_json({"architecture": "unknown", "os": "unknown"})
    body = to_json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [
                {
                    "mediaType": "application/vnd.in-toto+json",
                    "digest": digest_of(document),
                    "size": len(document),
                    "annotations": {"in-toto.io/predicate-type": "https://spdx.dev/Document"},
                }
            ],
        }
    )
    entry = {
        "mediaType": OCI_MANIFEST,
        "digest": digest_of(body),
        "size": len(body),
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": digest_of(one.manifest),
        },
    }
    return bench.write([one], entry, more=[config, body, document])


def diff(bench: Bench, old: tuple[Image, bytes], new: tuple[Image, bytes]) -> PlatformDiff:
    return bench.diff(attested(bench, *old), attested(bench, *new))


def test_where_the_image_does_not_tell_an_sbom_may(tmp_path: Path) -> None:
    old, new = (
        (image([Entry(name="app", data=version.encode())]), statement(spdx(f"pkg:apk/alpine/musl@{version}")))
        for version in ("1-r1", "1-r0")
    )
    found = diff(Bench(tmp_path), old, new)
    assert found.packages is not None
    assert found.packages.evidence is Evidence.CLAIMED
    assert [(change.name, str(change.move)) for change in found.packages.changes] == [("musl", "downgraded")]
    assert [str(caution.alarm) for caution in found.cautions] == ["older-packages"]
    assert found.inventories is None, "claims are not what vulnerabilities are looked up for"
    assert [unread.part for unread in found.unread] == [Part.PACKAGES]


def test_what_the_image_itself_tells_goes_before_any_sbom(tmp_path: Path) -> None:
    old, new = (
        (image([apk(musl=version)]), statement(spdx("pkg:apk/alpine/other@1-r0")))
        for version in ("1-r0", "1-r1")
    )
    found = diff(Bench(tmp_path), old, new)
    assert found.packages is not None
    assert found.packages.evidence is Evidence.READ
    assert [change.name for change in found.packages.changes] == ["musl"]


def test_an_sbom_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    old, new = ((image([Entry(name="app", data=text)]), b"no sbom") for text in (b"1", b"2"))
    assert diff(Bench(tmp_path), old, new).packages is None

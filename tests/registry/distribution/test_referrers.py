"""What refers to an image: by the API where a registry has it, by a tag where it has none, as Debian's."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from pinbot.errors import AccessDenied, NotFound, RegistryError, Unreachable, Unsupported, Untrustworthy
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.client import RegistryClient
from tests.registry.conftest import AMD64, push
from tests.support.oci import Pusher, digest_of, to_json
from tests.support.registry import RegistryServer
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, LinkProxy, Seen

pytestmark = pytest.mark.needs("docker-registry")

SBOM = "application/spdx+json"
SIGNATURE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def entry(number: int, artifact_type: str | None) -> dict[str, object]:
    described: dict[str, object] = {
        "mediaType": OCI_MANIFEST,
        "digest": digest_of(str(number).encode()),
        "size": 100 + number,
        "annotations": {"number": str(number)},
    }
    return described if artifact_type is None else described | {"artifactType": artifact_type}


def descriptor(number: int, artifact_type: str | None) -> Descriptor:
    return Descriptor(
        media_type=OCI_MANIFEST,
        digest=Digest.parse(digest_of(str(number).encode())),
        size=100 + number,
        artifact_type=artifact_type,
        annotations=(("number", str(number)),),
    )


def index(*entries: dict[str, object]) -> bytes:
    return to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


ENTRIES = (entry(1, SBOM), entry(2, SIGNATURE), entry(3, None), entry(1, SBOM))
ALL = (descriptor(1, SBOM), descriptor(2, SIGNATURE), descriptor(3, None))


@pytest.fixture(scope="module")
def subject(registry: RegistryServer) -> str:
    """The digest of an image that has referrers under their tag."""
    digest = push(registry, "signed", "1")
    pusher = Pusher(registry.base_url)
    # The registry takes an index only if it has what that names.
    artifact = pusher.image("signed", "artifact", AMD64)
    pusher.manifest(
        "signed",
        digest.replace(":", "-"),
        index(
            {"mediaType": OCI_MANIFEST, "digest": artifact, "size": 1, "artifactType": SBOM},
            {"mediaType": OCI_MANIFEST, "digest": digest, "size": 2, "artifactType": SIGNATURE},
        ),
        OCI_INDEX,
    )
    pusher.close()
    return digest


@pytest.fixture
def link(registry: RegistryServer, subject: str) -> Iterator[LinkProxy]:  # noqa: ARG001 - the image is there
    with LinkProxy(registry.host) as proxy:
        yield proxy


def referrers(
    image: str, artifact_type: str | None = None, *, asker: Asker | None = None
) -> tuple[Descriptor, ...]:
    reference = ImageReference.parse(image)
    return (asker or Asker()).ask(lambda client: client.referrers(reference, artifact_type))


def page(*entries: dict[str, object], **headers: str) -> Fault:
    return Fault(status=200, headers={"Content-Type": OCI_INDEX} | headers, body=index(*entries))


def test_a_registry_without_the_api_has_them_under_a_tag(link: LinkProxy, subject: str) -> None:
    found = referrers(f"{link.host}/signed@{subject}")
    assert [one.artifact_type for one in found] == [SBOM, SIGNATURE]
    assert [seen.target for seen in link.requests] == [
        f"/v2/signed/referrers/{subject}",
        f"/v2/signed/manifests/{subject.replace(':', '-')}",
    ]
    assert [one.artifact_type for one in referrers(f"{link.host}/signed@{subject}", SBOM)] == [SBOM]


def test_without_a_digest_the_tag_is_resolved_first(link: LinkProxy) -> None:
    assert len(referrers(f"{link.host}/signed:1")) == 2
    assert [seen.method for seen in link.requests] == ["HEAD", "GET", "GET"]


def test_an_image_that_nothing_refers_to_has_none(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    digest = pusher.image("unsigned", "1", AMD64)
    pusher.close()
    assert referrers(f"{registry.host}/unsigned@{digest}") == ()


def test_a_registry_without_the_api_is_asked_for_it_once(link: LinkProxy, subject: str) -> None:
    async def ask(client: RegistryClient) -> None:
        await client.referrers(ImageReference.parse(f"{link.host}/signed@{subject}"))
        await client.referrers(ImageReference.parse(f"{link.host}/signed@sha256:{'0' * 64}"))

    Asker().ask(ask)
    assert link.count("GET", "/referrers/") == 1
    assert link.count("GET", "/manifests/") == 2


def test_an_unknown_repository_does_not_tell_of_the_api(link: LinkProxy, subject: str) -> None:
    body = to_json({"errors": [{"code": "NAME_UNKNOWN", "message": "unknown"}]})

    def faults(seen: Seen) -> Fault | None:
        if "/nowhere/" in seen.path:
            return Fault(status=404, body=body)
        return page(*ENTRIES) if "/referrers/" in seen.path else None

    link.faults = faults

    async def ask(client: RegistryClient) -> tuple[Descriptor, ...]:
        assert await client.referrers(ImageReference.parse(f"{link.host}/nowhere@{subject}")) == ()
        return await client.referrers(ImageReference.parse(f"{link.host}/signed@{subject}"))

    assert Asker().ask(ask) == ALL


def test_the_api_gives_them_at_once_and_each_is_named_once(link: LinkProxy, subject: str) -> None:
    link.faults = lambda _: page(*ENTRIES)
    assert referrers(f"{link.host}/signed@{subject}") == ALL
    (seen,) = link.requests
    assert (seen.method, seen.target) == ("GET", f"/v2/signed/referrers/{subject}")
    assert seen.headers["accept"] == OCI_INDEX


@pytest.mark.parametrize("filters", [True, False], ids=["filters", "does not filter"])
def test_one_type_is_asked_for_and_filtered_here_too(link: LinkProxy, subject: str, *, filters: bool) -> None:
    wanted = "application/vnd.example+json; a=b&c"
    entries = (entry(7, wanted), entry(8, wanted + "x")) if not filters else (entry(7, wanted),)
    link.faults = lambda _: page(*entries, **{"OCI-Filters-Applied": "artifactType"} if filters else {})
    assert referrers(f"{link.host}/signed@{subject}", wanted) == (descriptor(7, wanted),)
    assert parse_qs(urlsplit(link.requests[0].target).query) == {"artifactType": [wanted]}


def test_all_pages_of_the_api_are_read(link: LinkProxy, subject: str) -> None:
    def pages(seen: Seen) -> Fault:
        number = int(parse_qs(urlsplit(seen.target).query).get("page", ["1"])[0])
        headers = {"Link": f'<{seen.path}?page={number + 1}>; rel="next"'} if number < 3 else {}
        return page(entry(number, SBOM), **headers)

    link.faults = pages
    assert referrers(f"{link.host}/signed@{subject}") == tuple(descriptor(n, SBOM) for n in (1, 2, 3))
    assert len(link.requests) == 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=400),
        Fault(status=404),
        Fault(status=405),
        Fault(status=406),
        Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>Welcome</html>"),
        Fault(status=200, body=b"{}"),
    ],
)
def test_whatever_shows_that_there_is_no_api_leads_to_the_tag(
    link: LinkProxy, subject: str, fault: Fault
) -> None:
    link.faults = lambda seen: fault if "/referrers/" in seen.path else None
    assert len(referrers(f"{link.host}/signed@{subject}")) == 2


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(status=403), AccessDenied, "denies anonymous access to signed"),
        (Fault(status=401), AccessDenied, "denies anonymous access to signed"),
        (Fault(status=429), Unreachable, "too many requests"),
        (Fault(status=500), Unreachable, "is in trouble (status 500)"),
        (Fault(status=204), Unreachable, "answers as no registry does"),
        (Fault(reset=True), Unreachable, "was lost"),
        (Fault(status=200, headers={"Content-Type": OCI_INDEX}, body=b"{"), Untrustworthy, "no JSON object"),
        (
            Fault(status=200, headers={"Content-Type": OCI_INDEX}, body=AMD64.manifest),
            Untrustworthy,
            "calls itself",
        ),
        (page(entry(1, SBOM), Link='<http://127.0.0.1:1/v2/>; rel="next"'), Untrustworthy, "not followed"),
        (page(entry(1, SBOM), Link='<?>; rel="next"'), Untrustworthy, "lead in a circle"),
        (page(*(entry(n, SBOM) for n in range(10_001))), Untrustworthy, "has more than 10000 referrers"),
        (
            Fault(status=200, headers={"Content-Type": OCI_INDEX}, body=b" " * (2**22 + 1)),
            Untrustworthy,
            "sent more than 4194304 bytes",
        ),
    ],
)
def test_what_cannot_be_listed_is_an_error_and_not_an_empty_list(
    link: LinkProxy, subject: str, fault: Fault, error: type[RegistryError], words: str
) -> None:
    link.faults = lambda seen: fault if "/referrers/" in seen.path else None
    with pytest.raises(error) as caught:
        referrers(f"{link.host}/signed@{subject}")
    assert words in caught.value.message
    assert caught.value.image == f"{link.host}/signed@{subject}"


def test_a_page_that_is_gone_is_an_error_and_not_the_end(link: LinkProxy, subject: str) -> None:
    link.faults = lambda seen: (
        Fault(status=404) if "page=2" in seen.target else page(entry(1, SBOM), Link='<?page=2>; rel="next"')
    )
    with pytest.raises(NotFound, match="has no list of referrers in signed"):
        referrers(f"{link.host}/signed@{subject}")


def test_a_tag_that_is_no_list_of_referrers_is_an_error(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    digest = pusher.image("odd", "1", AMD64)
    pusher.image("odd", digest.replace(":", "-"), AMD64)
    pusher.close()
    with pytest.raises(Unsupported, match="something else where its list of referrers should be"):
        referrers(f"{registry.host}/odd@{digest}")


def test_a_long_digest_has_a_tag_of_64_digits(link: LinkProxy) -> None:
    digest = "sha512:" + "0123456789abcdef" * 8
    assert referrers(f"{link.host}/signed@{digest}") == ()
    assert link.requests[-1].target == "/v2/signed/manifests/sha512-" + "0123456789abcdef" * 4


def test_they_are_read_with_credentials(guarded: RegistryServer) -> None:
    digest = push(guarded, "signed", "1")
    pusher = Pusher(guarded.base_url, auth=guarded.auth)
    pusher.manifest(
        "signed",
        digest.replace(":", "-"),
        index({"mediaType": OCI_MANIFEST, "digest": digest, "size": 1, "artifactType": SBOM}),
        OCI_INDEX,
    )
    pusher.close()
    image = f"{guarded.host}/signed@{digest}"
    (found,) = referrers(image, asker=Asker(credentials=ALICE))
    assert found.artifact_type == SBOM
    with pytest.raises(AccessDenied):
        referrers(image)

"""The tags of a repository, whatever its list looks like."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from pinbot.errors import AccessDenied, NotFound, RegistryError, Unreachable, Untrustworthy
from pinbot.model.manifest import OCI_INDEX
from pinbot.model.reference import ImageReference
from pinbot.registry.distribution.pages import next_link
from tests.support.oci import Pusher, to_json
from tests.support.registry import RegistryServer
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, LinkProxy, Seen

pytestmark = pytest.mark.needs("docker-registry")

MANY = tuple(f"v{number:03}" for number in range(250))
EMPTY_INDEX = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})


@pytest.fixture(scope="module")
def tagged(registry: RegistryServer) -> RegistryServer:
    """A registry with many tags in one repository; this one gives them all at once, whatever is asked for."""
    pusher = Pusher(registry.base_url)
    for tag in MANY:
        pusher.manifest("many", tag, EMPTY_INDEX, OCI_INDEX)
    pusher.close()
    return registry


@pytest.fixture
def link(tagged: RegistryServer) -> Iterator[LinkProxy]:
    with LinkProxy(tagged.host) as proxy:
        yield proxy


def tags(link: LinkProxy, asker: Asker | None = None) -> tuple[str, ...]:
    image = ImageReference.parse(f"{link.host}/many:v001")
    return (asker or Asker()).ask(lambda client: client.tags(image))


def page(*names: object, link: str | None = None, **headers: str) -> Fault:
    return Fault(
        status=200,
        headers=headers | ({"Link": link} if link else {}),
        body=to_json({"name": "x", "tags": names}),
    )


def test_all_tags_come_by_one_request(link: LinkProxy) -> None:
    assert tags(link) == MANY
    assert [seen.target for seen in link.requests] == ["/v2/many/tags/list?n=1000"]


def in_pages(seen: Seen) -> Fault:
    """What a registry answers that gives as many tags as it is asked for, up to a hundred."""
    query = parse_qs(urlsplit(seen.target).query)
    size = int(query.get("n", ["100"])[0])
    if size > 100:
        return Fault(status=400)
    first = MANY.index(query["last"][0]) + 1 if "last" in query else 0
    names = MANY[first : first + size]
    more = first + size < len(MANY)
    return page(*names, link=f'<{seen.path}?last={names[-1]}&n={size}>; rel="next"' if more else None)


def test_all_pages_are_read(link: LinkProxy) -> None:
    link.faults = in_pages
    assert tags(link) == MANY
    assert [seen.target.partition("?")[2] for seen in link.requests] == [
        "n=1000",
        "n=100",
        "last=v099&n=100",
        "last=v199&n=100",
    ]


@pytest.mark.parametrize("status", [400, 405, 413])
def test_a_registry_that_takes_smaller_pages_is_asked_for_those(link: LinkProxy, status: int) -> None:
    link.faults = lambda seen: Fault(status=status) if seen.target.endswith("n=1000") else None
    assert tags(link) == MANY
    assert [seen.target.partition("?")[2] for seen in link.requests] == ["n=1000", "n=100"]


def test_a_registry_that_takes_no_size_of_pages_is_asked_without(link: LinkProxy) -> None:
    link.faults = lambda seen: Fault(status=400) if "n=" in seen.target else None
    assert tags(link) == MANY
    assert [seen.target for seen in link.requests][1:] == ["/v2/many/tags/list?n=100", "/v2/many/tags/list"]


def test_an_unknown_repository_is_not_found(link: LinkProxy) -> None:
    image = ImageReference.parse(f"{link.host}/nowhere")
    with pytest.raises(NotFound, match="has no repository nowhere") as caught:
        Asker().ask(lambda client: client.tags(image))
    assert caught.value.image == f"{link.host}/nowhere"


def test_the_list_is_read_with_credentials(guarded: RegistryServer) -> None:
    pusher = Pusher(guarded.base_url, auth=guarded.auth)
    pusher.manifest("secret", "1", EMPTY_INDEX, OCI_INDEX)
    pusher.close()
    image = ImageReference.parse(f"{guarded.host}/secret")
    assert Asker(credentials=ALICE).ask(lambda client: client.tags(image)) == ("1",)
    with pytest.raises(AccessDenied):
        Asker().ask(lambda client: client.tags(image))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"name":"x","tags":null}', ()),
        (b'{"name":"x","tags":[]}', ()),
        (b'{"name":"x","tags":["b",null,"","a","b"]}', ("b", "a")),
        (b'{"tags":["a\\n","\\u001b[2J","a b","-x","' + b"x" * 129 + b'",7,{},"ok"]}', ("ok",)),
    ],
    ids=["null", "none", "null and empty and double ones", "what is no tag"],
)
def test_only_what_is_a_tag_is_listed(link: LinkProxy, body: bytes, expected: tuple[str, ...]) -> None:
    link.faults = lambda _: Fault(status=200, body=body)
    assert tags(link) == expected


@pytest.mark.parametrize(
    "target",
    [
        "/v2/many/tags/list?last=a&n=1",
        "list?last=a&n=1",
        "?last=a&n=1",
        "http://{host}/v2/many/tags/list?last=a&n=1",
    ],
)
def test_the_next_page_may_be_named_in_every_way(link: LinkProxy, target: str) -> None:
    there = target.format(host=link.host)
    link.faults = lambda seen: (
        page("b") if "last=a" in seen.target else page("a", link=f'<{there}>; rel="next"')
    )
    assert tags(link) == ("a", "b")
    assert link.requests[-1].target == "/v2/many/tags/list?last=a&n=1"


def test_a_page_that_fails_for_a_moment_is_asked_for_again(link: LinkProxy) -> None:
    def faults(seen: Seen) -> Fault:
        if seen.number < 3:
            return Fault(status=503)
        return in_pages(seen)

    link.faults = faults
    assert tags(link) == MANY


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (
            page("a", link='<http://127.0.0.1:1/v2/many/tags/list?last=a>; rel="next"'),
            Untrustworthy,
            "not followed",
        ),
        (page("a", link='<//example.com/v2/many/tags/list>; rel="next"'), Untrustworthy, "not followed"),
        (page("a", link='<https://{host}/v2/many/tags/list>; rel="next"'), Untrustworthy, "not followed"),
        (page("a", link='<file:///etc/passwd>; rel="next"'), Untrustworthy, "not followed"),
        (page("a", link='<http://[::1>; rel="next"'), Untrustworthy, "not followed"),
        (page("a", link='</v2/other/tags/list?n=1>; rel="next"'), Untrustworthy, "not followed"),
        (page("a", link='</v2/many/../other/tags/list>; rel="next"'), Untrustworthy, "not followed"),
        (page("a", link='<?n=1000>; rel="next"'), Untrustworthy, "lead in a circle"),
        (page("a", link='<?last=a>; rel="next"'), Untrustworthy, "lead in a circle"),
        (page(*map(str, range(250_001))), Untrustworthy, "has more than 250000 tags in many"),
        (Fault(status=200, body=b"<html>Log in</html>"), Untrustworthy, "something else than a list of tags"),
        (Fault(status=200, body=b'{"tags":"latest"}'), Untrustworthy, "something else than a list of tags"),
        (Fault(status=200, body=b'{"name":"x"}'), Untrustworthy, "something else than a list of tags"),
        (Fault(status=200, body=b"[" * 100_000), Untrustworthy, "something else than a list of tags"),
        (Fault(status=200, body=b" " * (16 * 2**20 + 1)), Untrustworthy, "sent more than 16777216 bytes"),
        (Fault(status=404), NotFound, "has no list of tags in many"),
        (Fault(status=400), Unreachable, "answers as no registry does (status 400)"),
        (Fault(status=500), Unreachable, "is in trouble (status 500)"),
        (Fault(cut=20), Unreachable, "broke off"),
        (Fault(reset=True), Unreachable, "was lost"),
    ],
)
def test_a_list_that_cannot_be_had_is_an_error(
    link: LinkProxy, fault: Fault, error: type[RegistryError], words: str
) -> None:
    link.faults = lambda _: fault
    with pytest.raises(error) as caught:
        tags(link)
    assert words in caught.value.message
    assert caught.value.image == f"{link.host}/many"


def test_pages_without_end_are_given_up(link: LinkProxy) -> None:
    link.faults = lambda _: page("a", link=f'<?last={len(link.requests)}>; rel="next"')
    with pytest.raises(Untrustworthy, match="have more than 1000 pages"):
        tags(link)
    assert len(link.requests) == 1000


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        (['</a>; rel="next"'], "/a"),
        (["</a>;rel=next"], "/a"),
        (["</a> ; REL = Next"], "/a"),
        (['</a>; title="x; rel=next, <b>"; rel="prev next"'], "/a"),
        (['</a>; rel="prev", </b>; rel="next"'], "/b"),
        (['</a>; rel="prev"', '</b>; rel="next"'], "/b"),
        (["<>; rel=next"], ""),
        (["</a>; rel=nextish"], None),
        (["</a>; xrel=next"], None),
        (['</a>; title="; rel=next"'], None),
        (["</a>"], None),
        (["rel=next"], None),
        (["<" * 5000 + ";" * 5000], None),
    ],
)
def test_links_are_read_as_rfc_8288_says(headers: list[str], expected: str | None) -> None:
    assert next_link(headers) == expected

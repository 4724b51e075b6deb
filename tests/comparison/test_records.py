import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pinbot.comparison import records
from pinbot.comparison.notes import Found, Kind, Notes
from pinbot.model.image import Distribution, Ecosystem, Package
from pinbot.model.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform

texts = st.text(st.characters(exclude_categories=()), max_size=8)
paths = st.frozensets(texts, max_size=3)
packages = st.builds(
    Package,
    ecosystem=st.sampled_from(Ecosystem),
    name=texts,
    version=texts,
    architecture=texts,
    source=texts,
    source_version=texts,
    place=texts,
    root=st.booleans(),
)
notes = st.builds(
    Notes,
    found=st.dictionaries(
        texts,
        st.builds(
            Found,
            kind=st.sampled_from(Kind),
            packages=st.lists(packages, max_size=3).map(tuple),
            problem=texts,
        ),
        max_size=3,
    ),
    releases=st.dictionaries(
        texts,
        st.builds(
            Distribution, id=texts, version=texts, name=texts, like=st.lists(texts, max_size=2).map(tuple)
        ),
        max_size=2,
    ),
    privileged=paths,
    removed=paths,
    cleared=paths,
)


@given(notes)
def test_notes_come_back_as_they_were(one: Notes) -> None:
    assert records.read_notes(records.write_notes(one)) == one


digests = st.binary(min_size=32, max_size=32).map(lambda value: Digest("sha256", value.hex()))
words = st.text("abcxyz019._-", min_size=1, max_size=5)
annotations = st.dictionaries(texts, texts, max_size=2).map(lambda found: tuple(found.items()))
descriptors = st.builds(
    Descriptor,
    media_type=st.sampled_from([OCI_MANIFEST, OCI_INDEX, "application/x"]),
    digest=digests,
    size=st.integers(0, 2**60),
    platform=st.none() | st.builds(Platform, words, words, st.none() | words),
    artifact_type=st.none() | texts,
    annotations=annotations,
)
several = st.lists(descriptors, max_size=3).map(tuple)


@given(
    st.builds(
        Manifest,
        media_type=st.sampled_from([OCI_MANIFEST, DOCKER_MANIFEST]),
        config=descriptors,
        layers=several,
        annotations=annotations,
    )
    | st.builds(Index, media_type=st.just(OCI_INDEX), manifests=several, annotations=annotations)
)
def test_documents_come_back_as_they_were(one: Manifest | Index) -> None:
    assert records.read_document(records.write_document(one)) == one


GOOD = json.loads(
    records.write_notes(
        Notes(
            found={
                "a": Found(
                    kind=Kind.BINARY, packages=(Package(ecosystem=Ecosystem.GO, name="n", version="v"),)
                )
            },
            releases={"etc/os-release": Distribution(id="alpine")},
            privileged=frozenset({"bin/su"}),
        )
    )
)


def spoilt(value: Any) -> list[Any]:
    """The document with one of its parts, at any depth, replaced or missing."""
    if isinstance(value, dict):
        return [
            *({key: rest for key, rest in value.items() if key != left} for left in value),
            *({**value, key: other} for key, part in value.items() for other in spoilt(part)),
        ]
    if isinstance(value, list):
        return [
            value[:-1] or None,
            *(
                [*value[:at], other, *value[at + 1 :]]
                for at, part in enumerate(value)
                for other in spoilt(part)
            ),
        ]
    return [17, None, {}]


def test_notes_that_lack_something_or_hold_something_else_are_none() -> None:
    good = records.read_notes(json.dumps(GOOD).encode())
    assert good is not None
    for document in spoilt(GOOD):
        found = records.read_notes(json.dumps(document).encode())
        assert found is None or all(isinstance(path, str) for path in (*found.privileged, *found.removed))
    nothing = [b"", b"[]", b"null", b"\xff", b'{"found": 1}', b"[" * 100_000]
    assert [records.read_notes(data) for data in nothing] == [None] * len(nothing)
    assert [records.read_document(data) for data in nothing] == [None] * len(nothing)

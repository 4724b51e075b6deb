"""How pinbot knows its own commits again."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.forge.seal import Seal, blob_id, fingerprint, read_seal, seal
from pinbot.model.proposal import Proposal
from tests.forge.support import NEW, NEWER, OLD, file, proposal

SEAL = Seal("a" * 40, "0123456789abcdef")
LINE = f"Pinbot-Seal: {'a' * 40} 0123456789abcdef\n"
# A message that git takes: some text, without NUL and lone surrogates.
messages = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    str.strip
)


@given(messages)
def test_what_is_sealed_is_recognised_whatever_the_message(message: str) -> None:
    assert read_seal(seal(message, SEAL)) == SEAL


@given(messages, messages)
def test_the_last_seal_counts(message: str, more: str) -> None:
    twice = seal(f"{seal(message, Seal('b' * 40, 'f' * 16))}\n{more}", SEAL)

    assert read_seal(twice) == SEAL


@pytest.mark.parametrize(
    ("message", "sealed"),
    [
        ("Pin alpine", f"Pin alpine\n\n{LINE}"),
        ("Pin alpine\n", f"Pin alpine\n\n{LINE}"),
        ("Pin: alpine", f"Pin: alpine\n\n{LINE}"),
        ("Pin alpine\n\nBecause.", f"Pin alpine\n\nBecause.\n\n{LINE}"),
        (
            "Pin alpine\n\nSigned-off-by: A <a@example.org>",
            f"Pin alpine\n\nSigned-off-by: A <a@example.org>\n{LINE}",
        ),
        (
            "Pin alpine\n\nBecause: of\nthis.",
            f"Pin alpine\n\nBecause: of\nthis.\n\n{LINE}",
        ),
    ],
)
def test_the_seal_is_one_more_trailer(message: str, sealed: str) -> None:
    assert seal(message, SEAL) == sealed


@pytest.mark.needs("git")
@pytest.mark.parametrize("message", ["Pin: alpine", "Pin alpine\n\nSigned-off-by: A <a@example.org>"])
def test_git_takes_the_seal_for_a_trailer(message: str) -> None:
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=seal(message, SEAL),
        capture_output=True,
        text=True,
        check=True,
    )

    assert LINE in parsed.stdout
    assert ("Signed-off-by" in message) == ("Signed-off-by" in parsed.stdout)


@pytest.mark.parametrize(
    "message",
    ["", "Pin alpine", f"Pin alpine\n\n> {LINE}", LINE.replace("a", "A"), "Pinbot-Seal: abc def"],
)
def test_other_messages_hold_no_seal(message: str) -> None:
    assert read_seal(message) is None


@pytest.mark.needs("git")
@pytest.mark.parametrize("data", [b"", b"FROM alpine\n", b"\0\xff", b"x" * 100_000])
def test_blobs_are_named_as_git_names_them(data: bytes) -> None:
    named = subprocess.run(["git", "hash-object", "--stdin"], input=data, capture_output=True, check=True)

    assert blob_id(data) == named.stdout.decode().strip()


@pytest.mark.parametrize(
    "other",
    [
        proposal(message="Another"),
        proposal(files=(file("Dockerfile", OLD, NEWER),)),
        proposal(files=(file("Dockerfile", OLD + b"#", NEW),)),
        proposal(files=(file("Dockerfile2", OLD, NEW),)),
        proposal(files=(file("Dockerfile", OLD, NEW), file("web/Dockerfile", OLD, NEW))),
    ],
)
def test_the_fingerprint_changes_with_the_commit(other: Proposal) -> None:
    assert fingerprint(proposal()) != fingerprint(other)


def test_the_fingerprint_is_that_of_the_commit_alone() -> None:
    one, two = file("a", OLD, NEW), file("b", OLD, NEW)

    assert fingerprint(proposal(files=(one, two))) == fingerprint(
        proposal(files=(two, one), title="t", body="b", labels=("l",), base="main")
    )

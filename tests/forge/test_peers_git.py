"""Git's data on both stand-ins for GitHub: the bytes that pinbot gives and gets are those that git has."""

from functools import partial
from pathlib import Path

import pytest

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.github.repository import GitHub
from pinbot.forge.remote import Commit, Missing, TreeChange
from pinbot.forge.seal import blob_id
from tests.forge.peers import CONTENT, ODD, Peer
from tests.forge.support import BRANCH, NEW
from tests.support.github.git import Git
from tests.support.github.place import Entry

pytestmark = pytest.mark.needs("git")


def test_a_tree_holds_exactly_the_bytes_that_are_given(peer: Peer, tmp_path: Path) -> None:
    changes = {
        "Dockerfile": Entry(NEW),
        "bin/run.sh": Entry(b"#!/bin/sh -e\r\n", "100755"),
        "bin/data": Entry(b"\xff\0\xfe"),
        "new/\N{SNOWMAN}/empty": Entry(b""),
        ODD: Entry(b"FROM a\n\n\n"),
    }
    git = Git.init(tmp_path / "git", "main")  # what git itself makes of it
    expected = git.write_tree(
        None, [(one.mode, path, git.write_blob(one.data)) for path, one in {**CONTENT, **changes}.items()]
    )

    async def work(remote: GitHub) -> str:
        head = await remote.head("main")
        assert head is not None
        given = tuple(TreeChange(path=path, mode=one.mode, data=one.data) for path, one in changes.items())
        tree = await remote.create_tree(head.tree, given)
        commit = await remote.create_commit("Pin\n\nBody: ü\n", tree=tree, parent=head.sha)
        assert await remote.create_ref(f"refs/heads/{BRANCH}", commit)
        return commit

    commit = peer.do(work)
    assert peer.place.files(f"heads/{BRANCH}") == {**CONTENT, **changes}
    shown = peer.place.commit(f"heads/{BRANCH}")
    assert (shown["sha"], shown["tree"]["sha"], shown["message"]) == (commit, expected, "Pin\n\nBody: ü\n")
    assert [parent["sha"] for parent in shown["parents"]] == [peer.main]
    assert peer.place.files("heads/main") == CONTENT


def test_a_branch_is_read_with_its_commit(peer: Peer) -> None:
    tip = peer.place.write({"x": b"x"}, parent=peer.main)
    peer.place.move(f"heads/{BRANCH}", tip)
    tree = peer.place.commit(f"heads/{BRANCH}")["tree"]["sha"]
    expected = Commit(sha=tip, tree=tree, parents=(peer.main,), message="By hand")
    assert peer.do(lambda remote: remote.head(BRANCH)) == expected
    assert peer.do(lambda remote: remote.head("gone")) is None
    assert peer.do(lambda remote: remote.default_branch()) == "main"


@pytest.mark.parametrize("branch", ["release/1.x", "\xfc#1%41", "a&b=c/d+e"])
def test_a_branch_is_found_whatever_it_is_called(peer: Peer, branch: str) -> None:
    tip = peer.place.write({"x": b"x"}, parent=peer.main)
    assert peer.do(lambda remote: remote.create_ref(f"refs/heads/{branch}", peer.main)) is True
    assert peer.do(lambda remote: remote.advance_ref(f"refs/heads/{branch}", tip)) is True
    head = peer.do(lambda remote: remote.head(branch))
    assert head.sha == peer.do(lambda remote: remote.tip(f"refs/heads/{branch}")) == tip
    assert peer.do(lambda remote: remote.file(branch, "x")) == b"x"
    listing = peer.look(lambda repositories, facts: repositories.listing(facts, branch))
    assert (listing.tree, listing.files["x"].sha) == (head.tree, blob_id(b"x"))
    peer.do(lambda remote: remote.delete_branch(branch))
    assert peer.place.tip(f"heads/{branch}") is None


def test_a_repository_is_listed_and_its_files_are_read(peer: Peer) -> None:
    listing = peer.look(lambda repositories, facts: repositories.listing(facts, facts.default_branch))
    assert listing.complete
    assert {path: (file.mode, file.sha, file.size) for path, file in listing.files.items()} == {
        path: (entry.mode, blob_id(entry.data), len(entry.data)) for path, entry in CONTENT.items()
    }
    for path, file in listing.files.items():
        read = peer.look(lambda repositories, facts, file=file: repositories.read(facts, file))
        assert read == CONTENT[path].data


def test_entries_tell_modes_and_names_of_what_is_there(peer: Peer) -> None:
    tree = peer.place.commit("heads/main")["tree"]["sha"]
    found = peer.do(lambda remote: remote.entries(tree, (*CONTENT, "gone", "bin/gone")))
    assert {path: (entry.mode, entry.sha) for path, entry in found.items()} == {
        path: (entry.mode, blob_id(entry.data)) for path, entry in CONTENT.items()
    }


def test_a_reference_is_made_once_and_moved_as_asked(peer: Peer) -> None:
    name, other = "refs/pinbot/test", "refs/pinbot/test-more"
    later = peer.place.write({"x": b"1"}, parent=peer.main)
    aside = peer.place.write({"x": b"2"}, parent=peer.main)
    peer.place.move("pinbot/test-more", aside)
    assert peer.do(lambda remote: remote.tip(name)) is None
    assert peer.do(lambda remote: remote.create_ref(name, peer.main)) is True
    assert peer.do(lambda remote: remote.create_ref(name, later)) is False
    assert peer.do(lambda remote: remote.tip(name)) == peer.main
    assert peer.do(lambda remote: remote.advance_ref(name, later)) is True
    assert peer.do(lambda remote: remote.advance_ref(name, aside)) is False
    assert peer.do(lambda remote: remote.advance_ref("refs/pinbot/gone", aside)) is False
    assert (peer.place.tip("pinbot/test"), peer.place.tip("pinbot/test-more")) == (later, aside)
    assert peer.do(lambda remote: remote.tip(other)) == aside


def test_a_branch_is_moved_anywhere_and_deleted_twice(peer: Peer) -> None:
    one, two = (peer.place.write({"x": data}, parent=peer.main) for data in (b"1", b"2"))
    peer.place.move("heads/pinbot/a/b", one)
    assert peer.do(lambda remote: remote.move_branch("pinbot/a/b", two)) is True
    assert peer.place.tip("heads/pinbot/a/b") == two
    assert peer.do(lambda remote: remote.move_branch("pinbot/gone", two)) is False
    for _ in range(2):
        peer.do(lambda remote: remote.delete_branch("pinbot/a/b"))
        assert peer.place.tip("heads/pinbot/a/b") is None


def test_what_is_no_object_cannot_be_pointed_to(peer: Peer) -> None:
    with pytest.raises(ForgeError, match="GitHub refuses it"):
        peer.do(lambda remote: remote.create_ref("refs/heads/pinbot/x", "a" * 40))
    assert peer.place.tip("heads/pinbot/x") is None


# Contents


def test_files_are_read_at_a_commit_a_branch_and_a_reference(peer: Peer) -> None:
    peer.place.move("pinbot/test", peer.main)
    files = {path: entry.data for path, entry in CONTENT.items() if entry.mode != "120000"}

    async def read(remote: GitHub, ref: str) -> dict[str, bytes | None]:
        return {path: await remote.file(ref, path) for path in files}

    for ref in (peer.main, "main", "refs/heads/main", "refs/pinbot/test"):
        assert peer.do(partial(read, ref=ref)) == files


def test_a_link_is_read_as_the_file_that_it_leads_to(peer: Peer) -> None:
    assert peer.do(lambda remote: remote.file("main", "link")) == CONTENT["bin/run.sh"].data


def test_a_large_file_is_read_whole(peer: Peer) -> None:
    large = bytes(range(251)) * 5000
    peer.place.move("heads/large", peer.place.write({"large": large}))
    assert peer.do(lambda remote: remote.file("large", "large")) == large


@pytest.mark.parametrize(
    ("ref", "path"),
    [("main", "gone"), ("main", "bin/gone"), ("main", "Dockerfile/x"), ("refs/pinbot/gone", "x")],
)
def test_a_file_that_is_not_there_is_missing(peer: Peer, ref: str, path: str) -> None:
    assert isinstance(peer.do(lambda remote: remote.file(ref, path)), Missing)


@pytest.mark.parametrize(("path", "what"), [("bin", "a folder"), ("out", "a symlink")])
def test_what_is_no_file_is_told(peer: Peer, path: str, what: str) -> None:
    out = peer.place.write({"out": Entry(b"../../etc/passwd", "120000")}, parent=peer.main)
    peer.place.move("heads/main", out)
    with pytest.raises(
        ForgeConflict, match=f"could not read {path} in {peer.place.name}: {what} stands in its"
    ):
        peer.do(lambda remote: remote.file("main", path))

"""Names of branches: git takes them, people recognise them, and no two things share one."""

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.pipeline.grouping import _branch


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("alpine:3.22", "pinbot/alpine-3.22-"),
        ("ghcr.io/acme/base:1", "pinbot/ghcr.io-acme-base-1-"),
        ("services/API/Dockerfile", "pinbot/services-api-dockerfile-"),
        ("..", "pinbot/image-"),
        ("x" * 300, "pinbot/" + "x" * 60 + "-"),
        ("a..b.lock", "pinbot/a-b.lock-"),
    ],
)
def test_names_are_recognised(name: str, start: str) -> None:
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{6}", _branch(name))


def test_what_differs_only_in_odd_characters_has_another_name() -> None:
    names = ["a/b:1", "a-b:1", "a/b-1", "A/b:1", "a_b:1", "a/b:1 "]
    assert len({_branch(name) for name in names}) == len(names)


@pytest.mark.needs("git")
@given(st.lists(st.text(st.characters(codec=None), max_size=80), min_size=20, max_size=40))
def test_git_takes_every_one(names: list[str]) -> None:
    for branch in {_branch(name) for name in names}:
        assert re.fullmatch(r"pinbot/[a-z0-9.-]+-[0-9a-f]{6}", branch)
        assert ".." not in branch
        assert "/." not in branch
    one = _branch(names[0])
    subprocess.run(["git", "check-ref-format", "--branch", one], check=True, capture_output=True)

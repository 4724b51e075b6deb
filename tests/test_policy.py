"""Which files and images are looked at, and how rules add up."""

import pytest

from pinbot.model.reference import ImageReference, Platform
from pinbot.model.treatment import CooldownMode, Treatment
from pinbot.policy import Policy, Rule

RUST = ImageReference.parse("rust:alpine")
GHCR = ImageReference.parse("ghcr.io/acme/base:1.2@sha256:" + "a" * 64)


LOCAL = ImageReference.parse("localhost:5000/app:1")


@pytest.mark.parametrize(
    ("glob", "image"),
    [
        ("rust:*", RUST),
        ("rust", RUST),
        ("docker.io/library/rust", RUST),
        ("docker.io/*", RUST),
        ("*", GHCR),
        ("ghcr.io/acme/*", GHCR),
        ("ghcr.io/acme/base:1.*", GHCR),
        ("localhost:5000/app", LOCAL),
    ],
)
def test_a_glob_fits_short_and_long_names(glob: str, image: ImageReference) -> None:
    assert Policy(only=(glob,)).covers(image)
    assert Rule(images=(glob,)).covers(image, "Dockerfile")


@pytest.mark.parametrize("glob", ["rust:slim", "rus", "library/rust", "Rust:*", "rust:alpine@*"])
def test_a_glob_fits_no_other_name(glob: str) -> None:
    assert not Policy(only=(glob,)).covers(RUST)


def test_the_host_of_a_registry_is_not_the_name_of_its_images() -> None:
    assert not Policy(only=("localhost",)).covers(LOCAL)


@pytest.mark.parametrize(
    ("patterns", "path", "fits"),
    [
        (("vendor/",), "a/vendor/Dockerfile", True),
        (("/vendor/",), "a/vendor/Dockerfile", False),
        (("/vendor/",), "vendor/x/Dockerfile", True),
        (("*.debug",), "a/Dockerfile.debug", True),
        (("a/**/Dockerfile",), "a/b/c/Dockerfile", True),
        (("a/*/Dockerfile",), "a/b/c/Dockerfile", False),
        (("Dockerfile",), "a/Dockerfile", True),
    ],
)
def test_paths_are_matched_as_git_ignores_them(patterns: tuple[str, ...], path: str, *, fits: bool) -> None:
    assert Rule(paths=patterns).covers(RUST, path) is fits
    assert Policy(exclude=patterns).reads(path, known=True) is not fits
    assert Policy(include=patterns).reads(path, known=False) is fits


def test_without_patterns_a_file_is_looked_at_that_a_format_knows() -> None:
    assert Policy().reads("Dockerfile", known=True)
    assert not Policy().reads("notes.txt", known=False)


def test_what_is_excluded_stays_out_even_if_it_is_included() -> None:
    policy = Policy(include=("*.container",), exclude=("old/",))
    assert policy.reads("new/app.container", known=False)
    assert not policy.reads("old/app.container", known=False)
    assert not policy.reads("Dockerfile", known=True)


def test_of_two_rules_the_later_one_counts_and_labels_add_up() -> None:
    policy = Policy(
        standard=Treatment(cooldown=60.0),
        rules=(
            Rule(images=("rust:*",), cooldown=3600.0, group="rust", labels=("rust",), reviewers=("ann",)),
            Rule(paths=("edge/",), cooldown=0.0, labels=("edge", "rust"), cooldown_mode=CooldownMode.WARN),
            Rule(images=("node:*",), ignore="no"),
            Rule(paths=("edge/",), platforms=(Platform("linux", "arm64"),)),
        ),
    )
    assert policy.treatment(RUST, "edge/Dockerfile") == Treatment(
        cooldown=0.0,
        cooldown_mode=CooldownMode.WARN,
        group="rust",
        labels=("rust", "edge"),
        reviewers=("ann",),
        platforms=(Platform("linux", "arm64"),),
    )
    assert policy.treatment(RUST, "Dockerfile").cooldown == 3600.0
    assert policy.treatment(GHCR, "Dockerfile") == Treatment(cooldown=60.0)
    assert policy.treatment(ImageReference.parse("node:22"), "Dockerfile").ignore == "no"

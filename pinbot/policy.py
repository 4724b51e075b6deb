"""What may be changed, where and when, as the configuration and the command line say it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

from pinbot.model.reference import ImageReference, Platform
from pinbot.model.treatment import CooldownMode, Digests, Reach, Treatment

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds for some images in some files. What it leaves out stays as it was said before.

    Attributes:
        images: globs, matched against short and long names; empty means every image.
        paths: patterns as in a `.gitignore`, from the root of the repository; empty means every file.
    """

    images: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    ignore: str | None = None
    tags: Reach | None = None
    versions: str | None = None
    digests: Digests | None = None
    cooldown: float | None = None
    cooldown_mode: CooldownMode | None = None
    trust_registry_dates: bool | None = None
    settle: float | None = None
    interval: float | None = None
    platforms: tuple[Platform, ...] | None = None
    group: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()

    def covers(self, image: ImageReference, path: str) -> bool:
        """Whether an image in a file is meant."""
        return (not self.images or names(image, self.images)) and (not self.paths or lies(path, self.paths))

    def applied(self, treatment: Treatment) -> Treatment:
        """The treatment with what this rule says put in its place, labels and reviewers added."""
        said = {
            name: value
            for name in (
                "ignore",
                "tags",
                "versions",
                "digests",
                "cooldown",
                "cooldown_mode",
                "trust_registry_dates",
                "settle",
                "interval",
                "platforms",
                "group",
            )
            if (value := getattr(self, name)) is not None
        }
        return replace(
            treatment,
            **said,
            labels=tuple(dict.fromkeys(treatment.labels + self.labels)),
            reviewers=tuple(dict.fromkeys(treatment.reviewers + self.reviewers)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may move.

    Attributes:
        move: whether a digest that is already there follows its tag (`update`) or stays (`pin`).
        only: globs of images to look at, matched against short and long names; empty means all.
        include: patterns of files to look at, as in a `.gitignore`, whatever they are called; empty means
            every file that a format knows by its name.
        exclude: patterns of files to leave out of those.
        rules: in order; of two that say different things about one image the later one counts.
        standard: what holds where no rule says anything else.
    """

    move: bool = True
    only: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    standard: Treatment = field(default_factory=Treatment)

    def reads(self, path: str, *, known: bool) -> bool:
        """Whether a file is looked at: by its path from the root, and whether a format knows its name."""
        return (lies(path, self.include) if self.include else known) and not lies(path, self.exclude)

    def covers(self, image: ImageReference) -> bool:
        """Whether the globs of the command line let this image through."""
        return not self.only or names(image, self.only)

    @property
    def remembers(self) -> bool:
        """Whether some image may have to wait for something that earlier runs saw."""
        said: tuple[Rule | Treatment, ...] = (self.standard, *self.rules)
        return any(one.cooldown or one.interval for one in said)

    def treatment(self, image: ImageReference, path: str) -> Treatment:
        """How an image in a file, by its path from the root of the repository, is treated."""
        treatment = self.standard
        for rule in self.rules:
            if rule.covers(image, path):
                treatment = rule.applied(treatment)
        return treatment


def names(image: ImageReference, globs: Iterable[str]) -> bool:
    """Whether a glob fits the image: its short or long name, with or without the tag."""
    plain = image.with_digest(None)
    known = {plain.familiar, str(plain), plain.name, plain.familiar.removesuffix(f":{plain.effective_tag}")}
    return any(fnmatchcase(name, glob) for name in known for glob in globs)


def lies(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path is one of those that patterns of a `.gitignore` mean."""
    return bool(patterns) and _spec(patterns).match_file(path)


@lru_cache(maxsize=256)
def _spec(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most runs have no patterns, and start the faster

    return GitIgnoreSpec.from_lines(patterns)

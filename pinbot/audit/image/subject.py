"""What the image rules look at."""

from dataclasses import dataclass
from datetime import datetime

from pinbot.image.files import Files
from pinbot.model.finding import Profile
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import Manifest

DEFAULT_MAX_SIZE = {Profile.SCRATCH: 15_000_000, Profile.ANY: None}
"""Compressed bytes that an image may have where the user does not say; for `any` there is no good guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSubject:
    """One image for one platform.

    Attributes:
        manifest: says what the layers are, and how large.
        config: how a container of it is started.
        files: what that container sees.
        profile: what kind of image is meant.
        max_size: compressed bytes that the user allows; None leaves it to the profile.
        at: the time, with its zone, to tell what has expired; None does not look.
        mismatch: which of its parts is not the one that it names; there are no files then.
    """

    manifest: Manifest
    config: ImageConfig
    files: Files
    profile: Profile
    max_size: int | None = None
    at: datetime | None = None
    mismatch: str = ""

    @property
    def budget(self) -> int | None:
        """Compressed bytes that it may have; None where nobody says."""
        return self.max_size if self.max_size is not None else DEFAULT_MAX_SIZE[self.profile]

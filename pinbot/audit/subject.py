"""What the image rules look at."""

from dataclasses import dataclass

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
        max_size: compressed bytes that it may have; None where nothing is known.
    """

    manifest: Manifest
    config: ImageConfig
    files: Files
    profile: Profile
    max_size: int | None = None

"""What kind of image this is, where nobody says so."""

from pinbot.audit.image import places
from pinbot.image.files import Files
from pinbot.model.finding import Profile


def detect(files: Files, *, from_scratch: bool = False) -> Profile:
    """`scratch` if it has neither package database nor shell, or its Dockerfile ends in `FROM scratch`."""
    has_system = any(places.package_databases(files)) or any(places.shells(files))
    return Profile.SCRATCH if from_scratch or not has_system else Profile.ANY

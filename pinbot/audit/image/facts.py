"""Plain facts about an image that are no matter of rules."""

import re

from pinbot.audit.image import certificates, places
from pinbot.image.files import Files

_VERSION_FILE, _COMPACT = "+VERSION", "tzdata.zi"
_COMPACT_VERSION = re.compile(rb"# version (\S{1,20})\n")
_RELEASE = re.compile(r"[0-9]{4}[a-z]{1,2}")


def authorities(files: Files) -> tuple[str, ...]:
    """Subjects of the certificates in the first bundle that there is, sorted."""
    for path in places.CA_BUNDLES:
        data = files.content(path)
        if data is not None:
            return tuple(sorted(one.subject for one in certificates.read(data).certificates))
    return ()


def time_zones(files: Files) -> str:
    """Release of the time zone database, e.g. `2025b`; empty where it does not tell (tzdata, NEWS 2018f)."""
    plain = files.content(f"{places.ZONEINFO}/{_VERSION_FILE}") or b""
    compact = _COMPACT_VERSION.match(files.content(f"{places.ZONEINFO}/{_COMPACT}") or b"")
    found = (plain or (compact[1] if compact else b"")).decode("ascii", "replace").strip()
    return found if _RELEASE.fullmatch(found) else ""

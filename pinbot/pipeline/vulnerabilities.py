"""Looking up what an update does to known vulnerabilities. It is extra: where it fails, the rest goes on."""

from dataclasses import replace

from pinbot.comparison import vulnerabilities
from pinbot.errors import VulnerabilityError
from pinbot.model.comparison import Comparison, Part, PlatformDiff, Unread
from pinbot.model.vulnerability import Inventory, VulnerabilityDiff
from pinbot.ports.registries import VulnerabilityDatabase


async def look_up(database: VulnerabilityDatabase, comparison: Comparison) -> Comparison:
    """The comparison with what is known of the packages that changed, for each platform."""
    return replace(comparison, changed=tuple([await _look_up(database, diff) for diff in comparison.changed]))


async def _look_up(database: VulnerabilityDatabase, diff: PlatformDiff) -> PlatformDiff:
    if diff.inventories is None or not diff.packages:
        unknown = Unread(part=Part.VULNERABILITIES, reason="it is not known which packages changed")
        return replace(diff, unread=(*diff.unread, unknown))
    if not diff.packages.changes:
        return diff
    found = await compare(database, diff.inventories.old, diff.inventories.new)
    if isinstance(found, Unread):
        return replace(diff, unread=(*diff.unread, found))
    return replace(diff, vulnerabilities=found)


async def compare(
    database: VulnerabilityDatabase, old: Inventory, new: Inventory
) -> VulnerabilityDiff | Unread:
    """Ask for what both images have, and describe where they differ; or why that could not be done."""
    try:
        before, after = await database.affecting(old), await database.affecting(new)
        described = await database.describe(sorted(vulnerabilities.differing(before, after)))
    except VulnerabilityError as error:
        return Unread(part=Part.VULNERABILITIES, reason=str(error))
    return vulnerabilities.changes(before, after, described)

"""Looking up what an update does to known vulnerabilities. It is extra: where it fails, the rest goes on."""

from pinbot.comparison import vulnerabilities
from pinbot.errors import VulnerabilityError
from pinbot.model.comparison import Part, Unread
from pinbot.model.vulnerability import Inventory, VulnerabilityDiff
from pinbot.ports import VulnerabilityDatabase


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

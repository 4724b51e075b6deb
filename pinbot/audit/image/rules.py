"""All image rules, I1 to I15."""

from pinbot.audit.check import Check
from pinbot.audit.image import data, parts, reading, secrets, size, starting, surface, user
from pinbot.audit.image.subject import ImageSubject

CHECKS: tuple[Check[ImageSubject], ...] = (
    *user.CHECKS,
    *reading.CHECKS,
    *starting.CHECKS,
    *surface.CHECKS,
    *data.CHECKS,
    *secrets.CHECKS,
    *size.CHECKS,
    *parts.CHECKS,
)

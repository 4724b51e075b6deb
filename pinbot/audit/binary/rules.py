"""All binary rules, B1 to B12."""

from pinbot.audit.binary import hardening, origin, runtime
from pinbot.audit.binary.subject import BinarySubject
from pinbot.audit.check import Check

CHECKS: tuple[Check[BinarySubject], ...] = (*hardening.CHECKS, *runtime.CHECKS, *origin.CHECKS)

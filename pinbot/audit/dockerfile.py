"""All Dockerfile rules, D1 to D17."""

from pinbot.audit import (
    dockerfile_apk,
    dockerfile_cargo,
    dockerfile_copies,
    dockerfile_folders,
    dockerfile_images,
    dockerfile_runtime,
    dockerfile_secrets,
)
from pinbot.audit.check import Check
from pinbot.audit.dockerfile_subject import DockerfileSubject

CHECKS: tuple[Check[DockerfileSubject], ...] = (
    *dockerfile_images.CHECKS,
    *dockerfile_runtime.CHECKS,
    *dockerfile_copies.CHECKS,
    *dockerfile_folders.CHECKS,
    *dockerfile_apk.CHECKS,
    *dockerfile_cargo.CHECKS,
    *dockerfile_secrets.CHECKS,
)

"""Tag to digest against a real registry."""

import asyncio
import base64
import json
from pathlib import Path

import pytest

from pinbot.config import Config, RegistrySettings
from pinbot.errors import AccessDenied, NotFound, Unreachable
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST, Index
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.registry.client import RegistryClient
from pinbot.registry.credentials import Keychain
from tests.registry.conftest import AMD64, push
from tests.support.oci import Pusher, digest_of
from tests.support.registry import PASSWORD, USERNAME, RegistryServer, free_port

pytestmark = pytest.mark.needs("docker-registry")


def client(**options: object) -> RegistryClient:
    return RegistryClient(Config().registry, **options)


def resolve(image: str, **options: object) -> Resolution:
    async def work() -> Resolution:
        async with client(**options) as registries:
            return await registries.resolve(ImageReference.parse(image))

    return asyncio.run(work())


def test_a_tag_of_an_index_is_the_digest_of_the_index(registry: RegistryServer) -> None:
    digest = push(registry)
    assert resolve(f"{registry.host}/library/alpine:3.20") == Resolution(
        image=ImageReference.parse(f"{registry.host}/library/alpine:3.20"),
        digest=Digest.parse(digest),
        media_type=OCI_INDEX,
    )

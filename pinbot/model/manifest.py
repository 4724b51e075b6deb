"""What registries serve: descriptors, manifests and indexes (OCI image-spec 1.1)."""

from dataclasses import dataclass

from pinbot.model.reference import Digest, Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A pointer to content: its type, digest and size in bytes (descriptor.md).

    `artifact_type` tells what a manifest holds that is no image, e.g. a signature.
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    artifact_type: str | None = None
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def runs_on(self) -> Platform | None:
        """The platform of what can be run: attestations (`unknown/unknown`) cannot."""
        there = self.platform
        return None if there is None or "unknown" in {there.os, there.architecture} else there


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image for one platform (manifest.md)."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def compressed_size(self) -> int:
        """Bytes that a client downloads for the layers."""
        return sum(layer.size for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Images for several platforms under one digest (image-index.md)."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that can be run, each once; those of indexes in it are not among them.

        Images for several versions of one system, as Windows has them, share a platform.
        """
        found = (child.runs_on for child in self.manifests)
        return tuple(dict.fromkeys(platform for platform in found if platform is not None))

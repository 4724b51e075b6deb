"""Images as values, and how to push them over plain HTTP (distribution-spec, Pushing)."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import httpx

from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def to_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One member of a layer: a file unless it is a directory (`data` None) or a symbolic link (`link`).

    `pax` are further records of its header, e.g. `SCHILY.xattr.security.capability`.
    """

    name: str
    data: bytes | None = None
    mode: int = 0o644
    link: str | None = None
    uid: int = 0
    gid: int = 0
    pax: Mapping[str, str] = field(default_factory=dict)


def layer(entries: Iterable[Entry]) -> bytes:
    """A gzipped tar, the same bytes for the same entries."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.gid
            member.pax_headers = dict(entry.pax)
            if entry.link is not None:
                member.type, member.linkname = tarfile.SYMTYPE, entry.link
                tar.addfile(member)
            elif entry.data is None:
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
            else:
                member.size = len(entry.data)
                tar.addfile(member, io.BytesIO(entry.data))
    return gzip.compress(raw.getvalue(), compresslevel=1, mtime=0)


@dataclass(frozen=True, kw_only=True)
class Image:
    """One platform's image: gzipped layers and what its config says beside them."""

    layers: tuple[bytes, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    os: str = "linux"
    architecture: str = "amd64"
    created: str = "2026-01-01T00:00:00Z"

    @cached_property
    def config_bytes(self) -> bytes:
        return to_json(
            {
                "architecture": self.architecture,
                "os": self.os,
                "created": self.created,
                "config": dict(self.config),
                "rootfs": {
                    "type": "layers",
                    "diff_ids": [digest_of(gzip.decompress(blob)) for blob in self.layers],
                },
                # Builders count these against the layers when they build on the image.
                "history": [{"created": self.created, "created_by": "test"} for _ in self.layers],
            }
        )

    @cached_property
    def manifest(self) -> bytes:
        return to_json(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {
                    "mediaType": OCI_CONFIG,
                    "digest": digest_of(self.config_bytes),
                    "size": len(self.config_bytes),
                },
                "layers": [
                    {"mediaType": OCI_LAYER, "digest": digest_of(blob), "size": len(blob)}
                    for blob in self.layers
                ],
            }
        )


class Pusher:
    """Pushes to one registry, e.g. `http://127.0.0.1:5000`."""

    def __init__(
        self, base_url: str, *, auth: tuple[str, str] | None = None, verify: str | bool = True
    ) -> None:
        self._http = httpx.Client(base_url=base_url, auth=auth, verify=verify, timeout=60, trust_env=False)

    def blob(self, repository: str, data: bytes) -> str:
        digest = digest_of(data)
        if self._http.head(f"/v2/{repository}/blobs/{digest}").status_code == 200:
            return digest
        started = self._http.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
        url = httpx.URL(started.headers["Location"]).copy_merge_params({"digest": digest})
        self._http.put(
            url, content=data, headers={"Content-Type": "application/octet-stream"}
        ).raise_for_status()
        return digest

    def manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> str:
        self._http.put(
            f"/v2/{repository}/manifests/{reference}", content=body, headers={"Content-Type": media_type}
        ).raise_for_status()
        return digest_of(body)

    def image(self, repository: str, tag: str, image: Image) -> str:
        """Push a single-platform image; returns the digest of its manifest."""
        for blob in (image.config_bytes, *image.layers):
            self.blob(repository, blob)
        return self.manifest(repository, tag, image.manifest, OCI_MANIFEST)

    def index(self, repository: str, tag: str, images: Iterable[Image]) -> str:
        """Push a multi-platform image; returns the digest of its index."""
        children = []
        for image in images:
            child = self.image(repository, digest_of(image.manifest), image)
            children.append(
                {
                    "mediaType": OCI_MANIFEST,
                    "digest": child,
                    "size": len(image.manifest),
                    "platform": {"os": image.os, "architecture": image.architecture},
                }
            )
        body = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
        return self.manifest(repository, tag, body, OCI_INDEX)

    def delete(self, repository: str, digest: str) -> None:
        """Have the registry forget a manifest, as one that collects its garbage does."""
        self._http.delete(f"/v2/{repository}/manifests/{digest}").raise_for_status()

    def close(self) -> None:
        self._http.close()

"""Two images on disk, compared; and what of them was read for it."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from pathlib import Path

from pinbot.comparison.compare import compare
from pinbot.comparison.learning import Learner
from pinbot.comparison.scope import Scope
from pinbot.image.sources.opening import open_image
from pinbot.model.comparison import Comparison, PlatformDiff
from pinbot.model.image import Taken
from pinbot.model.manifest import OCI_INDEX, Descriptor, Index, Manifest
from pinbot.ports.images import ImageSource
from pinbot.ports.machine import Cache
from pinbot.ports.registries import Registry
from tests.support import local_images
from tests.support.oci import Entry, Image, digest_of, layer, to_json


class Forgetful:
    """A cache that keeps nothing."""

    async def get(self, name: str) -> bytes | None:  # noqa: ARG002
        return None

    async def put(self, name: str, data: bytes) -> None:
        pass


class Watched:
    """A source that remembers which layers were read."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self.read: list[str] = []

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def taken(self) -> Taken:
        return self._source.taken

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        return await self._source.root()

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        return await self._source.document(descriptor)

    async def blob(self, descriptor: Descriptor) -> bytes:
        return await self._source.blob(descriptor)

    def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        self.read.append(str(descriptor.digest))
        return self._source.stream(descriptor)


async def no_registry() -> Registry:
    raise AssertionError("nobody should ask a registry")


Images = Image | Sequence[Image]


class Bench:
    """Compares images that it writes into a folder.

    Attributes:
        read: digests of the layers that the last comparison read, in their order, of both sides.
        wrap: what is laid around each source.
    """

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        self._folder = folder
        self._cache = cache or Forgetful()
        self._number = 0
        self.read: list[str] = []
        self.wrap = Watched

    def compare(self, old: Images | Path, new: Images | Path, scope: Scope | None = None) -> Comparison:
        paths = [one if isinstance(one, Path) else self.write(one) for one in (old, new)]

        async def work() -> Comparison:
            sources = [self.wrap(await open_image(f"oci:{path}", no_registry)) for path in paths]
            try:
                return await compare(*sources, wanted=scope or Scope(), learner=Learner(self._cache))
            finally:
                self.read = [digest for source in sources for digest in source.read]

        return asyncio.run(work())

    def diff(self, old: Images | Path, new: Images | Path, scope: Scope | None = None) -> PlatformDiff:
        """What changed for the one platform that did."""
        (diff,) = self.compare(old, new, scope).changed
        return diff

    def write(self, images: Images, *others: Mapping[str, object], more: Iterable[bytes] = ()) -> Path:
        """A layout of one image, or of an index of several and `others`, with `more` blobs."""
        self._number += 1
        folder = self._folder / str(self._number)
        if isinstance(images, Image):
            return local_images.write_folder(folder, local_images.layout(images, more=more))
        body = local_images.index(*map(local_images.descriptor, images), *others)
        return self.write_root(body, OCI_INDEX, [*more, *(blob for image in images for blob in blobs(image))])

    def write_root(self, body: bytes, media_type: str, more: Iterable[bytes]) -> Path:
        """A layout whose one name means this document."""
        self._number += 1
        entry = {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}
        files = {
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": to_json({"schemaVersion": 2, "manifests": [entry]}),
            **{local_images.blob_name(digest_of(blob)): blob for blob in (body, *more)},
        }
        return local_images.write_folder(self._folder / str(self._number), files)


def blobs(image: Image) -> tuple[bytes, ...]:
    """All that an image is made of."""
    return image.manifest, image.config_bytes, *image.layers


def apk(**versions: str) -> Entry:
    """Alpine's package database."""
    text = "".join(f"P:{name}\nV:{version}\nA:x86_64\n\n" for name, version in versions.items())
    return Entry(name="lib/apk/db/installed", data=text.encode())


def dpkg(path: str = "var/lib/dpkg/status", **versions: str) -> Entry:
    """Debian's package database, or a part of it."""
    text = "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
        for name, version in versions.items()
    )
    return Entry(name=path, data=text.encode())


def whiteout(path: str) -> Entry:
    """What takes a path away from the layers below."""
    folder, slash, name = path.rpartition("/")
    return Entry(name=f"{folder}{slash}.wh.{name}", data=b"")


def image(*layers: Sequence[Entry], architecture: str = "amd64", **config: object) -> Image:
    """An image of these layers, lowest first; what is in brackets is one layer."""
    return Image(layers=tuple(map(layer, layers)), config=config, architecture=architecture)

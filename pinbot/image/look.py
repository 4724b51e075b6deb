"""All layers of one image: the files that a container of it sees."""

from collections.abc import Mapping
from contextlib import aclosing

from pinbot import documents
from pinbot.errors import ImageError, Mismatch
from pinbot.image.files import Files
from pinbot.image.layers import reading
from pinbot.image.layers.changes import Added, Keep, Wanted, none, nothing
from pinbot.image.layers.layer import Layer
from pinbot.image.layers.merge import Tree
from pinbot.image.limits import DEFAULT, Allowance, Limits
from pinbot.model.image import Entry, ImageConfig
from pinbot.model.manifest import Manifest
from pinbot.ports.images import ImageSource


async def config(source: ImageSource, manifest: Manifest) -> ImageConfig:
    """The config of an image, which tells of as many layers as the manifest does.

    Raises:
        RegistryError, ImageError: it cannot be had, or read.
    """
    found = documents.image_config(await source.blob(manifest.config))
    if len(found.diff_ids) != len(manifest.layers):
        raise Mismatch(
            f"the config tells of {len(found.diff_ids)} layers, the manifest of {len(manifest.layers)}",
            hint="push the image anew",
            image=source.name,
        )
    return found


async def files(
    source: ImageSource,
    manifest: Manifest,
    config: ImageConfig,
    *,
    keep: Keep = nothing,
    hashed: Wanted = none,
    limits: Limits = DEFAULT,
) -> Files:
    """Read all layers and lay them upon each other; each is compared with what manifest and config say.

    `keep` and `hashed` are asked for every file of every layer, also for those that a higher layer hides.

    Raises:
        ImageError: a layer is damaged, or too large, or cannot be unpacked.
        RegistryError: a layer cannot be had.
    """
    if len(manifest.layers) > limits.layers:
        raise ImageError(
            f"the image has {len(manifest.layers)} layers, more than the {limits.layers} that are read",
            hint="build it with fewer; no runtime takes so many",
            image=source.name,
        )
    tree = Tree(limits)
    allowance = Allowance(limits)
    layers = [
        (
            descriptor,
            Layer(number=number, diff_id=diff_id, keep=keep, hashed=hashed, allowance=allowance),
        )
        for number, (descriptor, diff_id) in enumerate(zip(manifest.layers, config.diff_ids, strict=True))
    ]
    await reading.read_all(source, layers, tree.apply)
    return tree.files()


async def contents(
    source: ImageSource,
    manifest: Manifest,
    files: Files,
    wanted: Mapping[str, int],
    *,
    limits: Limits = DEFAULT,
) -> dict[str, bytes]:
    """The content of some files, by a further pass over the layers that hold them.

    For files whose place is known only when all layers were read, e.g. what a link leads to. `wanted` says of
    how many first bytes; its paths may be links. What is not there, or cannot be kept, is left out.

    Raises:
        RegistryError, ImageError: as for `files`.
    """
    places: dict[int, dict[str, list[tuple[str, int]]]] = {}
    for path, size in wanted.items():
        entry = files.resolve(path)
        found_at = None if entry is None else files.origin(entry)
        if found_at is not None:
            number, origin = found_at
            places.setdefault(number, {}).setdefault(origin, []).append((path, size))
    found: dict[str, bytes] = {}
    allowance = Allowance(limits)
    for number, here in sorted(places.items()):

        def keep(entry: Entry, here: Mapping[str, list[tuple[str, int]]] = here) -> int:
            return max((size for _, size in here.get(entry.path, ())), default=0)

        changes = reading.read(source, manifest.layers[number], number=number, keep=keep, allowance=allowance)
        async with aclosing(changes):
            async for change in changes:
                if isinstance(change, Added) and change.path in here and change.content is not None:
                    found |= {path: change.content[:size] for path, size in here[change.path]}
    return found

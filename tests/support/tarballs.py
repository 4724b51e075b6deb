"""Tar archives with members of every kind, also such as no tool should write."""

import io
import tarfile
from collections.abc import Iterable

from pinbot.image.files import Files
from pinbot.image.layers.layer import Layer
from pinbot.image.layers.merge import Tree
from pinbot.image.limits import DEFAULT, Allowance, Limits

Member = tuple[tarfile.TarInfo, bytes]

CAPABILITIES = "SCHILY.xattr.security.capability"


def member(name: str, content: bytes = b"", **attributes: object) -> Member:
    """A file, unless `type` says otherwise; attributes are those of `TarInfo`."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def folder(name: str, mode: int = 0o755, **attributes: object) -> Member:
    return member(name, type=tarfile.DIRTYPE, mode=mode, **attributes)


def symlink(name: str, target: str) -> Member:
    return member(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def hard_link(name: str, target: str, **attributes: object) -> Member:
    return member(name, type=tarfile.LNKTYPE, linkname=target, **attributes)


def device(name: str) -> Member:
    return member(name, type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)


def fifo(name: str) -> Member:
    return member(name, type=tarfile.FIFOTYPE)


def whiteout(path: str) -> Member:
    """What removes a path of lower layers."""
    head, slash, name = path.rpartition("/")
    return member(f"{head}{slash}.wh.{name}")


def opaque(path: str) -> Member:
    """What removes all that lower layers have in a folder."""
    return member(f"{path}/.wh..wh..opq")


def archive(*members: Member, kind: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as writer:
        for info, content in members:
            writer.addfile(info, io.BytesIO(content))
    return file.getvalue()


def merged(*layers: Iterable[Member] | bytes, limits: Limits = DEFAULT, kept: int = 2**20) -> Files:
    """What layers make, each given by its members or as the bytes that are stored; all files are hashed."""
    tree = Tree(limits)
    allowance = Allowance(limits)
    for number, members in enumerate(layers):
        data = members if isinstance(members, bytes) else archive(*members)
        layer = Layer(number=number, keep=lambda _: kept, hashed=lambda _: True, allowance=allowance)
        for change in layer.feed(data):
            tree.apply(change, number)
        layer.close()
    return tree.files()

"""What an SBOM claims of the packages in an image: SPDX 2 or CycloneDX 1, also within in-toto. Pure.

It is what somebody says of the image, and may be wrong; it serves where the image itself does not tell.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

from pinbot.errors import ImageError
from pinbot.model.image import Ecosystem, Package

PREDICATES = ("https://spdx.dev/Document", "https://cyclonedx.org/bom")
"""How in-toto calls statements that hold one."""

_MOST_PACKAGES = 200_000
_LONGEST = 2_048
_PURL = "pkg:"
_ECOSYSTEMS = {
    "apk": Ecosystem.APK,
    "deb": Ecosystem.DPKG,
    "rpm": Ecosystem.RPM,
    "golang": Ecosystem.GO,
    "cargo": Ecosystem.CARGO,
}


def read(data: bytes, place: str) -> tuple[Package, ...]:
    """The packages that are named by a package URL of an ecosystem that pinbot knows.

    Raises:
        ImageError: it is none of these documents, or names too many.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"the SBOM {place} is no JSON") from error
    if isinstance(document, dict) and isinstance(document.get("predicate"), dict):
        document = document["predicate"]
    if not isinstance(document, dict) or not (
        "spdxVersion" in document or document.get("bomFormat") == "CycloneDX"
    ):
        raise ImageError(f"the SBOM {place} is neither SPDX nor CycloneDX")
    urls = _of_spdx(document) if "spdxVersion" in document else _of_cyclonedx(document)
    packages = tuple(dict.fromkeys(package for url in urls if (package := _package(url, place)) is not None))
    if len(packages) > _MOST_PACKAGES:
        raise ImageError(f"the SBOM {place} names more than {_MOST_PACKAGES} packages")
    return packages


def _of_spdx(document: dict[str, Any]) -> Iterator[str]:
    for package in _objects(document.get("packages")):
        for reference in _objects(package.get("externalRefs")):
            if reference.get("referenceType") == "purl" and isinstance(
                reference.get("referenceLocator"), str
            ):
                yield reference["referenceLocator"]


def _of_cyclonedx(document: dict[str, Any]) -> Iterator[str]:
    for component in _objects(document.get("components")):
        if isinstance(component.get("purl"), str):
            yield component["purl"]


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    return (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _package(url: str, place: str) -> Package | None:
    """Read `pkg:type/namespace/name@version?qualifiers#subpath` (the purl specification)."""
    if not url.startswith(_PURL) or len(url) > _LONGEST:
        return None
    path, _, query = url.removeprefix(_PURL).partition("#")[0].partition("?")
    path, at, version = path.rpartition("@")
    kind, *names = (unquote(part) for part in path.strip("/").split("/"))
    ecosystem = _ECOSYSTEMS.get(kind.lower())
    if ecosystem is None or not at or not version or not all(names) or not names:
        return None
    qualifiers = {key: values[0] for key, values in parse_qs(query).items()}
    epoch = qualifiers.get("epoch", "")
    return Package(
        ecosystem=ecosystem,
        name="/".join(names) if ecosystem is Ecosystem.GO else names[-1],
        version=f"{epoch}:{unquote(version)}" if epoch else unquote(version),
        architecture=qualifiers.get("arch", ""),
        place=place,
    )

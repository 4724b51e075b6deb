"""Image rules about the data that programs look for in a system: certificates, time zones, names."""

import io
import re
import struct
import zoneinfo
from collections.abc import Iterator
from posixpath import normpath

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Problem, Remark
from pinbot.audit.image import certificates, places
from pinbot.audit.image.access import count, gather, quoted
from pinbot.audit.image.subject import ImageSubject
from pinbot.image.files import Files
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import EntryKind

_FEW = 40
"""Mozilla's list, which distributions ship, has had more than 110 roots for twenty years."""

_NAMED = 3
_NO_ZONES = frozenset(
    {
        "+VERSION",
        "SECURITY",
        "iso3166.tab",
        "leap-seconds.list",
        "leapseconds",
        "tzdata.zi",
        "zone.tab",
        "zone1970.tab",
        "zonenow.tab",
    }
)
_ZONE_NAME = re.compile(r"/.*|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*")
_UTC = frozenset({"UTC", "UTC0", "GMT", "Etc/UTC", "Universal", "Zulu"})


def _authorities(image: ImageSubject) -> Iterator[Remark]:
    named = places.variable(image.config, "SSL_CERT_FILE")
    if named and image.files.resolve(named) is None:
        yield Problem(message=f"SSL_CERT_FILE is {named!r}, which is not in the image")
    found = _bundles(image.files, named)
    if not found and not named and image.profile is Profile.SCRATCH:
        yield Problem(
            message="there is no bundle of CA certificates, so no https server can be verified",
            severity=Severity.WARNING,
        )
    elif not found:
        yield DoesNotApply("the image has no bundle of CA certificates")
    for path in found:
        yield from _bundle(image, path)


def _bundles(files: Files, named: str) -> list[str]:
    """Paths of the bundles, links followed, each file once; also of links that lead nowhere."""
    known = (*([named] if named else []), *places.CA_BUNDLES)
    return list(
        dict.fromkeys(entry.path for path in known if (entry := files.resolve(path) or files.get(path)))
    )


def _bundle(image: ImageSubject, path: str) -> Iterator[Remark]:
    entry = image.files.resolve(path)
    if entry is None:
        yield Problem(message=f"{quoted(path)} is a link to what is not in the image", path=path)
        return
    data = image.files.content(path)
    if data is None:
        yield NotChecked(f"{quoted(path)} could not be read")
        return
    bundle = certificates.read(data)
    if bundle.broken:
        broken = count(len(bundle.broken), "broken certificate")
        yield Problem(message=f"{quoted(path)} has {broken}, from line {bundle.broken[0]} on", path=path)
    if not bundle.certificates:
        if not bundle.broken:
            yield Problem(message=f"{quoted(path)} holds no certificate", path=path)
        return
    expired = bundle.expired(image.at) if image.at else ()
    if len(expired) == len(bundle.certificates):
        yield Problem(message=f"all certificates in {quoted(path)} have expired", path=path)
    elif expired:
        names = ", ".join(repr(certificate.subject) for certificate in expired[:_NAMED])
        more = f" and {len(expired) - _NAMED} more" if len(expired) > _NAMED else ""
        yield Problem(
            message=f"{quoted(path)} holds certificates that have expired: {names}{more}",
            path=path,
            severity=Severity.NOTE,
            remedy="renew the package that it comes from",
        )
    if len(bundle.certificates) < _FEW:
        yield Problem(
            message=f"{quoted(path)} holds only {count(len(bundle.certificates), 'certificate')}",
            path=path,
            severity=Severity.NOTE,
            remedy="make sure that these are all that are meant: Mozilla's list has more than a hundred",
        )


def _zones(image: ImageSubject) -> Iterator[Remark]:
    files = image.files
    folder = places.variable(image.config, "TZDIR").strip("/") or places.ZONEINFO
    entries = [entry for entry in files.below(folder) if entry.path.rpartition("/")[2] not in _NO_ZONES]
    local = files.get(places.LOCALTIME)
    yield from _zone_variable(image, folder)
    dangling: list[str] = []
    broken: list[str] = []
    unread: list[str] = []
    for entry in (*entries, *filter(None, [local])):
        target = files.resolve(entry.path)
        if target is None:
            dangling.append(entry.path)
        elif target.kind is EntryKind.FILE:
            data = files.content(target.path)
            if data is None:
                unread.append(entry.path)
            elif not _is_zone(data):
                broken.append(entry.path)
    for paths, what in (
        (dangling, "is a link to what is not in the image"),
        (broken, "is no time zone file"),
    ):
        for path, members in gather(paths).items():
            more = f"; so it is with {len(members) - 1} more below {quoted(path)}" if len(members) > 1 else ""
            yield Problem(message=f"{quoted(members[0])} {what}{more}", path=path)
    for path, members in gather(unread).items():
        yield NotChecked(f"{count(len(members), 'file')} at {quoted(path)} could not be read")
    if not entries and local is None and not places.variable(image.config, "TZ"):
        yield DoesNotApply("the image has no time zones")


def _zone_variable(image: ImageSubject, folder: str) -> Iterator[Remark]:
    """TZ by the name of a file (POSIX, Environment Variables); a rule like `CET-1CEST` needs none."""
    zone = places.variable(image.config, "TZ").removeprefix(":")
    if not zone or zone in _UTC:
        return
    path = zone if zone.startswith("/") else f"{folder}/{zone}"
    if _ZONE_NAME.fullmatch(zone) and image.files.resolve(normpath(path)) is None:
        yield Problem(message=f"TZ is {zone!r}, which is not in {quoted(folder)} of the image")


def _is_zone(data: bytes) -> bool:
    """Whether the file is whole as a time zone file (RFC 9636)."""
    try:
        zoneinfo.ZoneInfo.from_file(io.BytesIO(data))
    except (ValueError, EOFError, IndexError, struct.error):
        return False
    return True


def _tables(image: ImageSubject) -> Iterator[Remark]:
    there = [path for path in (places.NSSWITCH, places.MIME_TYPES) if image.files.resolve(path) is not None]
    if not there:
        yield DoesNotApply(f"the image has neither {quoted(places.NSSWITCH)} nor {quoted(places.MIME_TYPES)}")
    for path in there:
        data = image.files.content(path)
        if data is None:
            yield NotChecked(f"{quoted(path)} could not be read")
            continue
        lines = [line.partition(b"#")[0].strip() for line in data.splitlines()]
        if not any(lines):
            yield Problem(message=f"{quoted(path)} says nothing", path=path)
        elif path == places.NSSWITCH and not any(line.startswith(b"hosts:") for line in lines):
            yield Problem(
                message=f"{quoted(path)} does not say where hosts are looked up",
                path=path,
                severity=Severity.NOTE,
            )


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I8",
            title="the bundle of CA certificates is missing, broken or suspiciously small",
            severity=Severity.ERROR,
            why="Without it every https request fails at run time, and where one certificate is broken some "
            "libraries refuse the whole file.",
            remedy="copy the bundle of the package ca-certificates as it is",
            source="https://go.dev/src/crypto/x509/root_linux.go",
            wrong="FROM scratch\nCOPY --from=build /app /app",
            right="FROM scratch\nCOPY --from=files /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"
            "COPY --from=build /app /app",
        ),
        look=_authorities,
    ),
    Check(
        rule=Rule(
            id="I9",
            title="time zones are broken, or the one that TZ names is missing",
            severity=Severity.ERROR,
            why="Libraries that do not find a zone take UTC without a word, and times are wrong by hours.",
            remedy="copy all of /usr/share/zoneinfo, links with what they lead to",
            source="https://www.rfc-editor.org/rfc/rfc9636",
            wrong="FROM scratch\nCOPY --from=files /etc/localtime /etc/localtime\nENV TZ=Europe/Zurich",
            right="FROM scratch\nCOPY --from=files /usr/share/zoneinfo /usr/share/zoneinfo\n"
            "ENV TZ=Europe/Zurich",
        ),
        look=_zones,
    ),
    Check(
        rule=Rule(
            id="I10",
            title="nsswitch.conf or mime.types is empty",
            severity=Severity.WARNING,
            why="It was meant to say something: with an empty nsswitch.conf glibc and Go may not look into "
            "/etc/hosts or ask DNS, with an empty mime.types files are served as application/octet-stream.",
            remedy="find out why it is empty: often it was made by a redirection whose command failed",
            source="https://man7.org/linux/man-pages/man5/nsswitch.conf.5.html",
            wrong="RUN touch /rootfs/etc/nsswitch.conf",
            right="RUN echo 'hosts: files dns' > /rootfs/etc/nsswitch.conf",
        ),
        look=_tables,
    ),
)

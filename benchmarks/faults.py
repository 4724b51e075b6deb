"""What becomes of each fault that a registry can have: a table.

    python -m benchmarks.faults [--only TEXT]

A real registry, a fault in front of it, and one question of pinbot's client; the waits are real, and only
the limits of one exchange are shorter than usual (3 seconds between two bytes, 6 in all). "right" means: the
digest or the bytes that were pushed. The tests prove the same of more variants.
"""

import argparse
import asyncio
import gzip
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from h2.errors import ErrorCodes

from benchmarks.table import save, show
from pinbot.clock import SystemClock
from pinbot.config import Config, RegistrySettings
from pinbot.errors import RegistryError
from pinbot.model.manifest import OCI_INDEX, Descriptor
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.client import RegistryClient
from pinbot.registry.wire.troubles import Timing
from tests.support.oci import OCI_LAYER, Image, Pusher, digest_of, to_json
from tests.support.registry import RegistryServer
from tests.support.registry_http2 import Http2Front, Trouble, Troubles
from tests.support.registry_link import Fault, Faults, LinkProxy, Seen
from tests.support.registry_tls import Authority
from tests.support.registry_token import Grant, TokenServer, grant_first, grant_single

TIMING = Timing(connect=5.0, read=3.0, total=6.0)
LAYER = bytes(range(256)) * 4000
CUT = 300_000
REPOSITORIES = 50
NO_DIGEST = {"Docker-Content-Digest": None}
OTHER = "sha256:" + "0" * 64
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"

Question = Callable[[RegistryClient, str], Awaitable[str]]


@dataclass
class Scene:
    """The registries that the faults stand in front of."""

    folder: Path
    authority: Authority
    registry: RegistryServer
    index: str
    results: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, name: str, host: str, question: Question, settings: RegistrySettings | None = None) -> None:
        """Put a question to a client of its own; note what came of it."""
        exchanges: list[object] = []

        async def work() -> str:
            own = () if settings is None else (settings,)
            async with RegistryClient(
                Config(registries=own).registry,
                clock=SystemClock(),
                observer=exchanges.append,
                timing=TIMING,
            ) as client:
                try:
                    return await question(client, host)
                except RegistryError as error:
                    return _brief(error, host)

        started = time.perf_counter()
        outcome = asyncio.run(work())
        seconds = time.perf_counter() - started
        told = {"fault": name, "outcome": outcome, "requests": len(exchanges), "seconds": round(seconds, 2)}
        self.results.append(told)
        print(f"{name}: {outcome[:90]}", flush=True)


async def resolve(client: RegistryClient, host: str) -> str:
    found = await client.resolve(ImageReference.parse(f"{host}/library/alpine:3.20"))
    # What a HEAD states is all there is to know without a GET, which counts as a pull.
    return "right" if str(found.digest) == EXPECTED["index"] else f"believed: {found.digest.short}…"


async def fetch(client: RegistryClient, host: str) -> str:
    await client.manifest(ImageReference.parse(f"{host}/library/alpine:3.20"))
    return "right"


async def fetch_by_digest(client: RegistryClient, host: str) -> str:
    await client.manifest(ImageReference.parse(f"{host}/library/alpine@{EXPECTED['index']}"))
    return "right"


async def describe(client: RegistryClient, host: str) -> str:
    found = await client.describe(ImageReference.parse(f"{host}/library/alpine:3.20"))
    return f"platforms {', '.join(map(str, found.platforms or ()))}"


async def tags(client: RegistryClient, host: str) -> str:
    found = await client.tags(ImageReference.parse(f"{host}/library/alpine"))
    return f"tags {', '.join(found)}"


async def layer(client: RegistryClient, host: str) -> str:
    wanted = Descriptor(media_type=OCI_LAYER, digest=Digest.parse(digest_of(LAYER)), size=len(LAYER))
    pieces = client.stream(ImageReference.parse(f"{host}/library/alpine"), wanted)
    return "right" if b"".join([piece async for piece in pieces]) == LAYER else "WRONG"


async def fifty(client: RegistryClient, host: str) -> str:
    images = [ImageReference.parse(f"{host}/r{number}:1") for number in range(REPOSITORIES)]
    found = await asyncio.gather(*(client.resolve(image) for image in images), return_exceptions=True)
    errors = [one for one in found if isinstance(one, RegistryError)]
    if errors:
        return f"{len(errors)} of 50 {_brief(errors[0], host)}"
    return "right, all 50"


def _brief(error: RegistryError, host: str) -> str:
    """Its code and its message, without the ports and the ends of digests."""
    message = re.sub(r"127\.0\.0\.1:[0-9]+", "s", error.message.replace(host, "r"))
    return f"{error.code}: " + re.sub(r"(sha256:[0-9a-f]{6})[0-9a-f]+", r"\1…", message)


EXPECTED: dict[str, str] = {}


def always(fault: Fault) -> Faults:
    return lambda _: fault


def first(fault: Fault, method: str = "HEAD") -> Faults:
    return lambda seen: fault if seen.number == 1 and seen.method == method else None


def of(method: str, fault: Fault) -> Faults:
    return lambda seen: fault if seen.method == method else None


def date(seconds: int) -> dict[str, str | None]:
    """A `Retry-After` that is so far from the answer's own date."""
    now = "Tue, 24 Nov 2026 03:00:30 GMT"
    then = f"Tue, 24 Nov 2026 03:00:{30 + seconds:02} GMT"
    return {"Retry-After": then, "Date": now}


def after(value: str) -> dict[str, str | None]:
    return {"Retry-After": value}


def challenge(text: str) -> Fault:
    return Fault(status=401, headers={"WWW-Authenticate": text})


BIG = b'{"schemaVersion":2,"x":"' + b"x" * 4 * 2**20 + b'"}'
ANSWERS: list[tuple[str, Faults, Question]] = [
    ("body cut, with its length", always(Fault(headers=NO_DIGEST, cut=50)), fetch),
    ("body cut, without a length", always(Fault(headers=NO_DIGEST, cut=50, unsized=True)), fetch),
    ("wrong digest in HEAD", of("HEAD", Fault(headers={"Docker-Content-Digest": OTHER})), resolve),
    ("wrong digest in GET", of("GET", Fault(headers={"Docker-Content-Digest": OTHER})), fetch),
    ("malformed digest", always(Fault(headers={"Docker-Content-Digest": "sha256:short"})), resolve),
    ("no digest", always(Fault(headers=NO_DIGEST)), resolve),
    ("right digest, another body", of("GET", Fault(body=b"{}")), fetch),
    ("another body, by digest", of("GET", Fault(headers=NO_DIGEST, body=b"{}")), fetch_by_digest),
    ("429, Retry-After: 2", first(Fault(status=429, headers=after("2"))), resolve),
    ("429, Retry-After a date in 2 s", first(Fault(status=429, headers=date(2))), resolve),
    ("429, Retry-After a past date", first(Fault(status=429, headers=date(-20))), resolve),
    ("429, Retry-After: -1", first(Fault(status=429, headers=after("-1"))), resolve),
    ("429, Retry-After a day", always(Fault(status=429, headers=after("86400"))), resolve),
    ("HEAD 405, GET works", of("HEAD", Fault(status=405)), resolve),
    ("HEAD 404, GET works", of("HEAD", Fault(status=404)), resolve),
    ("HEAD 403, GET works", of("HEAD", Fault(status=403)), resolve),
    ("HEAD 500, GET works", of("HEAD", Fault(status=500)), resolve),
    ("500 for ever", always(Fault(status=500)), resolve),
    ("503 for ever", always(Fault(status=503)), resolve),
    ("401 for ever, no challenge", always(Fault(status=401)), resolve),
    ("401 for ever, Basic", always(challenge('Basic realm="x"')), resolve),
    ("odd challenge: Negotiate", always(challenge("Negotiate, NTLM")), resolve),
    ("odd challenge: no realm", always(challenge('Bearer service="x"')), resolve),
    ("realm on 169.254.169.254", always(challenge('Bearer realm="http://169.254.169.254/t"')), resolve),
    ("realm on 0.0.0.0", always(challenge('Bearer realm="http://0.0.0.0:1/t"')), resolve),
    (
        "realm on a v4-mapped address",
        always(challenge('Bearer realm="http://[::ffff:169.254.169.254]/t"')),
        resolve,
    ),
    ("realm with a user", always(challenge('Bearer realm="http://a:b@127.0.0.1:1/t"')), resolve),
    ("slow loris: head", of("HEAD", Fault(drip=0.1)), resolve),
    ("slow loris: body", always(Fault(headers=NO_DIGEST, drip=0.1, at_once=120)), fetch),
    ("silence", of("HEAD", Fault(drip=9.0)), resolve),
    (
        "gzip manifest",
        always(Fault(headers=NO_DIGEST | {"Content-Encoding": "gzip"}, body=gzip.compress(b"{}"))),
        fetch,
    ),
    (
        "gzip bomb",
        always(Fault(headers=NO_DIGEST | {"Content-Encoding": "gzip"}, body=gzip.compress(bytes(10**8)))),
        fetch,
    ),
    ("manifest over 4 MiB", always(Fault(headers=NO_DIGEST, body=BIG)), fetch),
    ("headers of 200 kB", always(Fault(headers={"X": "x" * 200_000})), resolve),
    (
        "HEAD with a body",
        first(Fault(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nHTTP/1.1 404 No\r\n\r\n")),
        resolve,
    ),
    ("schema 1", always(Fault(headers={"Content-Type": SCHEMA_1})), resolve),
    ("reset, three times", lambda seen: Fault(reset=True) if seen.number <= 3 else None, resolve),
    ("no HTTP", always(Fault(raw=b"SSH-2.0-OpenSSH\r\n")), resolve),
    ("redirect in a circle", always(Fault(status=307, headers={"Location": "/v2/"})), resolve),
    ("a tag that moves between HEAD and GET", of("HEAD", Fault(headers=NO_DIGEST)), resolve),
    ("tags: Link in a circle", lambda seen: page(seen, "</v2/library/alpine/tags/list?n=1000>"), tags),
    ("tags: Link elsewhere", lambda seen: page(seen, "<http://127.0.0.1:1/v2/library/alpine/tags>"), tags),
    ("tags: relative Link", lambda seen: page(seen, "<list?last=x>"), tags),
    ("tags: null", of("GET", Fault(body=b'{"tags":[null,"","3.20","a b"]}')), tags),
    ("tags: null for a list", of("GET", Fault(body=b'{"tags":null}')), tags),
    ("layer cut", lambda seen: Fault(cut=CUT) if seen.number == 1 else None, layer),
    ("layer cut, Range ignored", lambda seen: ranged(seen, Fault(status=200, body=LAYER)), layer),
    (
        "layer cut, wrong Content-Range",
        lambda seen: ranged(seen, Fault(headers={"Content-Range": "bytes 9-99/100"})),
        layer,
    ),
    ("layer cut, 416", lambda seen: ranged(seen, Fault(status=416)), layer),
    ("layer cut for ever", always(Fault(cut=1000)), layer),
]


def page(seen: Seen, link: str) -> Fault | None:
    if "last=x" in seen.target:
        return Fault(status=200, body=b'{"tags":["more"]}')
    return Fault(headers={"Link": f'{link}; rel="next"'}) if "tags" in seen.path else None


def ranged(seen: Seen, fault: Fault) -> Fault:
    """A cut, and the fault for what is asked for after it."""
    return Fault(cut=CUT) if seen.number == 1 else fault


def once(fault: Fault) -> Faults:
    """For the first request of all."""
    served: list[Seen] = []

    def decide(seen: Seen) -> Fault | None:
        served.append(seen)
        return fault if len(served) == 1 else None

    return decide


TOKENS: list[tuple[str, Grant | None, Faults | None]] = [
    ("tokens: 500, then 200, under 50 waiters", None, once(Fault(status=500))),
    ("tokens: several scopes refused", grant_single, None),
    ("tokens: only the first granted", grant_first, None),
    ("tokens: half of them granted", lambda names: names[::2], None),
    ("tokens: 10 MiB", None, always(Fault(body=b" " * 10 * 2**20))),
    ("tokens: HTML", None, always(Fault(body=b"<html>"))),
    ("tokens: without a life", None, None),
    ("tokens: a redirect", None, always(Fault(status=302, headers={"Location": "/elsewhere"}))),
    ("tokens: silence", None, always(Fault(drip=9.0))),
]


HTTP2: list[tuple[str, Troubles]] = [
    ("HTTP/2: GOAWAY once", lambda r: Trouble(goaway=ErrorCodes.NO_ERROR) if r.connection == 1 else None),
    ("HTTP/2: GOAWAY for ever", lambda _: Trouble(goaway=ErrorCodes.ENHANCE_YOUR_CALM)),
    (
        "HTTP/2: RST_STREAM once",
        lambda r: Trouble(reset=ErrorCodes.INTERNAL_ERROR) if r.number == 1 else None,
    ),
    ("HTTP/2: RST_STREAM for ever", lambda _: Trouble(reset=ErrorCodes.INTERNAL_ERROR)),
    ("HTTP/2: a frame that cannot be", lambda _: Trouble(garbage=bytes(9))),
    ("HTTP/2: half a frame", lambda _: Trouble(garbage=b"\x00\x00\x09")),
    ("HTTP/2: headers of 70 kB", lambda r: Trouble(header=("x", "x" * 70_000)) if r.connection < 3 else None),
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    only = parser.parse_args().only
    with scene() as stage:
        for name, faults, question in ANSWERS:
            if only in name:
                with LinkProxy(stage.registry.host, faults=faults) as link:
                    stage.ask(name, link.host, question)
        others(stage, only)
        for name, grant, realm_faults in TOKENS:
            if only in name:
                with_tokens(stage, name, grant, realm_faults)
        for name, troubles in HTTP2:
            if only in name:
                with Http2Front(stage.registry.host, stage.authority.pair, troubles=troubles) as front:
                    settings = RegistrySettings(name=front.host, ca=str(stage.authority.ca))
                    stage.ask(name, front.host, resolve, settings)
    rows = [
        (one["fault"], one["outcome"], str(one["requests"]), f"{one['seconds']:.1f} s")
        for one in stage.results
    ]
    show(("fault", "what came of it", "requests", "time"), rows)
    save("faults", stage.results)


@contextmanager
def scene() -> Iterator[Scene]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        registry = stack.enter_context(RegistryServer())
        pusher = Pusher(registry.base_url)
        index = pusher.index("library/alpine", "3.20", [Image(), Image(architecture="arm64")])
        pusher.blob("library/alpine", LAYER)
        for number in range(REPOSITORIES):
            pusher.image(f"r{number}", "1", Image())
        pusher.close()
        EXPECTED["index"] = index
        yield Scene(folder=folder, authority=Authority(folder), registry=registry, index=index)


def others(stage: Scene, only: str) -> None:
    """Faults that take more than one server, or something that is pushed."""
    name = "307 to a host that says 401"
    if only in name:
        with RegistryServer(htpasswd=True) as guarded, LinkProxy(stage.registry.host) as link:
            place = f"{guarded.base_url}/v2/library/alpine/manifests/3.20"
            link.faults = always(Fault(status=307, headers={"Location": place}))
            stage.ask(name, link.host, resolve)
    name = "index that names what is not there"
    if only in name:
        with LinkProxy(stage.registry.host) as link:
            body = index_of(OTHER)
            link.faults = lambda _: Fault(headers=NO_DIGEST, body=body)
            stage.ask(name, link.host, describe)
    name = "indexes five deep"
    if only in name:
        stage.ask(name, stage.registry.host, deep_of(stage))


def index_of(digest: str) -> bytes:
    """An index that holds another."""
    child = {"mediaType": OCI_INDEX, "digest": digest, "size": 1}
    return to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]})


def deep_of(stage: Scene) -> Question:
    pusher = Pusher(stage.registry.base_url)
    digest = pusher.index("deep", "1", [Image()])
    for level in range(2, 6):
        digest = pusher.manifest("deep", str(level), index_of(digest), OCI_INDEX)
    pusher.close()

    async def ask(client: RegistryClient, host: str) -> str:
        found = await client.describe(ImageReference.parse(f"{host}/deep:5"))
        return f"platforms {found.platforms}"

    return ask


def with_tokens(stage: Scene, name: str, grant: Grant | None, faults: Faults | None) -> None:
    storage = stage.folder / "tokens"
    with TokenServer() as tokens, LinkProxy(f"127.0.0.1:{tokens.port}", faults=faults) as realm:
        if grant is not None:
            tokens.grant = grant
        if "without a life" in name:
            tokens.expires_in = None
        if not storage.exists():
            with RegistryServer(storage=storage) as plain:
                pusher = Pusher(plain.base_url)
                for number in range(REPOSITORIES):
                    pusher.image(f"r{number}", "1", Image())
                pusher.close()
        section = tokens.section_with(f"{realm.base_url}/token")
        with RegistryServer(storage=storage, auth=section) as registry:
            stage.ask(name, registry.host, fifty)


if __name__ == "__main__":
    main()

"""HEADs over bare asyncio sockets: the least that a client of a registry can do. Helps `benchmarks.resolve`.

    python -m benchmarks.bare_heads HOST:PORT CONNECTIONS [CA] < paths

With a CA over TLS. Prints the seconds that it took, without Python's own start.
"""

import asyncio
import ssl
import sys
import time

ACCEPT = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"


async def send(host: str, port: int, context: ssl.SSLContext | None, paths: list[str]) -> None:
    """Take paths from the end of the list until there are none, over one connection."""
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    while paths:
        head = f"HEAD {paths.pop()} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: {ACCEPT}\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200 ") or b"Docker-Content-Digest: " not in answer:
            sys.exit(f"no digest: {answer!r}")
    writer.close()


async def main(address: str, connections: int, context: ssl.SSLContext | None, paths: list[str]) -> None:
    host, _, port = address.rpartition(":")
    await asyncio.gather(*(send(host, int(port), context, paths) for _ in range(connections)))


if __name__ == "__main__":
    wanted = sys.stdin.read().split()
    trust = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None
    started = time.perf_counter()
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), trust, wanted))
    print(time.perf_counter() - started)

"""httpcore, which speaks HTTP/1.1 and 2 over connections that it is given.

Importing it also imports h2 and hpack, as much again, of which nobody has any use before a server of https
chooses HTTP/2. httpcore can do without, and looks for them again when it is that far.
"""

import sys

_LATER = "h2"

if _LATER in sys.modules:
    import httpcore
else:
    sys.modules[_LATER] = None  # type: ignore[assignment]  # Python's way to say: not to be imported
    try:
        import httpcore
    finally:
        del sys.modules[_LATER]

__all__ = ["Interrupted", "httpcore"]


class Interrupted(httpcore.ProtocolError):
    """A server ended a request in HTTP/2, or all that were under way on a connection; says how."""

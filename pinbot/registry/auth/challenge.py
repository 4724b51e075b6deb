"""What a registry asks for when it answers 401: the `WWW-Authenticate` header (RFC 9110, section 11.6.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

BASIC, BEARER = "basic", "bearer"
"""The schemes that pinbot knows."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ITEM = re.compile(
    rf"""[\s,]*(?:
        (?P<name>{_WORD})\s*=\s*(?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[^\s,"=][^\s,"]*) )
      | (?P<scheme>{_WORD}) (?: [\ \t]+ [A-Za-z0-9._~+/-]+=* (?= [\ \t]*(?:,|$) ) )? (?= [\s,]|$ )
      | (?P<junk>[^,]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way to authenticate: its scheme and the names of its parameters in lower case."""

    scheme: str
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The first parameter of that name."""
        return next((value for key, value in self.parameters if key == name), None)

    @property
    def lasting(self) -> "Challenge":
        """What is the same for every request: where tokens are, not what for or why."""
        kept = ((name, self.get(name)) for name in ("realm", "service"))
        parameters = tuple((name, value) for name, value in kept if value is not None)
        return Challenge(scheme=self.scheme, parameters=parameters if self.scheme == BEARER else ())


def parse(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Read all challenges of all `WWW-Authenticate` headers of one answer, in order.

    Nothing is refused: what is not understood is left out, so that an odd challenge does not hide a good one.
    Values without quotes run to the next comma or space, because some registries do not quote their realm.
    """
    challenges: list[Challenge] = []
    for header in headers:
        scheme, parameters = "", list[tuple[str, str]]()
        for item in _ITEM.finditer(header):
            if item["scheme"]:
                _close(challenges, scheme, parameters)
                scheme, parameters = item["scheme"].lower(), []
            elif item["name"]:
                quoted = item["quoted"]
                value = item["bare"] if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
                parameters.append((item["name"].lower(), value))
        _close(challenges, scheme, parameters)
    return tuple(challenges)


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """The one to follow, of those that pinbot can: Bearer before Basic."""
    offered = tuple(challenges)
    return next((one.lasting for scheme in (BEARER, BASIC) for one in offered if one.scheme == scheme), None)


def _close(challenges: list[Challenge], scheme: str, parameters: list[tuple[str, str]]) -> None:
    if scheme:
        challenges.append(Challenge(scheme=scheme, parameters=tuple(parameters)))

"""Shell patterns of `${V#p}`, `${V%p}` and `${V/p/r}` (frontend/dockerfile/shell/lex.go).

Go's regular expressions take linear time whatever the pattern; Python's do not, and are bounded here.
"""

import re

_MAX_VALUE = 1 << 12
_MAX_RESULT = 1 << 22


class PatternError(ValueError):
    """A pattern that BuildKit refuses, or one that would take too long."""


def trim(value: str, pattern: str, operator: str) -> str:
    """Take the shortest match from the start (`#`) or the end (`%`), the longest if the operator is doubled.

    From the end, value and pattern are both reversed (trimSuffix, reversePattern).

    Raises:
        PatternError: see there.
    """
    greedy = pattern.startswith(operator)
    pattern = pattern[greedy:]
    if operator == "%":
        signs = re.findall(r"\\.|.", pattern, re.DOTALL)
        pattern, value = "".join(reversed(signs)), value[::-1]
    found = _compile(pattern, value, greedy=greedy).match(value)
    rest = value[found.end() :] if found else value
    return rest[::-1] if operator == "%" else rest


def replace(value: str, pattern: str, new: str, every: bool) -> str:  # noqa: FBT001 - called with all that `${…}` says
    """Put `new` in the place of the first match, or of every one.

    Raises:
        PatternError: see there.
    """
    if len(new) * (len(value) + 1) > _MAX_RESULT:
        raise PatternError(f"the value grows beyond {_MAX_RESULT} characters")
    return _compile(pattern, value, greedy=True).sub(lambda _: new, value, count=0 if every else 1)


def _compile(pattern: str, value: str, *, greedy: bool) -> re.Pattern[str]:
    """A shell pattern as a regular expression (convertShellPatternToRegex).

    The text between two stars is tied to its first occurrence, which finds the same matches as trying every
    occurrence would and leaves nothing to try again.
    """
    if len(value) > _MAX_VALUE:
        raise PatternError(f"a pattern is matched with more than {_MAX_VALUE} characters")
    parts: list[str] = [""]
    for sign in re.findall(r"\\[}/]|\\.|\\|.", pattern, re.DOTALL):
        if sign == "*":
            parts.append("")
        elif sign == "?":
            parts[-1] += "."
        elif sign in ("\\}", "\\/"):
            parts[-1] += sign[1]
        elif sign[0] != "\\":
            parts[-1] += re.escape(sign)
        elif sign in ("\\*", "\\?", "\\\\"):
            parts[-1] += sign
        else:
            raise PatternError(f"invalid pattern ({pattern}) in substitution: invalid escape '{sign}'")
    first, *rest = parts
    if not rest:
        return re.compile(first)
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    return re.compile(f"{first}{middle}.*{'' if greedy else '?'}{rest[-1]}")

"""Versions that are likely to meet in the corners of an ordering: few characters, many alike."""

from hypothesis import strategies as st

from pinbot.image.versions.compare import sort_key
from pinbot.model.image import Ecosystem

_SEMVER_END = r"(-(0|1|10|a|a-b|b)(\.(0|1|10|a)){0,2})?"

PATTERNS = {
    Ecosystem.APK: r"(0|1|9|10|01)(\.(0|1|9|10|00|01|09)){0,3}[ab]?"
    r"(_(alpha|pre|rc|cvs|git|p)(0|1|2|10|01)?){0,2}(~(a|ab|0f))?(-r(0|1|2|10))?",
    Ecosystem.DPKG: r"([01]:)?[0-2]([0-2aAz.+~-]{0,5})(-[0-2aA.+~]{1,3})?",
    Ecosystem.RPM: r"([01]:)?[0-2a]([0-2abA._+~^]{0,6})(-[0-2aA.~^]{1,3})?",
    Ecosystem.GO: rf"(v(0|1|10)(\.(0|1|10)(\.(0|1|10){_SEMVER_END}(\+incompatible)?)?)?"
    r"|go1\.(1|20|21|22)(\.[012]|rc[12]|beta1)?)",
    Ecosystem.CARGO: rf"(0|1|10)\.(0|1|10)\.(0|1){_SEMVER_END}(\+(0|00|1|01|a)(\.(1|b))?)?",
}


def versions(ecosystem: Ecosystem) -> st.SearchStrategy[str]:
    return st.from_regex(PATTERNS[ecosystem], fullmatch=True).filter(
        lambda version: sort_key(ecosystem, version) is not None
    )

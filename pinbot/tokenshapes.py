"""What tokens look like, by which they are known anywhere. What to do about one is up to whoever finds it.

Shapes are those that issuers document so that leaks can be found: GitHub, "Behind GitHub's new authentication
token formats"; AWS, "Unique identifiers"; and the like.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one kind of token.

    Attributes:
        kind: what it is, e.g. `a token of GitHub`.
        prefixes: what it begins with.
        rest: the regular expression (ASCII) for what follows, up to the end of the word.
    """

    kind: str
    prefixes: tuple[str, ...]
    rest: str


SHAPES = (
    Shape("an access key of AWS", ("AKIA", "ASIA"), r"[A-Z2-7]{16}"),
    Shape("a token of GitHub", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{36,255}"),
    Shape("a token of GitHub", ("github_pat_",), r"[A-Za-z0-9_]{40,255}"),
    Shape("a token of GitLab", ("glpat-",), r"[\w-]{20,255}"),
    Shape("a token of Slack", ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"), r"[A-Za-z0-9-]{20,255}"),
    Shape("a token of npm", ("npm_",), r"[A-Za-z0-9]{36}"),
    Shape("a token of PyPI", ("pypi-AgE",), r"[\w-]{50,255}"),
    Shape("a token of crates.io", ("cio",), r"[A-Za-z0-9]{32}"),
    Shape("a token of Docker Hub", ("dckr_pat_",), r"[\w-]{27}"),
    Shape("a key of Stripe", ("sk_live_", "rk_live_"), r"[A-Za-z0-9]{24,255}"),
    Shape("a key of Google", ("AIza",), r"[\w-]{35}"),
    Shape("a key of SendGrid", ("SG.",), r"[\w-]{22}\.[\w-]{43}"),
    Shape("a key of Anthropic", ("sk-ant-",), r"[\w-]{60,255}"),
    Shape("a key of OpenAI", ("sk-proj-",), r"[\w-]{40,255}"),
    Shape("a token of Hugging Face", ("hf_",), r"[A-Za-z]{34}"),
    Shape("a token of DigitalOcean", ("dop_v1_",), r"[0-9a-f]{64}"),
    Shape("a token of Vault", ("hvs.",), r"[\w-]{90,255}"),
)

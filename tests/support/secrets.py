"""What looks like secrets and is none; put together here, so that no scanner takes it for a leak."""

WORD = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ" * 4
KEY = "-----BEGIN {}PRIVATE KEY{}-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA\n"

TOKENS = {
    "AKIA" + "QWERTYUIOPASDFG2": "an access key of AWS",
    "ASIA" + "QWERTYUIOPASDFG3": "an access key of AWS",
    **{f"gh{letter}_" + WORD[:36]: "a token of GitHub" for letter in "pousr"},
    "github_pat_" + WORD[:82]: "a token of GitHub",
    "glpat-" + WORD[:20]: "a token of GitLab",
    **{f"xox{letter}-" + WORD[:30]: "a token of Slack" for letter in "bpars"},
    "npm_" + WORD[:36]: "a token of npm",
    "pypi-AgE" + WORD[:80]: "a token of PyPI",
    "cio" + WORD[:32]: "a token of crates.io",
    "dckr_pat_" + WORD[:27]: "a token of Docker Hub",
    "sk_live_" + WORD[:24]: "a key of Stripe",
    "rk_live_" + WORD[:24]: "a key of Stripe",
    "AIza" + WORD[:35]: "a key of Google",
    "SG." + WORD[:22] + "." + WORD[:43]: "a key of SendGrid",
    "sk-ant-" + WORD[:80]: "a key of Anthropic",
    "sk-proj-" + WORD[:48]: "a key of OpenAI",
    "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH": "a token of Hugging Face",
    "dop_v1_" + "0123456789abcdef" * 4: "a token of DigitalOcean",
    "hvs." + WORD[:95]: "a token of Vault",
}
"""One token for each beginning that is known, and what it is."""

URLS = ("postgres://app:hunter2@db/app", "see https://user:pa:ss@host/")
"""URLs with a password."""

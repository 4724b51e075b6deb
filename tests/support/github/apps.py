"""GitHub Apps: their JSON Web Tokens, and the tokens of their installations."""

import itertools
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import jwt

from tests.support.github.answers import Answers
from tests.support.github.routes import Refused
from tests.support.github.state import App, Installation, Token

_LONGEST = 600  # seconds that a proof may be good for
_LEVELS = ("read", "write", "admin")
_PERMISSIONS = {"metadata": "read", "contents": "write", "pull_requests": "write"}


class Apps:
    """What an app may ask as itself; `tokens` and `organisations` are those that the server knows."""

    def __init__(self, answers: Answers, tokens: dict[str, Token], organisations: Collection[str]) -> None:
        self._answers = answers
        self._tokens = tokens
        self._organisations = organisations
        self._apps: dict[str, App] = {}
        self._tokens_given = itertools.count(1)
        self._numbers = itertools.count(4000)

    def add(self, number: str, public_key: str, *, repositories: Iterable[str] = (), **settings: Any) -> App:
        """An app that is installed on these repositories; `settings` are those of each `Installation`."""
        app = App(number=number, slug="pinbot", public_key=public_key)
        self._apps[number] = app
        by_account: dict[str, list[str]] = {}
        for name in repositories:
            by_account.setdefault(name.partition("/")[0], []).append(name)
        for account, names in by_account.items():
            app.installations[account] = Installation(
                number=next(self._numbers),
                account=account,
                repositories=tuple(names),
                **({"permissions": _PERMISSIONS} | settings),
            )
        return app

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: Any, proof: str
    ) -> tuple[int, Any]:
        app = self._who(proof)
        installations = app.installations.values()
        if method == "GET" and path == "/app/installations":
            size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
            listed = list(installations)[size * (page - 1) : size * page]
            return 200, [self._answers.installation(app, one) for one in listed]
        for one in installations:
            if method == "GET" and path.lower() in self._places(one):
                return 200, self._answers.installation(app, one)
            if method == "POST" and path == f"/app/installations/{one.number}/access_tokens":
                return 201, self._token(app, one, body or {})
        raise Refused(404, "Not Found")

    def _places(self, one: Installation) -> Iterable[str]:
        kind = "orgs" if one.account.lower() in self._organisations else "users"
        yield f"/{kind}/{one.account}/installation".lower()
        for name in one.repositories:
            yield f"/repos/{name}/installation".lower()

    def _who(self, proof: str) -> App:
        try:
            issuer = str(jwt.decode(proof, options={"verify_signature": False})["iss"])
            app = self._apps[issuer]
            claims = jwt.decode(proof, app.public_key, algorithms=["RS256"])
        except KeyError:
            raise Refused(401, "Integration not found") from None
        except jwt.PyJWTError:
            raise Refused(401, "A JSON web token could not be decoded") from None
        if claims["exp"] - time.time() > _LONGEST:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
        return app

    def _token(self, app: App, one: Installation, wanted: Mapping[str, Any]) -> dict[str, Any]:
        if one.suspended:
            raise Refused(403, "This installation has been suspended")
        permissions = {"metadata": "read", **wanted.get("permissions", one.permissions)}
        for name, level in permissions.items():
            has = {"metadata": "read", **one.permissions}.get(name)
            if has is None or _LEVELS.index(has) < _LEVELS.index(level):
                raise Refused(422, "The permissions requested are not granted to this installation.")
        named = {full.partition("/")[2].lower(): full for full in one.repositories}
        chosen = [name.lower() for name in wanted.get("repositories", named)]
        if not set(named).issuperset(chosen):
            raise Refused(
                422,
                "There is at least one repository that does not exist or is not accessible to the parent"
                " installation.",
            )
        secret = f"ghs_{app.number}_{next(self._tokens_given)}"
        self._tokens[secret] = Token(
            login=f"{app.slug}[bot]",
            permissions=permissions,
            repositories=tuple(named[name] for name in chosen),
            expires=time.monotonic() + 3600,
            installation=one,
        )
        return {
            "token": secret,
            "expires_at": "2026-01-01T01:00:00Z",
            "permissions": permissions,
            "repository_selection": "selected",
        }

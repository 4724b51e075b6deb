"""GitHub Apps: their JSON Web Tokens, and the tokens of their installations."""

import itertools
import re
import time
from collections.abc import Mapping
from typing import Any

import jwt

from tests.support.github.answers import Answers
from tests.support.github.routes import Refused
from tests.support.github.state import App, Token

_LONGEST = 600  # seconds that a proof may be good for
_LEVELS = ("read", "write", "admin")


class Apps:
    """What an app may ask as itself; `tokens` are those that the server knows."""

    def __init__(self, answers: Answers, tokens: dict[str, Token]) -> None:
        self._answers = answers
        self._tokens = tokens
        self._apps: dict[str, App] = {}
        self._numbers = itertools.count(1)

    def add(self, number: str, public_key: str, **settings: Any) -> App:
        values = {
            "slug": "pinbot",
            "installation": 4_000 + len(self._apps),
            "repositories": (),
            "permissions": {"metadata": "read", "contents": "write", "pull_requests": "write"},
        }
        self._apps[number] = App(number=number, public_key=public_key, **(values | settings))
        return self._apps[number]

    def answer(self, method: str, path: str, body: Any, proof: str) -> tuple[int, Any]:
        app = self._who(proof)
        if method == "GET" and (asked := re.fullmatch(r"/repos/([^/]+/[^/]+)/installation", path)):
            if asked[1] not in app.repositories:
                raise Refused(404, "Not Found")
            return 200, self._answers.installation(app, asked[1].partition("/")[0])
        if method == "POST" and path == f"/app/installations/{app.installation}/access_tokens":
            return 201, self._token(app, body or {})
        raise Refused(404, "Integration not found")

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

    def _token(self, app: App, wanted: Mapping[str, Any]) -> dict[str, Any]:
        permissions = {"metadata": "read", **wanted.get("permissions", app.permissions)}
        for name, level in permissions.items():
            has = {"metadata": "read", **app.permissions}.get(name)
            if has is None or _LEVELS.index(has) < _LEVELS.index(level):
                raise Refused(422, "The permissions requested are not granted to this installation.")
        named = {full.partition("/")[2]: full for full in app.repositories}
        chosen = wanted.get("repositories", list(named))
        if not set(named).issuperset(chosen):
            raise Refused(
                422,
                "There is at least one repository that does not exist or is not accessible to the parent"
                " installation.",
            )
        secret = f"ghs_{app.number}_{next(self._numbers)}"
        self._tokens[secret] = Token(
            login=f"{app.slug}[bot]",
            permissions=permissions,
            repositories=tuple(named[name] for name in chosen),
            expires=time.monotonic() + 3600,
        )
        return {
            "token": secret,
            "expires_at": "2026-01-01T01:00:00Z",
            "permissions": permissions,
            "repository_selection": "selected",
        }

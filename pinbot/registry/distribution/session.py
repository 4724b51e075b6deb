"""One registry: requests to it with the right credentials."""

from dataclasses import replace
from http import HTTPStatus

from pinbot.model.diagnosis import Access
from pinbot.registry.asking.web import Web
from pinbot.registry.auth.authenticator import Authenticator
from pinbot.registry.servers.endpoint import Endpoint
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.messages import Answer
from pinbot.registry.wire.quota import quota_of

_MOST_ROUNDS = 3


class Session:
    """Asks one registry.

    Attributes:
        name: the registry as references name it.
        head_refused: set when the registry has shown that it does not know HEAD.
        no_referrers: set when it has shown that it does not know the referrers API.

    Args:
        endpoint: where it is.
        web: sends the requests.
        auth: knows how to ask it, and in whose name.
        tries: how often to send a request, if not as often as usual.
    """

    def __init__(
        self, endpoint: Endpoint, *, web: Web, auth: Authenticator, tries: int | None = None
    ) -> None:
        self._tries = tries
        self._endpoint = endpoint
        self.name = endpoint.name
        self.head_refused = False
        self.no_referrers = False
        self._web = web
        self._auth = auth
        self._access = Access(
            address=endpoint.url.public.rstrip("/"),
            certificate=endpoint.trust(endpoint.url).cert,
            source=endpoint.settings.source or None,
        )

    async def ask(
        self,
        method: str,
        repository: str,
        path: str,
        *,
        accept: str,
        limit: int,
        first_byte: int | None = None,
    ) -> Answer:
        """Ask for `/v2/<repository>/<path>`; the answer is of any status but 401, and 403 only for a HEAD.

        A HEAD has no body to say why it is forbidden; the caller may want to ask again by GET. With a
        `first_byte` the content comes as a stream: see `Web.ask`.

        Raises:
            AccessDenied: these credentials may not.
            Unreachable: the registry, or its token server, cannot be asked.
            Untrustworthy: what came cannot be an answer of a registry.
        """
        url = self.url(repository, path)
        rounds = 0
        while True:
            rounds += 1
            async with self._auth.turn():
                used = await self._auth.authorization(repository)
                answer = await self._web.ask(
                    method,
                    url,
                    endpoint=self._endpoint,
                    limit=limit,
                    accept=accept,
                    authorization=used.header,
                    first_byte=first_byte,
                    tries=self._tries,
                )
                self._learn(answer)
                refused = answer.status == HTTPStatus.UNAUTHORIZED and answer.url.origin == url.origin
                if refused and rounds < _MOST_ROUNDS:
                    await self._auth.refused(repository, used, answer)
                    continue
                self._auth.accepted(repository, used)
            if answer.status == HTTPStatus.UNAUTHORIZED or (
                answer.status == HTTPStatus.FORBIDDEN and method != "HEAD"
            ):
                raise self._auth.denied(repository, used, answer)
            return answer

    def url(self, repository: str, path: str) -> Url:
        """Where something is; `path` may have a query."""
        return self._endpoint.url.at(f"/v2/{repository}/{path}")

    async def pause(self, times: int) -> None:
        """Wait before something is tried again that was tried so many `times`."""
        await self._web.pause(times)

    @property
    def access(self) -> Access:
        """How the registry is reached, by its answers so far."""
        return replace(
            self._access,
            scheme=self._auth.scheme,
            realm=self._auth.realm_host,
            credentials=self._auth.credentials,
        )

    def _learn(self, answer: Answer) -> None:
        if answer.url.origin == self._endpoint.url.origin:
            quota = quota_of(answer.headers) or self._access.quota
            self._access = replace(self._access, version=answer.version, quota=quota)

    async def aclose(self) -> None:
        """Stop what is under way."""
        await self._auth.aclose()

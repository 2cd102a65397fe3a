"""What holds for every request to the fake Discord: who asks, what it is, and whether it is refused."""

import json
import mimetypes
import re
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import BodyPartReader, web

from tests.fake_discord.gateway import Gateway
from tests.fake_discord.messages import Attachment
from tests.fake_discord.rules import refuse
from tests.fake_discord.things import Json, Refusal
from tests.fake_discord.world import Call

API = "/api/v10"
LONGEST_DESCRIPTION = 1_024
"""Of a file, for who cannot see it."""


@dataclass
class Asked:
    """One request, read."""

    path: dict[str, str]
    query: dict[str, str]
    body: Any
    files: dict[int, Attachment]

    def id(self, name: str) -> int:
        return int(self.path[name]) if self.path[name].isdigit() else 0

    @property
    def many_files(self) -> list[Attachment]:
        return list(self.files.values())


Handler = Callable[[Asked], Awaitable[Any]]


@dataclass(eq=False)
class Limit:
    """
    To each path that *pattern* matches, *after* requests are done, and the next ones refused for *per_s* seconds.

    It counts requests, not how many came in a time: however slowly they come, the one after *after* is refused.
    """

    pattern: re.Pattern[str]
    after: int
    per_s: float
    done: Counter[str] = field(default_factory=Counter[str])
    opens_s: dict[str, float] = field(default_factory=dict[str, float])
    refused: int = 0

    def take(self, path: str) -> float:
        """Return 0 where one more request is done, else the seconds until it would be."""
        now_s = time.monotonic()
        if self.done[path] >= self.after:
            wait_s = self.opens_s.setdefault(path, now_s + self.per_s) - now_s
            if wait_s > 0:
                self.refused += 1
                return wait_s
            del self.done[path], self.opens_s[path]
        self.done[path] += 1
        return 0


@dataclass(eq=False)
class Outage:
    pattern: re.Pattern[str]
    refusal: Refusal
    left: int
    taken: bool  # whether what was asked is done all the same


class Requests(Gateway):
    """What holds for every request of https://discord.com/developers/docs/reference, version 10."""

    def __init__(self) -> None:
        super().__init__()
        self.callback_within_s = 3.0
        self.closed_to_messages: set[int] = set()  # people who take no direct messages
        self.strangers: set[int] = set()  # people who share no server with the bot any more
        self.forgets_nonces = False  # as Discord does after some minutes
        self.limits: list[Limit] = []
        self.outages: list[Outage] = []

    @property
    def base(self) -> str:
        return self.origin + API

    def rate_limit(self, path: str, *, after: int, per_s: float) -> Limit:
        """
        Answer 429 for *per_s* after each *after* requests to a "METHOD /path" that the pattern *path* is found in.

        It comes as a surprise, as limits do that are shared: no answer before tells of it.
        """
        limit = Limit(re.compile(path), after, per_s)
        self.limits.append(limit)
        return limit

    def fail(self, path: str, status: int, *, code: int = 0, times: int = 1, taken: bool = False) -> Outage:
        """
        Answer the next *times* requests to a "METHOD /path" that the pattern *path* is found in with an error.

        *taken*, the request is done first, and only its answer is lost. Status 0 cuts the connection instead.
        """
        outage = Outage(re.compile(path), Refusal(status, code, "made to fail by the test"), times, taken)
        self.outages.append(outage)
        return outage

    def application(self) -> web.Application:
        app = web.Application(client_max_size=30 * 1024**2)
        app.router.add_get("/", self.serve_gateway)
        app.router.add_get("/attachments/{id}/{name}", self._download)
        for route, handler in self._routes().items():
            method, path = route.split(" ")
            app.router.add_route(method, API + path, self._answering(path, handler))
        app.router.add_route("*", "/{anything:.*}", self._answering("", self._unknown))
        return app

    def _routes(self) -> dict[str, Handler]:
        """What answers, by method and path."""
        raise NotImplementedError

    def _answering(self, template: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            headers = self._quiet_headers(request, template)
            try:
                asked = await self._read(request)
                self._check_token(request, template)
                outage = self._outage(request)
                _refuse_for(outage, taken=False)
                self._check_limits(request)
                result = await handler(asked)
                _refuse_for(outage, taken=True)
            except Refusal as refusal:
                if refusal.status == 0 and request.transport:
                    request.transport.abort()
                    return web.Response()
                return _json(refusal.body, refusal.status, headers | _retry(refusal))
            except Exception as failure:  # noqa: BLE001  # a fault of the fake: told by the test's end
                self.failures.append(failure)
                return _json({"message": f"the fake Discord failed: {failure!r}", "code": 0}, 501, headers)
            return web.Response(status=204, headers=headers) if result is None else _json(result, 200, headers)

        return answer

    async def _read(self, request: web.Request) -> Asked:
        asked = Asked(dict(request.match_info), dict(request.query), None, {})
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                if part.name == "payload_json":
                    asked.body = json.loads(await part.read())
                elif part.name and (number := re.fullmatch(r"files\[(\d+)\]", part.name)):
                    name = part.filename or ""
                    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
                    asked.files[int(number[1])] = self.attachment(name, bytes(await part.read()), kind)
            self._describe(asked)
        elif request.can_read_body:
            asked.body = await request.json()
        path = request.path.removeprefix(API)
        self.requests.append(Call(request.method, path, asked.body, query=asked.query))
        return asked

    def _describe(self, asked: Asked) -> None:
        """Take what the body says of the files that came with it."""
        entries: list[Json] = cast("Json", asked.body or {}).get("attachments") or []
        for entry in entries:
            description: str | None = entry.get("description")
            if description is not None and len(description) > LONGEST_DESCRIPTION:
                raise refuse("attachments", f"Must be {LONGEST_DESCRIPTION} or fewer in length.")
            if file := asked.files.get(int(entry["id"])):
                file.description = description

    def _check_token(self, request: web.Request, template: str) -> None:
        own_token = template.startswith(("/webhooks", "/interactions"))  # their address holds one
        if not own_token and request.headers.get("Authorization") != f"Bot {self.token}":
            raise Refusal(401, 0, "401: Unauthorized")

    def _outage(self, request: web.Request) -> Outage | None:
        for outage in self.outages:
            if outage.left and outage.pattern.search(f"{request.method} {request.path.removeprefix(API)}"):
                outage.left -= 1
                return outage
        return None

    def _check_limits(self, request: web.Request) -> None:
        path = f"{request.method} {request.path.removeprefix(API)}"
        for limit in self.limits:
            if limit.pattern.search(path) and (wait_s := limit.take(path)):
                refusal = Refusal(429, 0, "You are being rate limited.")
                refusal.body |= {"retry_after": round(wait_s, 3), "global": False}
                raise refusal

    def _quiet_headers(self, request: web.Request, template: str) -> dict[str, str]:
        """Without a limit in its first answer, discord.py sends one request of a kind at a time."""
        bucket = f"{zlib.crc32(f'{request.method} {template}'.encode()):08x}"
        return _limit_headers(1000, 999, 1.0) | {"X-RateLimit-Bucket": bucket}

    async def _download(self, request: web.Request) -> web.Response:
        found = self.files.get(int(request.match_info["id"]))
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found.data, headers={"Content-Type": found.content_type})

    async def _unknown(self, asked: Asked) -> None:
        call = self.requests[-1]
        self.unknown.append(f"{call.method} {call.path}")
        raise Refusal(404, 0, f"404: Not Found, the fake Discord has no such route ({asked.path})")


def _refuse_for(outage: Outage | None, *, taken: bool) -> None:
    if outage and outage.taken is taken:
        raise outage.refusal


def _json(body: object, status: int, headers: dict[str, str]) -> web.Response:
    # discord.py reads JSON only where the type is this and no more, without a charset
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers=headers | {"Content-Type": "application/json"}
    )


def _limit_headers(limit: int, left: int, reset_s: float) -> dict[str, str]:
    return {
        "Via": "1.1 fake",  # without it discord.py takes a 429 for a ban
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": f"{time.time() + reset_s:.3f}",
        "X-RateLimit-Reset-After": f"{reset_s:.3f}",
    }


def _retry(refusal: Refusal) -> dict[str, str]:
    if refusal.status != 429:
        return {}
    return {"Retry-After": str(int(refusal.body["retry_after"]) + 1), "X-RateLimit-Scope": "shared"}

"""Call AI providers; whatever goes wrong there becomes one of our own errors here."""

import email.utils
import ssl
import time
from functools import lru_cache

import aiohttp

from accounts.resolver import PublicResolver
from gateway.catalogue import Path
from gateway.errors import ApiError, upstream_failed
from gateway.silence import SilenceWatch

MOST_BODY_BYTES = 64 * 1024 * 1024
"""The largest unstreamed answer that is read from a provider."""
LONGEST_PAUSE = 60.0
"""Seconds for which a provider's own Retry-After is believed at the most."""

# What a provider's status means for our client. Our key or our address being refused is our
# trouble, not the client's; what the provider says about it may quote the prompt.
STATUSES = {400: 400, 413: 400, 422: 400, 408: 504, 429: 429, 503: 503, 504: 504, 529: 503}
CLIENTS_FAULT = {400, 413, 422}
OUR_FAULT = {401, 402, 403, 404, 405, 410}
"""What another call to the same route would meet as well: our key, our account, our model."""

FOREIGN = (aiohttp.ClientError, ssl.SSLError, OSError, ValueError)


class Failed(Exception):
    """A provider did not answer as it should.

    `error` is what the client sees if nobody else answers; `reason` names what happened, for
    the call's row and never in the provider's own words; `again` says whether another route
    may do better, `blame` how much it counts against this route, and `pause` for how many
    seconds the provider asked to be left alone.
    """

    def __init__(
        self,
        error: ApiError,
        reason: str,
        *,
        again: bool = True,
        blame: int = 1,
        pause: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason
        self.again = again
        self.blame = blame
        self.pause = pause


HEADERS = {
    "Content-Type": "application/json",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "LumyxAI",
}
"""What every call to a provider carries beside its key; nothing of the client's is passed on."""
MOST_BLAME = 100
"""Blame that closes a route at once."""


def open_session() -> aiohttp.ClientSession:
    """Open the process's session to all providers: no cookies, no redirects, no proxies."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=60, ttl_dns_cache=60, resolver=PublicResolver()
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=HEADERS,
        read_bufsize=2**17,
    )


async def post(
    session: aiohttp.ClientSession,
    path: Path,
    endpoint: str,
    *,
    body: bytes,
    headers: dict[str, str],
) -> aiohttp.ClientResponse:
    """Send a body to a provider and return its answer once its head is there.

    How long to wait for that is the caller's to limit.

    Raises Failed; only answers with status 200 come back.
    """
    try:
        response = await session.post(
            f"{path.base_url}/{endpoint}",
            data=body,
            headers=headers,
            timeout=_timeouts(path.connect),
            allow_redirects=False,
        )
    except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
        raise unreachable(error) from error
    except TimeoutError as error:
        raise too_late("no_answer_in_time") from error
    except FOREIGN as error:
        raise Failed(
            upstream_failed(502, code="provider_unreachable"), "connection_lost"
        ) from error
    if response.status != 200:
        response.close()
        raise refused(response.status, response.headers.get("Retry-After"))
    return response


@lru_cache(maxsize=256)
def _timeouts(connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(sock_connect=connect)


def unreachable(error: Exception) -> Failed:
    """No connection came about."""
    if isinstance(error, TimeoutError):
        return Failed(upstream_failed(504, code="provider_timeout"), "connect_timeout")
    return Failed(upstream_failed(502, code="provider_unreachable"), "unreachable")


def too_late(reason: str) -> Failed:
    """The provider took the call and did not answer in time."""
    return Failed(upstream_failed(504, code="provider_timeout"), reason)


def no_answer(reason: str) -> Failed:
    """What came is not an answer."""
    return Failed(upstream_failed(502), reason)


def refused(status: int, retry_after: str | None = None) -> Failed:
    """The provider answered with a status that is not 200."""
    error = upstream_failed(STATUSES.get(status, 502))
    reason = f"status_{status}"
    if status in CLIENTS_FAULT:
        return Failed(error, reason, again=False, blame=0)
    if status in OUR_FAULT:
        return Failed(error, reason, blame=MOST_BLAME)
    if status == 429:
        return Failed(error, reason, blame=0, pause=_seconds(retry_after))
    return Failed(error, reason, pause=_seconds(retry_after) if retry_after else None)


def _seconds(retry_after: str | None) -> float:
    """Return what a Retry-After header asks for, in seconds or as an HTTP date (RFC 9110)."""
    seconds = 1.0
    if retry_after:
        try:
            seconds = float(retry_after)
        except ValueError:
            date = email.utils.parsedate_tz(retry_after)
            seconds = email.utils.mktime_tz(date) - time.time() if date else seconds
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else 1.0


async def read_whole(
    response: aiohttp.ClientResponse, *, idle_seconds: float, deadline: float
) -> bytes:
    """Read an unstreamed answer to its end; raise Failed where that does not come."""
    parts: list[bytes] = []
    size = 0
    try:
        with SilenceWatch(response.content, idle_seconds, deadline) as watch:
            while part := await watch.read():
                parts.append(part)
                size += len(part)
                if size > MOST_BODY_BYTES:
                    raise no_answer("answer_too_large")
    except TimeoutError as error:
        raise too_late("answer_stalled") from error
    except FOREIGN as error:
        raise no_answer("connection_lost") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)

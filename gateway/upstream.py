"""Call AI providers; whatever goes wrong there becomes one of our own errors here."""

import ssl

import aiohttp
from django.conf import settings

from gateway.catalogue import Path
from gateway.errors import ApiError, upstream_failed

MOST_BODY_BYTES = 64 * 1024 * 1024
"""The largest unstreamed answer that is read from a provider."""

# What a provider's status means for our client. Our key or our address being refused is our
# trouble, not the client's; what the provider says about it may quote the prompt.
STATUSES = {400: 400, 413: 400, 422: 400, 408: 504, 429: 429, 503: 503, 504: 504, 529: 503}


def open_session() -> aiohttp.ClientSession:
    """Open the process's session to all providers: no cookies, no redirects, no proxies."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(
            total=settings.UPSTREAM_TOTAL_SECONDS,
            sock_connect=settings.UPSTREAM_CONNECT_SECONDS,
            sock_read=settings.UPSTREAM_IDLE_SECONDS,
        ),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        read_bufsize=2**17,
    )


async def post(
    session: aiohttp.ClientSession, path: Path, endpoint: str, body: bytes
) -> aiohttp.ClientResponse:
    """Send a body to a provider and return its answer once its head is there.

    Raises the API error that the client should see; only answers with status 200 come back.
    The outbound headers are these and no others: nothing of the client's is passed on.
    """
    try:
        response = await session.post(
            f"{path.base_url}/{endpoint}",
            data=body,
            headers={
                "Authorization": f"Bearer {path.key}",
                "Content-Type": "application/json",
                "Accept": "*/*",
                "User-Agent": "LumyxAI",
            },
            allow_redirects=False,
        )
    except TimeoutError as error:
        raise upstream_failed(504, code="provider_timeout") from error
    except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
        raise upstream_failed(502, code="provider_unreachable") from error
    if response.status != 200:
        response.close()
        raise upstream_failed(STATUSES.get(response.status, 502))
    return response


async def read_whole(response: aiohttp.ClientResponse) -> bytes:
    """Read an unstreamed answer to its end."""
    try:
        body = await response.content.read(MOST_BODY_BYTES + 1)
        while not response.content.at_eof() and len(body) <= MOST_BODY_BYTES:
            body += await response.content.read(MOST_BODY_BYTES + 1 - len(body))
    except TimeoutError as error:
        raise upstream_failed(504, code="provider_timeout") from error
    except (aiohttp.ClientError, OSError) as error:
        raise upstream_failed(502) from error
    if len(body) > MOST_BODY_BYTES:
        raise upstream_failed(502)
    return body


def broke_off(error: BaseException) -> bool:
    """Return whether an exception while reading a stream is the provider's or the network's."""
    return isinstance(error, (aiohttp.ClientError, TimeoutError, OSError, ApiError))

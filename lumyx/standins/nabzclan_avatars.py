"""Avatars of the imitated NabzClan: one picture a person, and hostile ones for tests."""

import asyncio
import colorsys
import contextlib
import functools
import hashlib
import io
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, IFD

SIDE = 256
CELLS = 4
GOLDEN_ANGLE = 0.381966
"""Part of the colour circle between two neighbours; no two of many come close."""
BOMB_SIDE = 20_000
HUGE_BYTES = 64 * 1024 * 1024
CHUNK = bytes(64 * 1024)
FRAMES = 50
PRIVATE = "http://169.254.169.254/latest/meta-data/"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">'
    b'<script>document.title="owned"</script><rect width="256" height="256"/></svg>'
)
HTML = b"<!doctype html><title>Not a picture</title><script>document.title='owned'</script>"


@functools.lru_cache(maxsize=512)
def portrait(number: int) -> bytes:
    """Return a person's PNG: a pattern in two colours that follows from the id."""
    hue = number * GOLDEN_ANGLE % 1
    picture = Image.new("RGB", (SIDE, SIDE), _colour(hue, 0.3))
    draw = ImageDraw.Draw(picture)
    bits = int.from_bytes(hashlib.sha256(str(number).encode()).digest())
    cell, colour = SIDE // CELLS, _colour(hue + 0.08, 0.72)
    for row in range(CELLS):
        for column in range(CELLS // 2):
            shape, bits = bits % 4, bits // 4
            for mirrored in (False, True):
                left, top = column * cell, row * cell
                corners = _shape(shape, left, top, cell)
                if mirrored:
                    corners = [(SIDE - x, y) for x, y in corners]
                draw.polygon(corners, fill=colour)
    return _encode(picture, "PNG")


def _colour(hue: float, lightness: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, lightness, 0.6)
    return round(red * 255), round(green * 255), round(blue * 255)


def _shape(shape: int, left: int, top: int, side: int) -> list[tuple[int, int]]:
    """Return a cell's polygon: one of two triangles, a diamond or a small square."""
    right, bottom, half, quarter = left + side, top + side, side // 2, side // 4
    return [
        [(left, top), (right, top), (left, bottom)],
        [(right, top), (right, bottom), (left, bottom)],
        [(left + half, top), (right, top + half), (left + half, bottom), (left, top + half)],
        [
            (left + quarter, top + quarter),
            (right - quarter, top + quarter),
            (right - quarter, bottom - quarter),
            (left + quarter, bottom - quarter),
        ],
    ][shape]


def _encode(picture: Image.Image, kind: str) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind)
    return written.getvalue()


@functools.cache
def bomb() -> bytes:
    """Return a valid PNG of a few kilobytes that decodes to 400 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    # One bit a pixel, and before each line a byte that says which filter it has.
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    line = bytes(1 + BOMB_SIDE // 8)
    pixels = b"".join(packer.compress(line) for _ in range(BOMB_SIDE)) + packer.flush()
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return PNG_SIGNATURE + chunks


@functools.cache
def located() -> bytes:
    """Return a JPEG whose EXIF data say where it was taken."""
    exif = Image.Exif()
    exif[IFD.GPSInfo] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: (35.0, 41.0, 21.0),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: (51.0, 23.0, 20.0),
    }
    written = io.BytesIO()
    Image.open(io.BytesIO(portrait(1))).save(written, "JPEG", exif=exif)
    return written.getvalue()


@functools.cache
def animated() -> bytes:
    """Return a GIF of fifty frames."""
    frames = [Image.new("RGB", (64, 64), _colour(n / FRAMES, 0.5)) for n in range(FRAMES)]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:], duration=40)
    return written.getvalue()


async def _huge(request: web.Request) -> web.StreamResponse:
    # Without a length, so that only counting tells.
    response = web.StreamResponse(headers={"Content-Type": "image/png"})
    await response.prepare(request)
    # A client that has had enough is right.
    with contextlib.suppress(ConnectionError):
        await response.write(PNG_SIGNATURE)
        for _ in range(HUGE_BYTES // len(CHUNK)):
            await response.write(CHUNK)
    return response


async def _slow(request: web.Request) -> web.StreamResponse:
    body = portrait(1)
    response = web.StreamResponse(headers={"Content-Type": "image/png"})
    response.content_length = len(body)
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for byte in body:
            await response.write(bytes([byte]))
            await asyncio.sleep(1)
    return response


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _body(make: Callable[[], bytes], kind: str, status: int = 200) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=make(), status=status, headers={"Content-Type": kind})

    return answer


def _redirect(target: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": target})

    return answer


HOSTILE: Mapping[str, Handler] = {
    "svg": _body(lambda: SVG, "image/png"),
    "svg-honest": _body(lambda: SVG, "image/svg+xml"),
    "bomb": _body(bomb, "image/png"),
    "huge": _huge,
    "redirect": _redirect(PRIVATE),
    "loop": _redirect("/avatars/hostile/loop"),
    "garbage": _body(lambda: hashlib.shake_256(b"garbage").digest(4096), "image/png"),
    "empty": _body(lambda: b"", "image/png"),
    "html": _body(lambda: HTML, "text/html; charset=utf-8"),
    "slow": _slow,
    "500": _body(lambda: b"Internal Server Error\n", "text/plain; charset=utf-8", 500),
    "exif": _body(located, "image/jpeg"),
    "animated": _body(animated, "image/gif"),
}


async def show(request: web.Request) -> web.StreamResponse:
    """Send the avatar of a person, also of one who is not there any more."""
    return web.Response(body=portrait(int(request.match_info["id"])), content_type="image/png")


async def show_hostile(request: web.Request) -> web.StreamResponse:
    """Send a hostile avatar."""
    handler = HOSTILE.get(request.match_info["name"])
    if handler is None:
        raise web.HTTPNotFound
    return await handler(request)

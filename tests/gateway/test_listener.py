"""The listener ends when its process does, whatever its Redis client makes of a cancellation."""

import asyncio
from typing import Any

from gateway.invalidation import BEAT_SECONDS, Listener


class Deaf:
    """A Redis client whose first reads take a cancellation for a timeout, as redis-py may."""

    def __init__(self, *, times: int) -> None:
        self.times = times

    def pubsub(self) -> "Deaf":
        return self

    async def __aenter__(self) -> "Deaf":
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass

    async def subscribe(self, name: str) -> None:
        pass

    async def ping(self) -> None:
        pass

    async def get_message(self, *, timeout: float) -> None:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            self.times -= 1
            if self.times < 0:
                raise


def stop_one(client: Any) -> float:
    """Start a listener, stop it, and return how many seconds that took."""

    async def story() -> float:
        loop = asyncio.get_running_loop()
        listener = Listener(
            client,
            forget_key=lambda key: None,
            forget_catalogue=lambda: None,
            hear_route=lambda route, seconds: None,
        )
        listener.start()
        await asyncio.sleep(0.01)
        begun = loop.time()
        await asyncio.wait_for(listener.stop(), 10)
        return loop.time() - begun

    return asyncio.run(story())


def test_a_listener_stops_at_once() -> None:
    assert stop_one(Deaf(times=0)) < BEAT_SECONDS / 2


def test_a_listener_whose_cancellation_is_lost_stops_all_the_same() -> None:
    assert stop_one(Deaf(times=1)) < 3 * BEAT_SECONDS

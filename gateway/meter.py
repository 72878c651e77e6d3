"""What one call used: the provider's own counts where they came, else what was delivered."""

import logging
import time

from gateway.pricing import MOST_TOKENS, Tokens
from gateway.wire.call import BYTES_PER_TOKEN

log = logging.getLogger("lumyx.gateway")

SMALL_DELTA = 8
"""Bytes up to which a delta is taken for one token, where the provider reports no usage."""
MOST_BYTES_PER_TOKEN = 12
"""Text of which a token takes more bytes, on average, does not exist in practice."""


class Meter:
    """Counts the output of one call as it passes, and keeps what its provider reports."""

    def __init__(
        self,
        *,
        call_id: str,
        streamed: bool,
        input_estimate: int,
        most_output: int = MOST_TOKENS,
    ) -> None:
        self._call_id = call_id
        self._streamed = streamed
        self._input_estimate = input_estimate
        self._reported: Tokens | None = None
        self._final = False
        self.pieces = 0
        self.size = 0
        self.most_output = most_output
        """Output tokens that what was set aside pays for."""
        self.first_at: float | None = None
        """When the first output came, by the monotonic clock."""

    def deliver(self, pieces: int, size: int) -> None:
        """Count output that came: in how many pieces, and its bytes."""
        if pieces:
            self.pieces += pieces
            self.size += size
            if self.first_at is None:
                self.first_at = time.monotonic()

    def report(self, tokens: Tokens | None, *, final: bool = True) -> None:
        """Take the provider's counts; None stands for counts that cannot be."""
        if tokens is None:
            log.error("alarm: impossible usage in call %s", self._call_id)
        elif final or not self._final:
            self._reported, self._final = tokens, final

    @property
    def reported(self) -> bool:
        """Whether the provider said what the whole call used."""
        return self._final

    def exhausted(self) -> bool:
        """Return whether the output surely costs more than what was set aside."""
        return max(self.pieces, self.size // MOST_BYTES_PER_TOKEN) > self.most_output

    def tokens(self) -> Tokens:
        """Return the provider's counts, or an estimate from what was delivered."""
        if self._reported is not None and self._final:
            return self._reported
        if self._streamed and self.size <= SMALL_DELTA * self.pieces:
            output = self.pieces
        else:
            output = -(-self.size // BYTES_PER_TOKEN)
        early = self._reported or Tokens(input=self._input_estimate)
        return Tokens(
            input=early.input,
            cache_read=early.cache_read,
            cache_write=early.cache_write,
            output=max(output, early.output),
        )

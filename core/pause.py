"""Who does not answer is not asked again at once."""

from __future__ import annotations

from time import monotonic


class Pause:
    """For a neighbour that the house can do without: after a failure it is left alone for some seconds, so that each
    failure costs its waiting time once and not once for everybody."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        return monotonic() < self._until

    def begin(self) -> None:
        self._until = monotonic() + self.seconds

"""The house's settings for a web process that waits for Twilio a second at most."""

from sufrah.settings import *  # noqa: F403

TWILIO_TIMEOUT_SECONDS = 1

"""A worker that takes up a conversation and never lets go: for the test that kills it."""

import asyncio
import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")


def main() -> None:
    django.setup()

    from sessions_state.dialogue import machine  # noqa: PLC0415 - models come after Django's setup
    from sufrah import worker  # noqa: PLC0415

    def hold(*_: object) -> None:
        print("holding", flush=True)  # noqa: T201 - what the test waits for
        time.sleep(600)

    machine.take_turn = hold  # type: ignore[assignment]
    asyncio.run(worker.run())


if __name__ == "__main__":
    main()

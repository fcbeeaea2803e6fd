"""Serve the embedded AWS until SIGTERM; settings come by environment variables, see `rehearsal.embedded.daemon`."""

import asyncio
import asyncio.constants
import os
import signal
import sys
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from rehearsal.daemon import end_with_starter
from rehearsal.embedded import saving, vanilla

_ENDS_WITHIN_SECONDS = 5.0
"""For answers that are under way; the state is saved afterwards, in any case."""


def _install() -> None:
    vanilla.check()
    from rehearsal.embedded import (  # noqa: PLC0415 - they take hold of what the check has found
        buckets,
        budgets,
        change_sets,
        emr_actions,
        emr_types,
        events,
        instance_profiles,
        schedules,
        security_groups,
        service_linked_roles,
        sessions,
        step_functions,
        vpc_endpoints,
    )
    from rehearsal.embedded.types import register  # noqa: PLC0415

    modules = (buckets, change_sets, emr_actions, events, saving, security_groups, service_linked_roles, sessions)
    for module in (*modules, schedules, step_functions, vpc_endpoints):
        module.install()
    for types in (budgets.TYPES, emr_types.TYPES, instance_profiles.TYPES, schedules.TYPES, security_groups.TYPES):
        register(types)


async def _serve() -> None:
    from rehearsal.embedded import vpc_endpoints  # noqa: PLC0415 - as above

    config = Config()
    inside = int(os.environ["FRUITS_INSIDE_PORT"])
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}", f"127.0.0.1:{inside}"]
    config.certfile = os.environ["MINISTACK_SSL_CERT"]
    config.keyfile = os.environ["MINISTACK_SSL_KEY"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    # A client that keeps its connection and does nothing would hold up the end for half a minute.
    asyncio.constants.SSL_SHUTDOWN_TIMEOUT = 0.5
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    end_with_starter()
    keeping = asyncio.create_task(saving.save_now_and_then())
    application: Any = saving.noticing(vpc_endpoints.from_inside(vanilla.app.app, inside))
    serving = asyncio.create_task(serve(application, config, shutdown_trigger=stop.wait))
    ended = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, ended], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait([serving], timeout=_ENDS_WITHIN_SECONDS)
    if ended.done():
        # What waits for a client, a cluster or a timer, for hours perhaps, must not hold up the end.
        keeping.cancel()
        saving.save()
        sys.stdout.flush()
        os._exit(0)
    await serving


def main() -> None:
    """Start."""
    try:
        saving.require_whole_states()
        _install()
    except (vanilla.Moved, saving.Damaged) as error:
        sys.exit(f"error: {error}")
    asyncio.run(_serve())


if __name__ == "__main__":
    main()

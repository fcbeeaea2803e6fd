"""``fruits images``: get, render and upload photographs."""

from collections.abc import Mapping
from typing import ClassVar

import typer

from ops.loading import Offer, OfferedCommands


class ImageCommands(OfferedCommands):
    """The commands about photographs."""

    offers: ClassVar[Mapping[str, Offer]] = {
        "upload": Offer("ops.upload.command:upload"),
        "sample": Offer("ops.local.commands.sample:sample"),
        "fetch": Offer("ops.local.commands.fetch:fetch"),
    }


images = typer.Typer(cls=ImageCommands, no_args_is_help=True, help="Get, render and upload photographs.")

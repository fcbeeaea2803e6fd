"""The price in the recordings of the demonstration is the price of now."""

import os

from rehearsal.present.backstage import Backstage
from rehearsal.present.comparing import outdated
from rehearsal.present.recording import WIDE, cast_of
from rehearsal.present.scenes import read_scenes
from rehearsal.present.show import Played
from tests.rehearsal.clusters import SPARK_PATIENCE_SECONDS


def test_the_price_that_is_recorded_is_the_price_of_now() -> None:
    (scene,) = [scene for scene in read_scenes() if scene.name == "price"]
    environment = {**os.environ, "FRUITS_CONTEXT": "env=demo mode=interactive"}
    said: list[str] = []
    Backstage(environment, size=WIDE, browser=False).run(
        scene.commands[0], seconds=SPARK_PATIENCE_SECONDS, write=said.append
    )
    played = Played(
        scene=scene, outputs=((0.0, f"$ {scene.commands[0]}\r\n"), (1.0, "".join(said))), why=None, seconds=0.0
    )
    assert outdated(scene, "en", cast_of(played, "en").lines) == []

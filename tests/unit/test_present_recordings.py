"""The recordings that are kept: of the commands that there are, telling nothing they must not, on one page."""

import pytest

from job.notebook.words import LANGUAGES, Language
from rehearsal.present.cast import harmful, read_cast
from rehearsal.present.comparing import comparable, outdated
from rehearsal.present.page import page
from rehearsal.present.poster import POSTER, drawn_poster
from rehearsal.present.scenes import RECORDINGS, Scene, read_scenes
from rehearsal.scenario.page import outside

SCENES = read_scenes()
OF_EACH = [(scene, language) for scene in SCENES for language in LANGUAGES]


@pytest.mark.parametrize(("scene", "language"), OF_EACH, ids=lambda part: getattr(part, "name", part))
def test_each_scene_has_a_recording_of_its_commands_that_tells_nothing_it_must_not(
    scene: Scene, language: Language
) -> None:
    assert outdated(scene, language) == []
    cast = read_cast(scene.recording(language))
    assert harmful(cast) == []
    assert len(comparable(cast.lines, settled=False)) > len(cast.commands)
    assert "".join(cast.lines).startswith(f"$ {cast.commands[0]}")


def test_recordings_are_small_and_no_others_are_kept() -> None:
    files = {path.name: path.stat().st_size for path in RECORDINGS.glob("*.cast")}
    assert files.keys() == {scene.recording(language).name for scene, language in OF_EACH}
    assert max(files.values()) < 100_000
    assert sum(files.values()) < 400_000


def test_the_page_holds_all_recordings_in_both_languages_and_takes_nothing_from_elsewhere() -> None:
    text = page(SCENES)
    assert outside(text) == []
    assert "default-src 'none'" in text
    for scene in SCENES:
        assert f'data-scene="{scene.name}"' in text
        assert scene.title.text("fr") in text


def test_the_picture_of_the_readme_is_that_of_the_recordings() -> None:
    assert POSTER.read_text(encoding="utf-8") == drawn_poster(), "run: python -m rehearsal.present.poster"
    assert POSTER.stat().st_size < 500_000

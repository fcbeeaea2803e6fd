"""The rendered sample: same bytes every time, the layout of Fruits-360, and nobody's files touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from io import BytesIO
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ops.local.sample import LABELS, MARKER, SampleError, SampleSummary, render_sample
from ops.local.sample.fruit import SPECIES
from ops.local.sample.scene import LYING, photograph

LABEL = "Banana"
PER_LABEL = 10


def render(folder: Path) -> SampleSummary:
    return render_sample(folder, per_label=PER_LABEL, labels=[LABEL])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


def times(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*.jpg")}


def pixels(path: Path) -> NDArray[np.float64]:
    with Image.open(path) as image:
        return np.asarray(image, dtype=np.float64)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample that no test changes."""
    folder = tmp_path_factory.mktemp("rendered")
    render(folder)
    return folder


@pytest.fixture
def copy(rendered: Path, tmp_path: Path) -> Iterator[Path]:
    """A sample to damage; its files keep their modification times."""
    folder = tmp_path / "copy"
    shutil.copytree(rendered, folder)
    yield folder
    assert contents(folder) == contents(rendered)


@pytest.fixture(scope="module")
def every_label(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("every_label")
    render_sample(folder, per_label=5)
    return folder


def test_two_renders_in_different_folders_are_byte_identical(rendered: Path, tmp_path: Path) -> None:
    render(tmp_path)
    assert contents(tmp_path) == contents(rendered)
    assert (tmp_path / MARKER).read_bytes() == (rendered / MARKER).read_bytes()


def test_another_seed_changes_every_photograph(rendered: Path, tmp_path: Path) -> None:
    render_sample(tmp_path, per_label=PER_LABEL, labels=[LABEL], seed=21)
    other = contents(tmp_path)
    assert other
    assert all(content != contents(rendered)[name] for name, content in other.items())


@pytest.mark.slow
def test_a_photograph_does_not_depend_on_the_other_labels(every_label: Path, tmp_path: Path) -> None:
    render_sample(tmp_path, per_label=5, labels=[LABEL])
    assert contents(tmp_path).items() <= contents(every_label).items()


def test_four_in_five_photographs_of_each_label_are_for_training(rendered: Path) -> None:
    counts = [len(list((rendered / split / LABEL).glob("*_100.jpg"))) for split in ("Training", "Test")]
    assert counts == [8, 2]


@pytest.mark.slow
def test_every_label_is_rendered_in_both_splits(every_label: Path) -> None:
    assert len(LABELS) == 12
    for split in ("Training", "Test"):
        assert sorted(path.name for path in (every_label / split).iterdir()) == sorted(LABELS)


def test_names_carry_the_axis_and_the_angle(rendered: Path) -> None:
    names = {path.name for path in rendered.rglob("Banana/*.jpg")}
    angles = (0, 72, 144, 216, 288)
    assert names == {f"{axis}{angle}_100.jpg" for axis in ("", "r_") for angle in angles}


def test_the_splits_share_no_view(rendered: Path) -> None:
    training, test = ({path.name for path in (rendered / split / LABEL).iterdir()} for split in ("Training", "Test"))
    assert not training & test


def test_the_test_split_shows_another_specimen(rendered: Path, tmp_path: Path) -> None:
    # With twice the photographs, a view that was for the test above is for training here.
    render_sample(tmp_path, per_label=2 * PER_LABEL, labels=[LABEL])
    test = {path.name: path for path in (rendered / "Test" / LABEL).iterdir()}
    training = {path.name: path for path in (tmp_path / "Training" / LABEL).iterdir()}
    shared = test.keys() & training.keys()
    assert shared
    for name in shared:
        difference = np.abs(pixels(test[name]) - pixels(training[name]))
        assert difference.mean() > 4


@pytest.mark.slow
def test_photographs_are_rgb_and_100_pixels_square(every_label: Path) -> None:
    for path in every_label.rglob("*.jpg"):
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (100, 100))


@pytest.mark.slow
def test_the_border_is_white(every_label: Path) -> None:
    for path in every_label.rglob("*.jpg"):
        image = pixels(path)
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        assert border.mean() > 253, path
        # JPEG rings by a few levels beside the fruit.
        assert border.min() > 225, path


@pytest.mark.slow
def test_the_fruit_fills_the_frame_in_one_direction_at_least(every_label: Path) -> None:
    for path in every_label.rglob("*.jpg"):
        fruit = pixels(path).min(axis=2) < 215
        extent = max(np.flatnonzero(fruit.any(axis=side)).size for side in (0, 1))
        assert 88 <= extent <= 97, path


@pytest.mark.parametrize("angle", [60, 85, 95])
def test_no_ground_shows_through_a_fruit_seen_end_on(angle: float) -> None:
    rng = np.random.default_rng(20)
    shot = photograph(SPECIES["Banana"](rng), LYING, angle, rng, comment=b"")
    with Image.open(BytesIO(shot)) as image:
        level = np.asarray(image, dtype=np.float64).min(axis=2)
    around = np.stack([np.roll(level, step, axis=(0, 1)) for step in product((-1, 0, 1), repeat=2) if any(step)])
    inside = around.max(axis=0) < 200
    assert inside.sum() > 1000
    assert (level - np.median(around, axis=0))[inside].max() < 60


def test_different_angles_look_different(rendered: Path) -> None:
    shots = [pixels(path) for path in (rendered / "Training" / LABEL).iterdir()]
    for one, other in combinations(shots, 2):
        assert np.abs(one - other).mean() > 2


@pytest.mark.slow
def test_close_labels_differ_in_colour(every_label: Path) -> None:
    def colour(label: str) -> NDArray[np.float64]:
        shots = np.stack([pixels(path) for path in every_label.glob(f"*/{label}/*.jpg")])
        return np.asarray(shots[shots.min(axis=3) < 200].mean(axis=0))

    for one, other in combinations(LABELS, 2):
        assert np.abs(colour(one) - colour(other)).max() > 8, (one, other)


def test_the_marker_says_what_was_rendered(rendered: Path) -> None:
    marker = json.loads((rendered / MARKER).read_text())
    assert marker.pop("renderer") >= 1
    assert len(marker.pop("sha256")) == 64
    assert marker == {
        "rendered": True,
        "seed": 20,
        "per_label": PER_LABEL,
        "photographs": 10,
        "labels": [LABEL],
    }


def test_a_complete_sample_is_only_read(copy: Path) -> None:
    before, seen = times(copy), []
    summary = render_sample(copy, per_label=PER_LABEL, labels=[LABEL], progress=lambda *step: seen.append(step))
    assert (summary.written, seen) == (0, [(10, 10)])
    assert times(copy) == before


def test_an_incomplete_sample_is_completed_and_the_rest_not_rewritten(copy: Path) -> None:
    (copy / MARKER).unlink()
    missing = next(iter((copy / "Test" / LABEL).iterdir()))
    missing.unlink()
    before = times(copy)
    assert render(copy).written == 1
    assert before.items() <= times(copy).items()
    assert (copy / MARKER).exists()


@pytest.mark.parametrize("kept", [0, 1500])
def test_a_damaged_photograph_is_rendered_again(copy: Path, kept: int) -> None:
    damaged = next(iter((copy / "Training" / LABEL).iterdir()))
    damaged.write_bytes(damaged.read_bytes()[:kept])
    assert render(copy).written == 1


def test_an_unreadable_marker_is_written_again(copy: Path) -> None:
    (copy / MARKER).write_text("{")
    assert render(copy).written == 0
    assert json.loads((copy / MARKER).read_text())["rendered"] is True


def test_a_run_that_stops_leaves_no_marker(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_sample(tmp_path, per_label=PER_LABEL, labels=[LABEL], progress=stop)
    assert len(contents(tmp_path)) == 3
    assert not (tmp_path / MARKER).exists()


@pytest.mark.slow
def test_a_smaller_sample_replaces_a_larger_one(every_label: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(every_label, folder)
    summary = render_sample(folder, per_label=5, labels=[LABEL])
    assert (summary.photographs, summary.written, summary.removed) == (5, 0, 55)
    assert [path.name for path in (folder / "Training").iterdir()] == [LABEL]


def test_progress_counts_every_photograph(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    render_sample(tmp_path, per_label=5, labels=[LABEL], progress=lambda *step: seen.append(step))
    assert seen == [(done, 5) for done in range(1, 6)]


def test_hidden_files_are_left_alone(copy: Path) -> None:
    hidden = copy / "Training" / ".DS_Store"
    hidden.write_bytes(b"view settings")
    assert render(copy).written == 0
    assert hidden.exists()


@pytest.mark.parametrize("name", ["notes.txt", "Training/Banana/0_100.jpg", "Training/Banana/holiday.jpg"])
def test_a_folder_with_somebodys_files_is_refused_and_untouched(tmp_path: Path, name: str) -> None:
    theirs = tmp_path / name
    theirs.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (100, 100), "green").save(theirs, "JPEG")
    before = theirs.read_bytes()
    with pytest.raises(SampleError, match=rf"{tmp_path} holds {name}.*new or empty folder"):
        render(tmp_path)
    assert theirs.read_bytes() == before
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [theirs]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample").touch()
    with pytest.raises(SampleError, match="is a file"):
        render(tmp_path / "sample")


@pytest.mark.parametrize("per_label", [4, 721])
def test_a_count_out_of_range_is_refused(tmp_path: Path, per_label: int) -> None:
    with pytest.raises(SampleError, match=f"per_label is {per_label}; give 5 to 720"):
        render_sample(tmp_path, per_label=per_label)


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="seed is -1; give 0 or more"):
        render_sample(tmp_path, seed=-1)


@pytest.mark.parametrize("labels", [(), ("Durian",)])
def test_labels_that_cannot_be_rendered_are_refused(tmp_path: Path, labels: tuple[str, ...]) -> None:
    with pytest.raises(SampleError, match=r"give some of: Apple Red 1, .*Tomato 1"):
        render_sample(tmp_path, labels=labels)

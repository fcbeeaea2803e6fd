"""What recordings and scenes are made of: what a terminal shows, what is left out, and how both are compared."""

import re
from pathlib import Path

import pytest

from ops.project import ROOT
from rehearsal.present.cast import MOST_IDLE_SECONDS, Cast, NoRecording, edited, harmful, read_cast
from rehearsal.present.comparing import compare, outdated
from rehearsal.present.page import NoPlayer, page
from rehearsal.present.scenes import NoScene, Scene, read_scenes
from rehearsal.present.screen import Screen, screen_after
from rehearsal.present.show import needed
from tests.documented_commands import read_as_the_command_line_does

SCENES = read_scenes()


def _scene(**given: object) -> Scene:
    both = {"fr": "a", "en": "b"}
    return Scene.model_validate(
        {"name": "one", "title": both, "says": both, "commands": ("fruits price",), "seconds": 9.0, **given}
    )


def _cast(text: str, *, command: str = "fruits price") -> Cast:
    return Cast(commands=(command,), width=40, height=10, outputs=((0.0, text),))


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("one\r\ntwo\n", ["one", "two"]),
        ("\x1b[1;32m$\x1b[0m go\x1b]8;;http://x\x1b\\here\x1b]8;;\x07", ["$ gohere"]),
        ("10 %\r20 %", ["20 %"]),
        ("wheel\r\x1b[2Kdone", ["done"]),
        ("a\nb\nc\x1b[1A\x1b[2K\r\x1b[1A\x1b[2Knew", ["new", "", "c"]),
        ("abcdefghijkl", ["abcdefghij", "kl"]),
        ("abcdefghij\nk", ["abcdefghij", "k"]),
        ("long\r\x1b[3Cs\x1b[K!", ["lons!"]),
        ("a\nb\x1b[1A\x1b[J", ["a"]),
    ],
)
def test_a_screen_shows_what_a_terminal_shows(written: str, lines: list[str]) -> None:
    assert screen_after(written, 10).lines == lines


def test_a_control_that_comes_in_two_pieces_is_one() -> None:
    screen = Screen(10)
    for piece in ("old\r\x1b", "[2", "Knew"):
        screen.feed(piece)
    assert screen.lines == ["new"]


def test_a_screen_keeps_colours_for_pictures() -> None:
    assert screen_after("\x1b[1m\x1b[31mred\x1b[0m plain", 20).coloured == ["\x1b[1m\x1b[31mred\x1b[0m plain"]


def test_a_recording_tells_no_account_address_or_folder() -> None:
    written = f"account 123456789012 of ann@example.org, {ROOT}/out, 10.0.0.7\n"
    kept = "".join(text for _, text in edited([(0.0, written)], width=200, names={str(ROOT): "/fruits"}))
    assert kept == "account <account> of <address>, /fruits/out, <ip>\n"


def test_a_recording_that_tells_one_is_refused() -> None:
    assert harmful(_cast("arn:aws:iam::123456789012:role/x"))
    assert harmful(_cast(f"in {ROOT}/out"))
    assert harmful(_cast("in /fruits/out")) == []


def test_waits_and_turning_wheels_are_cut() -> None:
    wheels = [(seconds / 10, f"\r{'⠋⠙⠹'[seconds % 3]} waiting 0:{seconds // 10:02d}") for seconds in range(600)]
    kept = edited([(0.0, "begins\n"), *wheels, (120.0, "\rends"), (300.0, "\n!")], width=40, names={})
    assert len(kept) == 3
    assert kept[-1][0] <= 2 * MOST_IDLE_SECONDS
    assert kept[-1][1] == "\n!"


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    cast = Cast(commands=("fruits price", "fruits leaks"), width=80, height=24, outputs=((0.5, "é\r\n"), (1.25, "b")))
    path = tmp_path / "one.cast"
    path.write_text(cast.text(), encoding="utf-8")
    assert read_cast(path) == cast


@pytest.mark.parametrize("content", ["", "{}\n", "no\n", '{"version": 2}\n[1]\n'])
def test_what_is_no_recording_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "one.cast"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NoRecording, match=r"one\.cast: not a recording"):
        read_cast(path)


def test_settled_commands_are_compared_to_the_last_figure() -> None:
    recorded = _cast("an hour 1.07\r\nprices 444 days old (from 2025-09-09)\r\n")
    same, dearer = ["an hour   1.07", "prices 9 days old (from 2026-09-09)"], ["an hour 1.09", "prices 1 days old"]
    assert list(compare(recorded, ("fruits price",), same, settled=True)) == []
    assert list(compare(recorded, ("fruits price",), dearer, settled=True)) == [
        "it shows 'an hour 1.07' where the commands show 'an hour 1.09'"
    ]


def test_of_other_commands_the_words_are_compared_without_figures_names_and_breaks() -> None:
    recorded = _cast(
        "Step s-D42J3KKVGVPXE on j-FCMD3F625MPDZ\r\n18:28:31 cluster j-FCMD3F625MPDZ WAITING\r\n"
        "took 58.2 s of 3.6 MiB\r\n"
        "Seconds 9.1 (start 5.2,\r\n        plan 0.4)\r\nReport s3://b/reports/4f11578988b\r\n e1e1a/report.html\r\n"
    )
    step = "Step s-AAAAAAAAAAAAA on j-BBBBBBBBBBBBB"
    now = [
        step,
        "took 3 min 2 s of 800 KiB",
        "Seconds 1216.1",
        "        (start 15.2, plan 0.4)",
        "Report s3://b/reports/aaaaaaaaaaa",
        " bbbbb/report.html",
    ]

    def found(lines: list[str]) -> list[str]:
        return list(compare(recorded, ("fruits price",), lines, settled=False))

    assert found(now) == []
    assert found([*now[1:], step]) == []
    assert found(now[1:]) == ["it shows 'Step # on #' where the commands show 'nothing'"]
    assert found([*now, "Bill 7"]) == ["it shows 'nothing' where the commands show 'Bill #'"]
    other = found([step.replace("Step", "Steps"), *now[1:]])
    assert other == ["it shows 'Step # on #' where the commands show 'Steps # on #'"]


def test_whether_a_stage_takes_as_long_in_two_runs_is_chance_and_not_told() -> None:
    recorded = _cast("Took 31.1 s 0.5 s  x 0.02\r\n  start  0.3 s  0.3 s\r\n")

    def found(*lines: str) -> list[str]:
        return list(compare(recorded, ("fruits price",), lines, settled=False))

    assert found("Took 9 s 3 s  x 0.33", "  start  0.3 s  0.4 s  x 1.33") == []
    assert found("Took 9 s 3 s", "  start  0.3 s  0.4 s  x 1.33") == [
        "it shows 'Took # # x #' where the commands show 'Took # #'"
    ]


def test_settled_lines_in_another_order_are_told() -> None:
    assert list(compare(_cast("a\r\nb\r\n"), ("fruits price",), ["b", "a"], settled=True))


def test_a_scene_with_another_command_than_its_recording_is_outdated(tmp_path: Path) -> None:
    scene = _scene(commands=("fruits price --machine",))
    (tmp_path / "one.cast").write_text(_cast("x").text(), encoding="utf-8")
    (fault,) = outdated(scene, "fr", folder=tmp_path)
    assert "it runs 'fruits price', the scene 'fruits price --machine'" in fault
    assert "fruits present --record --scene one" in fault
    assert "there is no such recording" in outdated(_scene(name="two"), "fr", folder=tmp_path)[0]


@pytest.mark.parametrize("lacking", ["fr", "en"])
def test_a_scene_in_one_language_is_refused(tmp_path: Path, lacking: str) -> None:
    has = {"fr": "en", "en": "fr"}[lacking]
    table = tmp_path / "scenes.toml"
    row = f'name = "a"\ntitle = {{ fr = "x", en = "y" }}\nsays = {{ {has} = "x" }}\n'
    table.write_text(f'[[scenes]]\n{row}commands = ["fruits price"]\nseconds = 1\n', encoding="utf-8")
    with pytest.raises(NoScene, match=rf"says\.{lacking}: Field required"):
        read_scenes(table)


def test_a_scene_that_needs_a_later_one_is_refused(tmp_path: Path) -> None:
    texts = 'title = { fr = "x", en = "y" }\nsays = { fr = "x", en = "y" }\ncommands = ["fruits price"]\nseconds = 1\n'
    table = tmp_path / "scenes.toml"
    table.write_text(f'[[scenes]]\nname = "a"\nneeds = ["b"]\n{texts}[[scenes]]\nname = "b"\n{texts}', encoding="utf-8")
    with pytest.raises(NoScene, match="a needs b, which do not come before it"):
        read_scenes(table)


def test_what_a_scene_needs_is_found_through_others() -> None:
    assert needed(SCENES, {"bill"}) == {"review", "deploy", "destroy"}
    assert needed(SCENES, {"price"}) == set()


def test_sentences_have_no_figures_of_their_own() -> None:
    said = [text for scene in SCENES for text in (scene.says.fr, scene.says.en, scene.title.fr, scene.title.en)]
    assert [text for text in said if re.search(r"\d", re.sub(r"\b(S3|MobileNetV2)\b", "", text))] == []


@pytest.mark.parametrize("command", [command for scene in SCENES for command in scene.typed("en")])
def test_commands_of_scenes_are_ones_that_there_are(command: str) -> None:
    read_as_the_command_line_does(command)


def test_without_the_player_the_page_names_what_installs_it(tmp_path: Path) -> None:
    with pytest.raises(NoPlayer, match="make setup"):
        page(SCENES, player=tmp_path)

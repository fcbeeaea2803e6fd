"""Which photographs fit the probe, and which score it."""

import pytest

from job.components.splits import SplitRule, labels_on_one_side


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("Training/Apple/1.jpg", "train"),
        ("Test/Apple/1.jpg", "test"),
        ("fruits/training/Apple/1.jpg", "train"),
        ("fruits/TEST/Apple/deep/1.jpg", "test"),
    ],
)
def test_a_folder_in_the_path_decides(path: str, split: str) -> None:
    assert SplitRule(test_share=0.5).split_of(path) == (split, True)


@pytest.mark.parametrize("path", ["Apple/Test", "Apple/Test.jpg", "Testing/1.jpg", "MyTraining/1.jpg", "1.jpg"])
def test_a_name_that_only_resembles_a_split_folder_does_not_decide(path: str) -> None:
    assert SplitRule().split_of(path)[1] is False


def test_a_photograph_below_both_folders_is_for_the_test() -> None:
    assert SplitRule().split_of("Training/Test/1.jpg") == ("test", True)


def test_the_names_of_the_folders_can_be_given() -> None:
    rule = SplitRule("fit", "score")
    assert rule.split_of("Fit/Apple/1.jpg") == ("train", True)
    assert rule.split_of("SCORE/Apple/1.jpg") == ("test", True)
    assert rule.split_of("Test/Apple/1.jpg")[1] is False


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_without_folders_the_asked_share_is_for_the_test(share: float) -> None:
    rule = SplitRule(test_share=share)
    tests = sum(rule.split_of(f"Apple/{number}.jpg")[0] == "test" for number in range(5000))
    assert tests / 5000 == pytest.approx(share, abs=0.02)


def test_a_larger_share_keeps_the_photographs_of_a_smaller_one() -> None:
    paths = [f"Apple/{number}.jpg" for number in range(500)]
    small, large = (
        {path for path in paths if SplitRule(test_share=share).split_of(path)[0] == "test"} for share in (0.2, 0.4)
    )
    assert small < large


def test_a_path_with_any_characters_is_assigned_the_same_way_every_time() -> None:
    path = "pêche 🍑/100%\n#1.jpg"
    assert SplitRule().split_of(path) == SplitRule().split_of(path)


def test_a_label_in_one_split_alone_is_told() -> None:
    folders = ["Training/Kaki", "Test/Kaki", "Training/Plum not Ripened", "Test/Plum not Ripen", "Lemon"]
    assert list(labels_on_one_side(SplitRule(), folders)) == [
        "only Training has photographs of 'Plum not Ripened': renamed, or missing?",
        "only Test has photographs of 'Plum not Ripen': renamed, or missing?",
    ]


@pytest.mark.parametrize("folders", [["Kaki", "Plum"], ["Training/Kaki"], ["Training/Kaki", "Test/Kaki"], [""]])
def test_labels_in_both_splits_or_without_folders_of_splits_are_nothing_to_tell(folders: list[str]) -> None:
    assert list(labels_on_one_side(SplitRule(), folders)) == []

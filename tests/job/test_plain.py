"""Arguments that arrive whatever the locale between here and the job is."""

import pytest

from infra.job_settings import JobSettings
from job.arguments import parse_arguments
from job.errors import JobError
from job.plain import received, sent
from ops.local.spark_submit import Submission


def test_arguments_in_ascii_are_sent_as_they_are() -> None:
    arguments = ("--images", "s3://fruits/a b#1%?", "--train-folder=Training", "--csv", "")
    assert sent(arguments) == arguments


def test_other_letters_are_sent_as_headers_have_them() -> None:
    assert sent(["--train-folder", "Entraînement"]) == ("--train-folder", "UTF-8''Entra%C3%AEnement")
    assert sent(["--output=/résultats/1"]) == ("--output=UTF-8''/r%C3%A9sultats/1",)


@pytest.mark.parametrize(
    "argument",
    [
        "pêche",
        "--x=pêche",
        "桃",
        "🍎",
        "100% pêche",
        "a=é",
        "--x=a=é",
        "UTF-8''a",
        "what??",
        "a%C3",
        "é\n\t'\"\\$",
        "e\u0301",
    ],
)
def test_what_is_received_is_what_was_sent(argument: str) -> None:
    (plain,) = sent([argument])
    assert plain.isascii()
    assert received([plain]) == [argument]


@pytest.mark.parametrize(
    "argument", ["r??sultats", "--output=r??sultats", "r\ufffd\ufffdsultats", f"r{chr(0xDCC3)}sultats"]
)
def test_an_argument_that_has_lost_letters_is_refused(argument: str) -> None:
    with pytest.raises(JobError, match=r"has lost letters on its way here.*set LC_ALL=C\.UTF-8"):
        received([argument])


def test_one_question_mark_may_be_meant() -> None:
    assert received(["what?", "*.jp?g"]) == ["what?", "*.jp?g"]


def test_a_name_that_is_no_utf_8_is_refused_when_it_arrives() -> None:
    with pytest.raises(JobError, match="is not UTF-8"):
        received(sent(["p\udceache"]))


def test_the_job_takes_arguments_as_they_were_meant() -> None:
    given = sent(["--images", "/pêches", "--output", "/résultats", "--train-folder=Entraînement"])
    arguments = parse_arguments(given)
    assert (arguments.images.path, arguments.output.path) == ("/pêches", "/résultats")
    assert arguments.splits.train_folder == "Entraînement"


def test_the_step_and_the_local_run_send_other_letters_so() -> None:
    options = JobSettings(train_folder="Entraînement").job_options
    command = Submission(("--train-folder", "Entraînement")).command()
    for arguments in (options, tuple(command)):
        assert arguments[arguments.index("--train-folder") + 1] == "UTF-8''Entra%C3%AEnement"

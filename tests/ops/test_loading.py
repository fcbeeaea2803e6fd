"""The command line loads the command that is asked for, and no other."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from ops.cli import app
from ops.loading import Offer

_PRINT_MODULES = (
    "from ops.cli import app; import sys; app(prog_name='fruits', standalone_mode=False); print(*sys.modules)"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "needless"),
    [
        (["--version"], ("boto3", "pandas", "pyarrow", "pyspark")),
        (["price", "--help"], ("boto3", "pandas", "pyarrow", "pyspark")),
        (["images", "--help"], ("pandas", "pyspark")),
        (["status", "--help"], ("pandas", "pyspark")),
        (["aws", "env", "--help"], ("pandas", "pyarrow", "pyspark")),
    ],
    ids=" ".join,
)
def test_a_command_does_not_load_what_only_others_need(words: list[str], needless: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", _PRINT_MODULES, *words], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "ops.loading" in loaded
    assert not {*needless}.intersection(loaded)


def test_a_command_that_nobody_offers_is_refused_with_the_nearest_name() -> None:
    done = CliRunner().invoke(app, ["featurise"])
    assert done.exit_code == 2
    assert "Did you mean 'featurize'?" in done.output


def test_each_command_bears_the_name_by_which_it_is_offered() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {name: commands[name].name for name in commands} == {name: name for name in commands}
    assert len(commands) > 20


@pytest.mark.parametrize("target", ["ops.nowhere:price", "ops.pricing.command:nothing"])
def test_an_offer_of_what_is_not_there_fails_when_it_is_asked_for(target: str) -> None:
    with pytest.raises((ImportError, AttributeError), match=r"nowhere|nothing"):
        Offer(target).load("price")

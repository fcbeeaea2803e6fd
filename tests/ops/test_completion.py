"""What a shell offers behind Tab."""

import os
import subprocess
import sys

import pytest

from infra.names import STACKS
from ops.completion import complete_setting, complete_stack


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("env=p", ["env=prod"]),
        ("env=d", ["env=demo", "env=dev"]),
        ("mode=", ["mode=transient", "mode=interactive"]),
        ("notebook=t", ["notebook=true"]),
        ("region=eu-west-3", ["region=eu-west-3"]),
        ("core_v", ["core_vcpus="]),
        ("core_vcpus=", []),
        ("colour=", []),
    ],
)
def test_settings_are_offered_with_the_values_that_they_take(typed: str, offered: list[str]) -> None:
    assert complete_setting(typed) == offered


def test_stacks_are_offered_by_their_names() -> None:
    assert complete_stack("") == list(STACKS)
    assert complete_stack("FruitsC") == ["FruitsCompute"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("fruits price -c env=p", "env=prod"),
        ("fruits review --stack FruitsG", "FruitsGuard"),
        ("fruits use envi", ""),
        ("fruits use env", "env="),
    ],
)
def test_a_shell_is_answered_with_them(typed: str, offered: str) -> None:
    words = {"_FRUITS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    code = "from ops.cli import app; app(prog_name='fruits')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **words}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [*filter(None, [offered])], done.stderr

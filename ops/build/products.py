"""Make the build products that synthesis needs: `python -m ops.build.products [--engine E] [--architecture A]`."""

import argparse
import hashlib
import sys
from pathlib import Path

from infra.instance_types import Architecture
from infra.spark import Engine
from job.errors import JobError
from job.features.weights import checkpoint, load_backbone
from ops.build.wheelhouse import Wheelhouse, WheelhouseError
from ops.project import ROOT


def make_model(folder: Path, engine: Engine) -> Path:
    """Put the weights that the nodes of an engine load into a folder: a frozen model, or the checkpoint.

    Raises
    ------
    JobError
        If the weights are not installed, or not the right ones.
    """
    if engine == "litert":
        content = load_backbone("litert", "torchvision").payload
        assert isinstance(content, bytes)
        target = folder / "mobilenet_v2.tflite"
    else:
        content = checkpoint("torchvision")
        target = folder / "mobilenet_v2.pth"
    if not target.exists() or hashlib.sha256(target.read_bytes()).digest() != hashlib.sha256(content).digest():
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return target


def main() -> int:
    """Build what is missing or old."""
    parser = argparse.ArgumentParser(description="Make the wheelhouse and the model that the stacks upload.")
    parser.add_argument("--engine", choices=("litert", "keras"), default="litert")
    parser.add_argument("--architecture", choices=("x86_64", "arm64"), default="x86_64")
    given = parser.parse_args()
    engine: Engine = given.engine
    architecture: Architecture = given.architecture
    wheelhouse = Wheelhouse.below(ROOT / "build", engine, architecture)
    try:
        if wheelhouse.is_complete():
            print(f"{wheelhouse.folder.relative_to(ROOT)} is up to date", file=sys.stderr)
        else:
            print(f"downloading wheels into {wheelhouse.folder.relative_to(ROOT)}", file=sys.stderr)
            wheelhouse.build()
        model = make_model(ROOT / "build" / "model", engine)
        print(f"{model.relative_to(ROOT)} is up to date", file=sys.stderr)
    except (WheelhouseError, JobError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

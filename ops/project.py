"""Where this project lies."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
"""Its folder, with app.py, requirements and the products of the build."""

"""How soon a report opens and prints: `python -m bench.report_page REPORT`.

REPORT is a ``report.html`` that the job left. It is opened in Chromium (from npm, installed by ``make deck``),
printed to PDF, and pictured on a phone and on a wide screen, light and dark.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Final

from bench.settings import OUT
from ops.deck.programs import PACKAGES, browser, run, with_libraries

_SCRIPT: Final = Path(__file__).with_name("report_page.mjs")


def main() -> None:
    """Print seconds to open and to print, pixels that stand out, and where the pictures are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="report.html that the job left")
    parser.add_argument("--times", type=int, default=5, help="how often it is opened")
    parser.add_argument("--folder", type=Path, default=OUT / "report-page", help="where pictures and PDF go")
    arguments = parser.parse_args()
    page, folder = arguments.report.resolve(), arguments.folder.resolve()
    if not page.is_file():
        parser.error(f"{page}: no such file; accepted: the report.html of a run, OUTPUT/reports/RUN/report.html")
    folder.mkdir(parents=True, exist_ok=True)
    chromium = browser("unpack")
    words = ["node", str(_SCRIPT), str(PACKAGES), chromium["program"], page.as_uri(), str(arguments.times), str(folder)]
    seen = json.loads(run(words, with_libraries(chromium)).splitlines()[-1])
    print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB")
    words, whole = (statistics.median(seconds) for seconds in zip(*seen["opened"], strict=True))
    print(f"can be read after {words:.2f} s, is whole after {whole:.2f} s (the middle of {arguments.times})")
    print(f"prints in {seen['printed']:.2f} s")
    for width, pixels in seen["wider"].items():
        print(f"at {width} pixels: {pixels} pixels stand out")
    print(f"pictures and PDF: {folder}")


if __name__ == "__main__":
    main()

"""Where the report of the last run lies."""

import tempfile
from pathlib import Path

import obstore
from obstore.exceptions import BaseError

from job.errors import JobError
from job.storage.layout import REPORTS, is_page
from job.storage.locations import Location
from job.storage.refusals import reason_of
from ops.errors import FruitsError


class NoReport(FruitsError):
    """There is no report where one was looked for."""


def last_report(output: str) -> Path:
    """Find the newest report below an output; one on S3 is copied to this machine.

    Raises
    ------
    NoReport
        If there is none, or it cannot be read.
    """
    try:
        location = Location.parse(output)
        store = location.open()
        found = [item for page in obstore.list(store, REPORTS) for item in page]
        reports = [item for item in found if is_page(item["path"])]
        if not reports:
            raise NoReport(
                f"no report below {output}/{REPORTS}; run: fruits featurize --images FOLDER --output {output}"
            )
        path = max(reports, key=lambda item: item["last_modified"])["path"]
        if location.bucket is None:
            return Path(location.child(path).path).resolve()
        copy = Path(tempfile.mkdtemp(prefix="fruits-")) / "report.html"
        copy.write_bytes(bytes(obstore.get(store, path).bytes()))
    except (JobError, BaseError, OSError) as error:
        raise NoReport(f"cannot look for reports below {output}: {reason_of(error)}") from error
    return copy

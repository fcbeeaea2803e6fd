"""Entry point of the job: `spark-submit --py-files job.zip main.py --images URI --output URI …`."""

import json
import logging
import sys

from job.arguments import parse_arguments
from job.errors import JobError
from job.pipeline import run


def main() -> int:
    """Run the job.

    Returns
    -------
    int
        0, or 2 with one line on standard error for what the user can mend.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        manifest = run(parse_arguments(sys.argv[1:]))
    except JobError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(manifest))
    return 0


if __name__ == "__main__":
    sys.exit(main())

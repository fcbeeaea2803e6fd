"""Entry point of the job: `spark-submit --py-files job.zip main.py --images URI --output URI …`."""

import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor

from job.arguments import parse_arguments
from job.errors import JobError
from job.session import open_session


def main() -> int:
    """Run the job.

    Returns
    -------
    int
        0, or 2 with one line on standard error for what the user can mend.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    for library in ("py4j", "botocore"):  # the latter tells of each place where it finds credentials
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        arguments = parse_arguments(sys.argv[1:])
        with ThreadPoolExecutor(1) as pool:
            session = pool.submit(open_session)
            from job.pipeline import run  # noqa: PLC0415 - the JVM opens the session while Python imports
            from job.record import recorded  # noqa: PLC0415

            manifest = recorded(arguments, lambda: run(arguments, session))
    except JobError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(manifest))
    return 0


if __name__ == "__main__":
    sys.exit(main())

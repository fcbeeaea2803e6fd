"""The kernel `pysparkkernel` of this machine: IPython over a local Spark, in place of EMR's sparkmagic over Livy.

It has what the notebook may rely on in both: a session by the name of `spark`, and the line ``%matplot plt``, by which
Livy shows the current figure as PNG.
"""

import base64
import io
import os
import shlex
from typing import Any, Final

from ipykernel.kernelapp import IPKernelApp
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import publish_display_data

from ops.local.spark_submit import environment, local_settings
from ops.project import ROOT

MASTER: Final = "local[*]"
DRIVER_MEMORY: Final = "1g"

_START = "from job.session import open_session; spark = open_session(); sc = spark.sparkContext"


def matplot(line: str) -> None:
    """Show the current figure of the module that a line names, such as ``plt``; Livy's magic of that name does.

    Raises
    ------
    NameError
        Where nothing has that name.
    """
    shell = InteractiveShell.instance()
    name = line.strip()
    if name not in shell.user_ns:
        raise NameError(f"%matplot {name}: nothing has that name; import matplotlib.pyplot as {name}")
    picture = io.BytesIO()
    shell.user_ns[name].gcf().savefig(picture, format="png")
    publish_display_data({"image/png": base64.b64encode(picture.getvalue()).decode("ascii")})


def load_ipython_extension(shell: Any) -> None:
    """Register the magic; IPython calls this."""
    shell.register_magic_function(matplot, "line")


def main() -> None:
    """Run the kernel until its client ends it; paths in the notebook are below the project's folder."""
    quiet = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}  # what Spark says would be output
    chosen = {**local_settings(DRIVER_MEMORY), **quiet}
    settings = [part for name, value in chosen.items() for part in ("--conf", f"{name}={value}")]
    os.environ |= environment()
    os.environ["PYSPARK_SUBMIT_ARGS"] = shlex.join(["--master", MASTER, *settings, "pyspark-shell"])
    os.chdir(ROOT)
    IPKernelApp.instance(extensions=["ops.local.kernel"], exec_lines=[_START])
    IPKernelApp.launch_instance()


if __name__ == "__main__":
    main()

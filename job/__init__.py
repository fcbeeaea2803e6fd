"""The PySpark job of Fruits!: photographs to MobileNetV2 features to principal components."""

import os
from typing import Final

__version__ = "0.1.0"

SINGLE_THREADED: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""One thread to a task: Spark runs a task on each core, and a library that starts one thread per core in each of them
makes all of them slower. On the driver, one thread gives the same components to the last bit whatever its cores."""

for variable in SINGLE_THREADED:  # here, as it has to be before NumPy is imported
    os.environ.setdefault(variable, "1")

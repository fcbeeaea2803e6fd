"""The driver of a session, which `spark-submit` runs: opens Spark, and runs statement after statement."""

import json
import socket
import sys

from pyspark.sql import SparkSession

from rehearsal.livy.interpreter import Interpreter


def main() -> None:
    """Speak with the server by lines of JSON, at a socket of Unix, until it closes that."""
    spark = SparkSession.builder.getOrCreate()
    context = spark.sparkContext
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(sys.argv[1])
        with server.makefile("rw", encoding="utf-8") as lines:
            print(json.dumps({"application": context.applicationId}), file=lines, flush=True)
            interpreter = Interpreter({"spark": spark, "sc": context})
            for line in lines:
                print(json.dumps(interpreter.execute(json.loads(line))), file=lines, flush=True)
    spark.stop()


if __name__ == "__main__":
    main()

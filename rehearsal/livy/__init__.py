"""A stand-in for Livy, which is in no registry: its REST calls, over a real Spark session for each of its sessions.

It runs on an instance by the standard library alone, and is copied there; what EMR installs beside it, the gateway and
the kernel "PySpark" of sparkmagic, are the real ones and speak to it as they would to Livy.

What it does not do, and Livy does:

- drivers run on the primary node (``client``), not as master of an application of YARN's;
- sessions are of the kind ``pyspark`` alone; there are no batches, no completion of code, no other user to act for;
- of the magics of Livy's interpreter it knows ``%matplot``, not ``%table`` and ``%json``;
- statements are not interrupted: one that is cancelled ends when it ends;
- it keeps no session over a restart.
"""

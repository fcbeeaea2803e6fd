"""The node: plays EMR's instances for the clusters of an embedded AWS, and really runs what was deployed.

Each cluster gets one machine: a folder of its own, a metadata service that hands out the credentials of the deployed
instance role, the bootstrap actions as deployed, then the steps on local Spark. Nothing that runs there inherits
anything from the user, holds a key, or has a way to the internet. `rehearsal.node.overrides` lists what differs
from the deployed configuration, and why.

Known differences from EMR:

- One machine plays all nodes: a bootstrap action runs once, executors are threads of the driver's process.
- The user is the one who started the node; `sudo` changes nothing. What belongs below ``/opt`` goes below the folder.
- Of the JARs a step can name, `command-runner.jar` alone; of Spark's deploy modes, `client` alone.
- Nobody can log in; there is no YARN, no HDFS, no Livy, no Spark history. A cluster is idle when no step is unfinished.
- A machine whose node process was restarted goes on; a step that ran is FAILED, a bootstrap begins anew.
"""

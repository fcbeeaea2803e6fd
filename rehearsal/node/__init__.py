"""The node: plays EMR's instances for the clusters of an embedded AWS, and really runs what was deployed.

Each cluster gets one machine with a disk of its own, on an instance in namespaces of Linux, if they are to be had:
AWS's host names, the metadata service with the credentials of the deployed instance role, the users and the folders
are there as on EC2. Then come the bootstrap actions as deployed, and the steps, on Spark's own master, workers and
external shuffle service. Nothing that runs there inherits anything from the user, holds a key, or has a way to the
internet. `rehearsal.node.overrides` lists what differs from the deployed configuration, and why.

Known differences from EMR:

- One machine plays all nodes: a bootstrap action runs once, executors share a disk with the driver.
- There is no YARN, no HDFS, no Spark history, and nobody can log in. No container is killed for its memory, no
  application master runs anywhere: sizes and labels are rules of synth.
- Notebooks find the gateway that EMR has and its kernel, in an environment of their own, and behind it a stand-in for
  Livy (`rehearsal.livy`) with real sessions of Spark. The gateway runs on the machine, and starts with its first call.
- Of the JARs a step can name, `command-runner.jar` alone; of Spark's deploy modes, `client` alone.
- What the network does not lead to refuses connections at once, where on AWS they would hang.
- A cluster is idle when no step is unfinished and no session of a notebook is open.
- A machine whose node process was restarted goes on; a step that ran is FAILED, a bootstrap begins anew.
"""

"""Beliefs that could stop a first run if they are wrong, the most dangerous first."""

from typing import Final

from ops.beliefs.belief import Belief, Phase

FIRST_RUN: Final = (
    Belief(
        number=1,
        belief="CREATE_COMPLETE arrives when the step starts, not when it ends",
        unknown=(
            "whether a job of seconds ends before CloudFormation looks, and is then rolled back as "
            '"failed to stabilize"'
        ),
        phase=Phase.TRANSIENT,
        shown_by="`cdk deploy FruitsCompute && aws emr list-steps --cluster-id ID`",
    ),
    Belief(
        number=6,
        belief="nodes need no KMS endpoint, for EC2 encrypts their volumes",
        unknown="whether EMR calls KMS from a node all the same",
        phase=Phase.TRANSIENT,
        shown_by="a start that passes BOOTSTRAPPING; else `/mnt/var/log/instance-controller` in the log bucket",
    ),
    Belief(
        number=7,
        belief="the nodes' role is enough for EMR's log upload and for S3A",
        unknown="ListBucket limited by prefix, no GetBucketLocation, logs with PutObject alone",
        phase=Phase.LOGS,
        shown_by=(
            "`aws emr describe-step …` and `aws s3 ls LogUri/ID/`; CloudTrail `errorCode=AccessDenied` by the role"
        ),
    ),
    Belief(
        number=11,
        belief=(
            "`python3.11` is on the nodes at bootstrap, with `venv`; if not, Amazon Linux's package is "
            "installed through the S3 endpoint"
        ),
        unknown="whether it is there before EMR installs its software, and that dnf reaches its repository",
        phase=Phase.TRANSIENT,
        shown_by=(
            'log of the bootstrap action in `LogUri/ID/node/…/bootstrap-actions/1/`: "installing python3.11" or not'
        ),
    ),
    Belief(
        number=13,
        belief="memory: YARN gets a node's memory less a quarter (2 to 8 GiB)",
        unknown="formula for 7.13",
        phase=Phase.PROBE,
        shown_by="`yarn node -list -showDetails` in a step",
    ),
    Belief(
        number=16,
        belief=(
            "a new account needs `AWSServiceRoleForEC2Spot` for Spot; EMR's role may make it, and "
            "preflight fails without it"
        ),
        unknown="whether EMR makes it in time, and what a Spot request without it looks like",
        phase=Phase.TRANSIENT,
        shown_by="`fruits preflight`; the fleet's events in `aws emr list-instance-fleets --cluster-id ID`",
    ),
    Belief(
        number=35,
        belief=(
            "the region of the deployment is enough for `aws s3 cp` at bootstrap; credentials are those "
            "of the metadata service"
        ),
        unknown="whether version 2 of the tool, which EMR 7.0 had, is on 7.13",
        phase=Phase.TRANSIENT,
        shown_by="log of the bootstrap action",
    ),
    Belief(
        number=34,
        belief="executors, which run as `yarn`, read what `hadoop` installed under umask 022",
        unknown="sudoers or a profile that narrows it again",
        phase=Phase.TRANSIENT,
        shown_by="a step that computes features; `ls -l /opt/fruits` in a step",
    ),
    Belief(
        number=36,
        belief="dynamic allocation starts without executors and adds them as tasks wait",
        unknown="how soon, and whether EMR adds to the settings that we give",
        phase=Phase.PROBE,
        shown_by="`fruits logs` of a step: executors registered; `spark-defaults.conf` on a node",
    ),
    Belief(
        number=37,
        belief=(
            "with YARN's node labels masters stay on core nodes, and executors go everywhere, for EMR "
            "makes the label with `exclusive=false` and gives its queue all of it"
        ),
        unknown="both, on EMR 7",
        phase=Phase.PROBE,
        shown_by=(
            "`yarn node -list -showDetails` and `yarn cluster --list-node-labels` in a step; where the master ran"
        ),
    ),
    Belief(
        number=47,
        belief="YARN counts memory alone, as we tell it, whatever EMR's own default",
        unknown="the classification `capacity-scheduler` is merged with EMR's file, not put in its place",
        phase=Phase.PROBE,
        shown_by="a step: `/etc/hadoop/conf/capacity-scheduler.xml` on a node",
    ),
    Belief(
        number=12,
        belief="Spark's encryption works with EMR's shuffle service once `yarn-site` says so",
        unknown="EMR's build of it",
        phase=Phase.TRANSIENT,
        shown_by="a job that shuffles: executors register, no `Expected SaslMessage` in the log",
    ),
    Belief(
        number=44,
        belief="CloudFormation waits while Spot is waited for (10 minutes) and nodes start",
        unknown="how long at most",
        phase=Phase.BY_HAND,
        shown_by="`cdk deploy -c spot_timeout_minutes=30` with a type that has no Spot capacity",
    ),
    Belief(
        number=46,
        belief="EMR's account-wide block of public access does not concern a private subnet",
        unknown="its check of security groups",
        phase=Phase.TRANSIENT,
        shown_by="`aws emr get-block-public-access-configuration`",
    ),
    Belief(
        number=45,
        belief="the Glue tables can be made by whoever deploys",
        unknown="accounts that Lake Formation governs",
        phase=Phase.DEPLOY,
        shown_by="`aws lakeformation get-data-lake-settings`",
    ),
    Belief(
        number=38,
        belief="EC2 may use the disks' key for Spot's role by the key's policy",
        unknown="whether Spot nodes of EMR need that, and `Client.InternalError` without it",
        phase=Phase.TRANSIENT,
        shown_by="a cluster with Spot nodes: `aws ec2 describe-instances`, state reasons",
    ),
    Belief(
        number=63,
        belief="nodes have glibc 2.34 (Amazon Linux 2023), and the wheels need 2.28",
        unknown="a release of EMR on another system",
        phase=Phase.PROBE,
        shown_by="`fruits probe`: `glibc`",
    ),
    Belief(
        number=64,
        belief=(
            "30 GiB are free for the packages, and a Python worker finds the memory that infra/spark.py "
            "leaves beside the heap"
        ),
        unknown="what EMR itself takes of disk and memory",
        phase=Phase.PROBE,
        shown_by="`fruits probe`: `disks`, `memory`",
    ),
    Belief(
        number=65,
        belief=(
            "EMR's and Amazon Linux's repositories are reached by HTTPS alone: groups let out 443 to S3, "
            "not all of TCP as EMR's page asks"
        ),
        unknown="a repository by HTTP, port 80",
        phase=Phase.TRANSIENT,
        shown_by="a start that passes BOOTSTRAPPING; `installing python3.11` in the log of the bootstrap action",
    ),
)

"""Beliefs that could cost, or let something fail later, if they are wrong."""

from typing import Final

from ops.beliefs.belief import Belief, Phase

LATER: Final = (
    Belief(
        number=9,
        belief=(
            "`elasticmapreduce:ResourceTag` limits TerminateJobFlows (`aws-sdk:emr:terminateJobFlows` "
            "itself is documented)"
        ),
        unknown="the key in a Step Functions role",
        phase=Phase.LIFETIME,
        shown_by="`cdk deploy -c max_lifetime=600s -c idle_stop=5m`, then `aws stepfunctions list-executions …`",
    ),
    Belief(
        number=43,
        belief="EventBridge may assume a role whose trust names `aws:SourceAccount`, as its guide recommends",
        unknown="a refusal shows only in `FailedInvocations`, which now has an alarm",
        phase=Phase.LIFETIME,
        shown_by="`aws stepfunctions list-executions …` after a start",
    ),
    Belief(
        number=81,
        belief=(
            "EventBridge Scheduler calls EMR's RunJobFlow with the request as EMR's reference writes it, tags "
            "included, "
            "under a role limited by `elasticmapreduce:RequestTag` ([decision "
            "324](decisions/0324-a-schedule-of-clusters.md))"
        ),
        unknown="whether it takes every key of the request, `OSReleaseLabel` among them, in EMR's own spelling",
        phase=Phase.BY_HAND,
        shown_by="`cdk deploy -c schedule=HH:MM` some minutes ahead, then `fruits status`; else the alarm `NotStarted`",
    ),
    Belief(
        number=40,
        belief=("of two STARTING events only the first is mailed, by the words of the second in EMR's table of events"),
        unknown="the exact words: another wording would bring two e-mails",
        phase=Phase.BY_HAND,
        shown_by="the mailbox, after a start",
    ),
    Belief(
        number=3,
        belief="a new cluster replaces one that has ended (decision 0106)",
        unknown="whether an in-place change would fail",
        phase=Phase.AGAIN,
        shown_by="`cdk deploy -c run_id=second`, then `cdk deploy -c run_id=second -c idle_stop=20m`",
    ),
    Belief(
        number=33,
        belief="targets of a running fleet can be changed in place, both being named; a task fleet can be added",
        unknown="how CloudFormation changes an interactive cluster, and whether it adds a fleet",
        phase=Phase.INTERACTIVE,
        shown_by="`cdk deploy -c env=dev -c core_vcpus=16`, then with another `task_spot_vcpus`, also from 0",
    ),
    Belief(
        number=2,
        belief="deleting a stack whose cluster has ended succeeds",
        unknown="never tried",
        phase=Phase.DESTROY,
        shown_by="wait for the cluster to end, then `cdk destroy FruitsCompute`",
    ),
    Belief(
        number=48,
        belief=(
            "EventBridge publishes to a topic only if its policy's statement has no condition ([decision "
            "232](decisions/0232-eventbridge-publishes-without-a-condition.md))"
        ),
        unknown="whether `aws:SourceAccount` would do after all",
        phase=Phase.BY_HAND,
        shown_by="add the condition to the topic's policy by hand, then look at `FailedInvocations` of the rule",
    ),
    Belief(
        number=42,
        belief=(
            "EMR forgets an ended cluster after two months, and a stack that holds it is then deleted "
            "with the cluster retained"
        ),
        unknown="whether CloudFormation's own deletion minds",
        phase=Phase.BY_HAND,
        shown_by="`fruits destroy` of a stack that is older than that",
    ),
    Belief(
        number=17,
        belief=(
            "managed scaling takes limits in units of fleets with weights of vCPUs (core ≤ On-Demand ≤ "
            "maximum holds here)"
        ),
        unknown="overshoot by one node",
        phase=Phase.INTERACTIVE,
        shown_by="`aws emr get-managed-scaling-policy --cluster-id ID`; `list-instances` under load",
    ),
    Belief(
        number=19,
        belief="the idle stop works in Milan and Spain",
        unknown="the page of 2023 does not list them",
        phase=Phase.BY_HAND,
        shown_by="start a cluster there with `-c idle_stop=60s`",
    ),
    Belief(
        number=41,
        belief=(
            "nodes cannot read assets under a key of the customer's (`cdk bootstrap "
            "--bootstrap-customer-key`); preflight fails"
        ),
        unknown="the kind of failure",
        phase=Phase.BY_HAND,
        shown_by="never try it on purpose",
    ),
    Belief(
        number=39,
        belief="Livy runs a notebook's driver in the cluster, with `spark.driver.memory` of 1 GiB",
        unknown="EMR's own defaults for sessions of a Studio",
        phase=Phase.BY_HAND,
        shown_by=('a notebook: `spark.conf.get("spark.driver.memory")`, and 4 executors on two core nodes of 4 vCPUs'),
    ),
    Belief(
        number=60,
        belief=(
            "a notebook's driver has the variables of `livy-env` and of `spark.yarn.appMasterEnv.*`, and "
            "`import job` works in it"
        ),
        unknown="Livy's own handling of either",
        phase=Phase.BY_HAND,
        shown_by="run the first cells of the notebook in a Studio",
    ),
    Belief(
        number=61,
        belief=(
            "Livy ends a session after `livy.server.session.timeout`, its application leaves YARN, and "
            "the idle stop then ends the cluster; one at work in a long cell is kept"
        ),
        unknown="nothing counts as work in between; `timeout-check.skip-busy` does what its name says",
        phase=Phase.BY_HAND,
        shown_by="leave a notebook open; the cluster is to end within twice the idle stop",
    ),
    Belief(
        number=80,
        belief=(
            "`StartNotebookExecution` takes the Studio's role and groups, and is FINISHED where Livy reported errors; "
            "`OutputNotebookURI` then names an `.ipynb`"
        ),
        unknown="rights that EMR's guide lists for EMR Notebooks alone; the format without `OutputNotebookFormat`",
        phase=Phase.BY_HAND,
        shown_by="`fruits notebook run -c mode=interactive -c notebook=true`",
    ),
    Belief(
        number=62,
        belief="a workspace attaches to a cluster of AMD instances (`m6a`, the cheapest default)",
        unknown="the guide of 2023 left out `m5a` and `r5a`",
        phase=Phase.BY_HAND,
        shown_by="attach one to the demo cluster",
    ),
    Belief(
        number=14,
        belief="Livy and Jupyter Enterprise Gateway use `/opt/fruits/bin/python`",
        unknown="the gateway's kernels may need `ipykernel` in it",
        phase=Phase.BY_HAND,
        shown_by="attach a notebook, `import sys; sys.executable`",
    ),
    Belief(
        number=15,
        belief="EMR Studio works in isolated subnets with these two groups and an untagged VPC",
        unknown="the guide tags the VPC only for default groups",
        phase=Phase.BY_HAND,
        shown_by="create a workspace in the Studio, attach it to the cluster",
    ),
    Belief(
        number=23,
        belief=(
            "EMR's S3A needs no right to list the parts of an upload: its documented needs are to list "
            "and abort uploads"
        ),
        unknown="whether EMR's magic committer, which writes the PipelineModel, does",
        phase=Phase.LOGS,
        shown_by="that step; CloudTrail `errorCode=AccessDenied` by the role",
    ),
    Belief(
        number=18,
        belief="Stockholm, Milan and Spain cannot hold a budget",
        unknown="the registry may have grown",
        phase=Phase.FACTS,
        shown_by=(
            "`aws cloudformation describe-type --type RESOURCE --type-name AWS::Budgets::Budget --region eu-north-1`"
        ),
    ),
    Belief(
        number=20,
        belief=(
            "European Sovereign Cloud: instance types, zones, name of the S3 endpoint service, "
            "`repo.*.emr` bucket, budget in US dollars, service principals"
        ),
        unknown="all of these",
        phase=Phase.BY_HAND,
        shown_by=(
            "`aws ec2 describe-instance-type-offerings`, `describe-availability-zones`, "
            "`describe-vpc-endpoint-services`, `cdk deploy -c region=eusc-de-east-1`"
        ),
    ),
    Belief(
        number=66,
        belief=(
            "a step and its executors may have no locale of UTF-8; names travel encoded ([decision "
            "162](decisions/0162-arguments-in-ascii.md))"
        ),
        unknown="which locale EMR gives them",
        phase=Phase.PROBE,
        shown_by="`fruits probe`: `locale`",
    ),
    Belief(
        number=67,
        belief=(
            "EMR's S3A serves `s3://` from 7.10 on, by `fs.s3.impl` of its own, and Spark commits by "
            "EMR's default committer"
        ),
        unknown="both, as EMR presets them",
        phase=Phase.PROBE,
        shown_by="`fruits probe`: `core-site`, `spark-defaults`",
    ),
    Belief(
        number=68,
        belief=(
            "replacing an interactive cluster that still runs (a new `run_id`) has both for some "
            "minutes, at twice the vCPUs"
        ),
        unknown="whether a quota refuses the second",
        phase=Phase.BY_HAND,
        shown_by="`cdk deploy -c env=dev -c run_id=second` with a quota for one",
    ),
    Belief(
        number=69,
        belief="given photographs have the same features on Intel and AMD, but for the last digit",
        unknown="whether a feature crosses a step of the grid",
        phase=Phase.BY_HAND,
        shown_by="`fruits run -c core_instance_types=m5.xlarge`, then `m6a.xlarge`, `fruits runs diff`",
    ),
)

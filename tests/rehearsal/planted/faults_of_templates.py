"""Faults in what is deployed: the cluster, its network, its guards, the stacks themselves."""

from typing import Final

from tests.rehearsal.planted.fault import (
    CHECKED,
    COMPARED,
    DEPLOYED,
    DESTROYED,
    NOTHING_LEFT,
    RAN,
    RUNS,
    SET_UP,
    UPLOADED,
    Edit,
    Fault,
)

_CLUSTER: Final = "infra/cluster.py"
_NETWORK: Final = "infra/network.py"
_WITHOUT_RUNS: Final = (*RUNS, *COMPARED)

FAULTS: Final = (
    Fault(
        name="the core fleet names one target, and cannot be changed in place",
        edits=(Edit("infra/fleets.py", "            target_spot_capacity=0,\n", ""),),
        stage=DEPLOYED,
        says="lacks TargetSpotCapacity of Core",
    ),
    Fault(
        name="executors are larger than YARN's nodes",
        edits=(Edit("infra/spark.py", "largest_mib(smallest) - overhead_mib", "largest_mib(smallest)"),),
        stage=DEPLOYED,
        says="off spark.executor.memory",
    ),
    Fault(
        name="the cluster has no idle stop",
        edits=(
            Edit(
                _CLUSTER,
                "            auto_termination_policy=emr.CfnCluster.AutoTerminationPolicyProperty("
                "idle_timeout=idle_stop.to_seconds()),\n",
                "",
            ),
        ),
        stage=DEPLOYED,
        says="has no idle stop",
    ),
    Fault(
        name="the guard of the maximum lifetime looks for another cluster",
        edits=(
            Edit(
                "infra/cost_guard.py",
                '"detail": {"name": [cluster_name], "state"',
                '"detail": {"name": [f"{cluster_name}-cluster"], "state"',
            ),
        ),
        stage=DEPLOYED,
        says="has no maximum lifetime",
    ),
    Fault(
        name="nodes are not let out to EMR's service",
        edits=(
            Edit(
                _NETWORK,
                '            node.add_egress_rule(self.service, ec2.Port.tcp(9443), "Metrics for managed scaling")\n',
                "",
            ),
        ),
        stage=DEPLOYED,
        says="9443",
    ),
    Fault(
        name="nodes may not call S3 by HTTPS",
        edits=(Edit(_NETWORK, "for number in (80, 443):", "for number in (80,):"),),
        stage=DEPLOYED,
        says="443",
    ),
    Fault(
        name="masters of applications may run on nodes that vanish",
        edits=(Edit("infra/spark.py", '"yarn-site": encrypted | yarn.SETTINGS', '"yarn-site": encrypted'),),
        stage=DEPLOYED,
        says="may lose an application with a task node",
    ),
    Fault(
        name="the budget tells nobody",
        edits=(
            Edit(
                "infra/cost_guard.py",
                "                for kind, share in thresholds\n",
                "                for kind, share in thresholds[:0]\n",
            ),
        ),
        stage=DEPLOYED,
        says="has no budget that tells anybody",
    ),
    Fault(
        name="a template has a type that CloudFormation does not know",
        edits=(
            Edit("infra/compute.py", "from aws_cdk import Duration\n", "from aws_cdk import CfnResource, Duration\n"),
            Edit(
                "infra/compute.py",
                '        self.output("ClusterId"',
                '        CfnResource(self, "Schedule", type="AWS::EMR::Schedule")\n        self.output("ClusterId"',
            ),
        ),
        stage=DEPLOYED,
        says="Unknown resource type 'AWS::EMR::Schedule'",
    ),
    Fault(
        name="the S3 endpoint is in no route table",
        edits=(Edit(_NETWORK, "            route_table_ids=[routes.ref],\n            policy", "            policy"),),
        stage=SET_UP,
        says="No route to any external sources detected in Route Table",
    ),
    Fault(
        name="the policy of the S3 endpoint leaves out the assets",
        edits=(Edit(_NETWORK, '        allow(["s3:GetObject"], [assets_bucket.arn_for_objects("*")], own),\n', ""),),
        stage=SET_UP,
        says="the policy of the S3 endpoint does not allow s3:GetObject",
    ),
    Fault(
        name="two clusters are deployed",
        edits=(
            Edit(_CLUSTER, "Tags.of(self.resource).add(EMR_MANAGED_TAG", "Tags.of(self).add(EMR_MANAGED_TAG"),
            Edit(
                _CLUSTER, "self.resource.node.add_dependency(service.policy", "self.node.add_dependency(service.policy"
            ),
            Edit(_CLUSTER, 'self.resource,\n            "EMR4",', 'self,\n            "EMR4",'),
            Edit(_CLUSTER, 'self.resource,\n            "EMR5",', 'self,\n            "EMR5",'),
            Edit(_CLUSTER, 'self.resource,\n            "EMR6",', 'self,\n            "EMR6",'),
            Edit(
                _CLUSTER,
                '        self.resource = _DescribedCluster(\n            self,\n            "Resource",\n',
                '        for number in ("Spare", "Resource"):\n'
                "            self.resource = _DescribedCluster(\n            self,\n            number,\n",
            ),
        ),
        stage=SET_UP,
        says="2 clusters",
    ),
    Fault(
        name="the transient cluster is kept alive",
        edits=(
            Edit(_CLUSTER, "keep_job_flow_alive_when_no_steps=not steps", "keep_job_flow_alive_when_no_steps=True"),
        ),
        stage=RAN,
        says="it would go on billing",
    ),
    Fault(
        name="the cluster is protected from termination",
        edits=(Edit(_CLUSTER, "termination_protected=False", "termination_protected=True"),),
        stage=DESTROYED,
        says="since they are termination protected",
        mode="interactive",
        skipped=_WITHOUT_RUNS,
    ),
    Fault(
        name="a bucket is kept for ever",
        edits=(
            Edit(
                "infra/storage.py",
                "            removal_policy=removal,\n",
                '            removal_policy=RemovalPolicy.RETAIN if construct_id == "Code" else removal,\n',
            ),
        ),
        stage=NOTHING_LEFT,
        says="left: bucket",
        mode="interactive",
        skipped=_WITHOUT_RUNS,
    ),
    Fault(
        name="the stack does not say where photographs go",
        edits=(Edit("infra/stacks.py", 'self.output("ImagesUri"', 'self.output("PhotographsUri"'),),
        stage=UPLOADED,
        says="ImagesUri",
    ),
    Fault(
        name="the tables of Athena have other columns than the results",
        edits=(
            Edit("infra/catalog.py", '{"width": "int", "height": "int",', '{"width": "bigint", "height": "bigint",'),
        ),
        stage=CHECKED,
        says="does not have the columns that the catalog declares for features",
    ),
    Fault(
        name="the shuffle service does not know that Spark authenticates",
        edits=(Edit("infra/spark.py", '"yarn-site": encrypted | yarn.SETTINGS', '"yarn-site": yarn.SETTINGS'),),
        stage=SET_UP,
        says="spark.authenticate",
    ),
    Fault(
        name="people are told of another cluster",
        edits=(
            Edit(
                "infra/stacks.py",
                "cluster_name=settings.name, topic=self.topic",
                'cluster_name=f"{settings.name}-cluster", topic=self.topic',
            ),
        ),
        stage=RAN,
        says="nobody was told",
    ),
    Fault(
        name="a new account's Spot cannot have its role",
        edits=(Edit("infra/identity.py", "        if spot:\n", "        if not spot:\n"),),
        stage=SET_UP,
        says="do not have permission to create the service-linked role for EC2 Spot Instances",
    ),
    Fault(
        name="another model lies where the deployed one lay",
        edits=(
            Edit(
                "infra/job_step.py",
                '"--weights-sha256", assets.weights_sha256)',
                '"--weights-sha256", assets.lock_sha256)',
            ),
        ),
        stage=RAN,
        says="have sha256",
    ),
)

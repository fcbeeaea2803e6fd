"""Faults in what may be done and by whom: the rights of the nodes and of EMR, keys, policies of buckets and topics."""

from typing import Final

from tests.rehearsal.planted.fault import RAN, SET_UP, Edit, Fault

_COMPUTE: Final = "infra/compute.py"
_IDENTITY: Final = "infra/identity.py"

FAULTS: Final = (
    Fault(
        name="nodes may not read the photographs",
        edits=(Edit(_COMPUTE, "        nodes.allow_reading(storage.data, settings.images_prefix)\n", ""),),
        stage=RAN,
        says="s3:GetObject",
    ),
    Fault(
        name="nodes may not list the bucket",
        edits=(
            Edit(
                _COMPUTE,
                "        nodes.allow_listing(storage.data, settings.images_prefix, settings.output_prefix)\n",
                "",
            ),
        ),
        stage=RAN,
        says="s3:ListBucket",
    ),
    Fault(
        name="nodes may not put results",
        edits=(Edit(_IDENTITY, '_WRITE = ["s3:PutObject", ', "_WRITE = ["),),
        stage=RAN,
        says="s3:PutObject",
    ),
    Fault(
        name="nodes may not delete what a run leaves over",
        edits=(Edit(_IDENTITY, '"s3:PutObject", "s3:DeleteObject", ', '"s3:PutObject", '),),
        stage=RAN,
        says="s3:DeleteObject",
    ),
    Fault(
        name="nodes may not read the model",
        edits=(Edit(_COMPUTE, "(*step.files, *setup.files)", "(*step.files[:2], *setup.files)"),),
        stage=RAN,
        says="weights",
    ),
    Fault(
        name="nodes may not read the wheelhouse",
        edits=(Edit(_COMPUTE, "(*step.files, *setup.files)", "(*step.files, *setup.files[:1])"),),
        stage=SET_UP,
        says="check the instance role's right to read it",
        from_image=False,
    ),
    Fault(
        name="nodes may not write logs",
        edits=(Edit(_COMPUTE, "        nodes.allow_adding(storage.logs, CLUSTER_LOGS)\n", ""),),
        stage=RAN,
        says="s3:PutObject",
    ),
    Fault(
        name="results go to another folder than the granted one",
        edits=(
            Edit(
                "infra/job_step.py",
                '("--output", data.s3_url_for_object(output_prefix))',
                '("--output", data.s3_url_for_object(f"all-{output_prefix}"))',
            ),
        ),
        stage=RAN,
        says="all-results",
    ),
    Fault(
        name="the bucket takes only objects encrypted by a key that the job does not name",
        edits=(
            Edit(
                "infra/stacks.py",
                "from aws_cdk import aws_s3 as s3\n",
                "from aws_cdk import aws_iam as iam\nfrom aws_cdk import aws_s3 as s3\n",
            ),
            Edit(
                "infra/stacks.py",
                "        data = self.storage.data\n",
                "        data = self.storage.data\n"
                "        data.add_to_resource_policy(\n"
                "            iam.PolicyStatement(\n"
                "                effect=iam.Effect.DENY,\n"
                '                actions=["s3:PutObject"],\n'
                "                principals=[iam.AnyPrincipal()],\n"
                '                resources=[data.arn_for_objects(f"{settings.output_prefix}*")],\n'
                '                conditions={"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},\n'
                "            )\n"
                "        )\n",
            ),
        ),
        stage=RAN,
        says="s3:PutObject",
    ),
    Fault(
        name="EC2 may not take the role of the nodes",
        edits=(
            Edit(
                _IDENTITY,
                'iam.ServicePrincipal("ec2.amazonaws.com")',
                'iam.ServicePrincipal("elasticmapreduce.amazonaws.com")',
            ),
        ),
        stage=SET_UP,
        says="its trust policy does not name ec2.amazonaws.com",
    ),
    Fault(
        name="EMR may not pass the role of the nodes",
        edits=(Edit(_IDENTITY, "resources=[node_role.role_arn]", "resources=[self.role.role_arn]"),),
        stage=SET_UP,
        says="iam:PassRole",
    ),
    Fault(
        name="EC2 may not use the key of the disks for Spot",
        edits=(Edit("infra/disk_encryption.py", "        self._allow_ec2()\n", ""),),
        stage=SET_UP,
        says="kms:CreateGrant",
    ),
    Fault(
        name="EMR may not grant the key of the disks",
        edits=(Edit(_IDENTITY, 'actions=["kms:CreateGrant"]', 'actions=["kms:ListGrants"]'),),
        stage=SET_UP,
        says="kms:CreateGrant",
    ),
    Fault(
        name="the topic takes nothing from EventBridge",
        edits=(
            Edit(
                "infra/notifications.py",
                "targets.SnsTopic(self._topic, ",
                'targets.SnsTopic(sns.Topic.from_topic_arn(self, f"{construct_id}Topic", self._topic.topic_arn), ',
            ),
        ),
        stage=RAN,
        says="nobody was told",
    ),
)

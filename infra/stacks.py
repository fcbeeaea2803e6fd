"""The stacks: they wire constructs, grant rights between them and show what people need to know."""

from collections.abc import Sequence

from aws_cdk import App, Aws, DefaultStackSynthesizer, Duration, Tags
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.catalog import Catalog
from infra.company import add_company_rules
from infra.compute import ComputeStack
from infra.cost_guard import MaximumLifetime, MonthlyBudget
from infra.names import BUDGET_REGION, deployment_tags
from infra.network import ClusterNetwork, ClusterSecurityGroups, GroupIds, Network
from infra.notebook import Notebooks
from infra.notifications import NotificationTopic, StateChanges
from infra.packaging import Assets
from infra.settings import DeploymentSettings
from infra.stack import FruitsStack
from infra.storage import CLUSTER_LOGS, NOTEBOOKS, Storage


class StorageStack(FruitsStack):
    """What is kept: buckets and tables."""

    def __init__(self, scope: Construct, *, settings: DeploymentSettings) -> None:
        super().__init__(
            scope,
            "FruitsStorage",
            settings=settings,
            description="Fruits: photographs, features, projections and their tables",
            termination_protection=not settings.remove_data,
        )
        self.storage = Storage(
            self,
            "Storage",
            images_prefix=settings.images_prefix,
            output_prefix=settings.output_prefix,
            removable=settings.remove_data,
        )
        database = settings.name.replace("-", "_")
        Catalog(self, "Catalog", database=database, bucket=self.storage.data, prefix=settings.output_prefix)
        data = self.storage.data
        self.output("DataBucket", data.bucket_name, "Photographs and results")
        self.output("ImagesUri", data.s3_url_for_object(settings.images_prefix), "Photographs: <label>/<file>")
        self.output("OutputUri", data.s3_url_for_object(settings.output_prefix), "Results of the job")
        self.output("LogBucket", self.storage.logs.bucket_name, "Logs of clusters and of access to S3")
        self.output("LogUri", self.storage.logs.s3_url_for_object(CLUSTER_LOGS), "Logs of clusters")
        self.output("CodeBucket", self.storage.code.bucket_name, "Notebooks and submitted jobs")
        self.output("Database", database, "Tables of the results for Athena")


class NetworkStack(FruitsStack):
    """Where the cluster runs; costs nothing. In an existing VPC these are security groups alone."""

    def __init__(self, scope: Construct, *, settings: DeploymentSettings, storage: Storage) -> None:
        super().__init__(
            scope,
            "FruitsNetwork",
            settings=settings,
            description="Fruits: isolated subnets, S3 by a gateway endpoint, security groups"
            if settings.vpc is None
            else f"Fruits: security groups in {settings.vpc}",
        )
        self.place = self._own(settings, storage) if settings.vpc is None else self._in(settings.vpc, settings.subnets)

    def _own(self, settings: DeploymentSettings, storage: Storage) -> ClusterNetwork:
        qualifier = self.synthesizer.bootstrap_qualifier or DefaultStackSynthesizer.DEFAULT_QUALIFIER
        assets_bucket = f"cdk-{qualifier}-assets-{Aws.ACCOUNT_ID}-{settings.region}"
        self.without_lint("W3010")  # the zones are a setting, checked against the region
        return Network(
            self,
            "Network",
            zones=settings.zones,
            region=settings.region,
            buckets=[storage.data, storage.logs, storage.code],
            assets_bucket=s3.Bucket.from_bucket_name(self, "Assets", assets_bucket),
        ).place

    def _in(self, vpc: str, subnets: Sequence[str]) -> ClusterNetwork:
        groups = ClusterSecurityGroups(self, "Groups", vpc_id=vpc)
        return ClusterNetwork(vpc_id=vpc, subnet_ids=subnets, groups=groups.ids)


class GuardStack(FruitsStack):
    """What watches the cost; it is there before the first cluster and after the last."""

    def __init__(self, scope: Construct, *, settings: DeploymentSettings) -> None:
        super().__init__(
            scope,
            "FruitsGuard",
            settings=settings,
            description="Fruits: budget, notifications and the maximum lifetime of clusters",
        )
        notifications = NotificationTopic(self, "Notifications", email=settings.email)
        self.topic = notifications.topic
        StateChanges(self, "StateChanges", cluster_name=settings.name, topic=self.topic)
        if settings.european_region.knows_budgets:
            _add_budget(self, settings, notifications)
        MaximumLifetime(
            self,
            "MaximumLifetime",
            cluster_name=settings.name,
            tags=deployment_tags(settings.env),
            lifetime=Duration.seconds(settings.max_lifetime),
            topic=self.topic,
        )
        self.output("TopicArn", self.topic.topic_arn, "Told of clusters, steps, idleness and spending")


class BudgetStack(FruitsStack):
    """The budget of a deployment in a region where CloudFormation cannot make one; it counts the whole account."""

    def __init__(self, scope: Construct, *, settings: DeploymentSettings) -> None:
        super().__init__(scope, "FruitsBudget", settings=settings, description="Fruits: budget", region=BUDGET_REGION)
        notifications = NotificationTopic(self, "Notifications", email=settings.email)
        _add_budget(self, settings, notifications)
        self.output("TopicArn", notifications.topic.topic_arn, "Told of spending")


class NotebookStack(FruitsStack):
    """Notebooks on the interactive cluster."""

    def __init__(
        self, scope: Construct, *, settings: DeploymentSettings, storage: Storage, network: ClusterNetwork
    ) -> None:
        super().__init__(scope, "FruitsNotebook", settings=settings, description="Fruits: notebooks on the cluster")
        notebooks = Notebooks(
            self, "Notebooks", name=settings.name, network=network, bucket=storage.code, prefix=NOTEBOOKS
        )
        self.output("StudioUrl", notebooks.studio.attr_url, "Log in here with the account's own IAM")
        self.output("NotebookRole", notebooks.role.role_arn, "Reads and writes notebooks that are run by command")
        self.output("EngineGroup", notebooks.studio.engine_security_group_id, "Of the cluster, for notebooks")
        self.output("WorkspaceGroup", notebooks.studio.workspace_security_group_id, "Of notebooks")


def _add_budget(scope: Construct, settings: DeploymentSettings, notifications: NotificationTopic) -> None:
    MonthlyBudget(scope, "Budget", name=settings.name, us_dollars=settings.budget, notifications=notifications)


def _network(app: App, settings: DeploymentSettings, storage: Storage) -> ClusterNetwork:
    """Return the network; with groups of others nothing is left to make, and CloudFormation takes no empty stack."""
    if settings.vpc is None or not settings.security_groups:
        return NetworkStack(app, settings=settings, storage=storage).place
    primary, core, service = settings.security_groups
    groups = GroupIds(primary=primary, core=core, service=service)
    return ClusterNetwork(vpc_id=settings.vpc, subnet_ids=settings.subnets, groups=groups)


def add_stacks(app: App, *, settings: DeploymentSettings, assets: Assets) -> None:
    """Add all stacks to an app.

    Parameters
    ----------
    app
        App to add them to.
    settings
        Settings of the deployment.
    assets
        Files that travel to the cluster.
    """
    for key, value in deployment_tags(settings.env).items():
        Tags.of(app).add(key, value)
    storage = StorageStack(app, settings=settings).storage
    network = _network(app, settings, storage)
    guard = GuardStack(app, settings=settings)
    if not settings.european_region.knows_budgets:
        BudgetStack(app, settings=settings)
    compute = ComputeStack(app, settings=settings, assets=assets, storage=storage, network=network, topic=guard.topic)
    compute.add_stack_dependency(guard, "No cluster starts before its maximum lifetime is guarded")
    if settings.notebook:
        NotebookStack(app, settings=settings, storage=storage, network=network)
    add_company_rules(app, settings)

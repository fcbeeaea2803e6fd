"""Beliefs around a deployment: what shows, prices, reviews and destroys it."""

from typing import Final

from ops.beliefs.belief import Belief, Phase

AROUND: Final = (
    Belief(
        number=21,
        belief="Athena reads injected partitions of these tables",
        unknown="never queried",
        phase=Phase.LOGS,
        shown_by="`SELECT count(*) FROM fruits_demo.features WHERE model='…'`",
    ),
    Belief(
        number=22,
        belief="the idle stop's reason code, the wording of a failed bootstrap action and of `FailureDetails`",
        unknown="the rehearsal's words are from documents",
        phase=Phase.LOGS,
        shown_by=("`aws emr describe-cluster --cluster-id ID` after an idle stop; `describe-step` after a failed step"),
    ),
    Belief(
        number=24,
        belief="`fruits price --refresh` finds what it asks for",
        unknown="EMR fees in the EU, kind of disk, the filters for KMS, CloudWatch, Step Functions and NAT",
        phase=Phase.FACTS,
        shown_by="`fruits price --refresh && git diff ops/pricing/prices.json`",
    ),
    Belief(
        number=25,
        belief=("start-up takes 5 to 15 minutes, and a vCPU is as fast as half of the two cores it was measured on"),
        unknown="both; Graviton, too",
        phase=Phase.TRANSIENT,
        shown_by="`fruits run`, then `fruits runs`",
    ),
    Belief(
        number=26,
        belief="DeleteStack uses the role that the stack was deployed with",
        unknown="never tried",
        phase=Phase.BY_HAND,
        shown_by="`fruits destroy` by somebody with the rights of the CDK's deploy role alone",
    ),
    Belief(
        number=27,
        belief="rules between groups are revoked only after CloudFormation gave a stack up",
        unknown="how long it tries before DELETE_FAILED",
        phase=Phase.BY_HAND,
        shown_by="add a rule by hand, then `fruits destroy`",
    ),
    Belief(
        number=28,
        belief=(
            "the account's tag index does not list keys pending deletion, and lists alarms, log groups "
            "and state machines by tag"
        ),
        unknown="all of it",
        phase=Phase.LEAKS,
        shown_by="`fruits leaks` right after `fruits destroy`",
    ),
    Belief(
        number=29,
        belief="quotas, offerings, releases and service-linked roles as `fruits preflight` asks for them",
        unknown="the embedded AWS has none of these",
        phase=Phase.FACTS,
        shown_by="`fruits preflight --strict`",
    ),
    Belief(
        number=30,
        belief="a failed step's log says the exit code in one of three known forms",
        unknown="EMR's exact wording, and when logs arrive",
        phase=Phase.LOGS,
        shown_by="`fruits logs --follow`, also for a step that was killed",
    ),
    Belief(
        number=31,
        belief="change sets may be made on stacks that carry the CDK's execution role",
        unknown="whether reading the bootstrap's SSM parameter needs another right",
        phase=Phase.BY_HAND,
        shown_by="`fruits review` with the policy of docs/review.md",
    ),
    Belief(
        number=32,
        belief="the workflows, and the trust of their OIDC roles",
        unknown="never ran on GitHub",
        phase=Phase.BY_HAND,
        shown_by="open a pull request",
    ),
    Belief(
        number=70,
        belief=("roles made under a company's permissions boundary can do what EMR needs, if the boundary allows it"),
        unknown="what such boundaries forget",
        phase=Phase.BY_HAND,
        shown_by="`cdk deploy -c permissions_boundary=NAME`",
    ),
    Belief(
        number=71,
        belief="CloudTrail shows what our roles were refused within 15 minutes",
        unknown="whether EMR's own calls show there by role",
        phase=Phase.LOGS,
        shown_by="`aws cloudtrail lookup-events`, `errorCode` AccessDenied by a role of ours",
    ),
)

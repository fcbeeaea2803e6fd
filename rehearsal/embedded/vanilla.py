"""The modules of ministack that we extend, in one place, and all we rely on in them.

ministack has neither types nor a plug-in interface: what we replace are names private to its modules. `check`
compares them with what this extension was written against, before anything is replaced.
"""

import importlib
import inspect
from typing import Any, Final

BUILT_FOR: Final = "ministack 1.5.33"


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


app: Any = _module("app")
budgets: Any = _module("services.budgets")
concurrency: Any = _module("core.concurrency")
ec2: Any = _module("services.ec2")
emr: Any = _module("services.emr")
evaluator: Any = _module("core.iam_evaluator")
eventbridge: Any = _module("services.eventbridge")
iam: Any = _module("services.iam")
kms: Any = _module("services.kms")
persistence: Any = _module("core.persistence")
provisioners: Any = _module("services.cloudformation.provisioners")
responses: Any = _module("core.responses")
s3: Any = _module("services.s3")
scheduler: Any = _module("services.scheduler")
sns: Any = _module("services.sns")
stacks: Any = _module("services.cloudformation.stacks")
stepfunctions: Any = _module("services.stepfunctions")
sts: Any = _module("services.sts")

_RESPONSE = ("data",)
_CREATE = ("logical_id", "props", "stack_name")

# Functions by the names of the parameters we pass, or that callers pass to our replacement.
_FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "app._build_persistence_save_dict": (),
    "app.save_all": ("services",),
    "budgets._budget_arn": ("budget_name",),
    "budgets._create_budget": _RESPONSE,
    "budgets._delete_budget": _RESPONSE,
    "budgets._tag_resource": _RESPONSE,
    "budgets._untag_resource": _RESPONSE,
    "budgets._update_budget": _RESPONSE,
    "concurrency.spawn_background": ("fn", "args", "thread_name", "kwargs"),
    "ec2._launch_instances_internal": (
        *("image_id", "instance_type", "subnet_id", "count"),
        *("key_name", "user_data", "sg_ids", "requested_private_ip", "iam_profile"),
    ),
    "ec2._vpce_fields_xml": ("ep", "tag"),
    "emr._add_tags": _RESPONSE,
    "emr._clear_state": (),
    "emr._make_step": ("step_config",),
    "emr._now_iso": (),
    "emr._remove_tags": _RESPONSE,
    "emr._restore_state": ("data",),
    "emr._run_job_flow": _RESPONSE,
    "emr.get_state": (),
    "evaluator._conditions_met": ("conditions", "ctx"),
    "evaluator._gather_role_policies": ("role_name", "account_id"),
    "evaluator._service_principal_matches": ("principal", "service"),
    "evaluator.enforce": ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
    "evaluator.evaluate": ("ctx", "policies", "limits"),
    "evaluator.evaluate_resource_policy": ("doc", "ctx", "service", "named_only", "direct_only"),
    "evaluator.resolve_principal": ("access_key_id", "account_id", "credential"),
    "eventbridge._invoke_target": ("target", "event", "rule", "view"),
    "eventbridge._put_events": ("data", "allow_aws_source"),
    "iam._create_service_linked_role": ("p",),
    "iam._error": ("status", "code", "message", "ns"),
    "iam._p": ("params", "key", "default"),
    "iam._role_xml": ("name", "boundary"),
    "iam._xml": ("status", "root_tag", "inner", "ns"),
    "kms._create_alias": _RESPONSE,
    "kms._create_key": _RESPONSE,
    "kms._key_metadata": ("rec",),
    "persistence._json_default": ("obj",),
    "persistence._state_format_version": ("service",),
    "persistence.save_state": ("service", "data"),
    "provisioners._delete_predecessor": ("delete_fn", "args", "kwargs"),
    "provisioners._ec2_sg_permissions": ("rules",),
    "provisioners._iam_ip_create": _CREATE,
    "provisioners._iam_ip_delete": ("physical_id", "props"),
    "provisioners._iam_ip_update": ("physical_id", "old_props", "new_props", "stack_name", "logical_id"),
    "provisioners._physical_name": ("stack_name", "logical_id", "lowercase", "max_len", "seeded"),
    "provisioners._replace_resource": (
        "resource_type",
        "physical_id",
        "old_props",
        "new_props",
        "stack_name",
        "logical_id",
    ),
    "provisioners._scheduler_schedule_delete": ("physical_id", "props"),
    "provisioners._s3_apply_configurations": ("name", "props", "old_props"),
    "responses.error_response_json": ("code", "message", "status", "extra", "message_key", "content_type"),
    "responses.get_account_id": (),
    "responses.get_region": (),
    "responses.json_response": ("data", "status", "content_type"),
    "s3._delete_bucket": ("name",),
    "s3._delete_bucket_encryption": ("name",),
    "s3._delete_bucket_lifecycle": ("name",),
    "s3._delete_bucket_ownership_controls": ("name",),
    "s3._delete_bucket_tagging": ("name",),
    "s3._put_bucket_encryption": ("name", "body"),
    "s3._put_bucket_lifecycle": ("name", "body"),
    "s3._put_bucket_logging": ("name", "body"),
    "s3._put_bucket_ownership_controls": ("name", "body"),
    "s3._put_bucket_tagging": ("name", "body"),
    "s3._resolve_sse_write_headers": ("headers", "bucket_name"),
    "scheduler._create_schedule": ("name", "body"),
    "scheduler._schedule_arn": ("group", "name"),
    "scheduler._tick_schedules": (),
    "scheduler._update_schedule": ("name", "body"),
    "sns._topic_by_arn_any_scope": ("topic_arn",),
    "stacks._property_recreation": ("resource_type", "name"),
    "stacks._runs_on_worker_thread": ("resource_type",),
    "stepfunctions._dispatch_aws_sdk_json": ("service_info", "service_name", "action", "input_data"),
    "stepfunctions._execute_task": ("state_def", "raw_input", "execution", "ctx"),
    "sts.get_state": (),
    "sts.load_persisted_state": ("data",),
}

# Everything else, by the type we expect.
_VALUES: Final[dict[str, type | tuple[type, ...]]] = {
    "app.AUTH": bool,
    "app.app": object,
    "ec2._instances": object,
    "ec2._security_groups": object,
    "ec2._subnets": object,
    "ec2._tags": object,
    "ec2._volumes": object,
    "ec2._vpc_endpoints": object,
    "emr._HANDLERS": dict,
    "emr._clusters": object,
    "emr._steps": object,
    "evaluator.EvalContext": type,
    "iam._IAM_HANDLERS": dict,
    "iam._instance_profiles": object,
    "iam._roles": object,
    "kms._aliases": object,
    "kms._keys": object,
    "persistence.STATE_DIR": str,
    "provisioners._CONDITIONALLY_REPLACING_PROPERTIES": dict,
    "provisioners._REPLACING_PROPERTIES": dict,
    "provisioners._RESOURCE_HANDLERS": dict,
    "provisioners._S3_BUCKET_CONFIGURATIONS": tuple,
    "provisioners._STACK_TAG_PROPERTY": dict,
    "responses.AccountRegionScopedDict": type,
    "s3._bucket_logging_config": object,
    "scheduler._schedule_last_fired": dict,
    "scheduler._schedules": object,
    "stepfunctions._AWS_SDK_ERROR_PREFIX": dict,
    "stepfunctions._AWS_SDK_SERVICE_MAP": dict,
    "stepfunctions._ExecutionError": type,
    "stepfunctions._state_machines": object,
    "sts._sessions": dict,
}


class Moved(Exception):
    """ministack no longer has what this extension replaces or calls; the message names it."""


def check() -> None:
    """Compare ministack with what this extension needs.

    Raises
    ------
    Moved
        With every name that is missing, or is of another kind.
    """
    moved = [*_moved_functions(), *_moved_values()]
    if moved:
        raise Moved(
            f"the embedded AWS is made for {BUILT_FOR}, and the one installed differs in: {'; '.join(moved)}."
            " Install the locked one (make setup), or adapt rehearsal/embedded"
        )


def _moved_functions() -> list[str]:
    moved = []
    for name, parameters in _FUNCTIONS.items():
        function = _look_up(name)
        if not callable(function):
            moved.append(f"{name} is missing")
        elif (found := tuple(inspect.signature(function).parameters)) != parameters:
            moved.append(f"{name}({', '.join(found)}) was {name}({', '.join(parameters)})")
    return moved


def _moved_values() -> list[str]:
    missing = object()
    moved = []
    for name, kind in _VALUES.items():
        value = _look_up(name, missing)
        if value is missing:
            moved.append(f"{name} is missing")
        elif not isinstance(value, kind):
            moved.append(f"{name} is a {type(value).__name__}")
    return moved


def _look_up(name: str, default: Any = None) -> Any:
    module, _, attribute = name.partition(".")
    return getattr(globals()[module], attribute, default)

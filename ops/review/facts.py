"""A review as JSON-able facts, for programs; docs/commands.md names them."""

from typing import Any

from ops.review.changes import ResourceChange
from ops.review.conclusion import Review
from ops.review.names import Names
from ops.review.rights import Widening
from ops.review.wording import widening


def facts(review: Review) -> dict[str, Any]:
    """Return all that a review says."""
    return {
        "env": review.env,
        "region": review.region,
        "verdict": review.verdict.name.lower(),
        "stacks": [
            {
                "name": stack.name,
                "region": stack.region,
                "status": stack.status,
                "changes": [_change(change, review.names) for change in stack.changes],
            }
            for stack in review.stacks
        ],
        "consequences": [
            {"level": item.level.name.lower(), "subject": item.subject, "where": item.where, "text": item.text}
            for item in review.consequences
        ],
        "rights": [_right(item) for item in review.widenings],
        "prices": [{"what": row.what, "now": row.now, "then": row.then} for row in review.prices.rows],
    }


def _change(change: ResourceChange, names: Names) -> dict[str, Any]:
    return {
        "resource": names.resource(change.stack, change.logical_id),
        "type": change.kind,
        "action": change.action.value,
        "properties": [difference.path for difference in change.differences],
        "causes": list(change.causes),
    }


def _right(item: Widening) -> dict[str, Any]:
    return {"holder": item.holder.name, "stack": item.holder.stack, "text": widening(item, str)}

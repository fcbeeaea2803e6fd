"""What replaces a resource, in change sets: ministack says "maybe" of all types that it has no table of."""

from typing import Any, Final

from rehearsal.embedded import vanilla

_vanilla_recreation = vanilla.stacks._property_recreation
_WORDS: Final = ("Never", "Conditionally", "Always")


def _recreation(resource_type: str, name: str) -> Any:
    if resource_type in vanilla.provisioners._REPLACING_PROPERTIES:
        return _vanilla_recreation(resource_type, name)
    from ops.review.replacement import Update, effect_of  # noqa: PLC0415 - the schemas take a second to load

    region = vanilla.responses.get_region()
    whole, inner = (effect_of(resource_type, path, region) for path in (name, f"{name}.any"))
    # A property of which only a part is fixed replaces if that part changes.
    return _WORDS[inner if inner is Update.REPLACES else min(whole, Update.MAY_REPLACE)]


def install() -> None:
    """Tell by AWS's own schemas; what an update really does stays as it was."""
    vanilla.stacks._property_recreation = _recreation

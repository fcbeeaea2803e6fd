"""Whether runs that start by themselves stay within the budget."""

from typing import Final

from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.prediction import CannotPredict, load_throughput
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook, PricesUnreadable
from ops.pricing.scheduled import scheduled_month


def budget(scope: Scope) -> Finding:
    """Compare a month of scheduled runs with the budget."""
    settings = scope.settings
    try:
        month = scheduled_month(price(footprint_of_settings(settings), PriceBook.load()), load_throughput())
    except (CannotPredict, PricesUnreadable) as error:
        return warning(f"a month of scheduled runs has no price: {error}")
    if month is None:
        return ok("nothing starts by itself")
    cost = f"{month.runs:.0f} runs a month cost {month.idle.words} if none finds a new photograph"
    allowed = f"the budget is {settings.budget} USD"
    fix = f"fruits price{scope.options}"
    if month.idle.usd > settings.budget:
        return failure(f"{cost}, and {allowed}; accepted: fewer schedule_days, smaller fleets or a larger budget", fix)
    if missing := month.idle.missing:
        return warning(f"a month of scheduled runs is not priced wholly: {', '.join(sorted(missing))}; {allowed}", fix)
    if month.worst is None or month.worst.usd > settings.budget:
        most = f"up to {month.worst.usd:,.0f} USD" if month.worst else "without limit"
        return warning(f"{cost}, {most} if each lasts until its maximum lifetime; {allowed}", fix)
    return ok(f"{cost}, and never more than {month.worst.words}; {allowed}")


CHECKS: Final = (Check("Schedule", budget),)

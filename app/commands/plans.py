"""What `sources plan` prints: a few lines for a person, the same figures for a program."""

from typing import Any

from app import planning, sources
from app.analysis import dollars
from app.clock import DAY, HOUR, MINUTE
from app.planning import Planned

HOW = {
    "seen": "as seen in the last week",
    "looked": "from one look just now",
    "assumed": "assumed: a look would cost something, or the platform did not answer",
}


def told(one: Planned) -> dict[str, Any]:
    back, day = one.offer.look_back, one.day
    return {
        "source": one.source, "platform": one.platform, "posts_a_day": round(one.posts, 2), "known": one.known,
        "others": one.others, "every_s": day.every_ms // 1_000, "late_s": one.late_ms // 1_000,
        "calls_a_day": {name: round(count, 2) for name, count in day.calls.items() if count},
        "units_a_day": {name: round(units, 2) for name, units in day.units.items() if name not in _billed(one)},
        "money_a_day": dollars.told(round(_money(one))) if _billed(one) else None,
        "look_back_s": int(back.total_seconds()) if back else None, "looks_reached": round(day.looked, 3),
        "misses": planning.misses(one.offer),
    }  # fmt: skip


def words(one: Planned) -> str:
    day, back = one.day, one.offer.look_back
    spent = ", ".join(f"{units:,.1f} {name}" for name, units in day.units.items() if name not in _billed(one))
    money = (
        f", ${dollars.told(round(_money(one)))} ({dollars.shown(round(_money(one) * 31), dollars.MICRO)} in 31 days)"
    )
    reach = f"the last {back.days} days" if back and back.days else "all that it holds"
    lines = [
        f"{one.source} ({one.platform}), with {one.others} other hashtags:",
        f"  posts a day   {one.posts:,.1f} ({HOW[one.known]})",
        f"  costs a day   {sum(day.calls.values()):,.0f} calls: {spent}{money if _billed(one) else ''}",
        f"  looked for    every {span(day.every_ms)}; a post is found {span(one.late_ms)} late at most",
        f"  looks back    over {reach}",
    ]
    if day.looked < 0.995:
        lines.append(f"  levels        the budget reaches for {day.looked:.0%} of the looks at known posts")
    return "\n".join([*lines, *(f"  misses        {line}" for line in planning.misses(one.offer))])


def _billed(one: Planned) -> set[str]:
    return {each.name for each in one.offer.allowances if each.unit == dollars.MICRO}


def _money(one: Planned) -> float:
    return sum(one.day.units.get(name, 0.0) for name in _billed(one))


def span(ms: int) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if ms >= 2 * unit:
            return f"{ms / unit:.3g} {name}"
    return f"{ms / 1_000:.3g} seconds"


def promised(platform: str) -> dict[str, Any]:
    """What the platform lets such a source do, for a program."""
    offer = sources.offer(platform)
    back = offer.look_back
    return {
        "search": offer.page_size > 0, "metrics": sorted(offer.metrics), "look_batch": offer.batch_size,
        "accounts_batch": offer.accounts_batch, "look_back_s": int(back.total_seconds()) if back else None,
        "delay_s": int(offer.delay.total_seconds()), "notes": list(offer.notes),
    }  # fmt: skip


def promises(platform: str) -> list[tuple[str, str]]:
    """The same for a person."""
    offer = sources.offer(platform)
    budgets = [
        f"{one.limit:,} {one.name} in {span(int(one.window.total_seconds() * 1_000))}" for one in offer.allowances
    ]
    return [
        ("gives", ", ".join(sorted(offer.metrics)) or "no counts"),
        ("budget", "; ".join(budgets)),
        *(("misses", line) for line in planning.misses(offer)),
    ]

"""How soon a heavy page is there: 90 days by the hour and 200 people, on a computer four times slower."""

import math
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Site
from tests.browser.tab import Tab

PAINT_MS, TASK_MS, SHIFT = 1_500, 200, 0.02
SLOWER, TRIES = 4, 3
HEAVY = "/campaigns/harvest?range=90d&step=1h"
_MEASURE = """window.seen = { paint: 0, shift: 0, tasks: [] };
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.seen.paint = one.startTime; })
    .observe({ type: 'largest-contentful-paint', buffered: true });
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.seen.shift += one.value; })
    .observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.seen.tasks.push([one.startTime, one.duration]);
 })
    .observe({ type: 'longtask', buffered: true });"""


def measured(tab: Tab, path: str) -> dict[str, Any]:
    line = tab.context.new_cdp_session(tab.page)
    line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.context.add_init_script(_MEASURE)
    tab.go(path)
    tab.page.wait_for_timeout(700)
    found: dict[str, Any] = tab.page.evaluate("() => window.seen")
    return found


def test_a_heavy_campaign_is_there_soon_and_stands_still(site: Site, open_tab: Callable[..., Tab]) -> None:
    """The best of a few: what else this machine does at that moment is not the page's."""
    paint = task = math.inf
    for _ in range(TRIES):
        seen = measured(open_tab(width="phone"), HEAVY)
        assert seen["paint"] > 0
        assert seen["shift"] < SHIFT
        after = max([length for start, length in seen["tasks"] if start > seen["paint"]], default=0)
        paint, task = min(paint, seen["paint"]), min(task, after)
        if paint < PAINT_MS and task <= TASK_MS:
            break
    assert paint < PAINT_MS
    assert task <= TASK_MS

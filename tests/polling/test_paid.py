"""Where each post that is shown is paid for, a pass asks for no older ones than it needs."""

import json
from itertools import pairwise

import pytest

from app import joining
from app.db.engine import Database
from app.models import Budget
from app.store.sources import NewSource
from collectors.x import COUNT, POST
from sandbox.ids import MASTODON
from tests.clocks import FakeClock
from tests.polling.town import TAG, Town, settings_for, world


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_read_before_is_not_paid_for_again(db: Database, clock: FakeClock) -> None:
    async with world(clock, "mastodon") as (script, running):
        town = Town(db, settings_for(db.url), clock, script, running, MASTODON)
        new = NewSource("x", "x", f"{running.url}/x", None, None, limits={"money": 25_000_000})
        await joining.join(db, town.settings, clock, new, "a-token")
        ada = script.join("ada")
        for number in range(5):
            town.advance(3_600)
            script.add_post(MASTODON, ada, f"round {number} #{TAG}")
        town.advance(3_600)
        await town.follow()
        spent = [0]
        for posts in (5, 0, 1, 0):
            if posts == 1:
                script.add_post(MASTODON, ada, f"the last round #{TAG}")
                town.advance(40)
            [told] = await town.poll()
            assert (told.state, told.posts_new) == ("ok", posts)
            spent.append(await _money(town))
            await town.until_due()
        # The first pass asks for X's own counts too; the last one reads the newest post again, to miss none beside it.
        assert [after - before for before, after in pairwise(spent)] == [5 * POST + COUNT, 0, POST, POST]


async def _money(town: Town) -> int:
    [row] = [row for row in await town.rows(Budget) if row.name == "money"]
    return sum(json.loads(row.slices).values())

"""Every page that is looked at, by name: its address in the world of the tests. A new page gets its line here."""

from tests.browser.world import ALERT, ENDPOINT, World


def every(world: World) -> dict[str, str]:
    return {
        "today": "/",
        "campaign": "/campaigns/harvest?range=7d",
        "campaign-total": "/campaigns/harvest?show=total&scale=log&tz=Asia/Dhaka",
        "campaign-poor": "/campaigns/wells?range=24h",
        "grew": "/campaigns/harvest/influencers",
        "compare": "/compare?campaign=harvest&campaign=wells&align=launch",
        "hashtag": "/hashtags/harvest?range=7d",
        "hashtag-empty": "/hashtags/quiet",
        "influencer": f"/influencers/{world.person}?range=7d",
        "sources": "/sources",
        "source-new": "/sources/new",
        "source-server": "/sources/new?platform=mastodon",
        "settings": "/settings",
        "users": "/settings/users",
        "tokens": "/settings/tokens",
        "privacy": "/settings/privacy",
        "audit": "/settings/audit",
        "post": f"/posts/{world.post}",
        "alerts": "/alerts",
        "alert": f"/alerts/{ALERT}",
        "rules": "/rules",
        "rule": "/rules/rul_spikes",
        "rule-new": "/rules/new",
        "silences": "/silences",
        "endpoints": "/endpoints",
        "endpoint": f"/endpoints/{ENDPOINT}",
        "deliveries": "/deliveries",
        "shares": "/shares",
        "report": "/campaigns/harvest/report",
        "start": "/start",
        "follow": "/follow",
        "notes": "/campaigns/harvest/notes",
        "mailed": "/rules/new?kind=report&subject=campaign:harvest",
        "second": "/settings/second",
        "gifts": "/campaigns/harvest/outcomes",
        "login": "/login",
        "missing": "/campaigns/nothing",
    }


NAMES = tuple(every(World(0, 0, 0, "")))

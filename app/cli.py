"""The `groundswell` command: its groups put together. What each does is in app/commands."""

import typer

from app.commands import (
    access,
    compare,
    export,
    files,
    growth,
    privacy,
    process,
    report,
    rollups,
    sources,
    spikes,
    streaming,
    upkeep,
    watch,
)
from app.commands.frame import OneLine

app = typer.Typer(
    cls=OneLine,
    no_args_is_help=True,
    # Plain help: it is read through pagers and ssh, and rich would cost a tenth of a second at each start.
    rich_markup_mode=None,
    add_completion=False,
    help="Watch a campaign's hashtags grow: every reading kept, every gap said.",
)


def _example(line: str) -> str:
    return f"Example: groundswell {line}"


app.command(epilog=_example("up --demo"))(process.up)
app.command(epilog=_example("serve"))(process.serve)
app.command(epilog=_example("work"))(process.work)
app.command(epilog=_example("migrate"))(process.migrate)
app.command(epilog=_example("follow '#climate' --source home"))(watch.follow)
app.command(epilog=_example("unfollow '#climate'"))(watch.unfollow)
app.command(epilog=_example("collect '#climate' --since 2026-11-01 --json"))(watch.collect)
app.command(epilog=_example("growth '#climate' --step 1d --tz Europe/Paris --format csv"))(growth.growth)
app.command(epilog=_example("compare love-army green-monday"))(compare.compare)
app.command(epilog=_example("report love-army --out report.pdf --lang fr"))(report.report)
app.command(epilog=_example("spikes mentions.csv"))(spikes.spikes)
app.command("import", epilog=_example("import posts posts.csv"))(files.import_)
app.command(epilog=_example("export snapshots '#climate' '#water' --out snapshots.csv"))(export.export)
app.add_typer(rollups.app, name="rollups")
sources.app.command(epilog=_example("sources stream sky --url wss://jetstream.example"))(streaming.stream)
app.add_typer(sources.app, name="sources")
app.add_typer(access.users, name="users")
app.add_typer(access.tokens, name="tokens")
app.command(epilog=_example("backup backups/groundswell-2026-11-24.db"))(upkeep.backup)
app.command(epilog=_example("restore backups/groundswell-2026-11-24.db --force"))(upkeep.restore)
app.command(epilog=_example("copy --to postgresql://groundswell@db.example/groundswell"))(upkeep.copy)
app.command(epilog=_example("erase ana@mastodon.example"))(privacy.erase)
app.command(epilog=_example("retention --text 90"))(privacy.retention)
app.command(epilog=_example("privacy --json"))(privacy.privacy)
app.command(epilog=_example("doctor"))(upkeep.doctor)


def main() -> None:
    app(prog_name="groundswell")

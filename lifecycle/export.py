"""Export audiences and triggers of a build that passed, for the tools that send.

    <directory>/versions/<version>/   manifest.json and, as Parquet and CSV each:
        campaigns/<campaign_id>       people to send the campaign to, the best first
        retargeting/<interest>        people and what to show them again
        triggers                      issued changes of segment, from `--since-seq` on
    <directory>/current               link to the newest version, swapped in one step

A version is complete before `current` points at it. It is named for its content: what is the same
is exported once. Contact data is in it only if it is asked for twice: by `--with-contacts`, and by
LIFECYCLE_EXPORT_CONTACTS=1 where exports with contacts may be made at all.
"""

import csv
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import click
import duckdb

from lifecycle.publish import (
    db_option,
    fingerprint,
    link_to_newest,
    only_process,
    open_warehouse,
    passed_build,
    swap,
)

VERSION = re.compile(r"\d{8}-[0-9a-f]{12}")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# What a spreadsheet takes for a formula, or for the begin of one after a quote.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
OPT_IN = "LIFECYCLE_EXPORT_CONTACTS"
# The address that each channel needs; a banner finds people without one.
CONTACTS = {"email": "email", "sms": "phone"}


@click.command()
@db_option
@click.option("--to", "directory", default="export", show_default=True, help="Directory.")
@click.option("--since-seq", default=0, show_default=True, help="Triggers after this one.")
@click.option("--with-contacts", is_flag=True, help=f"Addresses too; also needs {OPT_IN}=1.")
@click.option("--target-path", default="target", show_default=True, help="Where dbt left its JSON.")
def export(db: str, directory: str, since_seq: int, with_contacts: bool, target_path: str):
    """Export audiences and triggers of the last build, if all of it passed."""
    if since_seq < 0:
        raise click.ClickException(f"--since-seq is {since_seq}; it takes 0 or the last one read.")
    if with_contacts and os.environ.get(OPT_IN) != "1":
        raise click.ClickException(
            f"Contact data is exported only where {OPT_IN} is 1: set it where it may be, or leave "
            "--with-contacts out and let the sending tool find people by profile_id."
        )
    build = passed_build(Path(target_path))
    root = Path(directory)
    try:
        with only_process(root, "exporting"), open_warehouse(db) as connection:
            _export(connection, root, build["metadata"], since_seq, with_contacts)
    except OSError as error:
        raise click.ClickException(
            f"`{error.filename or root}` cannot be written ({error.strerror}): make room or choose "
            "another directory; what was exported before is still there."
        ) from None
    except duckdb.Error as error:
        raise click.ClickException(
            f"Nothing is exported ({str(error).splitlines()[0]}): run `make build` again; what was "
            "exported before is still there."
        ) from None


def _export(connection, root: Path, metadata: dict, since_seq: int, with_contacts: bool) -> None:
    current = link_to_newest(root)
    versions = root / "versions"
    versions.mkdir(exist_ok=True)
    draft = versions / ".draft"
    # What an export that died has left.
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700 if with_contacts else 0o777)
    try:
        _write_version(connection, current, draft, metadata, since_seq, with_contacts)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_version(
    connection, current: Path, draft: Path, metadata: dict, since_seq: int, with_contacts: bool
) -> None:
    """All files of a version, in a folder that takes its name only when it is complete."""
    versions = draft.parent
    ((as_of_date,),) = connection.execute(
        "select as_of_date from intermediate.int_as_of_date"
    ).fetchall()
    ((last_seq,),) = connection.execute(
        "select coalesce(max(trigger_seq), 0) from marts.campaign_triggers"
    ).fetchall()
    if since_seq > last_seq:
        raise click.ClickException(
            f"--since-seq is {since_seq}, and the last trigger is {last_seq}: is it that of "
            "another ledger (LIFECYCLE_STATE)? Begin anew with 0 if it was lost."
        )
    feeds = [
        _write_feed(connection, draft, name, query, with_contacts)
        for name, query in _queries(connection, since_seq)
    ]
    content = {
        "as_of_date": str(as_of_date),
        "since_seq": since_seq,
        "last_seq": last_seq,
        "has_contacts": with_contacts,
        "feeds": feeds,
    }
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    version = versions / f"{as_of_date:%Y%m%d}-{digest[:12]}"
    manifest = {
        "version": version.name,
        "generated_at": metadata["generated_at"],
        "invocation_id": metadata["invocation_id"],
    } | content
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    if not version.exists():
        draft.rename(version)
    before = current.resolve() if current.exists() else None
    swap(current, version)
    for other in versions.iterdir():
        # The one before stays for whoever is still reading it.
        if VERSION.fullmatch(other.name) and other.resolve() not in (version.resolve(), before):
            shutil.rmtree(other)
    people = sum(feed["rows"] for feed in feeds if feed["name"].startswith("campaigns/"))
    click.echo(
        f"Exported {len(feeds)} feeds as of {as_of_date} to {current}: {people:,} people in "
        f"campaigns, {feeds[-1]['rows']:,} triggers. Next time: --since-seq {last_seq}"
    )


def _queries(connection, since_seq: int) -> list[tuple[str, str]]:
    """Name and SQL of each feed, the triggers last; people of campaigns and interests."""
    campaigns = connection.execute(
        "select campaign_id from seeds.campaign_playbook order by segment, priority, campaign_id"
    ).fetchall()
    for (campaign,) in campaigns:
        if not FILE_NAME.fullmatch(campaign):
            raise click.ClickException(
                f"Campaign `{campaign}` cannot name a file: `seeds/campaign_playbook.csv` takes "
                "letters, digits, dots, hyphens and underscores as campaign_id."
            )
    queries = [
        (
            f"campaigns/{campaign}",
            f"""
            select
                profile_id, campaign_id, segment, channel, offer_class, audience_rank,
                predicted_clv
            from marts.campaign_audiences
            where is_in_audience and campaign_id = '{campaign}'
            order by audience_rank
            """,
        )
        for (campaign,) in campaigns
    ]
    queries += [
        (
            f"retargeting/{interest}",
            f"""
            select
                profile_id, interest, subject, product_id, category, channel, look_count,
                last_looked_on
            from marts.retargeting_audiences
            where interest = '{interest}'
            order by profile_id, subject
            """,
        )
        for interest in ("cart_left", "product_viewed", "category_interest")
    ]
    return [
        *queries,
        (
            "triggers",
            f"""
            select
                trigger_seq, profile_id, event, from_segment, to_segment, started_campaign_id,
                ended_campaign_id, channel, left_out_reason, issued_on
            from marts.campaign_triggers
            where is_issued and trigger_seq > {since_seq}
            order by trigger_seq
            """,
        ),
    ]


def _write_feed(connection, folder: Path, name: str, query: str, with_contacts: bool) -> dict:
    """One feed as Parquet and as CSV, and its entry in the manifest."""
    if with_contacts:
        query = _with_contacts(query)
    (folder / name).parent.mkdir(exist_ok=True)
    relation = connection.sql(query)
    rows = relation.fetchall()
    target = str(folder / f"{name}.parquet").replace("'", "''")
    connection.execute(f"copy ({query}) to '{target}' (format parquet, compression zstd)")
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        # As RFC 4180 has it; the writer then quotes both characters wherever else they stand.
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(relation.columns)
        writer.writerows([_safe(value) for value in row] for row in rows)
    return {
        "name": name,
        "rows": len(rows),
        "columns": [
            {"name": column, "type": str(kind)}
            for column, kind in zip(relation.columns, relation.types, strict=True)
        ],
        "files": [
            {"file": f"{name}.{suffix}", **fingerprint(folder / f"{name}.{suffix}")}
            for suffix in ("parquet", "csv")
        ],
    }


def _with_contacts(query: str) -> str:
    """The query with the address that its channel needs: nobody gets one for another channel."""
    chosen = " ".join(
        f"when '{channel}' then max(value) filter (attribute = '{attribute}')"
        for channel, attribute in CONTACTS.items()
    )
    order = query[query.rindex("order by") :]
    return f"""
        with feed as ({query}),
        addresses as (
            select
                profile_id,
                channel,
                case channel {chosen} end as contact
            from intermediate.int_identity__golden_records
            inner join (select distinct profile_id, channel from feed) using (profile_id)
            group by profile_id, channel
        )
        select feed.*, addresses.contact
        from feed left join addresses using (profile_id, channel)
        {order}
    """


def _safe(value):
    """Text that no spreadsheet takes for a formula: what could be one begins with a quote."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value

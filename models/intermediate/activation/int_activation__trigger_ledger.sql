{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
    post_hook="
        update {{ this }}
        set
            profile_id = null,
            from_segment = null,
            to_segment = null,
            started_campaign_id = null,
            ended_campaign_id = null,
            running_campaign_id = null,
            reason = 'erased',
            is_issued = false
        where profile_id in (select identifier_hash from {{ ref('int_privacy__denied_identifiers') }})
    ",
) }}

{# State: per person the segments that the project has answered to. A row is added for everybody who is
   elsewhere than his last row says, so that afterwards nobody is. It is issued, for campaigns to start
   and end by, if he moved; if only our knowledge of him did, it is kept in silence. Of erased people a
   numbered row stays, and nothing in it: a number that was given is given to nobody else. Whoever is not touched is
   where his last row says. #}
with

hindsight as (

    select * from {{ ref('int_activation__hindsight') }}

),

global_control as (

    select * from {{ made_in_activation(ref('int_activation__global_control')) }}
    where is_in_global_control

),

denied as (

    select distinct identifier_hash from {{ ref('int_privacy__denied_identifiers') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# The campaign that entering a segment starts. #}
campaigns as (

    select
        segment,
        campaign_id,
        row_number() over (partition by segment order by priority, campaign_id) as place
    from {{ ref('campaign_playbook') }}

),

first_campaigns as (

    select * from campaigns
    where place = 1

),

calibration as (

    select coalesce(max(calibration_number), 0) as calibration_number
    from {{ ref('int_rfm__calibrations') }}
    where definition = {{ yardstick_definition() }}

),

definition as (

    select max(definition) as definition
    from {{ ref('int_activation__segments_now') }}

),

changes as (

    select coalesce(max(change_number), 0) as change_number
    from {{ ref('int_identity__changes') }}

),

last_number as (

    select {% if is_incremental() %}coalesce(max(trigger_seq), 0){% else %}0{% endif %} as trigger_seq
    {%- if is_incremental() %}
    from {{ this }}
    {%- endif %}

),

{# Both models before this one read the ledger as it was: built without them, it would tell all once more. The
   last row that names somebody is known to both: nothing is read of those before it. #}
{% set stale -%}
'int_activation__told_segments is older than the trigger ledger. Build what is before the ledger with it: '
|| '--select +int_activation__trigger_ledger'
{%- endset %}
freshness as (

    select
        case
            when coalesce(max(told.trigger_seq), 0)
                <> coalesce((
                    select max(named.trigger_seq)
                    from {{ ref('int_activation__told_segments') }} as named
                ), 0)
                then {{ fail(stale) }}
            else 'fresh'
        end as freshness
    from ({{ told_triggers() }}) as told
    where
        told.profile_id is not null
        and told.trigger_seq >= (
            select coalesce(max(named.trigger_seq), 0)
            from {{ ref('int_activation__told_segments') }} as named
        )

),

{# By what the ledger was last written. #}
last_told as (

    select
        definition,
        calibration_number,
        change_number,
        issued_on
    from ({{ told_triggers() }}) as told
    where trigger_seq = (
            select max(last_row.trigger_seq)
            from ({{ told_triggers() }}) as last_row
        )

),

{# A look into the past is no news. #}
now_known as (

    select
        as_of.as_of_date,
        calibration.calibration_number,
        definition.definition,
        changes.change_number,
        last_number.trigger_seq as last_seq,
        last_told.issued_on is null as is_baseline,
        last_told.issued_on as told_on,
        coalesce(last_told.calibration_number <> calibration.calibration_number, false) as is_recalibrated,
        coalesce(last_told.definition <> definition.definition, false) as has_other_rules,
        last_told.change_number as known_changes
    from as_of
    cross join calibration
    cross join definition
    cross join changes
    cross join last_number
    cross join freshness
    left join last_told on true
    where
        freshness.freshness = 'fresh'
        and coalesce(as_of.as_of_date >= last_told.issued_on, true)

),

segments_now as (

    select
        profile_id,
        segment
    from {{ made_in_activation(ref('int_activation__segments_now')) }}

),

own as (

    select
        profile_id,
        told_profile_id,
        segment,
        running_campaign_id
    from {{ ref('int_activation__told_segments') }}
    where
        lineage = 'own'
        and {{ is_touched_in_activation('told_profile_id') }}

),

{# What others left to a person, the last word of it first. #}
inherited as (

    select
        profile_id,
        segment,
        lineage,
        running_campaign_id,
        row_number() over (partition by profile_id order by trigger_seq desc) as age
    from {{ ref('int_activation__told_segments') }}
    where
        lineage in ('merge', 'rename', 'split')
        and segment is not null
        and {{ is_touched_in_activation('told_profile_id') }}

),

inheritances as (

    select
        inherited.profile_id,
        max(case when inherited.age = 1 then inherited.segment end) as segment,
        max(case when inherited.age = 1 then inherited.running_campaign_id end) as running_campaign_id,
        max(case when inherited.age = 1 then inherited.lineage end) as lineage,
        max(case when inherited.segment = segments_now.segment then 1 else 0 end) = 1 as has_segment_now,
        max(case when inherited.segment = hindsight.segment_by_told_cuts then 1 else 0 end) = 1
            as has_segment_by_told_cuts
    from inherited
    left join segments_now on inherited.profile_id = segments_now.profile_id
    left join hindsight on inherited.profile_id = hindsight.profile_id
    group by inherited.profile_id

),

restated as (

    select restatements.profile_id
    from {{ ref('int_segments__restatements') }} as restatements
    cross join now_known
    group by restatements.profile_id, now_known.told_on
    having max(restatements.restated_at) >= now_known.told_on

),

{# Of whom something went elsewhere, or came, since: the ledger need not have known him. #}
reshaped_ids as (

    select
        changes.old_profile_id as profile_id,
        changes.change_type
    from {{ ref('int_identity__changes') }} as changes
    cross join now_known
    where changes.change_number > now_known.known_changes
    union all
    select
        changes.new_profile_id as profile_id,
        changes.change_type
    from {{ ref('int_identity__changes') }} as changes
    cross join now_known
    where changes.change_number > now_known.known_changes

),

reshaped as (

    select
        profile_id,
        case
            when max(case when change_type in ('split', 'moved') then 1 else 0 end) = 1 then 'split'
            when max(case when change_type = 'merged' then 1 else 0 end) = 1 then 'merge'
            else 'rename'
        end as lineage
    from reshaped_ids
    where change_type <> 'removed'
    group by profile_id

),

elsewhere as (

    select
        coalesce(own.profile_id, segments_now.profile_id) as profile_id,
        own.segment as told_segment,
        own.running_campaign_id,
        segments_now.segment
    from own
    full outer join segments_now on own.profile_id = segments_now.profile_id
    where coalesce(own.segment, '') <> coalesce(segments_now.segment, '')

),

moves as (

    select
        elsewhere.profile_id,
        coalesce(elsewhere.told_segment, inheritances.segment) as from_segment,
        elsewhere.segment as to_segment,
        case
            when elsewhere.told_segment is null
                then coalesce(inheritances.running_campaign_id, elsewhere.running_campaign_id)
            else elsewhere.running_campaign_id
        end as running_campaign_id,
        coalesce(inheritances.lineage, reshaped.lineage) as lineage,
        coalesce(inheritances.has_segment_now, false) as has_segment_now,
        coalesce(hindsight.segment, '') = coalesce(elsewhere.segment, '') as was_there_before,
        coalesce(hindsight.segment_by_told_cuts = elsewhere.told_segment, false)
        or coalesce(inheritances.has_segment_by_told_cuts, false) as would_have_stayed
    from elsewhere
    left join inheritances on elsewhere.profile_id = inheritances.profile_id
    left join reshaped on elsewhere.profile_id = reshaped.profile_id
    left join hindsight on elsewhere.profile_id = hindsight.profile_id

),

judged as (

    select
        moves.profile_id,
        moves.from_segment,
        moves.to_segment,
        moves.running_campaign_id,
        case
            when now_known.is_baseline then 'baseline'
            when global_control.profile_id is not null then 'global control'
            when moves.has_segment_now then moves.lineage
            when moves.was_there_before and moves.lineage is not null then moves.lineage
            when
                (moves.was_there_before or moves.would_have_stayed)
                and now_known.is_recalibrated
                then 'recalibration'
            when moves.was_there_before and now_known.has_other_rules then 'other rules'
            when moves.was_there_before and restated.profile_id is not null then 'restated history'
        end as reason
    from moves
    cross join now_known
    left join global_control on moves.profile_id = global_control.profile_id
    left join restated on moves.profile_id = restated.profile_id

    union all

    {# Profile ids that are nobody's any more, or somebody else's by now. #}
    select
        told_segments.told_profile_id as profile_id,
        told_segments.segment as from_segment,
        cast(null as string) as to_segment,
        cast(null as string) as running_campaign_id,
        case
            when max(told_segments.lineage) = 'gone' then 'removed'
            else max(told_segments.lineage)
        end as reason
    from {{ ref('int_activation__told_segments') }} as told_segments
    left join own on told_segments.told_profile_id = own.told_profile_id
    left join denied on told_segments.told_profile_id = denied.identifier_hash
    where
        own.told_profile_id is null
        and told_segments.segment is not null
        and {{ is_touched_in_activation('told_segments.told_profile_id') }}
        and denied.identifier_hash is null
    group by told_segments.told_profile_id, told_segments.segment

),

{# A build that finds nothing leaves word that it looked: the next one goes by that day and those cuts. #}
found as (

    select
        judged.*,
        judged.reason is null as is_issued
    from judged

    union all

    select
        cast(null as string) as profile_id,
        cast(null as string) as from_segment,
        cast(null as string) as to_segment,
        cast(null as string) as running_campaign_id,
        'no change' as reason,
        false as is_issued
    from now_known
    where
        not now_known.is_baseline
        and not exists (select 1 from judged)
        and (
            now_known.as_of_date > now_known.told_on
            or now_known.is_recalibrated
            or now_known.has_other_rules
            or now_known.change_number <> now_known.known_changes
        )

),

answered as (

    select
        found.*,
        case when coalesce(found.reason, 'baseline') = 'baseline' then first_campaigns.campaign_id end
            as first_campaign_id
    from found
    left join first_campaigns on found.to_segment = first_campaigns.segment

)

select
    cast(
        now_known.last_seq + row_number() over (
            order by answered.profile_id, answered.from_segment, answered.to_segment
        ) as bigint
    ) as trigger_seq,
    answered.profile_id,
    answered.from_segment,
    answered.to_segment,
    case when answered.is_issued then answered.first_campaign_id end as started_campaign_id,
    case
        when answered.is_issued and coalesce(answered.running_campaign_id <> answered.first_campaign_id, true)
            then answered.running_campaign_id
    end as ended_campaign_id,
    case
        when answered.is_issued or answered.reason = 'baseline' then answered.first_campaign_id
        when answered.reason <> 'global control' then answered.running_campaign_id
    end as running_campaign_id,
    answered.reason,
    now_known.definition,
    {{ salt_fingerprint() }} as salt_fingerprint,
    cast(now_known.calibration_number as bigint) as calibration_number,
    cast(now_known.change_number as bigint) as change_number,
    answered.is_issued,
    now_known.as_of_date as issued_on
from answered
cross join now_known

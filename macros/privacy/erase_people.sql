{# Takes people on the deny list out of staging and identity: those of earlier builds as soon as records are there
   (`nodes` none), so that nothing is built of them; those whom a request of this build names once the identity that
   finds all of them is known, before anything else reads staging. A row of which they are the strongest identifier
   is theirs: it goes or loses all that is personal. From other rows only their identifiers go. A row that goes stays
   as an empty one, so that all that came in is accounted for.

   Of rows that the last finished build left behind, those whom it denied are gone: in staging, among records, and from
   what visitors did. #}
{% macro erase_people(records, nodes=none, links=none) -%}
    {%- if execute -%}
        {%- set is_unseen = is_unseen_by_deny_list(nodes is none) -%}
        {%- set keys = make_scratch_table('erased_keys', erased_keys_sql(records, nodes, is_unseen)) -%}
        {%- if run_query('select count(*) from ' ~ keys).columns[0].values()[0] > 0 -%}
            {%- for table in personal_columns() -%}
                {%- set source_name, name = table.source_table.split('.') -%}
                {%- set relation = ref(table.base) -%}
                {%- set emptied = table.identifiers + table.attributes -%}
                {%- if table.is_person -%}
                    {%- set emptied = staged_columns(source_name, name) -%}
                    {%- if delivery_key(source_name, name) not in emptied -%}
                        {%- set emptied = emptied + [delivery_key(source_name, name)] -%}
                    {%- endif -%}
                {%- endif -%}
                {%- set is_erased = names_erased(keys, table.identifiers) ~ ' and ' ~ is_unseen -%}
                {%- set taken = take_out(relation, meets_any(relation, naming_erased(keys, table.identifiers, is_unseen))) -%}
                {%- if table.name == 'stg_web__events' -%}
                    {%- do note_touched_visitors(taken, is_erased, keys) -%}
                {%- endif -%}
                {%- do run_statement(
                    'update ' ~ taken ~ ' set ' ~ emptied | join(' = null, ') ~ ' = null, is_erased = true, '
                    ~ ('is_kept = false, ' if table.is_person) ~ said_no_more() ~ ' where '
                    ~ strongest_identifier(table.identifiers) ~ ' in (select identifier_key from ' ~ keys ~ ')'
                    ~ ' and ' ~ is_unseen
                ) -%}
                {%- do forget_identifiers(
                    keys, taken, table.identifiers[1:],
                    'is_erased = is_erased or raw_record is not null, ' ~ said_no_more(), is_unseen
                ) -%}
                {%- do put_back(relation, taken) -%}
                {%- do keep_up(ref(table.name), relation) -%}
            {%- endfor -%}

            {#- What is carried on by visitor: of an erased one there is no event left that names him. Sessions are made
                when everybody who is denied is gone. -#}
            {%- for name in ['int_web__sessions', 'int_web__touched'] -%}
                {%- set told = told_relation('intermediate', name) -%}
                {%- if told and (is_unseen == 'true' or name == 'int_web__touched') -%}
                    {%- do run_statement(
                        'delete from ' ~ told ~ ' where visitor_number in (select ' ~ number_of('identifier_key')
                        ~ ' from ' ~ keys ~ ')'
                    ) -%}
                {%- endif -%}
            {%- endfor -%}

            {%- set is_erased = names_erased(keys, linking_types()) ~ ' and ' ~ is_unseen -%}
            {%- set taken = take_out(records, meets_any(records, naming_erased(keys, linking_types(), is_unseen))) -%}
            {%- do run_statement(note_touched_nodes(taken, is_erased)) -%}
            {%- do run_statement(
                'delete from ' ~ taken ~ ' where ' ~ strongest_identifier(linking_types())
                ~ ' in (select identifier_key from ' ~ keys ~ ') and ' ~ is_unseen
            ) -%}
            {%- for identifier in linking_types()[1:] -%}
                {%- do forget_identifiers(
                    keys, taken, [identifier],
                    identifier ~ '_node = null, combination_id = '
                    ~ bitwise_xor('combination_id', identifier ~ '_node'),
                    is_unseen
                ) -%}
            {%- endfor -%}
            {%- do put_back(records, taken) -%}
            {%- if nodes -%}
                {%- for side in ['node_a', 'node_b'] -%}
                    {%- do run_statement(
                        'delete from ' ~ links ~ ' where ' ~ side ~ ' in (select node_id from ' ~ keys ~ ')'
                    ) -%}
                {%- endfor -%}
                {%- do run_statement('delete from ' ~ nodes ~ ' where node_id in (select node_id from ' ~ keys ~ ')') -%}
            {%- endif -%}
        {%- endif -%}
        {%- do run_statement('drop table ' ~ keys) -%}
    {%- endif -%}
{%- endmacro %}

{# Notes what rows named that are about to be taken: afterwards nobody knows. #}
{% macro note_touched_nodes(records, condition) %}
    {%- set columns = 'node_id, identifier_hash, is_of_erased, is_added_to, build_number' %}
    insert into {{ ref('int_identity__touched_nodes') }} ({{ columns }})
    select
        {{ hash_number('identifier_key') }},
        {{ hash_of('identifier_key') }},
        true,
        false,
        {{ build_number() }}
    from (
        {% for identifier in linking_types() %}
        select '{{ identifier }}:' || {{ identifier }} as identifier_key
        from {{ records }}
        where {{ identifier }} is not null and {{ condition }}
        {{ 'union' if not loop.last }}
        {% endfor %}
    ) as named
    except
    select {{ columns }} from {{ ref('int_identity__touched_nodes') }}
{% endmacro %}

{# Notes whose sessions lose an event by it, but for visitors who are erased themselves. #}
{% macro note_touched_visitors(events, condition, keys) %}
    {%- set touched = told_relation('intermediate', 'int_web__touched') -%}
    {%- if touched -%}
        {%- do run_statement(
            'insert into ' ~ touched ~ ' (visitor_key, visitor_number, is_of_erased, build_number) select '
            ~ visitor_key('events') ~ ', ' ~ number_of(visitor_key('events')) ~ ', true, ' ~ build_number()
            ~ ' from ' ~ events ~ ' as events where ' ~ condition
            ~ ' and ' ~ visitor_key('events') ~ ' not in (select identifier_key from ' ~ keys ~ ')'
            ~ ' except select visitor_key, visitor_number, is_of_erased, build_number from ' ~ touched
        ) -%}
    {%- endif -%}
{% endmacro %}

{# Of a record that was refused: what it held. #}
{% macro said_no_more() -%}
    raw_record = case when raw_record is not null then '(erased)' end, _build_number = {{ build_number() }}
{%- endmacro %}

{# Identifiers of staging that are on the deny list, in the clear. Those of requests, of robots and of records that
   were refused are in no identity. #}
{% macro erased_keys_sql(records, nodes, is_unseen) %}
    with

    denied as (

        {{ denied_identifiers() }}

    ),

    {% for table in personal_columns() %}
    {{ table.base }} as (

        {#- Not by one condition: of all rows that neither holds for nothing else is read. -#}
        {% set is_refused = 'not is_kept and rejection_reason is not null' %}
        {% for condition in {
            'stg_privacy__erasure_requests': ['true'],
            'stg_web__events': ['is_bot', is_refused],
        }.get(table.name, [is_refused]) %}
        select {{ table.identifiers | join(', ') }}
        from {{ ref(table.base) }}
        where
            {{ condition }}
            and {{ is_unseen }}
        {{ 'union all' if not loop.last }}
        {% endfor %}

    ),

    {% endfor %}
    named as (

        {% if nodes -%}
        select
            identifier_type || ':' || identifier_value as identifier_key,
            identifier_hash
        from {{ nodes }}
        {%- if is_unseen != 'true' %}
        {#- All others went the first time, before anything was made of them. #}
        where {{ "identifier_type = 'name_and_birth_date'" if var('link_names_with_birth_dates') else 'false' }}
        {%- endif %}
        {%- else -%}
        select
            identifier_key,
            {{ hash_of('identifier_key') }} as identifier_hash
        from (
            {% for identifier in identifier_types() %}
            select '{{ identifier }}:' || {{ identifier }} as identifier_key
            from {{ records if is_unseen == 'true' else ref('int_identity__touched_records') }}
            where {{ identifier }} is not null
            {{ 'union' if not loop.last }}
            {% endfor %}
        ) as written
        where exists (select 1 from denied)
        {%- endif %}
        union all
        select
            identifier_key,
            {{ hash_of('identifier_key') }} as identifier_hash
        from (
            {% for table in personal_columns() %}
            {% for identifier in table.identifiers %}
            select '{{ identifier }}:' || {{ identifier }} as identifier_key
            from {{ table.base }}
            where {{ identifier }} is not null
            {{ 'union' if not loop.last }}
            {% endfor %}
            {{ 'union' if not loop.last }}
            {% endfor %}
        ) as written

    )

    select distinct
        {{ hash_number('identifier_key') }} as node_id,
        identifier_key
    from named
    where identifier_hash in (select identifier_hash from denied)
{% endmacro %}

{# The condition that a row names somebody who is erased. #}
{% macro names_erased(keys, identifiers) -%}
    ({{ naming_erased(keys, identifiers) | join(' or ') }})
{%- endmacro %}

{# The same as a list, by each identifier one that asks its column for few values. #}
{% macro naming_erased(keys, identifiers, condition='true') -%}
    {%- set conditions = [] -%}
    {%- for identifier in identifiers -%}
        {%- do conditions.append(
            identifier ~ ' in (select substring(erased.identifier_key, ' ~ (identifier | length + 2) ~ ') from ' ~ keys
            ~ " as erased where erased.identifier_key like '" ~ identifier ~ ":%') and " ~ condition
        ) -%}
    {%- endfor -%}
    {{- return(conditions) -}}
{%- endmacro %}

{# Empties identifiers of erased people, each with what else is then to be set in the row. #}
{% macro forget_identifiers(keys, relation, identifiers, more, condition='true') %}
    {%- for identifier in identifiers -%}
        {%- do run_statement(
            'update ' ~ relation ~ ' set ' ~ identifier ~ ' = null, ' ~ more
            ~ " where '" ~ identifier ~ ":' || " ~ identifier ~ ' in (select identifier_key from ' ~ keys ~ ')'
            ~ ' and ' ~ condition
        ) -%}
    {%- endfor -%}
{% endmacro %}

{# The condition that a row of staging may hold somebody who is denied: one that is newer than the last finished
   build, or any, if the list is not as it was then. A build that broke off may have denied people and erased nobody;
   and the second time that a build asks, it may have denied some itself since the first. #}
{% macro is_unseen_by_deny_list(is_first) -%}
    {%- set finished, answers = last_finished(), answers_of_run() -%}
    {%- set denied = run_query(denied_sql()).columns[0].values()[0] -%}
    {%- if is_first -%}
        {%- do answers.update({'denied at first': denied}) -%}
    {%- endif -%}
    {%- if finished and finished.denied == denied and answers['denied at first'] == denied -%}
        _build_number > {{ finished.build_number }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Takes people on the deny list out of staging and identity, after the identity that finds all of them is known
   and before anything reads staging for good. A row of which they are the strongest identifier is theirs: it goes or
   loses all that is personal. From other rows only their identifiers go. #}
{% macro erase_people() -%}
    {%- if execute -%}
        {%- set nodes, records, links = (
            ref('int_identity__nodes'), ref('int_identity__records'), ref('int_identity__links')
        ) -%}
        {%- set keys = make_scratch_table('erased_keys', erased_keys_sql(nodes)) -%}
        {%- if run_query('select count(*) from ' ~ keys).columns[0].values()[0] > 0 -%}
            {%- for table in personal_columns() -%}
                {%- set relation = ref(table.name) -%}
                {%- set is_theirs = strongest_identifier(table.identifiers) ~ ' in (select identifier_key from ' ~ keys ~ ')' -%}
                {%- if table.is_person -%}
                    {%- do run_statement('delete from ' ~ relation ~ ' where ' ~ is_theirs) -%}
                {%- else -%}
                    {%- do run_statement(
                        'update ' ~ relation ~ ' set ' ~ (table.identifiers + table.attributes) | join(' = null, ')
                        ~ ' = null where ' ~ is_theirs
                    ) -%}
                {%- endif -%}
                {%- do forget_identifiers(keys, relation, table.identifiers[1:]) -%}
            {%- endfor -%}

            {%- do run_statement(
                'delete from ' ~ records ~ ' where ' ~ strongest_identifier(linking_types())
                ~ ' in (select identifier_key from ' ~ keys ~ ')'
            ) -%}
            {%- do forget_identifiers(keys, records, linking_types()[1:], '_node') -%}
            {%- for side in ['node_a', 'node_b'] -%}
                {%- do run_statement(
                    'delete from ' ~ links ~ ' where ' ~ side ~ ' in (select node_id from ' ~ keys ~ ')'
                ) -%}
            {%- endfor -%}
            {%- do run_statement('delete from ' ~ nodes ~ ' where node_id in (select node_id from ' ~ keys ~ ')') -%}
        {%- endif -%}
        {%- do run_statement('drop table ' ~ keys) -%}
    {%- endif -%}
{%- endmacro %}

{# Identifiers of staging that are on the deny list, in the clear. Those of requests and of robots are no nodes. #}
{% macro erased_keys_sql(nodes) %}
    select
        node_id,
        identifier_type || ':' || identifier_value as identifier_key
    from {{ nodes }}
    where identifier_hash in (select identifier_hash from {{ ref('int_privacy__denied_identifiers') }})
    union
    select
        {{ hash_number('identifier_key') }} as node_id,
        identifier_key
    from (
        {% for identifier in ['customer_id', 'email', 'phone'] %}
        select '{{ identifier }}:' || {{ identifier }} as identifier_key
        from {{ ref('stg_privacy__erasure_requests') }}
        union
        {% endfor %}
        {% for identifier in ['customer_id', 'email', 'anonymous_id'] %}
        select '{{ identifier }}:' || {{ identifier }} as identifier_key
        from {{ ref('stg_web__events') }}
        where is_bot
        {{ 'union' if not loop.last }}
        {% endfor %}
    ) as named
    where {{ hash_of('identifier_key') }} in (
        select identifier_hash from {{ ref('int_privacy__denied_identifiers') }}
    )
{% endmacro %}

{% macro forget_identifiers(keys, relation, identifiers, suffix=none) %}
    {%- for identifier in identifiers -%}
        {%- do run_statement(
            'update ' ~ relation ~ ' set ' ~ identifier ~ ' = null'
            ~ (', ' ~ identifier ~ suffix ~ ' = null' if suffix else '')
            ~ " where '" ~ identifier ~ ":' || " ~ identifier ~ ' in (select identifier_key from ' ~ keys ~ ')'
        ) -%}
    {%- endfor -%}
{% endmacro %}

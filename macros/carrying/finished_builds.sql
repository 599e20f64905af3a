{# The last build that made every model: its number (in a run of some models the number before), its as-of date, and what
   tells the deny list of then from another.
   None if there is none, or if anything since is not as it was: code, seeds, vars, a raw table that had to be read
   whole, an as-of date before it. What is told by records then has to be told anew of all of them. #}
{% macro last_finished() -%}
    {{- return(adapter.dispatch('last_finished', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__last_finished() -%}
    {{- return(none) -}}
{%- endmacro %}

{# A model is asked once: its hook must not see another one than its SQL, which was compiled before, if a model that runs
   beside it takes the note away in between. #}
{% macro duckdb__last_finished() -%}
    {#- A unit test has no graph, and stands on no build. -#}
    {%- if not execute or graph.nodes is not defined -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set answers, question = answers_of_run(), 'last finished build before ' ~ model.unique_id -%}
    {%- if question not in answers -%}
        {%- do answers.update({question: noted_finished()}) -%}
    {%- endif -%}
    {{- return(answers[question]) -}}
{%- endmacro %}

{% macro noted_finished() -%}
    {%- if adapter.get_relation(target.database, 'raw_registry', 'finished') is none -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set found = run_query(
        'select * from raw_registry.finished'
        ~ ' where build_number >= (select coalesce(max(generation), 0) from raw_registry.files_read)'
    ).rows -%}
    {%- if not found -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set noted = found[0].dict() -%}
    {#- A run of some models only finds noted what the last build touched, and does once more what that did: what is
        new is what was new to it. -#}
    {%- set answers = answers_of_run() -%}
    {%- if 'makes every model' not in answers -%}
        {%- do answers.update({'makes every model': not models_left(selected_resources)}) -%}
    {%- endif -%}
    {{- return({
        'build_number': noted.build_number - (0 if answers['makes every model'] else 1),
        'as_of_date': noted.as_of_date | string,
        'denied': noted.get('denied'),
    }) -}}
{%- endmacro %}

{# Whether all tables are as the last finished build left them: no other has begun since, and this one makes every model.
   What is known to have come can then be added to what they hold. #}
{% macro follows_finished() -%}
    {%- set finished = last_finished() -%}
    {{- return(finished is not none and number_of_build() == finished.build_number + 1) -}}
{%- endmacro %}

{# The condition that a row of a base model is another since the last finished build, or that one of its times has
   come since. #}
{% macro is_new(relation, times=[]) -%}
    {%- set finished = last_finished() -%}
    {%- if finished -%}
        (
            {{ relation }}._build_number > {{ finished.build_number }}
            {%- for time in times %}
            or (
                {{ relation }}.{{ time }} >= timestamp '{{ finished.as_of_date }}'
                and {{ local_date(relation ~ '.' ~ time) }} > date '{{ finished.as_of_date }}'
            )
            {%- endfor %}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# The rows of a base model of which `is_new` holds, as a query. Newer ones are few and near each other, and so are those of
   which the time may have come: nothing else is read of all other rows. #}
{% macro new_rows(base, time) -%}
    {%- set finished = last_finished() -%}
    select records.* from {{ base }} as records
    {%- if finished %}
    where records._build_number > {{ finished.build_number }}
    union all
    select records.* from {{ base }} as records
    where
        records._build_number <= {{ finished.build_number }}
        and records.{{ time }} >= timestamp '{{ finished.as_of_date }}'
        and {{ local_date('records.' ~ time) }} > date '{{ finished.as_of_date }}'
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}

{# Before anything is built. #}
{% macro forget_finished_of_other_code() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'retry') -%}
        {%- do adapter.dispatch('forget_finished_of_other_code', 'lifecycle')() -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__forget_finished_of_other_code() %}{% endmacro %}

{% macro duckdb__forget_finished_of_other_code() %}
    {%- do run_query(
        'create table if not exists raw_registry.finished'
        ~ ' (build_number bigint, as_of_date date, denied string, first_period_end date,'
        ~ ' discounts_told_from string, definition string)'
    ) -%}
    {#- Earlier versions noted how long the list was. -#}
    {%- do run_query('alter table raw_registry.finished add column if not exists denied string') -%}
    {%- do run_query("delete from raw_registry.finished where definition <> '" ~ definition_of_build() ~ "'") -%}
{% endmacro %}

{# What is no record of anybody's, and everybody's rows depend on: by the name under which a finished build notes it,
   the model that has it and how it is told. #}
{% macro common_facts() -%}
    {{- return({
        'as_of_date': {'model': 'int_as_of_date', 'value': 'max(as_of_date)', 'is_same': '<='},
        'first_period_end': {'model': 'int_periods', 'value': 'min(period_end)', 'is_same': 'is not distinct from'},
        'discounts_told_from': {
            'model': 'int_value__discounts_told',
            'value': "string_agg(order_source || ' ' || told_from, ', ' order by order_source)",
            'is_same': 'is not distinct from',
        },
    }) -}}
{%- endmacro %}

{# Hook of a model that has a common fact: if that is another, or an as-of date before the last, no build is finished. #}
{% macro forget_finished_if_other(name) -%}
    {{- adapter.dispatch('forget_finished_if_other', 'lifecycle')(name) -}}
{%- endmacro %}

{% macro default__forget_finished_if_other(name) %}{% endmacro %}

{% macro duckdb__forget_finished_if_other(name) -%}
    {%- set fact = common_facts()[name] -%}
    delete from raw_registry.finished
    where not ({{ name }} {{ fact.is_same }} (select {{ fact.value }} from {{ this }}))
{%- endmacro %}

{# At the end of a run: notes that it is finished, if it made every model. #}
{% macro note_finished(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do adapter.dispatch('note_finished', 'lifecycle')(results) -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__note_finished(results) %}{% endmacro %}

{% macro duckdb__note_finished(results) %}
    {%- set made = results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list -%}
    {%- set left = models_left(made) -%}
    {%- if not left -%}
        {%- do run_query('delete from raw_registry.finished') -%}
        {%- set facts = [] -%}
        {%- for fact in common_facts().values() -%}
            {%- set relation = graph.nodes['model.lifecycle.' ~ fact.model].relation_name -%}
            {%- do facts.append('(select ' ~ fact.value ~ ' from ' ~ relation ~ ')') -%}
        {%- endfor -%}
        {%- do run_query(
            'insert into raw_registry.finished (build_number, denied, definition, '
            ~ common_facts().keys() | join(', ') ~ ') select ' ~ build_number() ~ ', (' ~ denied_sql() ~ "), '"
            ~ definition_of_build() ~ "', " ~ facts | join(', ')
        ) -%}
    {%- elif 'profile_identifiers' not in left and 'int_identity__moved' in left -%}
        {#- What people are called now, and nobody has compared it with what they were called. -#}
        {%- do run_query('delete from raw_registry.finished') -%}
    {%- endif -%}
{% endmacro %}

{# The models that a build makes, but for some. #}
{% macro models_left(made) -%}
    {%- set left = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.package_name == 'lifecycle'
            and node.config.materialized != 'ephemeral' and node.unique_id not in made -%}
        {%- do left.append(node.name) -%}
    {%- endfor -%}
    {{- return(left) -}}
{%- endmacro %}

{# What tells one deny list from another: as long as it was, it may be another, with identifiers lifted by hand. #}
{% macro denied_sql() -%}
    select count(*) || ' with ' || coalesce(sum({{ hash_number('identifier_hash') }} % 1000000007), 0)
    from ({{ denied_identifiers() }}) as denied
{%- endmacro %}

{# All that the rows of a model depend on beside its records: code, seeds, salt and vars; and the version of the engine,
   for each has hashes of its own (`number_of`). #}
{% macro definition_of_build() -%}
    {%- set salt, engine = run_query('select ' ~ salt_fingerprint() ~ ', version()').rows[0].values() -%}
    {{- return(local_md5([fingerprint_of_code(), checksums_of('seed'), salt, engine, fingerprint_of_vars()] | string)) -}}
{%- endmacro %}

{# What tells one version of models, macros and functions from another. #}
{% macro fingerprint_of_code() -%}
    {%- if execute -%}
        {{- return(local_md5([hash_of_code(), checksums_of('model')] | string)) -}}
    {%- endif -%}
{%- endmacro %}

{# None while dbt parses and in its unit tests, where there is no graph. #}
{% macro checksums_of(resource_type) -%}
    {%- set found = [] -%}
    {%- if graph.nodes is defined -%}
        {%- for node in graph.nodes.values() | sort(attribute='unique_id') if node.resource_type == resource_type -%}
            {%- do found.append([node.unique_id, node.checksum.checksum]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found) -}}
{%- endmacro %}

{# Of macros and functions: dbt has a checksum of models and seeds alone. #}
{% macro hash_of_code() -%}
    {%- set answers = answers_of_run() -%}
    {%- if 'hash of code' not in answers -%}
        {%- do answers.update({'hash of code': run_query('select ' ~ code_hash()).rows[0].values()[0]}) -%}
    {%- endif -%}
    {{- return(answers['hash of code']) -}}
{%- endmacro %}

{# It, in SQL. #}
{% macro code_hash() -%}
    {{- adapter.dispatch('code_hash', 'lifecycle')() -}}
{%- endmacro %}

{% macro default__code_hash() -%}
    code_hash()
{%- endmacro %}

{% macro spark__code_hash() -%}
    '${spark.lifecycle.code_hash}'
{%- endmacro %}

{# What tells the vars of one build from those of another. The as-of date goes on, and to calibrate changes no record. #}
{% macro fingerprint_of_vars() -%}
    {%- set parts = [] -%}
    {%- for name in [
        'annual_discount_rate', 'banner_consent', 'buyer_window_days', 'cap_all_channels', 'cap_per_channel',
        'clv_backtest', 'clv_holdout_days', 'clv_horizon_days', 'clv_model', 'clv_refit_after_days', 'default_country',
        'default_margin_rate', 'device_memory_days', 'exchange_rate_max_age_days', 'experiment_goal_days',
        'frequency_cuts', 'global_control_share', 'global_control_since', 'history_grain',
        'link_names_with_birth_dates', 'purchase_statuses', 'reporting_currency', 'reporting_timezone',
        'retargeting_window_days', 'rfm_recalibrate_after_days', 'rfm_window_days', 'rfm_yardstick', 'segment_map',
        'strip_email_plus_tags', 'strip_gmail_dots', 'value_window_days', 'visitor_window_days',
    ] -%}
        {%- do parts.append([name, var(name)]) -%}
    {%- endfor -%}
    {{- return(local_md5(parts | string)) -}}
{%- endmacro %}

{# Rows of a model that says what is touched, of builds that are finished; but for those of the last one that are
   `kept`, by a condition. #}
{% macro forget_before_finished(kept='false') -%}
    {%- if execute and is_incremental() -%}
        {%- set finished = last_finished() -%}
        {%- if not finished -%}
            delete from {{ this }} where true
        {%- else -%}
            delete from {{ this }}
            where
                build_number < {{ finished.build_number }}
                or (build_number = {{ finished.build_number }} and not {{ kept }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A table to be compared with; none if no build is finished, for then nothing is. #}
{% macro told_relation(schema, name) -%}
    {{- return(left_table(schema, name) if last_finished() else none) -}}
{%- endmacro %}

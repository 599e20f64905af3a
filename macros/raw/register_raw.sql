{# Makes raw_<source>.<table> readable for all tables of the contract, before anything is built. #}
{% macro register_raw() -%}
    {%- if execute -%}
        {%- do forget_answers() -%}
        {%- do adapter.dispatch('register_raw', 'lifecycle')() -%}
    {%- endif -%}
{%- endmacro %}

{# On an engine that has the tables, the sources point at them as they are. #}
{% macro default__register_raw() %}{% endmacro %}

{# Tables are there, loaded by somebody or, of files, by `lifecycle/spark.py`, which tells them in
   raw_registry.loaded_files. Those that are not there are made, empty; filled later, they are somebody's. #}
{% macro spark__register_raw() %}
    {%- set files, made = {}, [] -%}
    {%- do run_statement('create schema if not exists raw_registry') -%}
    {%- set registry = tables_of_schema('raw_registry') -%}
    {%- if 'loaded_files' in registry -%}
        {%- for row in run_query('select source_table, file_format, file_count, columns from raw_registry.loaded_files').rows -%}
            {%- do files.update({row[0]: {
                'format': row[1], 'file_count': row[2] | int, 'columns': fromjson(row[3])
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if 'tables' in registry -%}
        {%- for row in run_query('select source_table from raw_registry.tables where not is_present').rows -%}
            {%- do made.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}

    {%- set rows, found = [], {} -%}
    {%- for source in graph.sources.values() if source.source_name != 'registry' -%}
        {%- set name = source.source_name ~ '.' ~ source.name -%}
        {%- set file = files.get(name) -%}
        {%- if source.schema not in found -%}
            {%- do run_statement('create schema if not exists ' ~ source.schema) -%}
            {%- do found.update({source.schema: tables_of_schema(source.schema)}) -%}
        {%- endif -%}
        {%- set relation = api.Relation.create(schema=source.schema, identifier=source.name) -%}
        {%- if source.name not in found[source.schema] -%}
            {%- do run_statement('create table ' ~ relation ~ ' using iceberg as ' ~ empty_table_sql(source)) -%}
        {%- elif not file and not (
            name in made and run_query('select 1 from ' ~ relation ~ ' limit 1').rows | length == 0
        ) -%}
            {%- set file = {'format': 'table', 'file_count': 0, 'columns': []} -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do file.columns.append(column.name | lower) -%}
            {%- endfor -%}
            {%- do check_columns(source, file.columns) -%}
        {%- endif -%}
        {%- do rows.append(registry_row_sql(name, source, file)) -%}
    {%- endfor -%}
    {%- do run_statement(
        'create or replace table raw_registry.tables using iceberg as ' ~ rows | join(' union all ')
    ) -%}
{% endmacro %}

{% macro tables_of_schema(schema) -%}
    {{- return(run_query('show tables in ' ~ schema).columns['tableName'].values() | list) -}}
{%- endmacro %}

{# A table that somebody loaded has to have all columns: a view over it would hide what it lacks. #}
{% macro check_columns(source, columns) -%}
    {%- for column in (source.columns | list) + ['_loaded_at', part_column()] if column not in columns -%}
        {%- do exceptions.raise_compiler_error(
            source.schema ~ "." ~ source.name ~ " has no column " ~ column ~ ". Add it, empty if need be: "
            ~ "alter table " ~ source.schema ~ "." ~ source.name ~ " add column " ~ column ~ " "
            ~ (source.columns[column].data_type if column in source.columns
               else {'_loaded_at': 'timestamp'}.get(column, 'string'))
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{# Files become views, which copy nothing. A table somebody loaded into the same schema is left alone
   where there is no file of that name. `lifecycle/raw_files.py` looks at the files. #}
{% macro duckdb__register_raw() %}
    {%- if not env_var('LIFECYCLE_HASH_SALT', '') -%}
        {%- do exceptions.raise_compiler_error(
            "LIFECYCLE_HASH_SALT is not set. Profile ids are hashed with it: set it to a secret of your own "
            ~ "and keep it, for another salt makes other ids (the demo's is `demo`)."
        ) -%}
    {%- endif -%}

    {%- set directory = env_var('LIFECYCLE_RAW', 'raw') | replace("'", "''") -%}
    {%- set tables = run_query(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).columns[0].values() -%}
    {%- set found = fromjson(
        run_query("select raw_files('" ~ directory ~ "')").columns[0].values()[0]
    ) -%}
    {%- set loaded = [] -%}
    {%- for source in graph.sources.values()
        if source.schema ~ '.' ~ source.name in tables and source.source_name != 'registry' -%}
        {%- do loaded.append(source.source_name ~ '.' ~ source.name) -%}
    {%- endfor -%}

    {%- set problems = found.problems -%}
    {%- if loaded and not found.tables -%}
        {# Everything is in tables already: that there is no raw directory is no problem then. #}
        {%- set problems = [] -%}
    {%- endif -%}
    {%- if problems -%}
        {%- do exceptions.raise_compiler_error(
            'The raw data cannot be read:\n  - ' ~ problems | join('\n  - ')
        ) -%}
    {%- endif -%}
    {%- for file in found.unknown -%}
        {%- do exceptions.warn('Not read: ' ~ file) -%}
    {%- endfor -%}

    {%- set rows, files, statements = [], [], ['create schema if not exists raw_registry'] -%}
    {%- for source in graph.sources.values() if source.source_name != 'registry' -%}
        {%- set name = source.source_name ~ '.' ~ source.name -%}
        {%- set file = found.tables.get(name) -%}
        {%- do statements.append('create schema if not exists ' ~ source.schema) -%}
        {%- if name in loaded and file -%}
            {%- do exceptions.raise_compiler_error(
                name ~ " is there twice: as a file in " ~ found.directory ~ " and as the table "
                ~ source.schema ~ "." ~ source.name ~ ". Remove one of them."
            ) -%}
        {%- elif name in loaded -%}
            {%- set file = {'format': 'table', 'file_count': 0, 'columns': {}} -%}
            {%- for column in adapter.get_columns_in_relation(
                api.Relation.create(database=source.database, schema=source.schema, identifier=source.name)
            ) -%}
                {%- do file.columns.update({column.name | lower: column.dtype}) -%}
            {%- endfor -%}
            {%- do check_columns(source, file.columns) -%}
        {%- else -%}
            {%- do statements.append(
                'create or replace view ' ~ source.schema ~ '.' ~ source.name ~ ' as '
                ~ (file.relation_sql if file else empty_table_sql(source))
            ) -%}
        {%- endif -%}
        {%- do rows.append(registry_row_sql(name, source, file)) -%}
        {# A table that is loaded by others has no file, and nothing that tells whether it is as it was. #}
        {%- for file_name, fingerprint in (file or {'files': [['', 'none']]}).get('files', [['', none]]) -%}
            {%- do files.append(
                "('" ~ name ~ "', '" ~ file_name | replace("'", "''") ~ "', "
                ~ ("'" ~ fingerprint ~ "'" if fingerprint else 'null') ~ ')'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do statements.extend([
        'create or replace table raw_registry.tables as ' ~ rows | join(' union all '),
        'create or replace table raw_registry.files (source_table string, file_name string, fingerprint string)',
        'insert into raw_registry.files values ' ~ files | join(', '),
        'create table if not exists raw_registry.files_read'
        ~ ' (source_table string, file_name string, fingerprint string, definition string, generation bigint)',
        'create table if not exists raw_registry.files_counted'
        ~ ' (source_table string, file_name string, fingerprint string, definition string)',
        'create table if not exists raw_registry.builds (build_number bigint)',
    ]) -%}
    {#- What makes no model takes no number: the next build would look for notes of a build that was none. -#}
    {%- if flags.WHICH in ('build', 'run', 'retry') -%}
        {%- do statements.append(
            'insert into raw_registry.builds select coalesce(max(build_number), 0) + 1 from raw_registry.builds'
        ) -%}
    {%- endif -%}
    {%- do run_query(statements | join(';\n')) -%}
{% endmacro %}

{% macro empty_table_sql(source) -%}
    select
        {% for column in source.columns.values() -%}
            cast(null as {{ column.data_type }}) as {{ column.name }},
        {% endfor -%}
        cast(null as timestamp) as _loaded_at,
        cast(null as string) as {{ part_column() }}
    where false
{%- endmacro %}

{% macro registry_row_sql(name, source, file) -%}
    {%- set absent = [] -%}
    {%- for column in source.columns if file and column not in file.columns -%}
        {%- do absent.append(column) -%}
    {%- endfor -%}
    select
        '{{ name }}' as source_table,
        {{ 'true' if file else 'false' }} as is_present,
        {{ "'" ~ file.format ~ "'" if file else 'cast(null as string)' }} as file_format,
        cast({{ file.file_count if file else 0 }} as bigint) as file_count,
        {{ "'" ~ absent | join(', ') ~ "'" if absent else 'cast(null as string)' }} as absent_columns,
        {{ 'true' if file and ('_loaded_at' in file.columns or 'parts' in file.format) else 'false' }}
            as has_arrival,
        '{{ raw_definition(file) }}' as definition
{%- endmacro %}

{# What staging makes of a raw row depends on, beside the row: how its columns are read, and vars. #}
{% macro raw_definition(file) -%}
    {%- set parts = [file.columns | string if file else none] -%}
    {%- for name in [
        'default_country', 'exchange_rate_max_age_days', 'reporting_currency', 'reporting_timezone',
        'strip_email_plus_tags', 'strip_gmail_dots'
    ] -%}
        {%- do parts.append(var(name)) -%}
    {%- endfor -%}
    {{- return(local_md5(parts | string)) -}}
{%- endmacro %}

{# Prints SQL that takes everybody on the deny list out of the raw files, to be looked through and run:
   `dbt --quiet run-operation sql_to_erase_raw`. It changes nothing itself. docs/erasure.md has the steps. #}
{% macro sql_to_erase_raw() -%}
    {{- adapter.dispatch('sql_to_erase_raw', 'lifecycle')() -}}
{%- endmacro %}

{% macro default__sql_to_erase_raw() -%}
    {%- do exceptions.raise_compiler_error(
        'sql_to_erase_raw rewrites raw files, and this engine has tables: take people out of them with '
        ~ 'delete and update statements, as in docs/erasure.md under "Tables in place of files".'
    ) -%}
{%- endmacro %}

{% macro duckdb__sql_to_erase_raw() -%}
    {%- do check_vars() -%}
    {%- set list = state_table('int_privacy__denied_identifiers') -%}
    {%- if list is none or run_query('select count(*) from ' ~ list).columns[0].values()[0] == 0 -%}
        {%- do print('-- Nothing to erase: nobody is on the deny list.') -%}
        {{- return('') -}}
    {%- endif -%}

    {%- set found = fromjson(run_query(
        "select raw_files('" ~ env_var('LIFECYCLE_RAW', 'raw') | replace("'", "''") ~ "')"
    ).columns[0].values()[0]) -%}
    {%- set tables = tables_with_the_denied(list) -%}
    {%- if found.problems and not (tables and not found.tables) -%}
        {%- do exceptions.raise_compiler_error(
            'The raw data cannot be read:\n  - ' ~ found.problems | join('\n  - ')
        ) -%}
    {%- endif -%}

    {%- set statements = [] -%}
    {%- for table in personal_columns() if table.source_table in found.tables -%}
        {%- for file in raw_reads(found.tables[table.source_table]) -%}
            {%- do statements.append(rewrite_sql(table, file) | trim) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set statements = statements | select | list -%}

    {%- if statements -%}
        {%- do print(preface_sql(list)) -%}
        {%- do print(erasing_functions_sql(list)) -%}
        {%- do print('\n' ~ statements | join('\n\n')) -%}
    {%- else -%}
        {%- do print('-- Nothing to erase: no file in ' ~ found.directory ~ ' names anybody on the list.') -%}
    {%- endif -%}
    {%- for table in tables -%}
        {%- do print('-- ' ~ table ~ ' is a table and names erased people: see docs/erasure.md.') -%}
    {%- endfor -%}
{%- endmacro %}

{# Raw data that somebody loaded as tables, where it names erased people. Makes the functions on the way. #}
{% macro tables_with_the_denied(list) -%}
    {%- do run_query(erasing_functions_sql(list)) -%}
    {%- set tables = [] -%}
    {%- for table in personal_columns() -%}
        {%- set name = table.source_table.split('.') -%}
        {%- set relation = adapter.get_relation(target.database, 'raw_' ~ name[0], name[1]) -%}
        {%- if relation is not none and relation.is_table -%}
            {%- set denied = [] -%}
            {%- for column in adapter.get_columns_in_relation(relation)
                if column.name | lower in table.identifiers -%}
                {%- do denied.append(is_denied_sql(column.name | lower)) -%}
            {%- endfor -%}
            {%- if denied and run_query(
                'select count(*) from ' ~ relation ~ ' where ' ~ denied | join(' or ')
            ).columns[0].values()[0] > 0 -%}
                {%- do tables.append(relation.schema ~ '.' ~ relation.identifier) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(tables) -}}
{%- endmacro %}

{# Each file of a table with the table function that reads it alone, just as the build does. The build reads
   files of one layout together: `from read_csv([<files>], <options>)`, a `select` per layout. #}
{% macro raw_reads(found) -%}
    {%- set files = [] -%}
    {%- for layout in found.relation_sql.split('\nunion all\nselect\n') -%}
        {%- set function, rest = layout.split('\nfrom ', 1)[1].split('([', 1) -%}
        {%- set patterns, options = rest.split('], hive_partitioning', 1) -%}
        {%- set options = options | replace(", filename = '_path_of_part'", '') -%}
        {%- for pattern, path in run_query(
            "select pattern, regexp_replace(pattern, '[[]([*?[])[]]', '\\1', 'g')"
            ~ " from (select unnest([" ~ patterns ~ "]) as pattern)"
        ).rows -%}
            {%- do files.append({
                'path': path,
                'read': function ~ "(['" ~ pattern | replace("'", "''") ~ "'], hive_partitioning" ~ options,
                'delimiter': options.split('delim = ')[1].split(', quote')[0] if function == 'read_csv',
                'types': found.columns
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if files | length != found.file_count -%}
        {%- do exceptions.raise_compiler_error('No files can be made out in: ' ~ found.relation_sql) -%}
    {%- endif -%}
    {{- return(files) -}}
{%- endmacro %}

{# The statement that writes a file anew, or nothing if nobody in it is on the list. #}
{% macro rewrite_sql(table, file) -%}
    {%- set names = {} -%}
    {%- for name in run_query('describe select * from ' ~ file.read).columns[0].values() -%}
        {%- do names.update({name | lower: adapter.quote(name) if name != name | lower else name}) -%}
    {%- endfor -%}
    {%- set keys, denied, replaced = [], [], [] -%}
    {%- for identifier in table.identifiers if identifier in names -%}
        {%- do keys.append(key_sql(identifier, file.types[identifier])) -%}
        {%- do denied.append(is_denied_sql(identifier, file.types[identifier])) -%}
        {%- do replaced.append(
            'case when not (_is_theirs or ' ~ denied[-1] ~ ') then ' ~ names[identifier]
            ~ ' end as ' ~ names[identifier]
        ) -%}
    {%- endfor -%}
    {%- for attribute in table.attributes if attribute in names -%}
        {%- do replaced.append(
            'case when not _is_theirs then ' ~ names[attribute] ~ ' end as ' ~ names[attribute]
        ) -%}
    {%- endfor -%}
    {%- if keys -%}
        {%- set whose -%}
    from (
        select
            *,
            is_denied(coalesce({{ keys | join(', ') }})) as _is_theirs
        from {{ file.read }}
    )
        {%- endset -%}
        {%- set theirs, others = run_query(
            'select count(*) filter (where _is_theirs), count(*) filter (where not _is_theirs and ('
            ~ denied | join(' or ') ~ '))' ~ whose
        ).rows[0].values() -%}
        {%- if theirs or others %}
-- Rows of erased people that {{ 'go' if table.is_person else 'lose what is personal' }}: {{ theirs -}}
. Rows of others that lose one of their identifiers: {{ others }}.
copy (
    select * exclude (_is_theirs) replace (
        {{ replaced | join(',\n        ') }}
    )
    {{ whose | trim }}
    {%- if table.is_person %}
    where not _is_theirs
    {%- endif %}
) to '{{ (file.path ~ '.erased') | replace("'", "''") }}' (
    {{- 'format csv, header true, delimiter ' ~ file.delimiter if file.delimiter else 'format parquet' -}}
);
-- mv {{ shell_word(file.path ~ '.erased') }} {{ shell_word(file.path) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro preface_sql(list) -%}
-- Takes people on the deny list out of raw files: writes each file anew beside the old one, as <file>.erased.
-- Set the session variable hash_salt first; docs/erasure.md has the steps.
attach if not exists '{{ run_query(
    "select path from duckdb_databases() where database_name = '" ~ list.database ~ "'"
).columns[0].values()[0] | replace("'", "''") }}' as {{ list.database }} (read_only);
{% endmacro %}

{# What the statements call: the cleaning of staging, and the look at the list. Stops on another salt. #}
{% macro erasing_functions_sql(list) -%}
select
    case
        when count(*) = 0
            then error('The deny list was made with another salt: set hash_salt to that of the last build.')
    end as salt_check
from {{ list }}
where salt_fingerprint = {{ salt_fingerprint() }};

create or replace temp table denied as
select distinct identifier_hash from {{ list }};

create or replace temp macro is_denied(identifier) as
    coalesce({{ hash_of('identifier') }} in (select identifier_hash from denied), false);

create or replace temp macro clean_identifier(written) as
    {{ clean_identifier('written') }};

create or replace temp macro clean_email(written) as
    {{ clean_email('written') }};

create or replace temp macro clean_phone(written) as
    {{ clean_phone('written') }};
{%- endmacro %}

{# Of the type that the build reads the column in: 7 is 7.0 if another part has it as a double. #}
{% macro key_sql(identifier, type='VARCHAR') -%}
    {%- set clean = 'clean_' ~ identifier if identifier in ['email', 'phone'] else 'clean_identifier' -%}
    '{{ identifier }}:' || {{ clean }}(
        {{- identifier if type == 'VARCHAR' else 'cast(' ~ identifier ~ ' as ' ~ type ~ ')' -}}
    )
{%- endmacro %}

{% macro is_denied_sql(identifier, type='VARCHAR') -%}
    is_denied({{ key_sql(identifier, type) }})
{%- endmacro %}

{% macro shell_word(text) -%}
    '{{ text | replace("'", "'\\''") }}'
{%- endmacro %}

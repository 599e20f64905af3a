{# Materializes the connected components of a graph. The model selects whole numbers node_a and node_b:
   one row per node, with node_a = node_b, and one per link, with node_a < node_b. The table has these
   rows and component_id, the smallest node of the component that the row lies in.

   If the table is there, only components that a row was added to or removed from are found anew. As
   component_id depends on the links alone, that gives the same rows as finding all of them would. A model that knows
   the nodes of which rows may have been added or removed has their model as `touched` in its meta, and selects by
   `links_to_compare` and `is_node_to_compare`: only such rows are then compared with the table.

   Every step commits what it made, and the table itself changes in the last step and at once. So a run
   that breaks off leaves the old table, or none, and work tables that the next run drops. #}
{% materialization connected_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set rows = work_table('rows') -%}
    {%- set changes = work_table('changes') -%}
    {%- set affected = work_table('affected') -%}
    {%- set changed = work_table('changed') -%}
    {%- set found = work_table('found') -%}
    {%- set is_part = selects_touched_ends(sql) -%}
    {%- set is_new = not is_part and not holds_components(existing) -%}
    {%- set state = namespace(changes=0, source=none, message='all is found anew') -%}

    {%- do drop_work_tables() -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do make_table(rows, select_links(sql)) -%}
    {%- if is_new -%}
        {%- if existing is not none and not existing.is_table -%}
            {%- do adapter.drop_relation(existing) -%}
        {%- endif -%}
        {%- set state.source = find_components(rows, target_relation) -%}
    {%- else -%}
        {%- do make_table(changes, select_changes(target_relation, rows, is_part)) -%}
        {%- set state.changes = count_rows(changes) -%}
        {%- set state.message = 'no row has changed' -%}
    {%- endif -%}
    {%- if state.changes > 0 -%}
        {%- do make_table(affected, select_affected(target_relation, changes)) -%}
        {%- do make_table(changed, select_changed(rows, affected, is_part, target_relation, changes)) -%}
        {%- set state.source = find_components(changed, found) -%}
    {%- endif -%}

    {#- Python runs only from here: dbt refuses it in macros that a materialization calls. -#}
    {%- if state.source -%}
        {% call statement('find_components', language='python') -%}
            {{ state.source }}
        {%- endcall %}
    {%- endif -%}

    {%- if state.changes > 0 -%}
        {%- set state.message = state.changes ~ ' rows have changed, '
            ~ count_rows(found) ~ ' are found anew' -%}
        {%- do replace_components(target_relation, affected, found) -%}
    {%- endif -%}
    {% call noop_statement('main', state.message) -%} {{ sql }} {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {%- for relation in [rows, changes, affected, changed, found] -%}
        {%- do adapter.drop_relation(relation) -%}
    {%- endfor -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# ---------- tables #}

{% macro work_table(name) %}
    {{ return(api.Relation.create(
        database=this.database,
        schema=this.schema,
        identifier=this.identifier ~ '__work_' ~ name,
        type='table'
    )) }}
{% endmacro %}

{# What a run that broke off left behind. Tables of rounds are made in order and dropped from the last on. #}
{% macro drop_work_tables() %}
    {%- set state = namespace(joins=1) -%}
    {%- for round in range(1, max_rounds() + 1) if state.joins == round -%}
        {%- if load_cached_relation(work_table('joins_' ~ round)) is not none -%}
            {%- set state.joins = round + 1 -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do drop_joins(state.joins - 1) -%}
    {%- for name in ['rows', 'changes', 'affected', 'changed', 'found', 'merged', 'edges_0', 'edges_1'] -%}
        {%- set left_over = load_cached_relation(work_table(name)) -%}
        {%- if left_over is not none -%} {%- do adapter.drop_relation(left_over) -%} {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{% macro drop_joins(rounds) %}
    {%- for round in range(rounds, 0, -1) -%}
        {%- do adapter.drop_relation(work_table('joins_' ~ round)) -%}
    {%- endfor -%}
{% endmacro %}

{# Committed at once: of a table made in the same transaction DuckDB knows no row count, and joins it as if
   it were empty. #}
{% macro make_table(relation, query) %}
    {%- do adapter.drop_relation(relation) -%}
    {% call statement('make_table', fetch_result=False, auto_begin=True) -%}
        {{ create_table_as(False, relation, query) }}
    {%- endcall %}
    {%- do adapter.commit() -%}
{% endmacro %}

{% macro count_rows(relation) %}
    {{ return(run_query('select count(*) from ' ~ relation).columns[0].values()[0] | int) }}
{% endmacro %}

{# A table of another make is made anew. #}
{% macro holds_components(relation) %}
    {%- if relation is none or not relation.is_table or should_full_refresh() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {{ return(columns == ['node_a', 'node_b', 'component_id']) }}
{% endmacro %}

{# ---------- what has changed #}

{# The links of such a model, and the condition on its nodes, of which one may have been added or removed: all, unless
   the table is as the last finished build left it, but for rows of what has been touched since. Links are asked for by
   the models that have all of them and the touched ones. #}
{% macro links_to_compare(links, touched_links) -%}
    {{ ref(touched_links) if is_kept_but_for_touched() else ref(links) }}
{%- endmacro %}

{% macro is_node_to_compare(node) -%}
    {{ is_touched_node(node) if is_kept_but_for_touched() else 'true' }}
{%- endmacro %}

{% macro is_kept_but_for_touched() %}
    {{ return(
        execute and last_finished() is not none and not should_full_refresh()
        and load_cached_relation(this) is not none
    ) }}
{% endmacro %}

{% macro links_with_touched_end(links) -%}
    (
        select node_a, node_b from {{ links }} where {{ is_touched_node('node_a') }}
        union
        select node_a, node_b from {{ links }} where {{ is_touched_node('node_b') }}
    )
{%- endmacro %}

{% macro is_touched_node(node) -%}
    {{ node }} in (select node_id from {{ ref(config.get('meta').touched) }} where {{ is_one_of_few('node_id') }})
{%- endmacro %}

{# It is asked once, of what the model selects. #}
{% macro selects_touched_ends(query) %}
    {%- set touched = (config.get('meta') or {}).get('touched') -%}
    {{ return(touched is not none and (ref(touched) | string) in query) }}
{% endmacro %}

{% macro select_links(query) %}
    select
        cast(node_a as bigint) as node_a,
        cast(node_b as bigint) as node_b
    from ({{ query }}) as links
{% endmacro %}

{# Rows that are in one of the two alone. #}
{% macro select_changes(kept, new_rows, is_part=false) %}
    {%- set old_rows = kept -%}
    {%- if is_part -%}
        {%- set old_rows = links_with_touched_end(kept) -%}
    {%- endif -%}
    select
        coalesce(new_rows.node_a, old_rows.node_a) as node_a,
        coalesce(new_rows.node_b, old_rows.node_b) as node_b
    from {{ new_rows }} as new_rows
    full outer join {{ old_rows }} as old_rows
        on new_rows.node_a = old_rows.node_a and new_rows.node_b = old_rows.node_b
    where new_rows.node_a is null or old_rows.node_a is null
{% endmacro %}

{# Nodes whose component may be another now: all of every component that a change touches, and new ones. #}
{% macro select_affected(old_rows, changes) %}
    with

    ends as (
        select node_a as node_id from {{ changes }}
        union
        select node_b as node_id from {{ changes }}
    ),

    components as (
        select distinct component_id
        from {{ old_rows }}
        where
            node_a = node_b
            and {{ is_among_few('node_a', 'ends', 'node_id') }}
    )

    select old_rows.node_a as node_id
    from {{ old_rows }} as old_rows
    inner join components on old_rows.component_id = components.component_id
    where old_rows.node_a = old_rows.node_b
    union
    select node_id from ends
{% endmacro %}

{# With one end of a link the other one is affected as well. Of a part of the rows the others are those kept. #}
{% macro select_changed(rows, affected, is_part=false, kept=none, changes=none) %}
    select
        node_a,
        node_b
    from {{ rows }}
    where node_a in (select node_id from {{ affected }})
    {%- if is_part %}
    union
    (
        select
            node_a,
            node_b
        from {{ kept }}
        where node_a in (select node_id from {{ affected }})
        except
        select
            node_a,
            node_b
        from {{ changes }}
    )
    {%- endif %}
{% endmacro %}

{% macro replace_components(relation, affected, found) %}
    {{ adapter.dispatch('replace_components', 'lifecycle')(relation, affected, found) }}
{% endmacro %}

{# Not every engine can delete rows. Once the old table is dropped, all is found anew if this breaks off. #}
{% macro default__replace_components(relation, affected, found) %}
    {%- set merged = work_table('merged') -%}
    {% set query -%}
        select * from {{ relation }}
        where node_a not in (select node_id from {{ affected }})
        union all
        select * from {{ found }}
    {%- endset %}
    {%- do make_table(merged, query) -%}
    {%- do make_table(relation, 'select * from ' ~ merged) -%}
    {%- do adapter.drop_relation(merged) -%}
{% endmacro %}

{# One transaction, which the materialization commits. #}
{% macro duckdb__replace_components(relation, affected, found) %}
    {% call statement('delete_affected') -%}
        delete from {{ relation }} where node_a in (select node_id from {{ affected }})
    {%- endcall %}
    {% call statement('insert_found') -%}
        insert into {{ relation }} select * from {{ found }}
    {%- endcall %}
{% endmacro %}

{# ---------- components of all rows of a table, into a table #}

{# Makes the table `found`, or returns the Python that makes it. #}
{% macro find_components(rows, found) %}
    {{ return(adapter.dispatch('find_components', 'lifecycle')(rows, found)) }}
{% endmacro %}

{# In the process that DuckDB runs in, scipy is several times faster than any SQL. #}
{% macro duckdb__find_components(rows, found) %}
    {% set source %}
from lifecycle import components

def dbtObj(load_table):
    return None

def model(dbt, connection):
    components.find(connection, {{ rows | string | tojson }}, {{ found | string | tojson }})

def materialize(result, connection):
    pass
    {% endset %}
    {{ return(source) }}
{% endmacro %}

{# Randomised contraction (Bögeholz, Brand and Todor, "In-database connected component analysis", 2019):
   in each round every node joins the neighbour (itself included) that comes first in an order drawn
   for the round, and the graph shrinks to the nodes that were joined. A chain of thousands takes no more
   rounds than a star. #}
{% macro default__find_components(rows, found) %}
    {%- set state = namespace(joins=[], left=1) -%}
    {%- do make_table(work_table('edges_0'), select_edges(rows)) -%}
    {%- for round in range(1, max_rounds() + 1) if state.left > 0 -%}
        {%- set edges = work_table('edges_' ~ (round - 1) % 2) -%}
        {%- set contracted = work_table('edges_' ~ round % 2) -%}
        {%- set joins = work_table('joins_' ~ round) -%}
        {%- do make_table(joins, select_joins(edges, round)) -%}
        {%- do make_table(contracted, select_contracted(edges, joins)) -%}
        {%- do state.joins.append(joins) -%}
        {%- set state.left = count_rows(contracted) -%}
    {%- endfor -%}
    {%- if state.left > 0 -%}
        {%- do exceptions.raise_compiler_error(
            this.identifier ~ ': components were not found in ' ~ max_rounds() ~ ' rounds'
        ) -%}
    {%- endif -%}
    {%- do make_table(found, select_components(rows, state.joins)) -%}
    {%- do drop_joins(state.joins | length) -%}
    {%- for name in ['edges_0', 'edges_1'] -%}
        {%- do adapter.drop_relation(work_table(name)) -%}
    {%- endfor -%}
{% endmacro %}

{# A million nodes in one component take some 22. #}
{% macro max_rounds() %}
    {{ return(80) }}
{% endmacro %}

{% macro select_edges(rows) %}
    select
        node_a,
        node_b
    from {{ rows }}
    where node_a <> node_b
{% endmacro %}

{# Nodes are hashes of 60 bits: other bits turned over in each round put them in another order. #}
{% macro select_joins(edges, round) %}
    {%- set prime = 2 ** 61 - 1 -%}
    {#- High powers: masks of following rounds must not resemble each other. -#}
    {%- set mask = (48271 * (round * 7919 + 104729) ** 7) % prime % 2 ** 60 -%}
    {%- set place_of_neighbour = bitwise_xor('neighbour_id', mask) -%}
    {%- set place_of_node = bitwise_xor('node_id', mask) -%}
    {%- set first_place = 'least(min(' ~ place_of_neighbour ~ '), ' ~ place_of_node ~ ')' -%}
    select
        node_id,
        {{ bitwise_xor(first_place, mask) }} as joined_node_id
    from (
        select node_a as node_id, node_b as neighbour_id from {{ edges }}
        union all
        select node_b as node_id, node_a as neighbour_id from {{ edges }}
    ) as neighbours
    group by node_id
{% endmacro %}

{% macro select_contracted(edges, joins) %}
    select distinct
        least(joins_a.joined_node_id, joins_b.joined_node_id) as node_a,
        greatest(joins_a.joined_node_id, joins_b.joined_node_id) as node_b
    from {{ edges }} as edges
    inner join {{ joins }} as joins_a on edges.node_a = joins_a.node_id
    inner join {{ joins }} as joins_b on edges.node_b = joins_b.node_id
    where joins_a.joined_node_id <> joins_b.joined_node_id
{% endmacro %}

{# From the last round to the first: where a node went in the end is known for the node it joined, and of
   those there are fewer in each round. A node that no round knows has no links. #}
{% macro select_components(rows, rounds) %}
    with

    {% for joins in rounds | reverse -%}
    {%- set round = loop.revindex -%}
    followed_{{ round }} as (
        {% if loop.first -%}
        select
            node_id,
            joined_node_id as label
        from {{ joins }}
        {%- else -%}
        select
            joins.node_id,
            coalesce(followed.label, joins.joined_node_id) as label
        from {{ joins }} as joins
        left join followed_{{ round + 1 }} as followed on joins.joined_node_id = followed.node_id
        {%- endif %}
    ),

    {% endfor -%}
    components as (
        select
            node_id,
            min(node_id) over (partition by label) as component_id
        from followed_1
    )

    select
        rows_of_all.node_a,
        rows_of_all.node_b,
        coalesce(components.component_id, rows_of_all.node_a) as component_id
    from {{ rows }} as rows_of_all
    left join components on rows_of_all.node_a = components.node_id
{% endmacro %}

{# Materializes the connected components of a graph: the model selects its edges as node_a and node_b,
   whole numbers from 1 to 2,147,483,647, a node without edges as an edge to itself. The table has
   node_id and component_id, which is the smallest node_id of the component.

   Randomised contraction (Bögeholz, Brand and Todor, "In-database connected component analysis", 2019):
   in each round every node joins the neighbour (itself included) that comes first in an order drawn
   for the round, and the graph shrinks to the nodes that were joined. At least a quarter goes away per
   round whatever the shape, so a chain of thousands takes no more rounds than a star. All of it is plain
   SQL, and none of it runs before the model is built. #}
{% materialization connected_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set max_rounds = 80 -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set state = namespace(edges=work_table('edges_0'), joins=[], round=0, left=1) -%}
    {%- do make_table(state.edges, distinct_edges_sql(sql)) -%}
    {%- for round in range(1, max_rounds + 1) if state.left > 0 -%}
        {%- set state.round = round -%}
        {%- set joins = work_table('joins_' ~ round) -%}
        {%- set edges = work_table('edges_' ~ round) -%}
        {%- do make_table(joins, joined_nodes_sql(state.edges, round)) -%}
        {%- do make_table(edges, contracted_edges_sql(state.edges, joins)) -%}
        {%- do adapter.drop_relation(state.edges) -%}
        {%- do state.joins.append(joins) -%}
        {%- set state.edges = edges -%}
        {%- set state.left = run_query('select count(*) from ' ~ edges).columns[0].values()[0] | int -%}
    {%- endfor -%}
    {%- do adapter.drop_relation(state.edges) -%}
    {%- if state.left > 0 -%}
        {%- do exceptions.raise_compiler_error(
            this.identifier ~ ': components were not found in ' ~ max_rounds ~ ' rounds'
        ) -%}
    {%- endif -%}

    {%- if existing is not none -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
    {% call statement('main') -%}
        {{ create_table_as(False, target_relation, component_labels_sql(sql, state.joins)) }}
    {%- endcall %}
    {%- for joins in state.joins -%} {%- do adapter.drop_relation(joins) -%} {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro work_table(suffix) %}
    {{ return(api.Relation.create(
        database=this.database, schema=this.schema, identifier=this.identifier ~ '__' ~ suffix, type='table'
    )) }}
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

{% macro distinct_edges_sql(query) %}
    select distinct
        cast(least(node_a, node_b) as bigint) as node_a,
        cast(greatest(node_a, node_b) as bigint) as node_b
    from ({{ query }}) as links
    where node_a <> node_b
{% endmacro %}

{# An affine map modulo the prime 2^31 - 1 puts the nodes in another order each round; the node rides in
   the low digits, so the least value tells whom it belongs to. All of it stays below 2^63. #}
{% macro joined_nodes_sql(edges, round) %}
    {%- set prime = 2147483647 -%}
    {#- High powers: maps of following rounds that resemble each other leave a star long in the making. -#}
    {%- set factor = (48271 * (round * 7919 + 104729) ** 7) % prime -%}
    {%- set shift = (69621 * (round * 7919 + 104729) ** 5) % prime -%}
    select
        node_id,
        min(((neighbour_id * {{ factor }} + {{ shift }}) % {{ prime }}) * {{ prime + 1 }} + neighbour_id)
        % {{ prime + 1 }} as joined_node_id
    from (
        select node_a as node_id, node_b as neighbour_id from {{ edges }}
        union all
        select node_b as node_id, node_a as neighbour_id from {{ edges }}
        union all
        select node_a as node_id, node_a as neighbour_id from {{ edges }}
        union all
        select node_b as node_id, node_b as neighbour_id from {{ edges }}
    ) as neighbours
    group by node_id
{% endmacro %}

{% macro contracted_edges_sql(edges, joins) %}
    select distinct
        least(joins_a.joined_node_id, joins_b.joined_node_id) as node_a,
        greatest(joins_a.joined_node_id, joins_b.joined_node_id) as node_b
    from {{ edges }} as edges
    inner join {{ joins }} as joins_a on edges.node_a = joins_a.node_id
    inner join {{ joins }} as joins_b on edges.node_b = joins_b.node_id
    where joins_a.joined_node_id <> joins_b.joined_node_id
{% endmacro %}

{# Follows every node through the rounds. A node that a round does not know was alone by then. #}
{% macro component_labels_sql(query, rounds) %}
    with

    nodes as (
        select node_a as node_id from ({{ query }}) as links
        union
        select node_b as node_id from ({{ query }}) as links
    ),

    followed_0 as (
        select node_id, node_id as label from nodes
    ),

    {% for joins in rounds -%}
    followed_{{ loop.index }} as (
        select
            followed.node_id,
            coalesce(joins.joined_node_id, followed.label) as label
        from followed_{{ loop.index0 }} as followed
        left join {{ joins }} as joins on followed.label = joins.node_id
    ),

    {% endfor -%}
    components as (
        select
            label,
            min(node_id) as component_id
        from followed_{{ rounds | length }}
        group by label
    )

    select
        followed.node_id,
        components.component_id
    from followed_{{ rounds | length }} as followed
    inner join components on followed.label = components.label
{% endmacro %}

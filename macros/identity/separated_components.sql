{# Materializes the parts that cuts leave of components. The model selects rows of three kinds: `node`, the
   members (node_a = node_b); `link`, between them, each with a `place` of its own, 1 the strongest; `cut`, two
   members that must not end up in one part. The table has node_id and part_id, the smallest node of the part.

   Links are taken in order of their place, and one that would bring both sides of a cut together is dropped
   (Kruskal's algorithm with forbidden pairs). In rounds instead of one by one, with the same result: the
   strongest link of a part that no cut concerns is always taken, for nothing can forbid it; that of any other
   part is taken when it is the strongest of both its ends. So that no part moves while another joins it, a coin
   is tossed per part and round. The parts are few: nothing is done about people without a cut. #}
{% materialization separated_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set max_rounds = 500 -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set names = ['rows', 'parts', 'links', 'cuts', 'moves', 'next_parts', 'next_links', 'next_cuts'] -%}
    {%- set work = {} -%}
    {%- for name in names -%} {%- do work.update({name: work_table(name)}) -%} {%- endfor -%}

    {%- do make_table(work.rows, sql) -%}
    {%- do make_table(work.parts, 'select node_a as node_id, node_a as part_id from ' ~ work.rows ~ " where kind = 'node'") -%}
    {%- do make_table(work.cuts, 'select node_a as part_a, node_b as part_b from ' ~ work.rows ~ " where kind = 'cut'") -%}
    {%- do make_table(work.next_links, 'select node_a as part_a, node_b as part_b, place from ' ~ work.rows ~ " where kind = 'link'") -%}
    {%- do make_table(work.links, open_links_sql(work.next_links, work.cuts)) -%}

    {%- set state = namespace(left=count_rows(work.links)) -%}
    {%- for round in range(1, max_rounds + 1) if state.left > 0 -%}
        {%- do make_table(work.moves, moves_sql(work.links, work.cuts, round)) -%}
        {%- do make_table(work.next_parts, moved_sql(work.parts, work.moves, ['part_id'], ['node_id'])) -%}
        {%- do make_table(work.next_cuts, moved_sql(work.cuts, work.moves, ['part_a', 'part_b'])) -%}
        {%- do work.update({
            'parts': work.next_parts, 'next_parts': work.parts,
            'cuts': work.next_cuts, 'next_cuts': work.cuts
        }) -%}
        {%- do make_table(work.next_links, moved_sql(work.links, work.moves, ['part_a', 'part_b'], ['place'])) -%}
        {%- do make_table(work.links, open_links_sql(work.next_links, work.cuts)) -%}
        {%- set state.left = count_rows(work.links) -%}
    {%- endfor -%}
    {%- if state.left > 0 -%}
        {%- do exceptions.raise_compiler_error(this.identifier ~ ': parts were not found in ' ~ max_rounds ~ ' rounds') -%}
    {%- endif -%}

    {%- if existing is not none -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
    {% call statement('main') -%}
        {{ create_table_as(False, target_relation, part_labels_sql(work.parts)) }}
    {%- endcall %}
    {%- for name in names -%} {%- do adapter.drop_relation(work[name]) -%} {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro moves_sql(links, cuts, round) %}
    with

    ends as (
        select part_a as part_id, part_b as other_id, place from {{ links }}
        union all
        select part_b as part_id, part_a as other_id, place from {{ links }}
    ),

    best as (
        select part_id, min(place) as place from ends group by part_id
    ),

    concerned as (
        select part_a as part_id from {{ cuts }}
        union
        select part_b as part_id from {{ cuts }}
    ),

    pointing as (
        select
            ends.part_id,
            ends.other_id,
            case
                when concerned.part_id is null
                    then {{ hash_number("cast(ends.part_id as string) || ':" ~ round ~ "'") }} % 2 = 0
                else others.part_id is not null and ends.part_id > ends.other_id
            end as is_moving
        from ends
        inner join best on ends.part_id = best.part_id and ends.place = best.place
        left join best as others on ends.other_id = others.part_id and ends.place = others.place
        left join concerned on ends.part_id = concerned.part_id
    ),

    {# A part that waits for its turn, or has no link left, stays where it is. #}
    moving as (
        select part_id, other_id from pointing where is_moving
    )

    select
        moving.part_id as old_id,
        moving.other_id as new_id
    from moving
    left join moving as hosts on moving.other_id = hosts.part_id
    where hosts.part_id is null
{% endmacro %}

{% macro moved_sql(relation, moves, columns, kept=[]) %}
    select distinct
        {% for column in kept %} source.{{ column }}, {% endfor %}
        {% for column in columns %}
        coalesce({{ column }}_moves.new_id, source.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }} as source
    {% for column in columns %}
    left join {{ moves }} as {{ column }}_moves on source.{{ column }} = {{ column }}_moves.old_id
    {% endfor %}
{% endmacro %}

{# Links inside a part are done with; those between the sides of a cut will never be taken. #}
{% macro open_links_sql(links, cuts) %}
    select links.part_a, links.part_b, links.place
    from {{ links }} as links
    left join {{ cuts }} as cuts
        on
            least(links.part_a, links.part_b) = least(cuts.part_a, cuts.part_b)
            and greatest(links.part_a, links.part_b) = greatest(cuts.part_a, cuts.part_b)
    where
        links.part_a <> links.part_b
        and cuts.part_a is null
{% endmacro %}

{% macro part_labels_sql(parts) %}
    select
        node_id,
        min(node_id) over (partition by part_id) as part_id
    from {{ parts }}
{% endmacro %}

{# Purchases of people who are touched, and their versions: looked for once, for all models that ask for them
   (`touched_purchases`). Nobody is touched where all is made anew. #}
select * from {{ ref('int_purchases__versions') }}
where
    profile_id in (
        select touched.profile_id
        from {{ ref('int_profiles__touched') }} as touched
        where {{ is_one_of_few('touched.profile_id') }}
    )

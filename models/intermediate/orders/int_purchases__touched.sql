{# Purchases of people who are touched, and their versions: looked for once, for all models that ask for them
   (`touched_purchases`). Nobody is touched where all is made anew. #}
select * from {{ ref('int_purchases__versions') }}
where {{ is_among_few('profile_number', ref('int_profiles__touched')) }}

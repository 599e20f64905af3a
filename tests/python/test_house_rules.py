"""Rules that the whole project keeps, read off the manifest, the files and a built warehouse."""

import ast
import csv
import re

import duckdb
import pytest
import yaml
from conftest import PROJECT

from lifecycle import contract

SCHEMAS = ("staging", "intermediate", "marts", "seeds")
# What could name a person or reach one. `profile_identifiers` holds hashes.
PERSONAL = {
    "email",
    "phone",
    "first_name",
    "last_name",
    "name",
    "birth_date",
    "city",
    "postal_code",
    "comment",
    "customer_id",
    "loyalty_card_id",
    "anonymous_id",
    "page_url",
    "referrer",
    "link_url",
    "identifier_value",
}
# Words that read the clock, and those that differ by run: ids, random numbers.
CLOCK = re.compile(
    r"\b(now|today|get_current_time\w*|getdate|sysdate|random|uuid|gen_random_uuid)\s*\(|"
    r"\bcurrent_(date|time|timestamp)\b|\blocal(time|timestamp)\b|"
    r"\brun_started_at\b|\binvocation_id\b|modules\.datetime|dbt\.current_timestamp",
    re.IGNORECASE,
)
# Models without a unit test of their own, and what tests their logic instead.
WITHOUT_UNIT_TEST = {
    "int_records__found": "hands on what staging found",
    "stg_registry__tables": "selects columns",
    "stg_registry__raw_totals": "counts raw rows: test_broken_input counts them again",
    "int_records__delivered": "counts rows: test_broken_input counts them again",
    "int_records__accounting": "joins counts: test_broken_input counts them again",
    "int_identity__records": "groups records: test_identity resolves any records",
    "int_privacy__erased_records": "counts rows: test_identity looks for what is left of people",
    "identity_changes": "selects columns of int_identity__changes",
    "int_segments__map": "singular tests and test_segments look at every one of its cells",
    "int_records__rejected": "test_broken_input looks at every broken record of the demo",
    "int_value__fits": "state: test_lifetime_value runs it over time",
    "int_value__expected_purchases": "test_lifetime_value compares it with integrals",
    "int_rfm__calibrations": "state: test_segments runs it over time",
    "int_segments__spans": "hands on int_segments__recomputed: test_incremental carries it on",
    "int_experiments__estimates": "Python: test_experiments holds it against other implementations",
    "experiment_assignments": "selects columns of int_experiments__assigned",
    "rfm_thresholds": "hands on int_rfm__calibrations: test_segments runs it over time",
    "source_coverage": "joins what was found: test_golden reads it with fifteen tables absent",
    "segment_membership": "rows of int_segments__spans: test_segments follows all of them",
    "orders": "selects columns of int_orders__valued",
    "campaign_audiences": "selects columns of int_activation__audiences",
    "rejected_records": "selects columns of int_records__rejected",
}
# Models without a key, and why.
WITHOUT_KEY = {
    "rejected_records": "a record may be refused as often as it comes, with a key or without",
    "int_records__rejected": "a record may be refused as often as it comes, with a key or without",
    "int_identity__records": "a row per combination of identifiers, most of which are null",
    "int_identity__touched_records": "a row per combination of identifiers, most of which are null",
    "int_identity__recounted_records": "a row per combination of identifiers, most are null",
    "int_orders__left_out": "one row of totals",
    "int_identity__erased_partners": "a row per build in which something was lost",
}


@pytest.fixture(scope="module")
def manifest(demo):
    return demo.manifest


@pytest.fixture(scope="module")
def models(manifest):
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


@pytest.fixture(scope="module")
def built(demo):
    """Columns as they were built: (schema, table) to [(column, type)], the state included."""
    query = """
        select schema_name, table_name, column_name, data_type
        from duckdb_columns()
        where not internal
        order by schema_name, table_name, column_index
    """
    tables = {}
    for database in (demo.database, demo.state):
        with duckdb.connect(str(database), read_only=True) as connection:
            for schema, table, column, data_type in connection.execute(query).fetchall():
                if schema in SCHEMAS:
                    tables.setdefault((schema, table), []).append((column, data_type))
    return tables


def is_staged(model):
    return model["path"].startswith("staging/")


def code_of(node):
    """SQL without comments: what is said is not done."""
    return re.sub(r"(?s)\{#.*?#\}|--[^\n]*", "", node)


def files(*patterns):
    return sorted(path for pattern in patterns for path in PROJECT.glob(pattern))


# ---------- layout


def test_every_model_has_a_sql_and_a_yml_of_its_name():
    queries = {path.with_suffix("") for path in files("models/**/*.sql")}
    descriptions = {
        path.with_suffix("") for path in files("models/**/*.yml") if not path.name.startswith("_")
    }
    assert queries == descriptions
    assert len(queries) > 60
    for path in descriptions:
        (model,) = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
        assert model["name"] == path.name


def test_names_tell_the_layer(models):
    for name, model in models.items():
        layer, *_, folder, _ = model["path"].split("/")
        if layer == "staging":
            assert re.fullmatch(rf"(stg|base)_{folder}__[a-z_]+", name), name
        elif layer == "intermediate":
            assert name.startswith("int_"), name
        else:
            assert layer == "marts" and not re.match(r"stg_|int_|dim_|fct_", name), name


def test_only_staging_reads_sources(models):
    for name, model in models.items():
        reads = {node.split(".")[0] for node in model["depends_on"]["nodes"]}
        assert "source" not in reads or is_staged(model), name


def test_layers_are_closed_by_access(models):
    access = {"staging": "private", "intermediate": "protected", "marts": "public"}
    group = {"staging": "customer_data", "intermediate": "customer_data", "marts": "serving"}
    for name, model in models.items():
        layer = model["path"].split("/")[0]
        assert (model["access"], model["group"]) == (access[layer], group[layer]), name
        if model["config"]["materialized"] != "ephemeral":
            assert model["schema"] == layer, name


def test_tests_in_python_hold_no_sql_and_no_yml_files():
    assert not files("tests/python/**/*.sql", "tests/python/**/*.yml", "tests/python/**/*.yaml")


# ---------- descriptions


def test_every_built_column_is_described_in_the_order_of_the_sql(manifest, built):
    described = {
        (node["schema"], node["alias"]): node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    assert len(built) > 60
    problems = []
    for table, columns in built.items():
        assert table in described, table
        node = described[table]
        names = [column for column, _ in columns]
        listed = [name for name, column in node["columns"].items() if column["description"].strip()]
        if names != listed:
            problems.append(f"{node['name']}: built {names}, described {listed}")
        if not node["description"].strip():
            problems.append(f"{node['name']} itself")
    assert not problems, "\n".join(problems)


def test_every_model_that_is_built_is_there(models, built):
    expected = {
        (model["schema"], model["alias"])
        for model in models.values()
        if model["config"]["materialized"] != "ephemeral"
    }
    assert {table for table in built if table[0] != "seeds"} == expected


def test_every_source_column_is_described(manifest):
    for source in manifest["sources"].values():
        assert source["description"].strip(), source["name"]
        for column in source["columns"].values():
            assert column["description"].strip(), (source["name"], column["name"])


def test_every_macro_file_begins_with_what_it_is_for():
    named_for_all_they_do = {"accepted_range.sql", "unique_combination.sql", "replace_all.sql"}
    bare = {
        path.name
        for path in files("macros/**/*.sql", "tests/generic/*.sql")
        if not path.read_text().startswith("{#")
    }
    assert bare - named_for_all_they_do == set()


def test_every_macro_argument_that_is_documented_is_one(manifest):
    for macro in manifest["macros"].values():
        if macro["package_name"] == "lifecycle" and macro["arguments"]:
            written = re.search(r"macro \w+\((.*?)\)", macro["macro_sql"], re.DOTALL)
            names = [name.split("=")[0].strip() for name in written[1].split(",")]
            assert [argument["name"] for argument in macro["arguments"]] == names, macro["name"]
            assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_every_engine_form_has_a_default(manifest):
    macros = {m["name"] for m in manifest["macros"].values() if m["package_name"] == "lifecycle"}
    # What dbt dispatches itself has its default there.
    own = {m["name"] for m in manifest["macros"].values() if m["package_name"] == "dbt"}
    for name in macros:
        if (match := re.fullmatch(r"(spark|duckdb)__(\w+)", name)) and match[2] not in own:
            assert match[2] in macros, name
            assert f"default__{match[2]}" in macros, name


# ---------- tests


def attached_tests(manifest, kind):
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == kind
    ]


def test_every_model_with_logic_has_a_unit_test(models, manifest):
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    missing = {
        name for name in models if name not in tested and not name.startswith(("stg_", "base_"))
    }
    assert missing - WITHOUT_UNIT_TEST.keys() == set()
    # A staging table is two models: base judges the records, stg is a view of those it keeps.
    tables = {name.split("_", 1)[1] for name in tested if name.startswith(("stg_", "base_"))}
    staged = {name.split("_", 1)[1] for name in models if name.startswith(("stg_", "base_"))}
    untested = {f"stg_{name}" for name in staged - tables}
    assert untested - WITHOUT_UNIT_TEST.keys() == set()


def test_exceptions_are_still_needed(models, manifest):
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert WITHOUT_UNIT_TEST.keys() <= models.keys()
    assert not WITHOUT_UNIT_TEST.keys() & tested
    assert WITHOUT_KEY.keys() <= models.keys()


def test_unit_tests_are_named_for_a_behaviour_of_their_model(manifest):
    for test in manifest["unit_tests"].values():
        name, model = test["name"], test["model"]
        assert name.startswith(f"{model}_"), name
        assert len(name.removeprefix(f"{model}_").split("_")) >= 2, name


def test_every_model_has_a_key_that_is_tested(models, manifest):
    keyed = {
        test["attached_node"]
        for kind in ("primary_key", "unique", "unique_combination")
        for test in attached_tests(manifest, kind)
    }
    has_key = {name for name, model in models.items() if model["unique_id"] in keyed}
    # A record may be delivered as often as it comes: base models have no key.
    expected = {name for name in models if not name.startswith("base_")} - WITHOUT_KEY.keys()
    assert has_key == expected


def test_every_raw_table_is_held_to_its_contract(manifest):
    held = {test["attached_node"] or "" for test in attached_tests(manifest, "honours_contract")}
    held |= {
        node
        for test in attached_tests(manifest, "honours_contract")
        for node in test["depends_on"]["nodes"]
    }
    for unique_id, source in manifest["sources"].items():
        assert unique_id in held or source["source_name"] == "registry", unique_id


# ---------- contracts


def test_marts_have_enforced_contracts_with_a_type_for_every_column(models):
    marts = {name: model for name, model in models.items() if model["path"].startswith("marts/")}
    assert len(marts) >= 9
    for name, model in marts.items():
        assert model["contract"]["enforced"], name
        assert model["config"]["persist_docs"] == {"relation": True, "columns": True}, name
        for column in model["columns"].values():
            assert column["data_type"], (name, column["name"])


def test_marts_have_no_personal_columns(built):
    for (schema, table), columns in built.items():
        if schema == "marts":
            assert not PERSONAL & {column for column, _ in columns}, table


DUCKDB_TYPES = {"string": "VARCHAR"}


def test_staging_has_the_types_of_the_contract(built):
    for name, table in contract.tables().items():
        staged = dict(built["staging", f"stg_{name.replace('.', '__')}"])
        for column in table.columns:
            wanted = DUCKDB_TYPES.get(column.data_type, column.data_type.upper())
            assert staged.get(column.name, wanted) == wanted, (name, column.name)
        # What is not taken over is not needed by anybody; keys always are.
        assert set(table.key) <= staged.keys(), name


def raw_tables():
    """Key, time and money of every table, as the macro lists them."""
    text = (PROJECT / "macros" / "raw" / "raw_tables.sql").read_text()
    listed = re.search(r"in (\[.*?\n    \]) -?%\}", text, re.DOTALL)[1]
    listed = ast.literal_eval(listed.replace("none", "None"))
    return {
        f"{source}.{name}": (tuple(key), time, amount, judged_by)
        for source, name, key, time, amount, judged_by in listed
    }


IDENTIFIERS = {"customer_id", "loyalty_card_id", "email", "phone", "anonymous_id"}


def personal_tables():
    """What the macro lists: staged table to the columns that erasure empties."""
    text = (PROJECT / "macros" / "privacy" / "personal_columns.sql").read_text()
    listed = re.search(r"in (\[.*?\n    \]) -?%\}", text, re.DOTALL)[1]
    listed = listed.replace("true", "True").replace("false", "False")
    return {
        name.replace("stg", layer): (set(ids), set(more), gone)
        for name, ids, more, gone in ast.literal_eval(listed)
        for layer in ("base", "stg")
    }


def test_erasure_knows_every_staged_table_that_holds_people(built):
    known = personal_tables()
    for (schema, table), columns in built.items():
        personal = (PERSONAL - {"name"}) & {column for column, _ in columns}
        if schema == "staging" and personal:
            identifiers, attributes, is_person = known[table]
            assert identifiers == personal & IDENTIFIERS, table
            assert is_person or attributes == personal - IDENTIFIERS, table


# They read days, money or tests off staging, and nobody.
READ_NOBODY = {"int_as_of_date", "int_orders__left_out"}


def test_whatever_reads_people_off_staging_comes_after_their_erasure(models):
    parents = {
        name: {node[16:] for node in model["depends_on"]["nodes"] if node.startswith("model.")}
        for name, model in models.items()
    }

    def ancestors(name, found):
        for parent in parents.get(name, set()) - found:
            found.add(parent)
            ancestors(parent, found)
        return found

    before = ancestors("int_privacy__erased_records", {"int_privacy__erased_records"})
    late = {
        name
        for name, refs in parents.items()
        if refs & personal_tables().keys()
        and not is_staged(models[name])
        and name not in before
        and "int_privacy__erased_records" not in ancestors(name, set())
    }
    assert late == READ_NOBODY


def test_list_of_raw_tables_is_that_of_the_sources(manifest):
    listed = raw_tables()
    assert listed.keys() == contract.tables().keys()
    for source in manifest["sources"].values():
        name = f"{source['source_name']}.{source['name']}"
        if name in listed:
            meta = source["config"]["meta"]
            key, time, amount, judged_by = listed[name]
            assert key == tuple(meta["key"]), name
            assert time == meta.get("event_time"), name
            assert amount is None or amount in source["columns"], name
            # What a record is judged by is what its base model refers to.
            refs = manifest["nodes"][f"model.lifecycle.base_{name.replace('.', '__')}"]["refs"]
            named = {ref["name"].split("_", 1)[1].replace("__", ".") for ref in refs}
            assert named == set(judged_by), name


def test_seeds_hold_rules_and_no_data():
    decided_one_by_one = {"identity_links.csv", "identity_splits.csv"}
    for path in files("seeds/*.csv"):
        with path.open() as rows:
            count = len(list(csv.reader(rows)))
        assert count >= 1 if path.name in decided_one_by_one else 1 < count < 200, path.name


# ---------- what a model may not do


def test_nothing_reads_the_clock():
    for path in files("models/**/*.sql", "macros/**/*.sql", "tests/**/*.sql", "analyses/**/*.sql"):
        found = CLOCK.search(code_of(path.read_text()))
        assert not found, f"{path.relative_to(PROJECT)}: {found[0] if found else ''}"


def test_the_clock_is_recognised():
    for text in ("select now()", "current_date", "CURRENT_TIMESTAMP", "{{ run_started_at }}"):
        assert CLOCK.search(text)
    for text in ("known()", "is_current", "current_row", "unbounded preceding and current row"):
        assert not CLOCK.search(text)


def test_engines_are_told_apart_in_macros_only():
    for path in files("models/**/*.sql", "models/**/*.yml", "tests/**/*.sql", "analyses/**/*.sql"):
        assert not re.search(r"target\.(type|name)|adapter\.type", path.read_text()), path.name


NOT_PORTABLE = re.compile(
    r"\bqualify\b|\bunion( all)? by name\b|\busing key\b|//|\bgroup by (all|\d)\b|::|"
    r"\bdatediff\b|\bdate_diff\b|\blist_\w+\(|\bstrftime\b|\bsafe_cast\b|\bexclude\s*\(|^\s*from\b.*\bselect\b",
    re.IGNORECASE,
)


def test_models_hold_only_sql_that_both_engines_read():
    for path in files("models/**/*.sql"):
        text = re.sub(r"'[^']*'|\"[^\"]*\"", "''", code_of(path.read_text()))
        found = NOT_PORTABLE.search(text)
        assert not found, f"{path.relative_to(PROJECT)}: {found[0] if found else ''}"


# What does not grow with people, orders or events: days, rules, fits, experiments.
SMALL = {
    "identity_rules", "int_activation__hindsight", "int_calendar", "int_experiments__definitions",
    "int_experiments__judged", "int_experiments__moments", "int_identity__decisions",
    "int_identity__shared_devices", "int_identity__splits", "int_identity__unusable",
    "int_orders__left_out", "int_periods", "int_records__accounting", "int_rfm__calibrations",
    "int_rfm__yardsticks", "int_segments__map", "int_value__ad_spend", "int_value__cohort_months",
    "int_value__fit_counts", "int_value__fits_in_use", "segments",
    "stg_privacy__erasure_requests",
}  # fmt: skip


def wide_imports(sql):
    """Tables that a CTE imports with all of their columns, to be read more than once."""
    wide = r"(\w+) as \(\s*select \* from (?:\"\w+\"\.)*\"(\w+)\"\s*(?:where[^;]*?)?\n\s*\n\)"
    for name, table in re.findall(wide, sql):
        if len(re.findall(rf"\b(?:from|join) {name}\b", sql)) > 1:
            yield table


def test_wide_imports_are_recognised():
    sql = 'with\n\nx as (\n\n    select * from "w"."s"."t"{}\n\n)\n\nselect * from x{}'
    assert list(wide_imports(sql.format("", " inner join x as y on true"))) == ["t"]
    assert list(wide_imports(sql.format("\n    where (a) in (1)", ", b from x"))) == ["t"]
    assert not list(wide_imports(sql.format("", "")))


def test_only_small_tables_are_imported_to_be_read_twice(models):
    """DuckDB makes a CTE that is read twice before anything else, as wide as it is."""
    found = {
        table: name
        for name, model in models.items()
        for table in wide_imports(code_of(model["compiled_code"] or ""))
    }
    assert found.keys() == SMALL, found


def test_marts_list_their_columns(models):
    for name, model in models.items():
        if model["path"].startswith("marts/"):
            last = model["raw_code"].rsplit("select", 1)[1]
            assert not re.match(r"\s*(\w+\.)?\*", last), name


# ---------- vars


def declared_vars():
    return yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]


def test_every_var_is_explained_where_it_is_declared():
    lines = (PROJECT / "dbt_project.yml").read_text().split("\nvars:\n")[1].splitlines()
    for name in declared_vars():
        (place,) = [n for n, line in enumerate(lines) if line.startswith(f"  {name}:")]
        assert re.match(r"  # (?!-)", lines[place - 1]), name


@pytest.mark.parametrize("name", declared_vars())
def test_var_is_used_checked_and_overridden_in_a_test(name, manifest):
    asked = re.compile(rf"var\(\s*['\"]{name}['\"]")
    used = [
        path
        for path in files("models/**/*.sql", "macros/**/*.sql")
        if asked.search(path.read_text())
    ]
    assert [path for path in used if path.name != "check_vars.sql"], "nothing uses it"
    in_unit_test = any(
        name in ((test.get("overrides") or {}).get("vars") or {})
        for test in manifest["unit_tests"].values()
    )
    # That a value is refused says nothing of what another value does.
    in_python = any(
        re.search(rf"['\"]{name}['\"]: ", path.read_text())
        for path in files("tests/python/*.py")
        if path.name not in ("test_broken_input.py", "test_house_rules.py")
    )
    assert in_unit_test or in_python, "no test overrides it"
    words = (PROJECT / "macros" / "raw" / "check_vars.sql").read_text()
    assert f"'{name}'" in words, "nothing checks what it can take"


def test_another_var_makes_all_anew():
    """But for the date, which goes on, and to calibrate, which changes no record."""
    macro = (PROJECT / "macros" / "carrying" / "finished_builds.sql").read_text()
    definition = macro.split("macro fingerprint_of_vars")[1].split("endmacro")[0]
    listed = re.findall(r"'(\w+)'", definition.split("for name in [")[1].split("]")[0])
    assert set(listed) == declared_vars().keys() - {"as_of_date", "recalibrate"}


def test_no_var_is_asked_for_that_is_not_declared():
    asked = {
        name
        for path in files("models/**/*.sql", "macros/**/*.sql", "tests/**/*.sql", "models/**/*.yml")
        for name in re.findall(r"\bvar\(\s*['\"](\w+)['\"]", path.read_text())
    }
    assert asked <= declared_vars().keys()

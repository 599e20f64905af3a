"""The raw directory: which tables it holds, how to read each one, and what is wrong with it.

dbt loads this module as a dbt-duckdb plugin: `select raw_files('raw')` returns `inspect('raw')` as
JSON, and macros make one view per table of it. Of the data only what tells whether a file can be
read is looked at: footers of Parquet; the header, first rows and encoding of CSV.
"""

import csv
import io
import itertools
import json
import os
import re
from codecs import getincrementaldecoder
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import BinaryIO

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from lifecycle import contract

FORMATS = (".parquet", ".csv")
DELIMITERS = (",", ";", "\t", "|")
CHUNK_BYTES = 1_048_576
PROBLEMS_SHOWN = 3  # of one table: a thousand bad parts are one story
UNREADABLE_TYPES = {"nested": "nested (a list, map or struct)", "BLOB": "binary"}
ARRIVAL = "_loaded_at"
PATH_COLUMN = "_path_of_part"
FOREIGN_STARTS = {
    b"PAR1": "is a Parquet file: rename it to end in .parquet.",
    b"PK\x03\x04": "is a zip archive or an Excel workbook: save it as CSV.",
    b"\x1f\x8b": "is compressed with gzip: unpack it.",
    b"\xff\xfe": "is encoded in UTF-16: save it as UTF-8.",
    b"\xfe\xff": "is encoded in UTF-16: save it as UTF-8.",
}


class Unreadable(Exception):
    """What is wrong with one file or folder, as a sentence for the person who put it there."""


@dataclass(frozen=True)
class File:
    """One Parquet or CSV file, with the columns it names and their types."""

    path: Path
    label: str
    columns: tuple[tuple[str, str], ...]
    delimiter: str | None = None

    @property
    def format(self) -> str:
        return "csv" if self.delimiter else "parquet"

    @property
    def layout(self) -> tuple:
        """Files of one layout are read by one table function.

        Of Parquet DuckDB opens those alone whose rows are asked for. Of CSV it would read all, so
        a large one has a function to itself, which does not run for the rows of others.
        """
        if not self.delimiter:
            return None, frozenset(self.columns)
        return self.delimiter, self.columns, self.path if self.is_large else None

    @property
    def is_large(self) -> bool:
        return self.path.stat().st_size >= CHUNK_BYTES

    def column(self, name: str) -> tuple[str, str] | None:
        """Name and type, in the file, of the contract's column."""
        return next((found for found in self.columns if found[0].lower() == name), None)


def inspect(directory: str) -> dict:
    """All tables of the contract that a raw directory holds, and everything wrong with it."""
    root = Path(directory).expanduser().absolute()
    result = {"directory": str(root), "tables": {}, "problems": [], "unknown": []}
    if not root.is_dir():
        result["problems"] = [
            f"Raw directory `{root}` {'is a file' if root.exists() else 'does not exist'}: let "
            "`make build RAW=<directory>` or LIFECYCLE_RAW name the directory of the extracts."
        ]
        return result

    try:
        places = _places(root)
        result["unknown"] = _unknown(root, places)
    except OSError as error:
        result["problems"] = [f"Raw directory `{root}` cannot be listed ({error.strerror})."]
        return result

    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in contract.tables().items():
            if name in places:
                try:
                    result["tables"][name] = _read(connection, root, table, places[name])
                except* Unreadable as group:
                    result["problems"] += _shorten([str(error) for error in group.exceptions], name)

    if not places.keys() & {"shop.orders", "pos.receipts"}:
        result["problems"].append(
            f"Raw directory `{root}` holds neither `shop/orders` nor `pos/receipts` (.parquet, "
            ".csv or a folder of parts): put at least one of them there."
            + "".join(f" {sentence}" for sentence in result["unknown"] if sentence.endswith("?"))
        )
    return result


def _places(root: Path) -> dict[str, list[Path]]:
    """Every file or folder that goes by the name of a table, by table."""
    present = {entry for entry in root.iterdir() if entry.is_dir()}
    places = {}
    for name, table in contract.tables().items():
        folder = root / table.source
        if folder not in present:
            continue
        entries = {
            entry.name: entry for entry in folder.iterdir() if entry.suffix or entry.is_dir()
        }
        wanted = [table.name + ending for ending in (*FORMATS, "")]
        found = [entries[file_name] for file_name in wanted if file_name in entries]
        if found:
            places[name] = found
    return places


def _read(
    connection: duckdb.DuckDBPyConnection, root: Path, table: contract.Table, places: list[Path]
) -> dict:
    """How to read one table; raises a group of all that is wrong with its files."""
    if len(places) > 1:
        names = " and ".join(f"`{_label(root, place)}`" for place in places)
        raise Unreadable(
            f"{names} are both there, and only one can be `{table.source}.{table.name}`: "
            "remove the other."
        )
    place = places[0]
    is_folder = place.is_dir()
    paths = _parts(root, place) if is_folder else [place]
    files = _open(connection, root, table, paths)
    sql = _relation_sql(table, files, is_folder)
    try:
        described = connection.execute(f"describe {sql}").fetchall()
    except duckdb.Error as error:
        raise Unreadable(
            f"`{_label(root, place)}` cannot be read ({_first_line(error)}): export it again."
        ) from None
    types = {column[0]: column[1] for column in described}
    return {
        "relation_sql": sql,
        "format": " and ".join(sorted({file.format for file in files})) + " parts" * is_folder,
        "file_count": len(files),
        "files": [[file.path.name if is_folder else "", _fingerprint(file.path)] for file in files],
        "columns": {
            name: types[name]
            for name in [*(column.name for column in table.columns), ARRIVAL]
            if any(file.column(name) for file in files)
        },
    }


def _parts(root: Path, folder: Path) -> list[Path]:
    """The part files of a folder; marker files such as `_SUCCESS` are none."""
    label = _label(root, folder)
    if folder.suffix in FORMATS:
        bare = label.removesuffix(folder.suffix)
        raise Unreadable(f"`{label}` is a folder, not a file: rename it to `{bare}/`.")
    try:
        entries = _visible(folder)
    except OSError as error:
        raise Unreadable(
            f"`{label}/` cannot be listed ({error.strerror}): allow reading it."
        ) from None
    paths = [entry for entry in entries if entry.suffix.lower() in FORMATS]
    if not paths:
        held = _words([entry.name for entry in entries[:3]])
        found = f" (it holds {held})" if held else ""
        raise Unreadable(
            f"`{label}/` has no .parquet or .csv parts{found}: put the parts directly into it, "
            "or remove the folder."
        )
    return paths


def _fingerprint(path: Path) -> str:
    """Tells a file from what it was: another size, or written since."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


# -- files ---------------------------------------------------------------------------------------


def _open(
    connection: duckdb.DuckDBPyConnection, root: Path, table: contract.Table, paths: list[Path]
) -> list[File]:
    """The files of a table, each checked by itself and then against the others."""
    files, errors = [], []
    for path in paths:
        label = _label(root, path)
        opener = _open_csv if path.suffix.lower() == ".csv" else _open_parquet
        try:
            if path.is_dir():
                raise Unreadable("is a folder among the parts: move its files up.")
            files.append(opener(connection, table, path, label))
        except OSError as error:
            reason = f"cannot be opened ({error.strerror}): allow reading it."
            errors.append(Unreadable(f"`{label}` {reason}"))
        except Unreadable as reason:
            errors.append(Unreadable(f"`{label}` {reason}"))
    if not errors:
        errors = _disagreements(table, files)
    if errors:
        raise ExceptionGroup(f"{table.source}.{table.name}", errors)
    return files


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, table: contract.Table, path: Path, label: str
) -> File:
    with path.open("rb") as stream:
        start = stream.read(4)
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 4, 0))
        end = stream.read()
    if not size:
        raise Unreadable("is empty (0 bytes): export it again.")
    if start != b"PAR1":
        raise Unreadable("is no Parquet file (it does not begin with PAR1): export it again.")
    if end != b"PAR1":
        raise Unreadable("is cut off (it does not end with PAR1): copy or export it again.")
    try:
        schema = connection.execute(
            "select name, coalesce(duckdb_type, 'nested'), num_children, repetition_type"
            " from parquet_schema(?) order by column_id",
            [_pattern(path)],
        ).fetchall()
    except duckdb.Error as error:
        raise Unreadable(f"has a broken footer ({_first_line(error)}): export it again.") from None
    columns = tuple(_top_level(iter(schema[1:])))
    _check_columns(table, columns)
    return File(path, label, columns)


def _top_level(schema: Iterator[tuple]) -> Iterator[tuple[str, str]]:
    """Columns of a flattened Parquet schema, without the fields inside nested ones."""
    for name, data_type, child_count, repetition in schema:
        yield name, "nested" if child_count or repetition == "REPEATED" else data_type
        left = child_count or 0
        while left:
            left += (next(schema)[2] or 0) - 1


def _open_csv(
    connection: duckdb.DuckDBPyConnection, table: contract.Table, path: Path, label: str
) -> File:
    with path.open("rb") as stream:
        text = _decode(stream)
    if not text.strip():
        raise Unreadable("is empty, without even a line of column names: export it again.")
    delimiter, header = _header(table, text)
    _check_columns(table, tuple((name, "VARCHAR") for name in header))
    # Columns that nobody asks for may be nameless or share a name; DuckDB wants each unique.
    lowered = [name.lower() for name in header]
    columns = tuple(
        (name if name and name.lower() not in lowered[:i] else f"{name} {i}", "VARCHAR")
        for i, name in enumerate(header)
    )
    file = File(path, label, columns, delimiter)
    try:
        connection.execute(f"select * from {_scan([file])} limit 1").fetchall()
    except duckdb.Error as error:
        raise Unreadable(
            f"cannot be read ({_csv_error(error)}): mend or export it again."
        ) from None
    return file


def _decode(stream: BinaryIO) -> str:
    """The start of a CSV as text, once all of it is found to be text.

    DuckDB breaks down over a wrong byte in a column that is read without its neighbours.
    """
    chunk = stream.read(CHUNK_BYTES)
    for start, reason in FOREIGN_STARTS.items():
        if chunk.startswith(start):
            raise Unreadable(reason)
    if b"\0" in chunk:
        raise Unreadable("is no text (it has zero bytes): save it as CSV in UTF-8.")

    decoder = getincrementaldecoder("utf-8-sig")()
    start, line = None, 1
    while start is None or chunk:
        try:
            text = decoder.decode(chunk, final=len(chunk) < CHUNK_BYTES)
        except UnicodeDecodeError as error:
            line += error.object.count(b"\n", 0, error.start)
            raise Unreadable(
                f"is not encoded in UTF-8 (byte 0x{error.object[error.start]:02X} on line {line}, "
                "as in Latin-1): save it as UTF-8."
            ) from None
        start = text if start is None else start
        line += chunk.count(b"\n")
        chunk = stream.read(CHUNK_BYTES)
    return start


def _header(table: contract.Table, text: str) -> tuple[str, list[str]]:
    """The delimiter that makes most of the first line columns of the contract, and that line."""
    known = {column.name for column in table.columns}
    ranked = []
    for delimiter in DELIMITERS:
        try:
            row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        names = [name.strip() for name in row]
        ranked.append((len(known & {name.lower() for name in names}), len(names), delimiter, names))
    if not ranked:
        raise Unreadable("has a broken quote in its line of column names: export it again.")
    known_count, _, delimiter, header = max(ranked, key=lambda rank: rank[:2])
    # A name is a word; nothing, numbers, dates and addresses on the first line are data.
    if not known_count and any(re.search(r"^$|^[\d.+-]|@", name) for name in header or [""]):
        raise Unreadable(
            f"has no line of column names (its first line is `{_clip(delimiter.join(header))}`): "
            f"add one, with at least {_words(table.required)}."
        )
    return delimiter, header


def _check_columns(table: contract.Table, columns: tuple[tuple[str, str], ...]) -> None:
    """Required columns are there, none of the contract's is there twice, and each is readable."""
    found = defaultdict(list)
    for name, data_type in columns:
        found[name.lower()].append(data_type)
    wanted = [*(column.name for column in table.columns), ARRIVAL]

    if missing := [name for name in table.required if name not in found]:
        strangers = {_bare(name): name for name, _ in columns if name.lower() not in wanted}
        hints = []
        for name in missing:
            if close := get_close_matches(_bare(name), strangers, n=1, cutoff=0.8):
                hints.append(f"found `{strangers[close[0]]}`: rename it to `{name}`")
        raise Unreadable(
            f"lacks the required column{'s' * (len(missing) > 1)} {_words(missing)} "
            f"({'; '.join(hints) or 'add it to the extract'}); "
            f"it has {_words([name for name, _ in columns])}."
        )
    for name in [name for name in wanted if name in found]:
        data_type = found[name][0]
        if len(found[name]) > 1:
            raise Unreadable(
                f"has the column `{name}` {len(found[name])} times (upper and lower case are the "
                "same): keep one of them."
            )
        if kind := UNREADABLE_TYPES.get(data_type):
            raise Unreadable(
                f"has {kind} values in `{name}`: write the column as plain values, such as text."
            )
        if name == ARRIVAL and _family(data_type) not in ("time", "text"):
            raise Unreadable(f"has `{name}` as {data_type}: write the arrival as a timestamp.")


def _disagreements(table: contract.Table, files: list[File]) -> list[Unreadable]:
    """Columns that parts give in types nothing but text could hold together."""
    errors = []
    for name in [*(column.name for column in table.columns), ARRIVAL]:
        seen = {}
        for file in files:
            if column := file.column(name):
                seen.setdefault(_family(column[1]), (column[1], file))
        if len(seen) > 1 and "text" not in seen:
            (one_type, one), (other_type, other) = itertools.islice(seen.values(), 2)
            errors.append(
                Unreadable(
                    f"`{one.label}` has `{name}` as {one_type} and `{other.label}` as "
                    f"{other_type}: write all parts with one type."
                )
            )
    return errors


def _family(data_type: str) -> str:
    if data_type.startswith(("DATE", "TIMESTAMP")):
        return "time"
    if re.match(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|DECIMAL|DOUBLE|FLOAT", data_type):
        return "number"
    return "text" if data_type == "VARCHAR" else data_type


# -- SQL -----------------------------------------------------------------------------------------


def _relation_sql(table: contract.Table, files: list[File], is_folder: bool) -> str:
    """A select of every column of the contract, its arrival and its part, from all files."""
    layouts = defaultdict(list)
    for file in files:
        layouts[file.layout].append(file)
    present = {name.lower() for file in files for name, _ in file.columns}
    selects = []
    for alike in layouts.values():
        with_path = is_folder and (len(alike) > 1 or not alike[0].delimiter)
        columns = [_column_sql(column, alike[0], present) for column in table.columns]
        columns.append(f"{_arrival_sql(alike[0], with_path)} as {ARRIVAL}")
        if with_path:
            part = f"parse_filename({PATH_COLUMN})"
        else:
            part = _literal(alike[0].path.name) if is_folder else "cast(null as varchar)"
        columns.append(f"{part} as _file")
        selects.append(
            "select\n    " + ",\n    ".join(columns) + f"\nfrom {_scan(alike, with_path)}"
        )
    return "\nunion all\n".join(selects)


def _column_sql(column: contract.Column, file: File, present: set[str]) -> str:
    found = file.column(column.name)
    if found:
        name, data_type = _identifier(found[0]), found[1]
        # Times are UTC: an instant loses its zone, not its hour.
        value = f"{name} at time zone 'UTC'" if data_type == "TIMESTAMP WITH TIME ZONE" else name
    elif column.name in present:
        value = "null"  # other parts have the column, and its type
    else:
        data_type = "varchar" if column.data_type == "string" else column.data_type
        value = f"cast(null as {data_type})"
    return f"{value} as {_identifier(column.name)}"


def _arrival_sql(file: File, with_path: bool) -> str:
    found = file.column(ARRIVAL)
    if not found:
        return "cast(null as timestamp)"
    name, data_type = _identifier(found[0]), found[1]
    if data_type == "TIMESTAMP WITH TIME ZONE":
        return f"cast({name} at time zone 'UTC' as timestamp)"
    if _family(data_type) == "time":
        return f"cast({name} as timestamp)"
    # An arrival that cannot be read must stop the build: as null its row would never be read again.
    # Text with an offset is moved to UTC, text without one is UTC, as sessions are.
    place = _literal(file.label)
    if with_path:
        folder = file.label.removesuffix(file.path.name)
        place = f"{_literal(folder)} || parse_filename({PATH_COLUMN})"
    message = f"{place} || {_literal(f': `{ARRIVAL}` is no time: ')} || {name}"
    return (
        f"coalesce(cast(try_cast({name} as timestamptz) at time zone 'UTC' as timestamp), "
        f"case when trim({name}) <> '' then error({message}) end)"
    )


def _scan(files: list[File], with_path: bool = False) -> str:
    """The table function that reads files of one layout, with nothing left to guess."""
    paths = "[" + ", ".join(_literal(_pattern(file.path)) for file in files) + "]"
    options = ["hive_partitioning = false"]
    if with_path:
        options.append(f"filename = '{PATH_COLUMN}'")
    if delimiter := files[0].delimiter:
        columns = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name, _ in files[0].columns)
        options += [
            "auto_detect = false",
            f"delim = {_literal(delimiter)}",
            "quote = '\"'",
            "escape = '\"'",
            "header = true",
            f"columns = {{{columns}}}",
        ]
    return f"read_{files[0].format}({paths}, {', '.join(options)})"


def _pattern(path: Path) -> str:
    """The path with DuckDB's wildcards taken literally."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# -- names ---------------------------------------------------------------------------------------


def _unknown(root: Path, places: dict[str, list[Path]]) -> list[str]:
    """Files and folders that nothing reads, with the name they may have been meant to have."""
    taken = {place for found in places.values() for place in found}
    sources = {table.source for table in contract.tables().values()}
    sentences = []
    for entry in _visible(root):
        children = (
            [child for child in _visible(entry) if child not in taken] if entry.is_dir() else []
        )
        # A misspelt source is told by what it holds.
        is_source = entry.name in sources or any(_meant(root, child) for child in children)
        for stranger in children if is_source and entry.is_dir() else [entry]:
            meant = _meant(root, stranger)
            sentences.append(
                f"`{_label(root, stranger)}` is no table of the contract"
                + (f"; did you mean `{meant}`?" if meant else ".")
            )
    for folder in sorted(place for place in taken if place.is_dir()):
        sentences += [
            f"`{_label(root, entry)}` is no part: a part ends in .parquet or .csv."
            for entry in _visible(folder)
            if entry.suffix.lower() not in FORMATS
        ]
    return sentences


def _meant(root: Path, path: Path) -> str | None:
    """The table's place that a stray file or folder is probably meant for."""
    stem = path.name.split(".")[0] if path.is_file() else path.name
    full = _bare(_label(root, path.with_name(stem)))
    ending = path.suffix if path.suffix in FORMATS else "/" if path.is_dir() else ".csv"

    def likeness(table: contract.Table) -> tuple[float, float]:
        whole = _ratio(full, _bare(table.source + table.name))
        return max(whole, _ratio(_bare(stem), _bare(table.name))), whole

    best = max(contract.tables().values(), key=likeness)
    return f"{best.source}/{best.name}{ending}" if likeness(best)[0] >= 0.8 else None


def _visible(folder: Path) -> list[Path]:
    """What is there to be read: the vars to build with lie beside the tables and are no table."""
    return sorted(
        entry
        for entry in folder.iterdir()
        if entry.name[0] not in "._" and entry.name != "vars.yml"
    )


def _label(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


# -- sentences -----------------------------------------------------------------------------------


def _words(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _clip(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def _first_line(error: duckdb.Error) -> str:
    return _clip(str(error).splitlines()[0], 200)


def _csv_error(error: duckdb.Error) -> str:
    """DuckDB's page about a CSV row in a few words."""
    lines = [line for line in str(error).splitlines() if line]
    place = re.search(r"CSV Error on Line: (\d+)", lines[0])
    if not place:
        return _first_line(error)
    reason = next(
        (line for line in lines[1:] if re.match(r"Expected|Value|Invalid|Maximum", line)), lines[-1]
    )
    return f"line {place[1]}: {_clip(reason, 120).rstrip('.')}"


def _shorten(problems: list[str], table: str) -> list[str]:
    more = len(problems) - PROBLEMS_SHOWN
    if more <= 0:
        return problems
    return [*problems[:PROBLEMS_SHOWN], f"{more} more files of `{table}` cannot be read either."]


# -- plugin --------------------------------------------------------------------------------------


class Plugin(BasePlugin):
    """What dbt's connection needs: its directories, `raw_files()` and the hash salt."""

    def update_connection_config(self, creds, config):
        for path in [creds.path, *(attached.path for attached in creds.attach or [])]:
            if re.match(r":memory:|[a-z]\w+:", path):  # in memory, or a service's address
                continue
            folder = Path(path).expanduser().absolute().parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DbtRuntimeError(
                    f"The directory `{folder}` of database `{path}` cannot be made "
                    f"({error.strerror}): set LIFECYCLE_DB and LIFECYCLE_STATE to paths that can "
                    "be written."
                ) from None

    def configure_connection(self, conn):
        # Connections to one file share their functions, and a second registration is an error.
        registered = conn.execute(
            "select count(*) from duckdb_functions() where function_name = 'raw_files'"
        ).fetchall()
        if not registered[0][0]:
            conn.create_function(
                "raw_files",
                lambda directory: json.dumps(inspect(directory)),
                ["VARCHAR"],
                "VARCHAR",
                side_effects=True,  # files change between calls
            )

    def configure_cursor(self, cursor):
        if salt := os.environ.get("LIFECYCLE_HASH_SALT"):
            cursor.execute("set variable hash_salt = ?", [salt])

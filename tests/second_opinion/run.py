"""A second opinion: the four programs as SQL, compared row by row with a run.

Reads a sealed snapshot, the rule files, and the verdicts and selections of a run;
gives every difference by kind, and ends with 1 if there is one. The SQL is written
from the programs' page alone, never from the plugins. Needs duckdb and blake3.

    run.py --snapshot DIR --rules DIR --run DIR
"""

import argparse
import csv
import json
import re
import sys
import tempfile
import tomllib
from pathlib import Path

import blake3
import duckdb

HERE = Path(__file__).parent
# A program comes after those whose recipients it asks for.
PROGRAMS = [("pkh", "family"), ("sembako", "family"), ("pbi_jkn", "person"), ("blt_dd", "family")]
STATUS = {0: "not eligible", 1: "recipient", 2: "waiting", 3: "review", 4: "refused"}
SHOWN = 5


def month(text):
    """First month of `2026Q3` or `2026-09`, as a number."""
    quarter = re.fullmatch(r"(\d{4})Q([1-4])", text)
    if quarter:
        return int(quarter[1]) * 12 + int(quarter[2]) * 3 - 3
    year, of_year = text.split("-")
    return int(year) * 12 + int(of_year) - 1


def in_force(lines, period):
    """The value of a dated list in a period."""
    held = [line for line in lines if month(line["from"]) <= month(period)]
    return max(held, key=lambda line: month(line["from"]))["value"]


# What the SQL takes for granted; a rule file that says otherwise asks for other SQL.
GRANTED = {
    "pkh": {"exclusion_scope": "kk"},
    "sembako": {"exclusion_scope": "kk"},
    "pbi_jkn": {},
    "blt_dd": {"livelihood_undelivered": "no"},
}
SUB_KEYS = {"pbi_jkn": ["family_lot", "age_youngest"]}


def set_variables(db, program, rules, manifest):
    """Hands the values of a rule file to SQL."""
    period = manifest["period"]
    values = {name: in_force(lines, period) for name, lines in rules["settings"].items()}
    if "months_paid" in rules:
        paid = rules["months_paid"]
        values["months_paid"] = paid if isinstance(paid, int) else in_force(paid, period)
    scale = manifest["scale"]
    values["seats"] = in_force(rules["quota"]["total"], period) * scale["holds"] // scale["stands_for"]
    values["as_of"] = manifest["as_of"]
    values["period"] = month(period) // 3
    for name, value in GRANTED[program].items():
        assert values[name] == value, f"{program}: there is no SQL for {name} = {values[name]}"
    assert rules["ranking"]["then"] == SUB_KEYS.get(program, []), f"{program}: there is no SQL for this order"
    for name, value in values.items():
        # a list of nothing has no type of its own
        held = "[]::VARCHAR[]" if value == [] else "?"
        db.execute(f"SET VARIABLE {name} = {held}", [] if value == [] else [value])


def lots(db, folder, seed):
    """Tables of the published lot: keyed hash of the id's eight bytes, the first eight of it."""
    key = blake3.blake3(seed.encode()).digest()
    for table, of, column in (("family_lot", "family", "family_id"), ("person_lot", "member", "person_id")):
        path = folder / f"{table}.csv"
        with path.open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["id", "lot"])
            for (number,) in db.execute(f"SELECT {column} FROM {of}").fetchall():
                digest = blake3.blake3(number.to_bytes(8, "big"), key=key).digest()
                out.writerow([number, int.from_bytes(digest[:8], "big")])
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM read_csv(?, header = true,"
            " columns = {'id': 'UBIGINT', 'lot': 'UBIGINT'})",
            [str(path)],
        )


def load(db, snapshot, manifest):
    """The snapshot's tables; a member is numbered within its province."""
    for table, folder in (("family", "families"), ("member", "members")):
        db.execute(
            f"CREATE TEMP TABLE {table} AS SELECT *, file_row_number AS row"
            f" FROM read_parquet('{snapshot}/{folder}/*.parquet', file_row_number = true)"
        )
    rows = manifest["regions"]["villages"]
    villages = [(ordinal, f"{system}:{code}") for ordinal, (_, system, code, _) in enumerate(rows)]
    db.execute("CREATE TEMP TABLE village (ordinal UINTEGER, code VARCHAR)")
    db.executemany("INSERT INTO village VALUES (?, ?)", villages)


def any_of(names, test):
    """SQL that holds where the test holds of one of the columns."""
    return " OR ".join([f"{name} {test}" for name in names] or ["false"])


def outcome(db, rules, program):
    """Adds the status before ranking to the criteria in the table `judged`; gives `sorted`."""
    columns = [row[0] for row in db.execute("DESCRIBE judged").fetchall()]
    criteria = [name for name in rules["criteria"] if name in columns]
    missing = [name for name in rules["criteria"] if name not in columns]
    assert not missing, f"{program}: no SQL for {missing}"
    unknown = {name: rules["unknown"].get(name, "review") for name in criteria}
    asks = {rule: [name for name in criteria if unknown[name] == rule] for rule in ("refuse", "review")}
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE sorted AS SELECT *,
            CASE WHEN {any_of(criteria, "IS FALSE")} THEN 0
                 WHEN {any_of(asks["refuse"], "IS NULL")} THEN 4
                 WHEN {any_of(asks["review"], "IS NULL")} THEN 3
                 ELSE 2 END AS status
        FROM judged"""
    )


def cut(db, rules):
    """Ranks the eligible and gives the seats: `mine` has status, rank and amount per row."""
    assert rules["incumbent"]["rule"] in ("keep", "none") and not rules["ceiling"]["binding"]
    keep = rules["incumbent"]["rule"] == "keep"
    quota = rules["quota"]
    area = "0" if quota["level"] == "national" else "area"
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT *, row_number() OVER (ORDER BY {"coalesce(previous, false) DESC," if keep else ""} place) AS rank,
               {area} AS of_area
        FROM sorted WHERE status = 2"""
    )
    if area == "0":
        db.execute("CREATE OR REPLACE TEMP TABLE seats AS SELECT 0 AS of_area, getvariable('seats') AS seats")
    else:
        assert quota["level"] == "village" and quota["base"] == "d1_d4" and quota["only"]
        db.execute("SET VARIABLE quota_only = ?", [quota["only"]])
        db.execute((HERE / "seats.sql").read_text())
    db.execute(
        """CREATE OR REPLACE TEMP TABLE mine AS
        WITH placed AS (
            SELECT r.*, row_number() OVER (PARTITION BY of_area ORDER BY rank)
                   <= coalesce((SELECT seats FROM seats s WHERE s.of_area = r.of_area), 0) AS chosen
            FROM ranked r)
        SELECT s.province, s.row, CASE WHEN p.chosen THEN 1 ELSE s.status END AS status,
               coalesce(p.rank, 0) AS rank, s.amount
        FROM sorted s LEFT JOIN placed p USING (province, row)"""
    )


def compare(db, run, program):
    """Differences by kind, with the first rows of each."""
    for part in ("verdicts", "selection"):
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE {part} AS SELECT *, file_row_number AS row,"
            " regexp_extract(filename, '([0-9]+).parquet$', 1)::USMALLINT AS province"
            f" FROM read_parquet('{run}/{program}/{part}/*.parquet', file_row_number = true, filename = true)"
        )
    db.execute(
        """CREATE OR REPLACE TEMP TABLE both_ways AS
        SELECT province, row, m.status AS my_status, s.status AS status, m.rank AS my_rank, s.rank AS rank,
               m.amount AS my_amount, v.amount AS amount, v.failed AS failed, v.unknown AS unknown
        FROM mine m FULL JOIN selection s USING (province, row) FULL JOIN verdicts v USING (province, row)"""
    )
    kinds = {
        "rows": "my_status IS NULL OR status IS NULL OR amount IS NULL",
        "status": "my_status <> status",
        "rank": "my_status = status AND my_rank <> rank",
        "amount": "my_status = status AND status IN (1, 2) AND my_amount <> amount",
        # what a row under review would be paid on what is known
        "amount under review": "my_status = 3 AND status = 3 AND my_amount <> amount",
    }
    total = 0
    rows, chosen = db.execute("SELECT count(*), count(*) FILTER (my_status = 1) FROM both_ways").fetchone()
    print(f"{program}: {rows} rows, {chosen} recipients")
    for kind, test in kinds.items():
        (found,) = db.execute(f"SELECT count(*) FROM both_ways WHERE {test}").fetchone()
        total += found
        if found == 0:
            continue
        print(f"  {kind}: {found} differ")
        if kind == "status":
            pairs = f"SELECT my_status, status, count(*) FROM both_ways WHERE {test} GROUP BY 1, 2 ORDER BY 3 DESC"
            for mine, theirs, count in db.execute(pairs).fetchall():
                print(f"    SQL {STATUS[mine]}, run {STATUS[theirs]}: {count}")
        shown = db.execute(f"SELECT * FROM both_ways WHERE {test} ORDER BY province, row LIMIT {SHOWN}")
        names = [column[0] for column in shown.description]
        for row in shown.fetchall():
            print("    " + ", ".join(f"{name} {value}" for name, value in zip(names, row)))
    return total


def main():
    arguments = argparse.ArgumentParser()
    for name in ("snapshot", "rules", "run"):
        arguments.add_argument(f"--{name}", type=Path, required=True)
    asked = arguments.parse_args()
    manifest = json.loads((asked.snapshot / "manifest.json").read_text())
    db = duckdb.connect()
    load(db, asked.snapshot, manifest)
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for program, unit in PROGRAMS:
            rules = tomllib.loads((asked.rules / f"{program}.toml").read_text())
            set_variables(db, program, rules, manifest)
            lots(db, Path(folder), rules["ranking"]["seed"])
            if unit == "family":
                db.execute((HERE / "families.sql").read_text())
            db.execute((HERE / f"{program}.sql").read_text())
            outcome(db, rules, program)
            cut(db, rules)
            total += compare(db, asked.run, program)
            db.execute(f"CREATE TEMP TABLE got_{program} AS SELECT province, row FROM mine WHERE status = 1")
    print(f"{total} differences")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())

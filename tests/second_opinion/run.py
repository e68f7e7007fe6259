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


def percent(share):
    """`25%` as a whole number."""
    return int(share.removesuffix("%"))


def set_variables(db, rules, manifest):
    """Hands the values of a rule file to SQL."""
    period = manifest["period"]
    values = {name: in_force(lines, period) for name, lines in rules["settings"].items()}
    if "months_paid" in rules:
        paid = rules["months_paid"]
        values["months_paid"] = paid if isinstance(paid, int) else in_force(paid, period)
    values["as_of"] = manifest["as_of"]
    values["period"] = month(period) // 3
    values.setdefault("exclusion_scope", "kk")
    for name, value in values.items():
        # a list of nothing has no type of its own
        held = "[]::VARCHAR[]" if value == [] else "?"
        db.execute(f"SET VARIABLE {name} = {held}", [] if value == [] else [value])


def lots(db, folder, seed, unit):
    """Tables of the published lot: keyed hash of the id's eight bytes, the first eight of it."""
    key = blake3.blake3(seed.encode()).digest()
    tables = [("family_lot", "family", "family_id"), ("person_lot", "member", "person_id")]
    for table, of, column in tables if unit == "person" else tables[:1]:
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
    # where each row of either unit lives
    where = "f.province, {row} AS row, f.regency, f.village, f.village_kind, f.decile"
    db.execute(f"CREATE TEMP TABLE family_home AS SELECT {where.format(row='f.row')} FROM family f")
    db.execute(
        f"CREATE TEMP TABLE person_home AS SELECT {where.format(row='m.row')} FROM member m"
        " JOIN family f ON f.province = m.province AND f.row = m.family_row"
    )
    regencies = manifest["regions"]["regencies"]
    villages = manifest["regions"]["villages"]
    areas = [("regency", at, f"kemendagri:{regency['code']}") for at, regency in enumerate(regencies)]
    areas += [("village", at, f"{system}:{code}") for at, (_, system, code, _) in enumerate(villages)]
    provinces = sorted({regency["code"][:2] for regency in regencies})
    areas += [("province", int(code), f"kemendagri:{code}") for code in provinces]
    db.execute("CREATE TEMP TABLE area (level VARCHAR, area UINTEGER, code VARCHAR)")
    db.executemany("INSERT INTO area VALUES (?, ?, ?)", areas)
    db.execute(
        "CREATE TEMP TABLE province_of AS SELECT area AS regency, code[12:13]::UINTEGER AS province"
        " FROM area WHERE level = 'regency'"
    )


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


KINDS = {"kelurahan": 1, "desa": 2, "desa_adat": 3}
SUB_KEYS = {
    ("family_lot", "person"): "family_lot",
    ("family_lot", "family"): "lot",
    ("age_youngest", "person"): "coalesce(age, 9999)",
    ("age_oldest", "person"): "coalesce(-age, 9999)",
}


def rank(db, rules, unit):
    """The eligible in their total order, each with its area: the table `ranked`."""
    incumbent = rules["incumbent"]["rule"]
    order = ["coalesce(previous, false) DESC"] if incumbent == "keep" else []
    band = incumbent["band"] if isinstance(incumbent, dict) else 0
    order.append(f"score + CASE WHEN previous THEN {band} ELSE 0 END DESC")
    order += [SUB_KEYS[name, unit] for name in rules["ranking"]["then"] if (name, unit) in SUB_KEYS]
    level = rules["quota"]["level"]
    area = "0" if level == "national" else f"h.{level}"
    kinds = [str(KINDS[name]) for name in rules["quota"].get("only", [])]
    db.execute(f"SET VARIABLE level = '{level}'")
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE placed AS
        SELECT s.*, CASE WHEN {f"h.village_kind IN ({', '.join(kinds)})" if kinds else "TRUE"} THEN {area} END AS area,
               h.decile, h.regency
        FROM sorted s JOIN {unit}_home h USING (province, row)"""
    )
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT *, row_number() OVER (ORDER BY {", ".join(order)}, lot) AS rank FROM placed WHERE status = 2"""
    )


def share_out(db, rules, manifest):
    """The table `seats`: how many each area has."""
    quota, period, scale = rules["quota"], manifest["period"], manifest["scale"]
    if quota.get("unlimited"):
        db.execute("CREATE OR REPLACE TEMP TABLE seats AS SELECT DISTINCT area, 1000000000000 AS seats FROM ranked")
        return
    areas = in_force(quota["areas"], period) if "areas" in quota else None
    total = sum(areas.values()) if areas else in_force(quota["total"], period)
    total = total * scale["holds"] // scale["stands_for"]
    db.execute(f"SET VARIABLE seats = {total}")
    if quota["level"] == "national":
        db.execute(f"CREATE OR REPLACE TEMP TABLE seats AS SELECT 0 AS area, {total} AS seats")
        return
    if areas:
        db.execute("CREATE OR REPLACE TEMP TABLE given (code VARCHAR, weight BIGINT)")
        db.executemany("INSERT INTO given VALUES (?, ?)", list(areas.items()))
        weights = "SELECT area, code, weight FROM given JOIN area USING (code) WHERE level = getvariable('level')"
    else:
        counted = {"registered": "TRUE", "eligible": "status = 2", "d1_d4": "decile BETWEEN 1 AND 4"}[quota["base"]]
        weights = f"""SELECT p.area, a.code, count(*) AS weight
            FROM placed p JOIN area a ON a.level = getvariable('level') AND a.area = p.area
            WHERE {counted} GROUP BY ALL"""
    db.execute(f"CREATE OR REPLACE TEMP TABLE weights AS {weights}")
    db.execute((HERE / "seats.sql").read_text())


SETS = {"exclusions", "other_aid", "member_exclusions", "severe_difficulties"}


def meets(db, group):
    """SQL on a row `t` of the table that holds the column: whether it is in a reserve's group."""
    column = f't."{group["column"]}"'
    if group["column"] in ("regency", "village"):
        codes = ", ".join(f"'{code}'" for code in group["in"])
        found = f"""SELECT a.area FROM area a WHERE a.level = '{group["column"]}' AND a.code IN ({codes})
            OR a.level = 'regency' AND '{group["column"]}' = 'regency' AND a.code[:13] IN ({codes})"""
        return f"{column} IN ({found})"
    if group["column"] in SETS:
        codes = sum(1 << code for code in group["in"]) if "in" in group else 2**32 - 1
        return f"{column} & {codes} <> 0"
    if "yes" in group:
        return column if group["yes"] else f"NOT {column}"
    if "in" in group:
        return f"{column} IN ({', '.join(map(str, group['in']))})"
    return f"{column} >= {group['at_least']}" if "at_least" in group else f"{column} <= {group['at_most']}"


def members(db, group, unit):
    """The table `in_group`: rows of the unit that a reserve is for."""
    of_family = group["column"] in [row[0] for row in db.execute("DESCRIBE family").fetchall()]
    test = meets(db, group)
    if of_family and unit == "person":
        rows = f"SELECT m.province, m.row FROM member m JOIN family t ON t.province = m.province AND t.row = m.family_row WHERE {test}"
    elif of_family or unit == "person":
        rows = f"SELECT t.province, t.row FROM {'family' if of_family else 'member'} t WHERE {test}"
    else:
        rows = f"SELECT DISTINCT t.province, t.family_row AS row FROM member t WHERE {test}"
    db.execute(f"CREATE OR REPLACE TEMP TABLE in_group AS {rows}")


def serve(db, scope, seats, only=""):
    """Gives the seats of a table to those first in order; takes what was given out of `rest`."""
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE served AS
        SELECT g.province, g.row, g.area, {scope} AS scope FROM got g JOIN {seats} s ON s.area = {scope} {only}
        WHERE NOT g.got AND g.area IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY {scope} ORDER BY g.rank) <= any_value(s.seats) OVER (PARTITION BY {scope})"""
    )
    db.execute("UPDATE got SET got = TRUE FROM served s WHERE s.province = got.province AND s.row = got.row")


def fill(db, rules, manifest, unit):
    """The table `got`: the eligible with whether they have a seat: reserves, general seats, flow."""
    quota, period, scale = rules["quota"], manifest["period"], manifest["scale"]
    db.execute(
        "CREATE OR REPLACE TEMP TABLE got AS"
        " SELECT province, row, area, regency, rank, amount, FALSE AS got FROM ranked"
    )
    db.execute("CREATE OR REPLACE TEMP TABLE rest AS SELECT area, seats FROM seats")

    def take(table, scope):
        db.execute(
            f"""CREATE OR REPLACE TEMP TABLE rest AS
            SELECT r.area, r.seats - coalesce(s.given, 0) AS seats FROM {table} r
            LEFT JOIN (SELECT {scope} AS area, count(*) AS given FROM served GROUP BY 1) s USING (area)"""
        )

    before = "0"
    for reserve in quota.get("reserve", []):
        if "share" in reserve:
            share = in_force(reserve["share"], period)
            part = int(share[:-1]) * (10 if share.endswith("%") else 1)
            wanted = f"seats * {part} // 1000"
        else:
            wanted = str(in_force(reserve["seats"], period) * scale["holds"] // scale["stands_for"])
        # what those before it have not reserved
        db.execute(
            f"""CREATE OR REPLACE TEMP TABLE reserved AS
            SELECT area, least({wanted}, greatest(seats - ({before}), 0)) AS seats FROM seats"""
        )
        members(db, reserve["group"], unit)
        serve(db, "g.area", "reserved", "JOIN in_group i ON i.province = g.province AND i.row = g.row")
        take("rest", "area")
        before += f" + {wanted}"
    serve(db, "g.area", "rest")
    take("rest", "area")
    if quota.get("unfilled") != "flow":
        return
    # bottom to top: what an area cannot fill goes to those who wait in the area above it
    assert quota["level"] in ("regency", "province"), "there is no SQL for this flow"
    above = [("g.province", "province")] if quota["level"] == "regency" else []
    for scope, level in above + [("0", "national")]:
        parent = "p.province" if level == "province" else "0"
        joined = "JOIN province_of p ON p.regency = r.area" if level == "province" else ""
        db.execute(
            f"""CREATE OR REPLACE TEMP TABLE rest AS
            SELECT {parent} AS area, sum(r.seats)::BIGINT AS seats FROM rest r {joined} GROUP BY 1"""
        )
        serve(db, scope, "rest")
        take("rest", "scope")


def cut(db, rules, manifest, unit):
    """Ranks the eligible and gives the seats: `mine` has status, rank, place and amount per row."""
    rank(db, rules, unit)
    share_out(db, rules, manifest)
    fill(db, rules, manifest, unit)
    ceiling, scale = rules["ceiling"], manifest["scale"]
    limit = 10**18
    if ceiling["binding"]:
        year = in_force(ceiling["year"], manifest["period"])
        limit = year * percent(ceiling["share_per_quarter"]) // 100 * scale["holds"] // scale["stands_for"]
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE mine AS
        -- down the order, ending at the first row that does not fit
        WITH paid AS (
            SELECT *, got AND sum(CASE WHEN got THEN amount ELSE 0 END) OVER (ORDER BY rank) <= {limit} AS paid
            FROM got),
        -- one waiting list per area; without a seat of one's own, per province
        waiting AS (
            SELECT *, CASE WHEN paid THEN 0 ELSE row_number() OVER (
                PARTITION BY paid, area, CASE WHEN area IS NULL THEN province END ORDER BY rank) END AS place
            FROM paid)
        SELECT s.province, s.row, CASE WHEN p.paid THEN 1 ELSE s.status END AS status,
               coalesce(p.rank, 0) AS rank, coalesce(p.place, 0) AS place, s.amount
        FROM sorted s LEFT JOIN waiting p USING (province, row)"""
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
               m.place AS my_place, s.place AS place,
               m.amount AS my_amount, v.amount AS amount, v.failed AS failed, v.unknown AS unknown
        FROM mine m FULL JOIN selection s USING (province, row) FULL JOIN verdicts v USING (province, row)"""
    )
    kinds = {
        "rows": "my_status IS NULL OR status IS NULL OR amount IS NULL",
        "status": "my_status <> status",
        "rank": "my_status = status AND my_rank <> rank",
        "place": "my_status = status AND my_place <> place",
        "amount": "my_status = status AND status IN (1, 2) AND my_amount <> amount",
        # what a row under review would be paid on what is known
        "amount under review": "my_status = 3 AND status = 3 AND my_amount <> amount",
    }
    total = 0
    rows, chosen = db.execute("SELECT count(*), count(*) FILTER (my_status = 1) FROM both_ways").fetchone()
    counts = f"SELECT my_status, count(*) FROM both_ways GROUP BY 1 ORDER BY 1"
    shown = ", ".join(f"{STATUS.get(is_, is_)} {count}" for is_, count in db.execute(counts).fetchall())
    print(f"{program}: {rows} rows, {chosen} recipients ({shown})")
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
            set_variables(db, rules, manifest)
            lots(db, Path(folder), rules["ranking"]["seed"], unit)
            if unit == "family":
                db.execute((HERE / "families.sql").read_text())
            db.execute((HERE / f"{program}.sql").read_text())
            outcome(db, rules, program)
            cut(db, rules, manifest, unit)
            total += compare(db, asked.run, program)
            db.execute(f"CREATE TEMP TABLE got_{program} AS SELECT province, row FROM mine WHERE status = 1")
    print(f"{total} differences")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())

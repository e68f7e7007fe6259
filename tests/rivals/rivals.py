"""The PKH job in DuckDB or Polars for `layak bench`, over the same sealed snapshot.

    rivals.py duckdb|polars REQUEST

REQUEST is a JSON file: where the snapshot, the lots and a run's PKH tables are, the rule
file's values, threads and rounds. Prints one JSON object: `times` (seconds of each
round, from opening the files to the written selection), `rows` compared with the run,
`differences` in status, rank or amount, `version`. The published lot is a keyed BLAKE3,
which neither engine has: both get it as a table in memory, made before the clock starts.
"""

import json
import os
import resource
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from string import Template

HERE = Path(__file__).parent


def years_before(day, years):
    assert (day.month, day.day) != (2, 29), "a snapshot of 29 February is not measured"
    return day.replace(year=day.year - years)


def settings(asked):
    """The rule file's values as both engines take them; refuses what the steps do not know."""
    rules = asked["settings"]
    caps, amounts = (
        [rules[f"{kind}_{name}"] for name in
         ("victim", "pregnancy", "child", "disability", "elderly", "upper", "lower", "primary")]
        for kind in ("cap", "amount"))
    assert amounts == sorted(amounts, reverse=True), "the steps fill the dearest component first"
    assert rules["component_order"] == [1, 2, 3, 4, 5, 6, 7, 8], "the steps know one order of components"
    most = rules["cap_members"]
    assert all(cap >= most for cap in (caps[0], caps[1], *caps[5:])) and caps[3] == 1, "the steps know these caps"
    assert rules["elderly_age"] > rules["pupil_age_max"] and rules["child_age_max"] < 15, "the steps know these ages"
    assert rules["exclusion_scope"] == 0 and asked["keeps"], "the steps know one scope and incumbents who keep their place"
    day = date.fromisoformat(asked["as_of"])
    born = {
        "born_5": 5, "born_elderly": rules["elderly_age"], "born_child": rules["child_age_max"] + 1,
        "born_pupil_min": rules["pupil_age_min"], "born_pupil_max": rules["pupil_age_max"] + 1,
    }
    out = {name: years_before(day, years) for name, years in born.items()}
    out |= {name: rules[name] for name in rules}
    out |= {
        "snapshot": asked["snapshot"], "as_of": day, "period": asked["period"], "seats": asked["seats"],
        "delivered_from": day - timedelta(days=rules["postpartum_days"]),
        "amounts": dict(zip(["v", "p", "tc", "d", "te", "t8", "t7", "t6"], amounts)),
    }
    return out


def timed(rounds, work, out):
    times = []
    for _ in range(rounds):
        Path(out).unlink(missing_ok=True)
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return times


def compare(threads, out, run):
    """Rows, and those whose status, rank or amount is another than the run's."""
    import duckdb

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    for part in ("verdicts", "selection"):
        db.execute(
            f"CREATE VIEW {part} AS SELECT *,"
            " (regexp_extract(filename, '([0-9]+).parquet$', 1)::BIGINT << 32) | file_row_number AS key"
            f" FROM read_parquet('{run}/{part}/*.parquet', file_row_number = true, filename = true)")
    return db.execute(
        f"""SELECT count(*), count(*) FILTER (
            m.status IS DISTINCT FROM s.status OR m.rank IS DISTINCT FROM coalesce(s.rank, 0)
            OR (s.status IN (1, 2, 3) AND coalesce(m.amount, 0) <> v.amount))
        FROM read_parquet('{out}') m FULL JOIN selection s USING (key) FULL JOIN verdicts v USING (key)""").fetchone()


def in_duckdb(asked, values, out):
    import duckdb

    db = duckdb.connect()
    db.execute(f"SET threads = {asked['threads']}")
    db.execute("SET preserve_insertion_order = false")
    db.execute(f"CREATE TABLE lots AS SELECT * FROM read_parquet('{asked['lots']}')")
    shown = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in values.items()}
    sql = Template((HERE / "pkh.sql").read_text()).safe_substitute(shown, out=out)
    return duckdb.__version__, timed(asked["rounds"], lambda: db.execute(sql), out)


def in_polars(asked, values, out):
    os.environ["POLARS_MAX_THREADS"] = str(asked["threads"])
    import polars

    sys.path.insert(0, str(HERE))
    import pkh_polars

    lots = polars.read_parquet(asked["lots"])
    return polars.__version__, timed(asked["rounds"], lambda: pkh_polars.job(values, lots, out), out)


def main():
    engine, request = sys.argv[1:]
    asked = json.loads(Path(request).read_text())
    out = str(Path(asked["out"]) / f"{engine}.parquet")
    measure = {"duckdb": in_duckdb, "polars": in_polars}[engine]
    version, times = measure(asked, settings(asked), out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rows, differences = compare(asked["threads"], out, asked["run"])
    print(json.dumps({"version": version, "times": times, "rows": rows, "differences": differences, "peak_rss_mb": peak}))


if __name__ == "__main__":
    main()

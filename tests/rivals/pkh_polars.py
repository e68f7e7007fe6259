"""PKH in Polars for `layak bench`: judge, rank, cut and write, over the sealed snapshot's Parquet.

Lazy and on all threads; the steps and the packing are those of pkh.sql, where they are
explained. The keys come sorted, so Polars is told and groups by neighbours. What Polars
could do better: its semi-join takes the keys of all members to meet the few families that
are left; a file that holds the members within their family would need neither.
"""

import polars as pl


def key():
    return ((pl.col("province").cast(pl.Int64) * (1 << 32)) + pl.col("family_row").cast(pl.Int64)).alias("key")


def bit(test, at):
    return test.fill_null(False).cast(pl.Int32) * (1 << at)


def scan(snapshot, table):
    return pl.scan_parquet(f"{snapshot}/{table}/*.parquet")


def near_test(s):
    decile = pl.col("decile").is_null() | (pl.col("decile") <= s["max_decile"])
    return decile & (pl.col("exclusions") & 122366 == 0) & (pl.col("other_aid") & s["not_with"] == 0)


def families(s):
    previous = pl.col("previous.pkh")
    quarters = s["period"] - pl.col("since.pkh").cast(pl.Int32)
    return scan(s["snapshot"], "families").filter(near_test(s)).select(
        key(), "family_id", "decile", "members",
        (pl.col("members") == pl.col("member_count")).alias("count_known"),
        previous.fill_null(False).alias("previous"),
        pl.when(previous.is_null()).then(None).when(previous.not_()).then(False)
        .otherwise(quarters >= s["limit_quarters"]).alias("over"),
    )


def people(s, near):
    born, sex, pregnancy = pl.col("birth_date"), pl.col("sex"), pl.col("pregnancy")
    job, relation, hits = pl.col("job_status"), pl.col("relation"), pl.col("member_exclusions")
    severe = pl.col("severe_difficulties")
    no_pregnancy = (pregnancy.fill_null(0) == 0) | (sex == 1) | (pl.col("pregnancy_order") > s["pregnancy_max_order"])
    long_ago = (pregnancy == 2) & (pl.col("delivery_date") < s["delivered_from"])
    of_age = (born <= s["born_pupil_min"]) & (born > s["born_pupil_max"])
    return scan(s["snapshot"], "members").with_columns(key()).join(near.select("key"), on="key", how="semi", maintain_order="left").select(
        "key",
        pl.col("dead").fill_null(False).not_().alias("living"),
        (relation == 1).fill_null(False).alias("head"),
        ((hits & 510 != 0) | ((relation == 1) & (hits & 121856 != 0))).alias("hit"),
        ((job == 5) | (job.is_null() & pl.col("working").fill_null(True)
            & (born.is_null() | (born <= s["born_5"])))).alias("state_job"),
        pl.col("human_rights_victim").fill_null(False).alias("v"),
        pl.when(severe != 0).then(True).when(pl.col("severe_difficulties.known") == 511).then(False).alias("d"),
        (born <= s["born_elderly"]).alias("e"),
        pl.when(no_pregnancy).then(False).when(long_ago).then(False)
        .when(sex.is_null() | ((pregnancy == 2) & pl.col("delivery_date").is_null())).then(None)
        .otherwise(True).alias("p"),
        ((born <= s["as_of"]) & (born > s["born_child"])).alias("c"),
        (of_age & (pl.col("school_participation") == 2)).alias("attends"),
        pl.col("certificate").is_in(s["finished_certificates"]).not_().alias("unfinished"),
        pl.when(pl.col("school_list_level") > 0).then(pl.col("school_list_level")).otherwise(pl.col("school_level"))
        .alias("level"),
    ).with_columns((pl.col("attends") & pl.col("unfinished")).alias("pupil")).with_columns(
        pl.when(pl.col("pupil"))
        .then(pl.when(pl.col("level").is_in(s["levels_primary"])).then(6)
              .when(pl.col("level").is_in(s["levels_lower"])).then(7)
              .when(pl.col("level").is_in(s["levels_upper"])).then(8).otherwise(0))
        .otherwise(0).cast(pl.Int64).alias("school"),
    )


def packed(people):
    v, d, e, p, c = (pl.col(name) for name in "vdepc")
    attends, pupil, level, school, living = (pl.col(n) for n in ("attends", "pupil", "level", "school", "living"))
    pupil_unknown = pupil.is_null() & (level.is_null() | level.is_between(1, 17))
    one = lambda at: pl.lit(1 << at, pl.Int64)
    pupil_of = lambda at: pl.when(school == 6).then(one(at)).when(school == 7).then(one(at + 6)).otherwise(one(at + 12))
    other = (
        pl.when(p).then(one(6)).when(c & (school > 0)).then(pupil_of(12)).when(c).then(one(30)).when(e).then(one(36))
        .when(school > 0).then(pupil_of(42))
    )
    flags = (
        bit(pl.col("hit"), 1) + bit(pl.col("state_job"), 2)
        + bit(e.is_null() | c.is_null() | d.is_null() | p.is_null() | pupil_unknown, 3)
        + bit(c.is_null() | p.is_null() | pupil_unknown, 4) + bit(e.is_null() | d.is_null(), 5)
        + bit(attends & level.is_null(), 6) + bit(pupil & level.is_null(), 7)
        + bit(v | d | e, 8) + bit((p | c).fill_null(False) | (school > 0), 9) + 1
    )
    return people.select(
        "key", "head",
        pl.when(living).then(flags).otherwise(0).alias("flags"),
        pl.when(living.not_()).then(0).when(v).then(one(0)).when(d).then(0).otherwise(other.otherwise(0)).alias("able"),
        pl.when(living & v.not_() & d.fill_null(False)).then(other.otherwise(1)).otherwise(0).alias("disabled"),
    )


def counted(packed):
    return packed.with_columns(pl.col("key").set_sorted()).group_by("key").agg(
        pl.col("head").any().alias("has_head"), pl.col("flags").bitwise_or(),
        pl.col("able").sum(), pl.col("disabled").sum(),
    )


def joined(families, counted):
    able, disabled, over = pl.col("able"), pl.col("disabled"), pl.col("over").fill_null(False)
    ended = (disabled & 4329327034368) + sum((disabled // (1 << (6 * at))) & 63 for at in (0, 1, 2, 3, 4, 5, 7, 8, 9))
    return families.join(counted, on="key", how="left", maintain_order="left").with_columns(
        (pl.col("has_head").fill_null(False) & pl.col("count_known").fill_null(False)).alias("complete"),
        pl.col("flags").fill_null(0),
        pl.when(over).then(able & 4329327034431).otherwise(able).fill_null(0).alias("able"),
        pl.when(over).then(ended).otherwise(disabled).fill_null(0).alias("disabled"),
    )


def paid(ways, s):
    """The dearest first, up to the family's cap; greatest sum and first place in one number."""
    at = lambda n: (pl.col("a") // (1 << (6 * n))) & 63
    least = lambda *of: pl.min_horizontal(*of)
    out = ways.with_columns(
        at(0).alias("v"), at(1).alias("p"), at(2).alias("c6"), at(3).alias("c7"), at(4).alias("c8"),
        (at(2) + at(3) + at(4) + at(5)).alias("children"), least(at(6), pl.lit(s["cap_elderly"])).alias("te"),
        pl.lit(s["cap_members"], pl.Int64).alias("room"),
    ).with_columns(least("children", pl.lit(s["cap_child"])).alias("tc"))
    # children past their cap who go to school count there, the dearest first
    over = pl.col("children") - pl.col("tc")
    out = out.with_columns(least("c8", over).alias("o8"))
    out = out.with_columns(least("c7", over - pl.col("o8")).alias("o7"))
    out = out.with_columns(least("c6", over - pl.col("o8") - pl.col("o7")).alias("o6"))
    out = out.with_columns(
        (at(7) + pl.col("o6")).alias("t6"), (at(8) + pl.col("o7")).alias("t7"), (at(9) + pl.col("o8")).alias("t8"))
    order = ["v", "p", "tc", "d", "te", "t8", "t7", "t6"]
    for name in order:
        out = out.with_columns(pl.min_horizontal(name, "room").alias(name))
        out = out.with_columns((pl.col("room") - pl.col(name)).alias("room"))
    amount = sum(pl.col(name) * s["amounts"][name] for name in order)
    place = pl.when(False).then(0)
    for number, name in enumerate(["v", "d", "te", "p", "tc", "t6", "t7", "t8"], 1):
        place = place.when(pl.col(name) > 0).then(number)
    return out.select("key", (amount * 16 + 15 - place.otherwise(9)).alias("best"))


def status(joined):
    flags, over = pl.col("flags"), pl.col("over")
    held = lambda mask: flags & mask != 0
    none = lambda mask: flags & mask == 0
    complete, members = pl.col("complete"), pl.col("members")
    ended = over.fill_null(False) & none(256)
    fails = (
        ((members > 0) & none(1)) | held(2) | (none(768) & none(136) & complete)
        | (ended & none(32) & complete & held(768))
    )
    review = (
        (members == 0) | complete.not_() | pl.col("decile").is_null() | (pl.col("decile") == 0) | held(4) | none(768)
        | held(72) | pl.when(over.is_null()).then(held(512 + 144)).otherwise(ended)
    )
    return joined.with_columns(
        pl.when(fails).then(0).when(review.fill_null(False)).then(3).otherwise(2).cast(pl.UInt8).alias("status")
    )


def job(s, lots, out):
    """The whole job, from the files to the written selection."""
    near = families(s).collect()
    judged = status(joined(near.lazy(), counted(packed(people(s, near.lazy()))))).collect()
    certain = judged.lazy().filter(pl.col("disabled") == 0).select("key", pl.col("able").alias("a"), pl.lit(0, pl.Int64).alias("d"))
    able, disabled = pl.col("able"), pl.col("disabled")
    some = judged.lazy().filter(pl.col("disabled") != 0)
    rest = able + (disabled // 64) * 64
    ways = [some.select("key", rest.alias("a"), pl.lit(0, pl.Int64).alias("d"))]
    for way in range(10):
        held = some.filter((disabled // (1 << (6 * way))) & 63 > 0)
        ways.append(held.select("key", (rest - ((1 << (6 * way)) if way else 0)).alias("a"), pl.lit(1, pl.Int64).alias("d")))
    tried = paid(pl.concat(ways), s).group_by("key").agg(pl.col("best").max())
    best = pl.concat([paid(certain, s), tried])
    judged = judged.lazy().select("key", "family_id", "decile", "previous", "status").join(best, on="key", how="left").collect()
    ranked = (
        judged.lazy().filter(pl.col("status") == 2).join(lots.lazy(), on="family_id", how="inner")
        .sort([pl.col("previous").not_(), pl.col("decile"), 15 - pl.col("best") % 16, pl.col("lot")])
        .with_row_index("rank", 1)
        .select("key", pl.when(pl.col("rank") <= s["seats"]).then(1).otherwise(2).cast(pl.UInt8).alias("status"), "rank",
                (pl.col("best") // 16).alias("amount"))
    )
    zero = pl.lit(0, pl.get_index_type()).alias("rank")
    others = judged.lazy().filter(pl.col("status") != 2).select(
        "key", "status", zero, pl.when(pl.col("status") == 0).then(0).otherwise(pl.col("best") // 16).alias("amount"))
    out_of_it = scan(s["snapshot"], "families").filter(near_test(s).fill_null(False).not_()).select(
        key(), pl.lit(0, pl.UInt8).alias("status"), zero, pl.lit(0, pl.Int64).alias("amount"))
    pl.concat([ranked, others, out_of_it]).sink_parquet(out)

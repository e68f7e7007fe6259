//! The same component compiled in other ways answers the same: without optimisation,
//! for speed and size, in memory made on demand instead of pooled.

use kit::native;
use layak::sandbox::settings::Settings;
use layak::sandbox::{self, Verdicts};
use naive::blocks::Block;
use naive::laid::{Column, Owned};
use wasmtime::component::{Component, Instance, Linker, Val};
use wasmtime::{Engine, OptLevel, Store};

use super::{laws, scenarios};
use crate::judged::{batch, bundled, date, settings};

/// A list of numbers as a component takes it.
fn list<T: Copy>(numbers: &[T], of: fn(T) -> Val) -> Val {
    Val::List(numbers.iter().map(|number| of(*number)).collect())
}

fn record(fields: Vec<(&str, Val)>) -> Val {
    Val::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn column(laid: &Column) -> Val {
    let case = |name: &str, values: Val| Val::Variant(name.to_owned(), Some(Box::new(values)));
    let values = match &laid.values {
        Owned::Bits(values) => case("bits", list(values, Val::U8)),
        Owned::U8(values) => case("u8s", list(values, Val::U8)),
        Owned::U16(values) => case("u16s", list(values, Val::U16)),
        Owned::U32(values) => case("u32s", list(values, Val::U32)),
        Owned::S32(values) => case("s32s", list(values, Val::S32)),
        Owned::S64(values) => case("s64s", list(values, Val::S64)),
        Owned::Set(members, known) => {
            case("sets", record(vec![("members", list(members, Val::U32)), ("known", list(known, Val::U32))]))
        }
    };
    let valid = laid.valid.as_ref().map(|bits| Box::new(list(bits, Val::U8)));
    record(vec![("values", values), ("valid", Val::Option(valid))])
}

fn rows(block: &Block) -> Val {
    let side = |columns: &[(usize, Column)]| Val::List(columns.iter().map(|(_, laid)| column(laid)).collect());
    record(vec![
        ("families", Val::U32(u32::try_from(block.laid.ends.len()).unwrap())),
        ("member-ends", list(&block.laid.ends, Val::U32)),
        ("family", side(&block.laid.family)),
        ("member", side(&block.laid.member)),
    ])
}

fn call(instance: &Instance, store: &mut Store<()>, name: &str, arguments: &[Val]) -> Val {
    let rules = instance.get_export_index(&mut *store, None, "layak:program/rules@1.0.0").unwrap();
    let index = instance.get_export_index(&mut *store, Some(&rules), name).unwrap();
    let mut said = [Val::Bool(false)];
    instance.get_func(&mut *store, index).unwrap().call(&mut *store, arguments, &mut said).unwrap();
    let [said] = said;
    said
}

fn verdicts(said: &Val) -> Verdicts {
    let Val::Record(fields) = said else { panic!("{said:?}") };
    let field = |name: &str| match &fields.iter().find(|(field, _)| field == name).unwrap().1 {
        Val::List(values) => values,
        other => panic!("{other:?}"),
    };
    let masks = |name: &str| {
        let number = |value: &Val| if let Val::U64(n) = value { *n } else { panic!("{value:?}") };
        field(name).iter().map(number).collect()
    };
    let numbers = |name: &str| {
        let number = |value: &Val| if let Val::S64(n) = value { *n } else { panic!("{value:?}") };
        field(name).iter().map(number).collect()
    };
    Verdicts { failed: masks("failed"), unknown: masks("unknown"), score: numbers("score"), amount: numbers("amount") }
}

fn compiled_in_other_ways<P: kit::Program>() {
    let description = native::describe::<P>();
    let (plugin, _cache) = bundled(P::NAME);
    let other = |opt_level| Settings { opt_level: Some(opt_level), ..Settings::compiling() };
    let ways = [other(OptLevel::None), other(OptLevel::SpeedAndSize), Settings::running(2)];
    let components = ways.map(|settings| {
        let engine = Engine::new(&settings.config()).unwrap();
        let component = Component::new(&engine, sandbox::bundled(P::NAME).unwrap()).unwrap();
        (engine, component)
    });
    for number in 0..scenarios(4) {
        let block = Block::draw(&description, 5_000_000 + number, 120).unwrap();
        let (whole, columns) = batch(&block, &description);
        let (as_of, period) = (date(block.when.as_of), date(block.when.period));
        let judge = plugin.configure(&settings(&block), &block.present, as_of, period).unwrap();
        let (wanted, fuel) = judge.judge(&whole, &columns).unwrap();
        let value = |value: &kit::Value| match value {
            kit::Value::Integer(n) => Val::Variant("integer".to_owned(), Some(Box::new(Val::S64(*n)))),
            kit::Value::Codes(codes) => Val::Variant("codes".to_owned(), Some(Box::new(list(codes, Val::S64)))),
        };
        let configure = [
            Val::List(block.settings.iter().map(value).collect()),
            list(&block.present, Val::Bool),
            Val::S32(as_of.0),
            Val::S32(period.0),
        ];
        for (way, (engine, component)) in components.iter().enumerate() {
            let mut store = Store::new(engine, ());
            store.set_epoch_deadline(1 << 40);
            store.set_fuel(1 << 40).unwrap();
            let instance = Linker::new(engine).instantiate(&mut store, component).unwrap();
            assert_eq!(call(&instance, &mut store, "configure", &configure), Val::Result(Ok(None)));
            let said = verdicts(&call(&instance, &mut store, "judge", &[rows(&block)]));
            assert_eq!(said, wanted, "{}, {number}, way {way}", P::NAME);
            // fuel is counted in the plugin's own instructions, however they are compiled
            let burnt = (1 << 40) - store.get_fuel().unwrap();
            assert_eq!(burnt, fuel, "{}, {number}, way {way}", P::NAME);
        }
    }
}

laws! {
    two_compilers_say_the_same: compiled_in_other_ways;
}

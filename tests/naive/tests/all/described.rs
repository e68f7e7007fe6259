//! What the programs say of themselves: sound, and bounded by what the law can reach.

use kit::{Description, Program, Value, native};

fn sound<P: Program>() -> Description {
    let description = native::describe::<P>();
    assert_eq!(description.faults(), Vec::<String>::new());
    description
}

#[test]
fn bounds_are_what_the_law_can_reach() {
    let said = [sound::<pkh::Pkh>(), sound::<sembako::Sembako>(), sound::<pbi_jkn::PbiJkn>(), sound::<blt_dd::BltDd>()];
    let bounds = said.map(|description| (description.name, description.score, description.amount));
    // points: ten steps of decile and eight components; 1000 a step, 500 for PKH and 255
    // members; ten steps; decile 1, six reasons and ten steps. Rupiah: eight members of the
    // dearest component; twelve months of the dearest rate.
    let wanted = [
        ("pkh", (0, 100 + 8), (0, 8 * 100_000_000)),
        ("sembako", (0, 10_000 + 500 + 255), (0, 12 * 10_000_000)),
        ("pbi_jkn", (0, 10), (0, 12 * 10_000_000)),
        ("blt_dd", (0, 1_000_000 + 6 * 1000 + 10), (0, 12 * 10_000_000)),
    ];
    assert_eq!(bounds, wanted);
}

#[test]
fn a_value_out_of_bounds_is_refused_and_named() {
    let description = sound::<pkh::Pkh>();
    let at = |name: &str| description.settings.iter().position(|wish| wish.name == name).unwrap();
    let values: Vec<Value> = description.settings.iter().map(|wish| wish.default.clone().unwrap()).collect();
    let present = vec![true; description.columns.len()];
    let refused = |name: &str, value: Value| {
        let mut values = values.clone();
        values[at(name)] = value;
        let problems = native::Judge::<pkh::Pkh>::new(&values, &present, 20_000, 20_000).err().unwrap_or_default();
        problems.iter().map(|problem| usize::from(problem.setting)).collect::<Vec<_>>()
    };
    assert_eq!(refused("max_decile", Value::Integer(4)), Vec::<usize>::new());
    assert_eq!(refused("max_decile", Value::Integer(10)), Vec::<usize>::new());
    assert_eq!(refused("max_decile", Value::Integer(11)), [at("max_decile")]);
    assert_eq!(refused("max_decile", Value::Integer(-1)), [at("max_decile")]);
    assert_eq!(refused("max_decile", Value::Codes(vec![4])), [at("max_decile")]);
    assert_eq!(refused("finished_certificates", Value::Integer(4)), [at("finished_certificates")]);
    assert_eq!(refused("finished_certificates", Value::Codes(vec![4, 1000])), [at("finished_certificates")]);
    assert_eq!(refused("exclusion_scope", Value::Integer(2)), [at("exclusion_scope")]);
    assert_eq!(refused("not_with", Value::Integer(4)), [at("not_with")]);
}

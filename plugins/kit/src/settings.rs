//! Typed settings, and the macro that declares them.
//!
//! Takes values that the host has parsed and checked; gives a struct with one
//! typed field per setting. Never a default that the description does not show.

use crate::description::{SettingKind, SettingWish, Value};

/// What is wrong with a setting, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Position of the setting.
    pub setting: u16,
    /// Indonesian.
    pub id: String,
    /// English.
    pub en: String,
}

/// The settings of a program; `kit::settings!` writes the implementation.
pub trait Settings: Sized {
    /// Names, types, units, bounds and defaults, in the order in which values cross.
    fn wishes() -> Vec<SettingWish>;

    /// Reads the values.
    ///
    /// # Errors
    /// Each setting whose value is missing, of the wrong type or out of bounds.
    fn read(values: &[Value]) -> Result<Self, Vec<Problem>>;
}

/// A Rust type that a setting's value is read into.
pub trait SettingValue: Sized {
    /// Reads a value that the wish allows.
    fn read(wish: &SettingWish, value: &Value) -> Option<Self>;
}

impl SettingValue for i64 {
    fn read(_: &SettingWish, value: &Value) -> Option<Self> {
        match value {
            Value::Integer(n) => Some(*n),
            Value::Codes(_) => None,
        }
    }
}

impl SettingValue for bool {
    fn read(_: &SettingWish, value: &Value) -> Option<Self> {
        (*value != Value::Integer(0)).into()
    }
}

impl SettingValue for &'static str {
    fn read(wish: &SettingWish, value: &Value) -> Option<Self> {
        match value {
            Value::Integer(n) => wish.options.get(usize::try_from(*n).ok()?).copied(),
            Value::Codes(_) => None,
        }
    }
}

impl SettingValue for u32 {
    fn read(_: &SettingWish, value: &Value) -> Option<Self> {
        match value {
            Value::Integer(n) => Self::try_from(*n).ok(),
            Value::Codes(_) => None,
        }
    }
}

impl SettingValue for Vec<i64> {
    fn read(_: &SettingWish, value: &Value) -> Option<Self> {
        match value {
            Value::Integer(_) => None,
            Value::Codes(codes) => Some(codes.clone()),
        }
    }
}

/// Used by `settings!`: one checked value, or a problem noted.
pub fn read_one<T: SettingValue>(
    wishes: &[SettingWish],
    values: &[Value],
    at: usize,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let wish = wishes.get(at)?;
    let value = values.get(at).or(wish.default.as_ref());
    let refused = value.map_or(Some("is missing".to_owned()), |value| wish.refuses(value));
    let read = value.filter(|_| refused.is_none()).and_then(|value| T::read(wish, value));
    if read.is_none() {
        let why = refused.unwrap_or_default();
        let setting = u16::try_from(at).unwrap_or(u16::MAX);
        problems.push(Problem {
            setting,
            id: format!("pengaturan `{}` tidak sah: {why}", wish.name),
            en: format!("setting `{}` is not valid: {why}", wish.name),
        });
    }
    read
}

/// Used by `settings!`.
#[must_use]
pub fn integer(
    name: &'static str,
    unit: &'static str,
    bounds: std::ops::RangeInclusive<i64>,
    default: Option<i64>,
) -> SettingWish {
    let default = default.map(Value::Integer);
    SettingWish {
        name,
        kind: SettingKind::Integer,
        options: &[],
        unit,
        min: *bounds.start(),
        max: *bounds.end(),
        default,
    }
}

/// Used by `settings!`.
#[must_use]
pub fn flag(name: &'static str, default: bool) -> SettingWish {
    let default = Some(Value::Integer(i64::from(default)));
    SettingWish { name, kind: SettingKind::Flag, options: &[], unit: "", min: 0, max: 1, default }
}

/// Used by `settings!`: the default is one of the options.
#[must_use]
pub fn choice(name: &'static str, options: &'static [&'static str], default: &str) -> SettingWish {
    let at = options.iter().position(|option| *option == default).and_then(|at| i64::try_from(at).ok());
    let max = i64::try_from(options.len()).unwrap_or(0).saturating_sub(1);
    SettingWish { name, kind: SettingKind::Choice, options, unit: "", min: 0, max, default: at.map(Value::Integer) }
}

/// Used by `settings!`: the default is any of the options.
#[must_use]
pub fn choices(name: &'static str, options: &'static [&'static str], default: &[&str]) -> SettingWish {
    let bit = |on: bool, at: usize| if on { 1_i64 << at.min(31) } else { 0 };
    let mask = options.iter().enumerate().map(|(at, o)| bit(default.contains(o), at)).fold(0, |all, b| all | b);
    let max = options.iter().enumerate().map(|(at, _)| bit(true, at)).fold(0, |all, b| all | b);
    SettingWish {
        name,
        kind: SettingKind::Choices,
        options,
        unit: "",
        min: 0,
        max,
        default: Some(Value::Integer(mask)),
    }
}

/// Used by `settings!`.
#[must_use]
pub fn codes(name: &'static str, bounds: std::ops::RangeInclusive<i64>, default: &[i64]) -> SettingWish {
    let default = Some(Value::Codes(default.to_vec()));
    SettingWish {
        name,
        kind: SettingKind::Codes,
        options: &[],
        unit: "code",
        min: *bounds.start(),
        max: *bounds.end(),
        default,
    }
}

/// Declares the settings of a program.
///
/// Makes `struct Settings` with a typed field per setting, `enum Setting` with
/// their names for reads-lists, and the description's list.
///
/// | kind | field type |
/// |---|---|
/// | `integer(unit, min..=max)` | `i64` |
/// | `flag()` | `bool` |
/// | `choice(["a", "b"])` | `&'static str`: the option's name |
/// | `choices(["a", "b"])` | `u32`: bit n = option n |
/// | `codes(min..=max)` | `Vec<i64>` |
///
/// ```
/// kit::settings! {
///     /// Highest decile served.
///     max_decile: integer("decile", 1..=10) = 4,
///     not_with: choices(["permakanan", "klj"]) = ["permakanan", "klj"],
/// }
/// ```
#[macro_export]
macro_rules! settings {
    ( $( $(#[$doc:meta])* $name:ident : $kind:ident ( $($arg:tt)* ) $(= $default:expr)? ),* $(,)? ) => {
        /// The values in force.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $( $(#[$doc])* #[doc = concat!("Setting `", stringify!($name), "`.")] pub $name: $crate::setting_type!($kind), )*
        }

        /// Names of the settings, for reads-lists; in the order of the description.
        #[expect(non_camel_case_types, reason = "a variant is spelt as its setting")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Setting {
            $( #[doc = concat!("`", stringify!($name), "`")] $name, )*
        }

        impl $crate::Settings for Settings {
            fn wishes() -> Vec<$crate::SettingWish> {
                vec![ $( $crate::setting_wish!($name, $kind, ($($arg)*) $(, $default)?), )* ]
            }

            fn read(values: &[$crate::Value]) -> Result<Self, Vec<$crate::Problem>> {
                let wishes = <Self as $crate::Settings>::wishes();
                let mut problems = Vec::new();
                $( let $name = $crate::native::read_one(&wishes, values, Setting::$name as usize, &mut problems); )*
                match ($($name,)*) {
                    ($(Some($name),)*) => Ok(Self { $($name),* }),
                    _ => Err(problems),
                }
            }
        }
    };
}

/// Part of [`settings!`].
#[doc(hidden)]
#[macro_export]
macro_rules! setting_type {
    (integer) => { i64 };
    (flag) => { bool };
    (choice) => { &'static str };
    (choices) => { u32 };
    (codes) => { Vec<i64> };
}

/// Part of [`settings!`].
#[doc(hidden)]
#[macro_export]
macro_rules! setting_wish {
    ($name:ident, integer, ($unit:literal, $bounds:expr), $default:expr) => {
        $crate::native::integer(stringify!($name), $unit, $bounds, Some($default))
    };
    ($name:ident, integer, ($unit:literal, $bounds:expr)) => {
        $crate::native::integer(stringify!($name), $unit, $bounds, None)
    };
    ($name:ident, flag, (), $default:expr) => {
        $crate::native::flag(stringify!($name), $default)
    };
    ($name:ident, choice, ($options:expr), $default:expr) => {
        $crate::native::choice(stringify!($name), &$options, $default)
    };
    ($name:ident, choices, ($options:expr), $default:expr) => {
        $crate::native::choices(stringify!($name), &$options, &$default)
    };
    ($name:ident, codes, ($bounds:expr), $default:expr) => {
        $crate::native::codes(stringify!($name), $bounds, &$default)
    };
}

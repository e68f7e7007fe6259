//! Criteria, components and score parts: the macros that declare them.
//!
//! Takes the outcome of each criterion's function; gives the two masks of a
//! row. The position in the list is the bit; nothing else numbers criteria.

/// What a criterion says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Met.
    Pass,
    /// Not met.
    Fail,
    /// It cannot be put to the row: a fact is missing. What that means is the
    /// rule file's to say.
    Unknown,
}

impl Outcome {
    /// Passes where the condition is known and holds.
    #[inline(always)]
    #[must_use]
    pub fn pass_if(condition: Option<bool>) -> Self {
        match condition {
            Some(true) => Self::Pass,
            Some(false) => Self::Fail,
            None => Self::Unknown,
        }
    }

    /// Fails where the condition is known and holds.
    #[inline(always)]
    #[must_use]
    pub fn fail_if(condition: Option<bool>) -> Self {
        Self::pass_if(condition.map(|holds| !holds))
    }

    /// Unknown where `unknown`, else passes: for criteria that never fail.
    #[inline(always)]
    #[must_use]
    pub fn unknown_if(unknown: bool) -> Self {
        if unknown { Self::Unknown } else { Self::Pass }
    }
}

/// The two masks of a row; bit n = criterion n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Masks {
    /// Criteria not met.
    pub failed: u64,
    /// Criteria that could not be put.
    pub unknown: u64,
}

impl Masks {
    /// Notes the outcome of the criterion at a position.
    #[inline(always)]
    pub fn note(&mut self, position: u32, outcome: Outcome) {
        self.failed |= u64::from(outcome == Outcome::Fail) << (position & 63);
        self.unknown |= u64::from(outcome == Outcome::Unknown) << (position & 63);
    }
}

/// A benefit component, by its position.
pub trait Component {
    /// Position in the description.
    fn position(self) -> u16;
}

/// A part of the score, by its position.
pub trait ScorePart {
    /// Position in the description.
    fn position(self) -> u16;
}

/// Declares the criteria of a program, in the order of bits: each is a method
/// `fn name(&self, facts: &Facts) -> Outcome` of the program, whose comment is
/// its documentation, with the columns and settings that it reads.
///
/// ```ignore
/// kit::criteria! { Sembako judges Family;
///     alive reads [dead] with [];
///     decile_within reads [decile] with [max_decile];
/// }
/// ```
#[macro_export]
macro_rules! criteria {
    ( $program:ident judges $facts:ty; $( $code:ident reads [$($column:ident),* $(,)?] with [$($setting:ident),* $(,)?] );* $(;)? ) => {
        $crate::parts! { #[doc = "The criteria, in the order of bits."] pub enum Criterion; $( $code reads [$($column),*] with [$($setting),*] );* }

        impl $crate::Criteria for $program {
            type Facts = $facts;
            const PARTS: &'static [$crate::Part] = Criterion::PARTS;

            #[inline(always)]
            fn criteria(&self, facts: &$facts) -> $crate::Masks {
                let mut masks = $crate::Masks::default();
                $( masks.note(Criterion::$code as u32, self.$code(facts)); )*
                masks
            }
        }
    };
}

/// Declares the benefit components: `enum Component` and its list. Components
/// that all read the same may be written `[a, b, c] reads [...] with [...]`.
#[macro_export]
macro_rules! components {
    ( [ $($code:ident),* $(,)? ] reads $columns:tt with $settings:tt $(;)? ) => {
        $crate::components! { $( $code reads $columns with $settings );* }
    };
    ( $( $code:ident reads [$($column:ident),* $(,)?] with [$($setting:ident),* $(,)?] );* $(;)? ) => {
        $crate::parts! { #[doc = "The benefit components."] pub enum Component; $( $code reads [$($column),*] with [$($setting),*] );* }
        impl $crate::Component for Component {
            #[inline(always)]
            fn position(self) -> u16 { self as u16 }
        }
    };
}

/// Declares the parts of the score: `enum ScorePart` and its list.
#[macro_export]
macro_rules! score {
    ( $( $code:ident reads [$($column:ident),* $(,)?] with [$($setting:ident),* $(,)?] );* $(;)? ) => {
        $crate::parts! { #[doc = "The parts of the score."] pub enum ScorePart; $( $code reads [$($column),*] with [$($setting),*] );* }
        impl $crate::ScorePart for ScorePart {
            #[inline(always)]
            fn position(self) -> u16 { self as u16 }
        }
    };
}

/// Part of [`criteria!`], [`components!`] and [`score!`].
#[doc(hidden)]
#[macro_export]
macro_rules! parts {
    ( #[$doc:meta] pub enum $name:ident; $( $code:ident reads [$($column:ident),*] with [$($setting:ident),*] );* ) => {
        #[$doc]
        #[expect(non_camel_case_types, reason = "a variant is spelt as its code")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum $name {
            $( #[doc = concat!("`", stringify!($code), "`")] $code, )*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$( Self::$code ),*];

            /// Codes with the positions of what each reads.
            pub const PARTS: &'static [$crate::Part] = &[
                $( $crate::Part {
                    code: stringify!($code),
                    columns: &[$(Column::$column as u16),*],
                    settings: &[$(Setting::$setting as u16),*],
                }, )*
            ];
        }
    };
}

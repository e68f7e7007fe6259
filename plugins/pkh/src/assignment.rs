//! The assignment of members to components that pays most.
//!
//! Takes the components that each member brings; gives the greatest sum within
//! the caps, and who is paid for what. What a place is worth depends on the
//! component alone, so the sets of places that members can fill are a
//! transversal matroid: taking places in order of worth, each if the members can
//! still fill all that were taken, is exact, and equal worth in the rule file's
//! order gives the assignment that comes first in it. Greedy by member is not exact.

use kit::{Award, Problem};

use crate::declared::{Component, Setting, Settings};

const COMPONENTS: usize = 8;
/// Places or rupiah; the bounds of the settings keep eight amounts within 32 bits.
type Counts = [u32; COMPONENTS];

/// The members of one family, one bit per component that each brings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'a> {
    /// Row of the first.
    pub(crate) start: usize,
    /// What each brings.
    pub(crate) brings: &'a [u8],
    /// Components that may be paid.
    pub(crate) allowed: u8,
}

/// Amounts, caps and orders, by component.
#[derive(Debug)]
pub(crate) struct Assignment {
    amount: Counts,
    cap: Counts,
    cap_members: u32,
    /// Components by amount, greatest first, then by the rule file's order.
    by_worth: [usize; COMPONENTS],
    /// Components in the rule file's order.
    by_order: [usize; COMPONENTS],
    /// Points of a component when it is the first paid: 8 for the first in order.
    points: Counts,
    payable: u8,
}

impl Assignment {
    /// # Errors
    /// `component_order` does not name each component once.
    pub(crate) fn new(s: &Settings) -> Result<Self, Vec<Problem>> {
        let amount = [
            s.amount_victim,
            s.amount_disability,
            s.amount_elderly,
            s.amount_pregnancy,
            s.amount_child,
            s.amount_primary,
            s.amount_lower,
            s.amount_upper,
        ];
        let cap = [
            s.cap_victim,
            s.cap_disability,
            s.cap_elderly,
            s.cap_pregnancy,
            s.cap_child,
            s.cap_primary,
            s.cap_lower,
            s.cap_upper,
        ];
        let within = |value: i64| u32::try_from(value).unwrap_or(0);
        let (amount, cap, cap_members) = (amount.map(within), cap.map(within), within(s.cap_members));
        let mut by_order = [0; COMPONENTS];
        let mut points = [0; COMPONENTS];
        for (place, number) in s.component_order.iter().enumerate() {
            let at = usize::try_from(*number).unwrap_or(0).wrapping_sub(1);
            if let (Some(slot), Some(worth)) = (by_order.get_mut(place), points.get_mut(at)) {
                *slot = at;
                *worth = 8 - u32::try_from(place).unwrap_or(0);
            }
        }
        if s.component_order.len() != COMPONENTS || points.contains(&0) {
            return Err(vec![Problem {
                setting: Setting::component_order as u16,
                id: "urutan komponen harus menyebut tiap nomor 1 sampai 8 tepat satu kali".to_owned(),
                en: "the order of components must name each number from 1 to 8 exactly once".to_owned(),
            }]);
        }
        let mut by_worth = by_order;
        // Stable: equal amounts stay in the rule file's order.
        by_worth.sort_by_key(|k| std::cmp::Reverse(amount.get(*k).copied()));
        let pays = |k: &usize| amount[*k] > 0 && cap[*k] > 0 && cap_members > 0;
        let payable = (0..COMPONENTS).filter(pays).fold(0, |all, k| all | 1 << k);
        Ok(Self { amount, cap, cap_members, by_worth, by_order, points, payable })
    }

    /// Components that pay at all, one bit each.
    pub(crate) fn payable(&self) -> u8 {
        self.payable
    }

    /// Pays the best assignment of the members; gives the points of the first component paid, 0 if none is.
    #[inline(always)]
    pub(crate) fn pay(&self, members: Members<'_>, overlap: bool, award: &mut impl Award) -> i64 {
        let places = if overlap { self.places(members) } else { self.places_apart(members) };
        let mut first = 0;
        let mut sum = 0;
        for ((filled, amount), points) in places.iter().zip(self.amount).zip(self.points) {
            if *filled > 0 {
                sum += filled * amount;
                first = points.max(first);
            }
        }
        if award.keeps_lines() {
            self.pay_members(places, members, award);
        } else {
            award.pay(Component::victim, None, i64::from(sum));
        }
        i64::from(first)
    }

    /// How many places of each component are filled, where no member brings two.
    #[inline(always)]
    fn places_apart(&self, members: Members<'_>) -> Counts {
        let mut brought = [0; COMPONENTS];
        for mask in members.brings {
            let mask = mask & members.allowed;
            brought[mask.trailing_zeros() as usize & 7] += u32::from(mask != 0);
        }
        let mut places = [0; COMPONENTS];
        let mut left = self.cap_members;
        for k in self.by_worth {
            let filled = brought[k & 7].min(self.cap[k & 7]).min(left);
            places[k & 7] = filled;
            left -= filled;
        }
        places
    }

    /// The same where members bring several.
    #[cold]
    fn places(&self, members: Members<'_>) -> Counts {
        let mut places = [0; COMPONENTS];
        let mut left = self.cap_members;
        for k in self.by_worth {
            if members.allowed >> k & 1 == 0 {
                continue;
            }
            while left > 0 && places[k] < self.cap[k] {
                places[k] += 1;
                if !can_fill(&places, members.brings) {
                    places[k] -= 1;
                    break;
                }
                left -= 1;
            }
        }
        places
    }

    /// One line per member paid: places in the rule file's order, each with the
    /// lowest member row that leaves the other places fillable.
    fn pay_members(&self, mut places: Counts, members: Members<'_>, award: &mut impl Award) {
        let mut rest: Vec<u8> = members.brings.iter().map(|mask| mask & members.allowed).collect();
        for k in self.by_order {
            while places[k] > 0 {
                places[k] -= 1;
                let fits = |at: &usize| {
                    let mut others = rest.clone();
                    std::mem::take(&mut others[*at]) >> k & 1 == 1 && can_fill(&places, &others)
                };
                let Some(at) = (0..rest.len()).find(fits) else { return };
                rest[at] = 0;
                if let Some(component) = Component::ALL.get(k) {
                    award.pay(*component, Some(members.start + at), i64::from(self.amount[k]));
                }
            }
        }
    }
}

/// Whether the members can fill the places, each member at most one (Hall: any
/// group of places has at least as many members who bring one of its components).
fn can_fill(places: &Counts, brings: &[u8]) -> bool {
    let used = (0..COMPONENTS).filter(|k| places[*k] > 0).fold(0_u8, |all, k| all | 1 << k);
    let mut group = used;
    while group != 0 {
        let wanted: u32 = (0..COMPONENTS).filter(|k| group >> k & 1 == 1).map(|k| places[k]).sum();
        let mut members = 0;
        for mask in brings {
            members += u32::from(mask & group != 0);
        }
        if members < wanted {
            return false;
        }
        group = (group - 1) & used;
    }
    true
}

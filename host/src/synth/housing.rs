//! Invents a family's house, meter, assets and animals from its welfare decile
//! and region. Marginals: `domain.md` 5.6; its shares are assumptions there too.

use super::draw::{Draw, by_decile};

/// House, meter, assets and animals of one family. Codes as in `schema/columns.toml`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Home {
    pub(super) tenure: u8,
    pub(super) floor: u8,
    pub(super) area: u16,
    pub(super) wall: u8,
    pub(super) roof: u8,
    pub(super) water: u8,
    pub(super) lighting: u8,
    pub(super) power: u8,
    pub(super) fuel: u8,
    pub(super) toilet: u8,
    pub(super) bowl: u8,
    pub(super) disposal: u8,
    /// The 14 movable and 2 fixed assets in the order of the delivery.
    pub(super) assets: [bool; 16],
    /// Cattle, buffalo, horses, pigs, goats.
    pub(super) animals: [u8; 5],
}

/// Shares of 1,000 families in deciles 1, 5 and 10 that own each asset, in the order of the delivery.
const ASSETS: [[u32; 3]; 16] = [
    [10, 60, 360],   // gas bottle
    [240, 620, 960], // fridge
    [3, 60, 560],    // air conditioner
    [1, 8, 160],     // water heater
    [1, 10, 130],    // landline
    [220, 560, 930], // flat TV
    [15, 100, 460],  // gold
    [15, 110, 640],  // computer
    [500, 880, 980], // motorcycle
    [200, 250, 330], // bicycle
    [4, 40, 390],    // car
    [20, 14, 6],     // boat
    [12, 12, 10],    // motor boat
    [720, 890, 995], // smartphone
    [70, 130, 300],  // other land
    [15, 50, 300],   // other house
];

/// Earth floors of 10,000 houses (`domain.md` 5.6, [EARTHFLOOR]); elsewhere assumed.
fn earth(province: u8) -> u32 {
    match province {
        95 => 1_955,
        53 => 611,
        94 => 528,
        33 => 459,
        35 => 317,
        82 => 149,
        36 => 115,
        92 => 61,
        31 => 5,
        _ => 120,
    }
}

/// Invents the home of a family.
pub(super) fn home(draw: &mut Draw, welfare: u8, urban: bool, province: u8) -> Home {
    let mut home = Home {
        tenure: draw.weighted(&[
            (1, if urban { 800 } else { 905 }),
            (2, if urban { 95 } else { 8 }),
            (3, 85),
            (4, 10),
            (5, 5),
        ]),
        ..Home::default()
    };
    home.area = (by_decile([28, 58, 120], welfare) + draw.below(by_decile([24, 40, 130], welfare))) as u16;
    materials(draw, &mut home, welfare, province);
    utilities(draw, &mut home, welfare, urban, province);
    for (asset, shares) in home.assets.iter_mut().zip(ASSETS) {
        *asset = draw.chance(by_decile(shares, welfare));
    }
    if home.lighting == 4 {
        // no electric appliance without electricity
        for at in [1, 2, 3, 5, 7] {
            if let Some(asset) = home.assets.get_mut(at) {
                *asset = false;
            }
        }
    }
    if !urban {
        let pigs = if matches!(province, 51 | 53 | 71 | 91..) { 250 } else { 0 };
        for (animal, (share, most)) in home.animals.iter_mut().zip([(110, 4), (15, 3), (4, 2), (pigs, 6), (90, 8)]) {
            if draw.chance(share) {
                *animal = draw.between(1, most) as u8;
            }
        }
    }
    home
}

fn materials(draw: &mut Draw, home: &mut Home, welfare: u8, province: u8) {
    let bare = earth(province) * by_decile([30, 9, 1], welfare) / 10;
    home.floor = if draw.below(10_000) < bare {
        8
    } else {
        let good = by_decile([330, 640, 900], welfare) as u16;
        let cement = by_decile([500, 280, 50], welfare) as u16;
        let fine = by_decile([1, 20, 200], welfare) as u16;
        draw.weighted(&[(1, fine), (2, good), (3, 12), (4, 60), (5, 80), (6, cement), (7, 12), (9, 3), (10, 8)])
    };
    let masonry = by_decile([560, 800, 960], welfare) as u16;
    home.wall = draw.weighted(&[(1, masonry), (2, 15), (3, 1_000 - masonry), (4, 20), (5, 4), (6, 6), (7, 3)]);
    let zinc = if !(30..=51).contains(&province) { 620 } else { 130 };
    let concrete = by_decile([5, 20, 120], welfare) as u16;
    home.roof =
        draw.weighted(&[(1, concrete), (2, 950 - zinc), (3, zinc), (4, 100), (5, 8), (6, 3), (7, 25), (8, 3), (9, 10)]);
}

fn utilities(draw: &mut Draw, home: &mut Home, welfare: u8, urban: bool, province: u8) {
    let bottled = by_decile([120, 330, 640], welfare) as u16;
    let unsafe_water = by_decile([150, 60, 12], welfare) as u16;
    home.water = draw.weighted(&[
        (1, bottled / 4),
        (2, bottled),
        (3, if urban { 160 } else { 60 }),
        (4, 220),
        (5, 170),
        (6, unsafe_water / 2),
        (7, 80),
        (8, unsafe_water / 4),
        (9, unsafe_water / 5),
        (10, 25),
        (11, 3),
        (12, 10),
    ]);
    let remote = matches!(province, 53 | 81 | 91..);
    let dark = by_decile([9, 3, 0], welfare) * if remote { 12 } else { 1 };
    home.lighting = if draw.chance(dark) {
        4
    } else {
        draw.weighted(&[(1, 940), (2, if welfare <= 4 { 70 } else { 15 }), (3, if remote { 60 } else { 8 })])
    };
    if home.lighting == 1 {
        let small = by_decile([640, 280, 20], welfare) as u16;
        let large = by_decile([1, 25, 330], welfare) as u16;
        home.power = draw.weighted(&[
            (1, small),
            (2, 440),
            (3, by_decile([25, 180, 380], welfare) as u16),
            (4, large),
            (5, large / 2),
            (6, 6),
            (7, 4),
        ]);
    }
    let wood = if remote { 680 } else { by_decile([190, 80, 8], welfare) as u16 };
    let gas = 1_000 - wood;
    home.fuel = draw.weighted(&[
        (1, 3),
        (2, by_decile([5, 30, 180], welfare) as u16),
        (3, by_decile([2, 15, 150], welfare) as u16),
        (4, if remote { gas / 12 } else { gas }),
        (5, 6),
        (6, 1),
        (7, if remote { 240 } else { 12 }),
        (9, 2),
        (10, wood),
        (11, 1),
        (12, 12),
        (13, 6),
    ]);
    let own = by_decile([640, 830, 985], welfare) as u16;
    home.toilet = draw.weighted(&[(1, own), (2, (1_000 - own) / 3), (3, 20), (4, 15), (5, 4), (6, (1_000 - own) / 2)]);
    if home.toilet <= 3 {
        home.bowl = draw.weighted(&[(1, by_decile([800, 930, 995], welfare) as u16), (2, 30), (3, 20), (4, 60)]);
        home.disposal = draw.weighted(&[
            (1, by_decile([660, 830, 970], welfare) as u16),
            (2, 20),
            (3, 70),
            (4, 100),
            (5, 10),
            (6, 5),
            (7, 8),
        ]);
    }
}

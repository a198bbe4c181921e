//! Points of edwards25519, `−x² + y² = 1 + d x² y²`, eight side by side: the group formulas of Hisil, Wong, Carter and Dawson
//! (ePrint 2008/522), which hold for every pair of points of the curve.
//!
//! ```text
//! Extended   x = X/Z, y = Y/Z, xy = T/Z      what is stored
//! Addend     Y+X, Y−X, 2Z, 2dT               the second argument of an addition, kept in tables
//! Ready      Y+X, Y−X, Z, T                  the first
//! Doubler    X, Y, Z                         the argument of a doubling
//! Completed  E, F, G, H:  X = EF, Y = GH, Z = FG, T = EH    what both yield, not yet multiplied out
//! ```

use zeroize::Zeroize;

use crate::simd::field::{Constant, Fe, Lanes, Loose};

/// d = −121665 / 121666
pub(super) const D: Constant =
    Constant([0x75eb_4dca_1359_78a3, 0x0070_0a4d_4141_d8ab, 0x8cc7_4079_7779_e898, 0x5203_6cee_2b6f_fe73]);
/// 2d
const TWICE_D: Constant =
    Constant([0xebd6_9b94_26b2_f159, 0x00e0_149a_8283_b156, 0x198e_80f2_eef3_d130, 0x2406_d9dc_56df_fce7]);

#[derive(Clone, Copy, Zeroize)]
pub(super) struct Extended {
    pub(super) x: Fe,
    pub(super) y: Fe,
    pub(super) z: Fe,
    pub(super) t: Fe,
}

#[derive(Clone, Copy, Zeroize)]
pub(super) struct Addend {
    pub(super) sum: Fe,
    pub(super) difference: Fe,
    pub(super) z2: Fe,
    pub(super) td2: Fe,
}

#[derive(Clone, Copy)]
pub(super) struct Ready {
    sum: Fe,
    difference: Fe,
    z: Fe,
    t: Fe,
}

pub(super) struct Doubler {
    x: Fe,
    y: Fe,
    z: Fe,
}

#[derive(Zeroize)]
pub(super) struct Completed {
    pub(super) e: Fe,
    pub(super) f: Fe,
    pub(super) g: Fe,
    pub(super) h: Fe,
}

impl Extended {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn identity() -> Self {
        let (zero, one) = (Fe::small(0), Fe::small(1));
        Self { x: zero, y: one, z: one, t: zero }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn doubler(&self) -> Doubler {
        Doubler { x: self.x, y: self.y, z: self.z }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn ready(&self) -> Ready {
        let (x, y) = (self.x.loose(), self.y.loose());
        Ready { sum: y.plus(&x).carry_positive(), difference: y.minus(&x).carry(), z: self.z, t: self.t }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn addend(&self) -> Addend {
        let Ready { sum, difference, z, t } = self.ready();
        let z2 = z.loose().twice().carry_positive();
        Addend { sum, difference, z2, td2: t.times(&Fe::constant(&TWICE_D)) }
    }
}

impl Addend {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn identity() -> Self {
        let one = Fe::small(1);
        Self { sum: one, difference: one, z2: Fe::small(2), td2: Fe::small(0) }
    }

    /// Takes over `other` in the lanes of `lanes`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn assign(&mut self, lanes: Lanes, other: &Self) {
        self.sum.assign(lanes, &other.sum);
        self.difference.assign(lanes, &other.difference);
        self.z2.assign(lanes, &other.z2);
        self.td2.assign(lanes, &other.td2);
    }
}

impl Ready {
    /// The sum; the difference in the lanes of `minus`. −(x, y) = (−x, y): its Y+X and Y−X change places, its T its sign.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn add(&self, other: &Addend, minus: Lanes) -> Completed {
        let (mut sum, mut difference) = (other.sum, other.difference);
        sum.assign(minus, &other.difference);
        difference.assign(minus, &other.sum);
        let a = self.difference.product(&difference);
        let b = self.sum.product(&sum);
        let c = self.t.product(&other.td2).negate(minus);
        let d = self.z.product(&other.z2);
        Completed {
            e: b.minus(&a).carry(),
            f: d.minus(&c).carry(),
            g: d.plus(&c).carry(),
            h: b.plus(&a).carry_positive(),
        }
    }
}

impl Doubler {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn double(&self) -> Completed {
        let a = self.x.square();
        let b = self.y.square();
        let g = b.minus(&a);
        Completed {
            e: self.x.product(&self.y).twice().carry_positive(),
            f: self.z.square().twice().minus(&g).carry(),
            g: g.carry(),
            h: b.plus(&a).carry_positive(),
        }
    }
}

impl Completed {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn xy(&self) -> (Loose, Loose) {
        (self.e.product(&self.f), self.g.product(&self.h))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn extended(&self) -> Extended {
        let (x, y) = self.xy();
        let (z, t) = (self.f.times(&self.g), self.e.times(&self.h));
        Extended { x: x.carry_positive(), y: y.carry_positive(), z, t }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn doubler(&self) -> Doubler {
        let (x, y) = self.xy();
        Doubler { x: x.carry_positive(), y: y.carry_positive(), z: self.f.times(&self.g) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn ready(&self) -> Ready {
        let (x, y) = self.xy();
        let (z, t) = (self.f.times(&self.g), self.e.times(&self.h));
        Ready { sum: y.plus(&x).carry_positive(), difference: y.minus(&x).carry(), z, t }
    }
}

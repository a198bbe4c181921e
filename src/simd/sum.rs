//! Sums of weighted points, `Σ wₙ · Pₙ`, in each lane for itself: a sum for every place of a digit, then one pass of
//! doublings over the sums. So a point costs a table and 64 additions, and its table is needed once.

use zeroize::Zeroizing;

use crate::simd::multiply::{Digits, choose, multiples, widen};
use crate::simd::point::Extended;

/// The sum over all groups, lane by lane.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn weighted(groups: &[Extended], digits: &[Zeroizing<Digits>]) -> Extended {
    let mut places = vec![Extended::identity().ready(); 64];
    for (group, digits) in groups.iter().zip(digits) {
        let table = multiples(group);
        for (place, digits) in places.iter_mut().zip(digits.iter()) {
            let (chosen, minus) = choose(&table, widen(*digits));
            *place = place.add(&chosen, minus).ready();
        }
    }
    let mut sum = Extended::identity();
    for place in places.iter().rev() {
        for _ in 0..4 {
            sum = sum.doubler().double().extended();
        }
        sum = place.add(&sum.addend(), 0).extended();
    }
    sum
}

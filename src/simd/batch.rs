//! Many elements: the door to the kernel.
//!
//! A group whose last lanes have no element of their own holds whatever `FILL` or zeros lead to; lanes do not know each other.

use zeroize::{Zeroize, Zeroizing};

use crate::simd::coding;
use crate::simd::level::Level;
use crate::simd::multiply::{self, Digits};
use crate::simd::point::{Completed, Extended};
use crate::simd::sum;

/// The encoding of the identity, which fills up a last group.
const FILL: [u8; 32] = [0; 32];

/// The knowledge that this machine has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct Kernel(());

impl Kernel {
    /// The kernel, if this machine can run it and nobody said to do without ([`Level`]).
    pub(crate) fn detect() -> Option<Self> {
        (Level::allowed() == Level::Best
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512ifma"))
        .then_some(Self(()))
    }
}

/// Elements, eight in a group. Wiped when dropped.
pub(crate) struct Points {
    kernel: Kernel,
    groups: Vec<Extended>,
    count: usize,
}

impl Drop for Points {
    fn drop(&mut self) {
        self.groups.zeroize();
    }
}

impl Points {
    /// The elements with these encodings.
    ///
    /// # Errors
    /// The number of the first that is no encoding of an element, or the identity's.
    pub(crate) fn decode(kernel: Kernel, encodings: &[[u8; 32]]) -> Result<Self, usize> {
        // SAFETY: a kernel exists only where its instructions were found.
        let (groups, bad) = unsafe { decode(encodings) };
        bad.map_or(Ok(Self { kernel, groups, count: encodings.len() }), Err)
    }

    /// The elements that 64 uniform bytes each are mapped to.
    pub(crate) fn map(kernel: Kernel, uniform: &[[u8; 64]]) -> Self {
        // SAFETY: a kernel exists only where its instructions were found.
        let groups = unsafe { map(uniform) };
        Self { kernel, groups, count: uniform.len() }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// As many elements as there are scalars, each times its own, in constant time. Scalars are below 2²⁵⁵, the lowest byte
    /// first.
    pub(crate) fn multiply_each<'a>(&self, scalars: impl ExactSizeIterator<Item = &'a [u8; 32]>) -> Self {
        let count = scalars.len().min(self.count);
        let mut scalars = scalars.fuse();
        let multiply = |group| {
            let digits = multiply::digits([(); 8].map(|()| scalars.next().unwrap_or(&FILL)));
            // SAFETY: a kernel exists only where its instructions were found.
            unsafe { multiply::multiply(group, &digits) }
        };
        let groups = self.groups.iter().take(count.div_ceil(8)).map(multiply).collect();
        Self { kernel: self.kernel, groups, count }
    }

    /// All elements times one scalar below 2²⁵⁵, in constant time.
    pub(crate) fn multiply_all(&self, scalar: &[u8; 32]) -> Self {
        let digits = multiply::digits([scalar; 8]);
        // SAFETY: a kernel exists only where its instructions were found.
        self.each_group(|group| unsafe { multiply::multiply(group, &digits) })
    }

    /// Twice the elements.
    pub(crate) fn double(&self) -> Self {
        // SAFETY: a kernel exists only where its instructions were found.
        self.each_group(|group| unsafe { double(group) })
    }

    fn each_group(&self, work: impl FnMut(&Extended) -> Extended) -> Self {
        Self { kernel: self.kernel, groups: self.groups.iter().map(work).collect(), count: self.count }
    }

    /// Sums of the elements, each times its weight below 2²⁵⁵; encoded as eight elements that add up to twice the sum.
    pub(crate) fn weighted_sums<'a>(&self, weights: impl IntoIterator<Item = &'a [u8; 32]>) -> [[u8; 32]; 8] {
        let mut weights = weights.into_iter().take(self.count).fuse();
        let mut sums = [FILL; 8];
        let digits: Vec<_> =
            self.groups.iter().map(|_| multiply::digits([(); 8].map(|()| weights.next().unwrap_or(&FILL)))).collect();
        // SAFETY: a kernel exists only where its instructions were found.
        unsafe { encode_sums(&self.groups, &digits, &mut sums) };
        sums
    }

    /// Appends the encodings of twice the elements: they cost less than those of the elements.
    pub(crate) fn encode_doubled(&self, out: &mut Vec<[u8; 32]>) {
        let start = out.len();
        out.resize(start + self.count, FILL);
        // SAFETY: a kernel exists only where its instructions were found.
        unsafe { encode_doubled(&self.groups, out.get_mut(start..).unwrap_or_default()) }
    }
}

/// The references of a group; those that are missing refer to `fill`.
fn group<'a, T, const N: usize>(items: &'a [T], fill: &'a T) -> [&'a T; N] {
    core::array::from_fn(|number| items.get(number).unwrap_or(fill))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn decode(encodings: &[[u8; 32]]) -> (Vec<Extended>, Option<usize>) {
    let mut groups = Vec::with_capacity(encodings.len().div_ceil(16) * 2);
    for (number, encodings) in encodings.chunks(16).enumerate() {
        let (first, second) = encodings.split_at(encodings.len().min(8));
        let (points, refused) = coding::decode(&[group(first, &FILL), group(second, &FILL)]);
        let refused = u16::from_le_bytes(refused).trailing_zeros() as usize;
        if refused < encodings.len() {
            return (Vec::new(), Some(16 * number + refused));
        }
        groups.extend(points);
    }
    groups.truncate(encodings.len().div_ceil(8));
    (groups, None)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn double(group: &Extended) -> Extended {
    group.doubler().double().extended()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn map(uniform: &[[u8; 64]]) -> Vec<Extended> {
    uniform.chunks(8).map(|uniform| coding::map(group(uniform, &[0; 64]))).collect()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn encode_doubled(groups: &[Extended], out: &mut [[u8; 32]]) {
    /// How many groups share an inversion.
    const TILE: usize = 32;
    for (groups, out) in groups.chunks(TILE).zip(out.chunks_mut(8 * TILE)) {
        let doubled: Vec<Completed> = groups.iter().map(|group| group.doubler().double()).collect();
        let doubled = Zeroizing::new(doubled);
        coding::encode(&doubled, out);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn encode_sums(groups: &[Extended], digits: &[Zeroizing<Digits>], out: &mut [[u8; 32]; 8]) {
    encode_doubled(&[sum::weighted(groups, digits)], out);
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! Curve arithmetic eight elements at a time, with the AVX-512 instructions IFMA, where the machine has them.
//!
//! Ristretto elements (RFC 9496) are decoded, mapped to, multiplied, summed and encoded here as `curve25519-dalek` does it, only
//! several times faster; `crypto/oprf` asks for a [`Kernel`] at run time and goes on with dalek where there is none. This is the
//! only room of the core that holds `unsafe`: a function compiled for instructions that not every machine has may be called once
//! it is known that this one has them, and a [`Kernel`] is that knowledge; and [`ahead`] gives the memory a hint.

// floor 0
mod ahead;
// floor 0
mod level;
// floor 0
#[cfg(target_arch = "x86_64")]
mod field;
// floor 1
#[cfg(target_arch = "x86_64")]
mod root;
// floor 2
#[cfg(target_arch = "x86_64")]
mod point;
// floor 3
#[cfg(target_arch = "x86_64")]
mod coding;
// floor 3
#[cfg(target_arch = "x86_64")]
mod multiply;
// floor 4
#[cfg(target_arch = "x86_64")]
mod sum;
// floor 5
#[cfg(target_arch = "x86_64")]
mod batch;
// floor 5
#[cfg(not(target_arch = "x86_64"))]
mod absent;

pub(crate) use ahead::ahead;
pub(crate) use level::Level;

#[cfg(target_arch = "x86_64")]
pub(crate) use batch::{Kernel, Points};

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use absent::{Kernel, Points};

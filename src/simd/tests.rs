use std::time::Instant;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;

use super::{Kernel, Points};
use crate::entropy::{Entropy, FixedEntropy};

#[test]
fn quick() {
    let kernel = Kernel::detect().unwrap();
    let n = if cfg!(debug_assertions) { 64 } else { 8192 };
    let mut uniform = vec![[0; 64]; n];
    FixedEntropy::new(1).fill(uniform.as_flattened_mut()).unwrap();
    let plain: Vec<_> = uniform.iter().map(RistrettoPoint::from_uniform_bytes).collect();
    let t = Instant::now();
    let points = Points::map(kernel, &uniform);
    println!("map {:?}", t.elapsed() / n as u32);
    let mut out = Vec::new();
    let t = Instant::now();
    points.encode_doubled(&mut out);
    println!("enc {:?}", t.elapsed() / n as u32);
    let want: Vec<_> = RistrettoPoint::double_and_compress_batch(&plain).iter().map(|p| p.to_bytes()).collect();
    assert_eq!(out, want);
    let t = Instant::now();
    let points2 = Points::decode(kernel, &out).unwrap();
    println!("dec {:?}", t.elapsed() / n as u32);
    drop(points2);
    let scalar = Scalar::from_bytes_mod_order([7; 32]);
    let t = Instant::now();
    let points = points.multiply_all(scalar.as_bytes());
    println!("mul {:?}", t.elapsed() / n as u32);
    let mut out = Vec::new();
    points.encode_doubled(&mut out);
    let t = Instant::now();
    let plain: Vec<_> = plain.iter().map(|p| p * scalar).collect();
    println!("dalek mul {:?}", t.elapsed() / n as u32);
    let want: Vec<_> = RistrettoPoint::double_and_compress_batch(&plain).iter().map(|p| p.to_bytes()).collect();
    assert_eq!(out, want);
}

//! What the machine allows: hashing alone, from frames that are ready and in the cache, and looking up alone, from tokens that are
//! ready. Their sum is what bisik's way from a value to a mask is compared with.

use std::hint::black_box;

use blake3::IncrementCounter;
use blake3::platform::Platform;

const LANES: usize = 16;
/// Frames of a round: few enough for the cache.
const READY: usize = 1_024;

/// BLAKE3's kernel, held back as bisik's is.
fn platform() -> Platform {
    match std::env::var("BISIK_SIMD").as_deref() {
        Ok("off") => Platform::portable(),
        #[cfg(target_arch = "x86_64")]
        Ok("avx2") => Platform::avx2().unwrap_or_else(Platform::portable),
        _ => Platform::detect(),
    }
}

/// Hashes `count` frames under a key.
pub fn hash(count: usize) {
    let (platform, key) = (platform(), [7_u32; 8]);
    let frames: Vec<[u8; 64]> = (0..READY).map(|number| [number as u8; 64]).collect();
    let mut digests = [0_u8; 32 * LANES];
    for group in 0..count / LANES {
        let first = group * LANES % READY;
        let inputs: [&[u8; 64]; LANES] = std::array::from_fn(|lane| &frames[first + lane]);
        platform.hash_many(black_box(&inputs), &key, 0, IncrementCounter::No, 16, 1, 10, &mut digests);
        black_box(&digests);
    }
}

/// Sorted tokens, a word for every four of them that tells most strangers, and where each four begin.
pub struct Exact {
    tokens: Vec<u128>,
    signs: Vec<u64>,
    starts: Vec<u32>,
    shift: u32,
}

fn sign(token: u128) -> u64 {
    (0..4).fold(0, |sign, byte| sign | 1 << (token >> (8 * byte) & 63))
}

impl Exact {
    pub fn new(mut tokens: Vec<u128>) -> Self {
        tokens.sort_unstable();
        let buckets = (tokens.len() / 4).max(2).next_power_of_two();
        let shift = 128 - buckets.ilog2();
        let mut signs = vec![0; buckets];
        let mut starts = vec![0; buckets + 1];
        for token in &tokens {
            let bucket = (token >> shift) as usize;
            signs[bucket] |= sign(*token);
            starts[bucket + 1] += 1;
        }
        (0..buckets).for_each(|bucket| starts[bucket + 1] += starts[bucket]);
        Self { tokens, signs, starts, shift }
    }

    /// The mask of tokens, in tiles whose reads do not wait for one another.
    pub fn look_up(&self, tokens: &[u128], mask: &mut [u8]) {
        const TILE: usize = 256;
        let mut candidates = [0; TILE];
        for (tokens, mask) in tokens.chunks(TILE).zip(mask.chunks_mut(TILE)) {
            mask.fill(0);
            let mut count = 0;
            for (number, &token) in tokens.iter().enumerate() {
                candidates[count] = number;
                let wanted = sign(token);
                count += usize::from(self.signs[(token >> self.shift) as usize] & wanted == wanted);
            }
            for &number in &candidates[..count] {
                let bucket = (tokens[number] >> self.shift) as usize;
                let listed = &self.tokens[self.starts[bucket] as usize..self.starts[bucket + 1] as usize];
                mask[number] = u8::from(listed.contains(&tokens[number]));
            }
        }
    }
}

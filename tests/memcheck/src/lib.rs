//! What a program asks of valgrind's memcheck: to count a secret as uninitialised, and how many jumps and addresses depended on one.
//!
//! ```text
//! request = six words; the address of the first in rax (x4), the answer in rdx (x3), marked by rotations that change nothing
//! ```
//!
//! Without valgrind a request is a few instructions that do nothing (valgrind.h, "client requests"). Memcheck follows every bit that
//! is computed from an uninitialised one, and complains where a jump or an address depends on such a bit: Langley's ctgrind (2010).

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
/// `VG_USERREQ_TOOL_BASE('M', 'C')`, and the numbers after it.
const MAKE_MEM_UNDEFINED: usize = 0x4D43_0001;
const MAKE_MEM_DEFINED: usize = 0x4D43_0002;
const GET_VBITS: usize = 0x4D43_0008;

/// Whether the program runs under valgrind.
#[must_use]
pub fn running() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) > 0
}

/// How many jumps and addresses depended on a secret so far.
#[must_use]
pub fn leaks() -> usize {
    request(COUNT_ERRORS, 0, 0)
}

/// Marks a value as a secret. What stands in its memory stays.
pub fn hide<T: ?Sized>(value: &mut T) {
    let length = size_of_val(value);
    _ = request(MAKE_MEM_UNDEFINED, std::ptr::from_mut(value).expose_provenance(), length);
}

/// Marks a value as known to everybody.
pub fn publish<T: ?Sized>(value: &mut T) {
    let length = size_of_val(value);
    _ = request(MAKE_MEM_DEFINED, std::ptr::from_mut(value).expose_provenance(), length);
}

/// Marks bytes that are borrowed as known to everybody.
pub fn publish_bytes(bytes: &[u8]) {
    _ = request(MAKE_MEM_DEFINED, bytes.as_ptr().expose_provenance(), bytes.len());
}

/// Whether any bit of `bytes` depends on a secret.
#[must_use]
pub fn is_secret(bytes: &[u8]) -> bool {
    let mut bits = vec![0_u8; bytes.len()];
    let words = [bytes.as_ptr().expose_provenance(), bits.as_mut_ptr().expose_provenance(), bytes.len()];
    let read = request_of([GET_VBITS, words[0], words[1], words[2], 0, 0]) == 1;
    read && std::hint::black_box(bits).iter().any(|&byte| byte != 0)
}

fn request(code: usize, first: usize, second: usize) -> usize {
    request_of([code, first, second, 0, 0, 0])
}

#[cfg(target_arch = "x86_64")]
fn request_of(words: [usize; 6]) -> usize {
    let mut answer = 0_usize;
    // SAFETY: the rotations add up to 128 bits and the exchange is of a register with itself; valgrind reads six words and writes rdx.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") words.as_ptr(),
            inout("rdx") answer,
        );
    }
    answer
}

#[cfg(target_arch = "aarch64")]
fn request_of(words: [usize; 6]) -> usize {
    let mut answer = 0_usize;
    // SAFETY: the rotations add up to 128 bits and the last instruction changes nothing; valgrind reads six words and writes x3.
    unsafe {
        std::arch::asm!(
            "ror x12, x12, #3", "ror x12, x12, #13", "ror x12, x12, #51", "ror x12, x12, #61", "orr x10, x10, x10",
            in("x4") words.as_ptr(),
            inout("x3") answer,
        );
    }
    answer
}

/// Other machines have no request: nothing is ever followed, and [`running`] says so.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const fn request_of(_: [usize; 6]) -> usize {
    0
}

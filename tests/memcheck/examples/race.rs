//! A planted race, for `cargo xtask sanitize`: two threads write one place, and nothing orders them.

use std::cell::UnsafeCell;

struct Shared(UnsafeCell<u64>);

// SAFETY: it is not, which is what the thread sanitizer must say.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(0));

fn write(value: u64) {
    // SAFETY: none; see above.
    unsafe { SHARED.0.get().write(value) }
}

fn main() {
    let other = std::thread::spawn(|| write(1));
    write(2);
    assert!(other.join().is_ok());
    // SAFETY: nobody writes any more. What nobody read would not be written either.
    let last = unsafe { SHARED.0.get().read() };
    println!("{last}");
}

//! Memory asked for before it is needed, so that many reads are under way at once.

/// Asks for the cache line where a value begins. Nothing is read: it is a hint, and none on other processors.
#[inline(always)]
pub(crate) fn ahead<T: ?Sized>(value: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint does not fault, wherever it points; the instruction is part of every x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(value).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = value;
}

//! Bytes that the library hands out.

use zeroize::Zeroizing;

use crate::abi::boundary::release;

/// Bytes or a text that the library made. They are wiped when the buffer is freed.
pub struct bisik_buffer {
    /// With a NUL at the end that does not count.
    bytes: Zeroizing<Vec<u8>>,
}

impl bisik_buffer {
    pub(crate) fn copy(bytes: &[u8]) -> Self {
        let mut copy = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
        copy.extend_from_slice(bytes);
        copy.push(0);
        Self { bytes: copy }
    }
}

/// The bytes. A NUL follows them, so that a text can be read as a C string. They live as long as the buffer; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_buffer_data(buffer: Option<&bisik_buffer>) -> *const u8 {
    buffer.map_or(std::ptr::null(), |buffer| buffer.bytes.as_ptr())
}

/// How many bytes, without the NUL; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_buffer_length(buffer: Option<&bisik_buffer>) -> usize {
    buffer.map_or(0, |buffer| buffer.bytes.len().saturating_sub(1))
}

/// Wipes and frees a buffer. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_buffer_free(buffer: Option<Box<bisik_buffer>>) {
    release(buffer);
}

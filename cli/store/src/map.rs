//! The one place with `unsafe`: a file as memory.

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapOptions};

/// A file of this store as memory, for reading. It lives as long as somebody looks at it, even when the file's name is gone.
pub(crate) struct Map(Mmap);

impl Map {
    /// Maps a file. Nothing is read yet.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the bytes must not change while they are borrowed, and no language can promise that of a file. Files of a store are
        // written under another name and renamed, never changed in place, and this one belongs to the user who reads it alone. If the
        // user's own programs change it all the same, readers of these bytes see other bytes: they take them for hostile, copy what
        // they check, and index them checked. If it is cut short, the process ends (SIGBUS).
        unsafe { MmapOptions::new().map(file) }.map(Self)
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

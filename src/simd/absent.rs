//! What stands in for the kernel on other processors: nothing can be made of it.

#[derive(Clone, Copy)]
enum Never {}

/// The knowledge that this machine has the instructions: it has not.
#[derive(Clone, Copy)]
pub(crate) struct Kernel(Never);

/// No elements: there is no kernel to make them.
pub(crate) struct Points(Never);

impl Kernel {
    pub(crate) fn detect() -> Option<Self> {
        None
    }
}

impl Points {
    pub(crate) fn decode(kernel: Kernel, _: &[[u8; 32]]) -> Result<Self, usize> {
        match kernel.0 {}
    }

    pub(crate) fn map(kernel: Kernel, _: &[[u8; 64]]) -> Self {
        match kernel.0 {}
    }

    pub(crate) fn len(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn multiply_each<'a>(&self, _: impl ExactSizeIterator<Item = &'a [u8; 32]>) -> Self {
        match self.0 {}
    }

    pub(crate) fn multiply_all(&self, _: &[u8; 32]) -> Self {
        match self.0 {}
    }

    pub(crate) fn double(&self) -> Self {
        match self.0 {}
    }

    pub(crate) fn weighted_sums<'a>(&self, _: impl IntoIterator<Item = &'a [u8; 32]>) -> [[u8; 32]; 8] {
        match self.0 {}
    }

    pub(crate) fn encode_doubled(&self, _: &mut Vec<[u8; 32]>) {
        match self.0 {}
    }
}

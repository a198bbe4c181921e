//! A piece of a file in memory, shared by those who read it: a buffer, or a mapping that the caller made.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// Bytes that live as long as somebody looks at them.
#[derive(Clone)]
pub(crate) struct Shared {
    source: Arc<dyn AsRef<[u8]> + Send + Sync>,
    range: Range<usize>,
}

impl Shared {
    pub(crate) fn new(source: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        let range = 0..source.as_ref().len();
        Self { source: Arc::new(source), range }
    }

    /// A part of these bytes.
    pub(crate) fn part(&self, range: Range<usize>) -> Result<Self> {
        let (start, end) = (self.range.start.checked_add(range.start), self.range.start.checked_add(range.end));
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= self.range.end => {
                Ok(Self { source: Arc::clone(&self.source), range: start..end })
            }
            _ => Err(Error::from(ErrorKind::Truncated).at(self.range.len() as u64)),
        }
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (*self.source).as_ref().get(self.range.clone()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared({} bytes)", self.range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_parts_stay_inside() {
        let whole = Shared::new(vec![0_u8, 1, 2, 3, 4, 5]);
        let part = whole.part(1..5).unwrap();
        assert_eq!(part.part(1..3).unwrap().as_ref(), [2, 3]);
        assert!(part.part(1..5).is_err());
        assert!(part.part(0..usize::MAX).is_err());
    }
}

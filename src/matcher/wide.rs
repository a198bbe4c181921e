//! Large batches in pieces, side by side. What comes out is what one piece gives.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::executor::{self, Executor};
use crate::matcher::Report;

/// How many inputs a piece has at least; below twice as many, a batch is not cut.
const LEAST: usize = 1_024;
/// Into how many pieces a batch is cut for each thread, so that all end at about the same time.
const EACH: usize = 4;

// floor 0
/// Who does the pieces.
pub(super) struct Pieces(Arc<dyn Executor>);

impl Pieces {
    pub(super) fn new(executor: Arc<dyn Executor>) -> Self {
        Self(executor)
    }

    pub(super) fn width(&self) -> usize {
        self.0.width().max(1)
    }

    /// How long the pieces of a batch are; `None` if it stays in one.
    fn length(&self, count: usize) -> Option<usize> {
        let length = count.div_ceil(EACH * self.width()).max(LEAST);
        (self.width() > 1 && count > LEAST && length < count).then_some(length)
    }

    /// The report of a batch, by those of its pieces.
    pub(super) fn report<I: Sync>(
        &self,
        inputs: &[I],
        plain: impl Fn(&[I]) -> Result<Report> + Sync,
    ) -> Result<Report> {
        let Some(length) = self.length(inputs.len()) else { return plain(inputs) };
        let pieces = (0..).step_by(length).zip(inputs.chunks(length)).collect();
        let reports = executor::map(&*self.0, pieces, |(start, piece): (usize, &[I])| {
            let mut report = plain(piece)?;
            report.hits.iter_mut().for_each(|hit| hit.index += start);
            report.rejected.iter_mut().for_each(|rejection| rejection.index += start);
            Ok::<_, Error>(report)
        })?;
        let mut all = Report::default();
        for report in reports {
            let Report { hits, rejected } = report?;
            all.hits.extend(hits);
            all.rejected.extend(rejected);
        }
        Ok(all)
    }

    /// The mask of a batch, each piece of it written where it belongs.
    pub(super) fn mask<I: Sync>(
        &self,
        inputs: &[I],
        mask: &mut [u8],
        plain: impl Fn(&[I], &mut [u8]) -> Result<()> + Sync,
    ) -> Result<()> {
        let length = self.length(inputs.len()).filter(|_| inputs.len() == mask.len());
        let Some(length) = length else { return plain(inputs, mask) };
        let pieces = inputs.chunks(length).zip(mask.chunks_mut(length)).collect();
        executor::map(&*self.0, pieces, |(inputs, mask): (&[I], &mut [u8])| plain(inputs, mask))?.into_iter().collect()
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pieces({} at a time)", self.width())
    }
}

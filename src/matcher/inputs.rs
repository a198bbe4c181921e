//! What a batch asks about: identifiers, or raw values of which most are canonical as they stand.

use crate::error::Result;
use crate::identifier::{Expression, Identifier, expressions_as_is, expressions_of};
use crate::matcher::RawInput;
use crate::simd::ahead;

/// What a batch asks about.
pub(super) trait Inputs {
    fn count(&self) -> usize;

    /// Calls `each` with the expressions of the input at a position, or says why it has none.
    fn expressions(&self, position: usize, each: &mut impl FnMut(Expression<'_>)) -> Result<()>;

    /// Asks for the text of the input at a position, and for what says where the text of a later one is.
    fn ahead(&self, position: usize);
}

/// How many inputs before its turn an input's memory is asked for.
pub(super) const AHEAD: usize = 24;

impl Inputs for [RawInput<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    #[inline]
    fn expressions(&self, position: usize, each: &mut impl FnMut(Expression<'_>)) -> Result<()> {
        let Some(input) = self.get(position) else { return Ok(()) };
        if !expressions_as_is(input.kind, input.value, each) {
            Identifier::parse_first(input.kind, input.value, input.options)?.for_each_expression(each);
        }
        Ok(())
    }

    #[inline]
    fn ahead(&self, position: usize) {
        self.get(position + AHEAD).into_iter().for_each(ahead);
        self.get(position).into_iter().for_each(|input| ahead(input.value));
    }
}

impl Inputs for [Identifier] {
    fn count(&self) -> usize {
        self.len()
    }

    #[inline]
    fn expressions(&self, position: usize, each: &mut impl FnMut(Expression<'_>)) -> Result<()> {
        self.get(position).into_iter().for_each(|identifier| expressions_of(identifier, each));
        Ok(())
    }

    #[inline]
    fn ahead(&self, position: usize) {
        self.get(position + AHEAD).into_iter().for_each(ahead);
        self.get(position).into_iter().for_each(|identifier| ahead(identifier.canonical()));
    }
}

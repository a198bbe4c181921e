//! Many raw values at once, in pieces, so that memory does not grow with the batch.

use bisik::{Error, ErrorKind, Hit, Kind, Mask, Matcher, ParseOptions, RawInput, Rejection, Result, Timestamp};

use crate::abi::boundary;
use crate::abi::kind::bisik_kind;
use crate::abi::memory::utf8;

/// How many rows are parsed and looked up together on one thread.
const PIECE: usize = 4_096;
/// How many pieces are gathered for each of several threads.
const EACH: usize = 4;

/// Values one after the other in one array: value i is `data[offsets[i] .. offsets[i + 1]]`.
pub(crate) struct Column<'a> {
    data: &'a [u8],
    offsets: &'a [i64],
}

impl<'a> Column<'a> {
    /// How many offsets belong to `count` values.
    pub(crate) fn offsets_for(count: usize) -> Result<usize> {
        count
            .checked_add(1)
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "a length is beyond what memory can hold"))
    }

    /// Checks that the offsets never fall and stay inside the data. The position of an error is the offset's index.
    pub(crate) fn new(data: &'a [u8], offsets: &'a [i64]) -> Result<Self> {
        let mut last = 0;
        for (index, &offset) in offsets.iter().enumerate() {
            if offset < last || usize::try_from(offset).map_or(true, |offset| offset > data.len()) {
                let message = "an offset is negative, falls, or lies beyond the data";
                return Err(Error::new(ErrorKind::InvalidArgument, message).at(index as u64));
            }
            last = offset;
        }
        Ok(Self { data, offsets })
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    pub(crate) fn value(&self, row: usize) -> &'a [u8] {
        let offset = |index: usize| self.offsets.get(index).and_then(|&offset| usize::try_from(offset).ok());
        match (offset(row), offset(row + 1)) {
            (Some(start), Some(end)) => self.data.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The kinds of a batch's rows.
#[derive(Clone, Copy)]
pub(crate) enum Kinds<'a> {
    One(Kind),
    /// The number of each row's kind.
    Each(&'a [bisik_kind]),
}

impl Kinds<'_> {
    /// One kind for all rows.
    pub(crate) fn one(number: bisik_kind) -> Result<Self> {
        boundary::kind(number).map(Self::One)
    }

    /// The kind of a row.
    pub(crate) fn at(self, row: usize) -> Result<Kind> {
        match self {
            Self::One(kind) => Ok(kind),
            Self::Each(kinds) => boundary::kind(kinds.get(row).copied().unwrap_or_default()),
        }
    }
}

/// What to look up, and when.
pub(crate) struct Question<'a> {
    pub(crate) matcher: &'a Matcher,
    pub(crate) kinds: Kinds<'a>,
    pub(crate) options: &'a ParseOptions,
    pub(crate) now: Timestamp,
}

impl Question<'_> {
    /// Looks up the values of `rows` rows; rows without a value are skipped. `answer` gets hits and rejections by rising row,
    /// of one piece after the other.
    pub(crate) fn ask<'v>(
        &self,
        rows: usize,
        value: impl Fn(usize) -> Option<&'v [u8]>,
        mut answer: impl FnMut(Answer),
    ) -> Result<()> {
        self.each_piece(rows, value, |piece| match piece {
            Piece::Refused(index, error) => {
                answer(Answer::Rejected(Rejection { index, error }));
                Ok(())
            }
            Piece::Inputs(inputs, positions) => {
                let report = self.matcher.match_raw(inputs, self.now)?;
                let position = |index: usize| positions.get(index).copied().unwrap_or(index);
                for mut hit in report.hits {
                    hit.index = position(hit.index);
                    answer(Answer::Hit(hit));
                }
                for mut rejection in report.rejected {
                    rejection.index = position(rejection.index);
                    answer(Answer::Rejected(rejection));
                }
                Ok(())
            }
        })
    }

    /// Asks as [`ask`](Self::ask) does, and gives each row's bits of [`Mask`]: no hit is made.
    pub(crate) fn mask<'v>(
        &self,
        rows: usize,
        value: impl Fn(usize) -> Option<&'v [u8]>,
        mut answer: impl FnMut(usize, u8),
    ) -> Result<()> {
        let mut mask = Vec::new();
        self.each_piece(rows, value, |piece| {
            match piece {
                Piece::Refused(row, _) => answer(row, Mask::REJECTED),
                Piece::Inputs(inputs, positions) => {
                    mask.resize(inputs.len(), 0);
                    self.matcher.mask_raw(inputs, self.now, &mut mask)?;
                    positions.iter().zip(&mask).for_each(|(&row, &bits)| answer(row, bits));
                }
            }
            Ok(())
        })
    }

    /// Gives the rows a piece after the other, what cannot be looked up before the piece it stands in; an empty piece if there
    /// are no rows.
    fn each_piece<'v>(
        &self,
        rows: usize,
        value: impl Fn(usize) -> Option<&'v [u8]>,
        mut give: impl FnMut(Piece<'_>) -> Result<()>,
    ) -> Result<()> {
        let most = match self.matcher.width() {
            1 => PIECE,
            width => width.saturating_mul(EACH * PIECE),
        };
        let mut inputs = Vec::with_capacity(rows.min(most));
        let mut positions = Vec::with_capacity(rows.min(most));
        let mut start = 0_usize;
        loop {
            let end = rows.min(start.saturating_add(most));
            inputs.clear();
            positions.clear();
            for row in start..end {
                let Some(bytes) = value(row) else { continue };
                match self.kinds.at(row).and_then(|kind| Ok((kind, utf8(bytes)?))) {
                    Ok((kind, value)) => {
                        inputs.push(RawInput { kind, value, options: self.options });
                        positions.push(row);
                    }
                    Err(error) => give(Piece::Refused(row, error))?,
                }
            }
            give(Piece::Inputs(&inputs, &positions))?;
            start = end;
            if start == rows {
                return Ok(());
            }
        }
    }
}

/// Rows on their way to the matcher.
enum Piece<'a> {
    /// A row that cannot be looked up.
    Refused(usize, Error),
    /// Values, and the rows that they are in.
    Inputs(&'a [RawInput<'a>], &'a [usize]),
}

/// One thing that a batch gave.
pub(crate) enum Answer {
    Hit(Hit),
    Rejected(Rejection),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_that_fall_or_leave_the_data_are_refused() {
        let data = b"abcdef";
        for (offsets, at) in
            [(&[0, 3, 2][..], 2), (&[-1, 3], 0), (&[0, 7], 1), (&[0, i64::MAX], 1), (&[i64::MIN, 0], 0)]
        {
            let error = Column::new(data, offsets).err().unwrap();
            assert_eq!((error.kind(), error.position()), (ErrorKind::InvalidArgument, Some(at)), "{offsets:?}");
        }
    }

    #[test]
    fn a_column_need_not_begin_at_the_datas_beginning() {
        let column = Column::new(b"abcdef", &[2, 2, 5]).unwrap();
        assert_eq!(column.len(), 2);
        assert_eq!((column.value(0), column.value(1)), (&b""[..], &b"cde"[..]));
        assert_eq!(Column::new(b"", &[0]).unwrap().len(), 0);
    }

    #[test]
    fn rows_keep_their_numbers_across_pieces() {
        let matcher = Matcher::new(Vec::<bisik::Feed>::new(), bisik::Guard::default()).unwrap();
        let options = ParseOptions::default();
        let now = Timestamp::from_seconds(1_800_000_000).unwrap();
        let question = Question { matcher: &matcher, kinds: Kinds::One(Kind::Domain), options: &options, now };
        let rows = PIECE * 2 + 3;
        let value = |row: usize| match row % 3 {
            0 => None,
            1 => Some(&b"good.example"[..]),
            _ => Some(&b"\xff"[..]),
        };
        let mut rejected = Vec::new();
        let answer = |answer| {
            if let Answer::Rejected(rejection) = answer {
                rejected.push(rejection.index);
            }
        };
        question.ask(rows, value, answer).unwrap();
        assert_eq!(rejected, (0..rows).filter(|row| row % 3 == 2).collect::<Vec<_>>());
    }
}

//! A tile of a batch: the expressions of some inputs as frames, to be hashed side by side and looked up together.
//!
//! Nothing is allocated for an input. A frame holds the text of its expression, unless that is longer than a frame, so the texts
//! of hits are read from there.

use std::collections::BTreeMap;

use crate::crypto::mac::{Digest, Frame};
use crate::feed::{Feed, Found, Scratch};
use crate::identifier::{Expression, Kind, Matched};
use crate::secret::Secret;
use crate::token;

/// How many inputs make a tile: few enough that their frames stay in the first-level cache, enough that many reads are under way.
pub(super) const TILE: usize = 128;

/// Whether a feed holds a kind, by the kind's number.
#[derive(Clone, Debug)]
pub(super) struct Holdings([Holding; 256]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// No entry is of this kind: only a filter's error could be hit.
    Nothing,
    /// Entries in the canonical form that this program writes.
    SameForm,
    /// Entries in another canonical form.
    OtherForm,
}

impl Holdings {
    /// What a feed holds.
    pub(super) fn of(feed: &Feed) -> Self {
        let mut holdings = Self([Holding::Nothing; 256]);
        for &kind in Kind::ALL {
            if let (Some(entry), Some(place)) = (feed.manifest().kind(kind), holdings.0.get_mut(index(kind))) {
                *place = if entry.form == kind.form_version() { Holding::SameForm } else { Holding::OtherForm };
            }
        }
        holdings
    }

    /// What any of several feeds holds, in whatever form.
    pub(super) fn of_any(all: &[Self]) -> Self {
        let mut any = Self([Holding::Nothing; 256]);
        for holdings in all {
            let held = any.0.iter_mut().zip(holdings.0).filter(|(_, holding)| *holding != Holding::Nothing);
            held.for_each(|(place, holding)| *place = holding);
        }
        any
    }

    #[inline]
    pub(super) fn get(&self, kind: Kind) -> Holding {
        self.0.get(index(kind)).copied().unwrap_or(Holding::Nothing)
    }

    /// Whether any kind is held in another form.
    pub(super) fn mismatched(&self) -> bool {
        self.0.contains(&Holding::OtherForm)
    }
}

fn index(kind: Kind) -> usize {
    usize::from(kind.number())
}

/// Digests of the frames that one blind feed's server was asked for. They are wiped when dropped.
#[derive(Default)]
pub(super) struct Answers(BTreeMap<Frame, Secret<32>>);

impl Answers {
    pub(super) fn add(&mut self, frame: &Frame, digest: Digest) {
        self.0.insert(*frame, Secret::new(digest));
    }
}

/// The expressions of some inputs, in buffers that are used again and again.
#[derive(Default)]
pub(super) struct Tile {
    frames: Vec<Frame>,
    places: Vec<Place>,
    /// The texts that do not fit their frames.
    long: String,
    scratch: Scratch,
    answered: Vec<(usize, Digest)>,
    /// What the last feed that was asked lists: numbers of frames, rising.
    pub(super) found: Vec<(usize, Found)>,
}

/// Where a frame comes from.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The input's position in the batch.
    pub(super) input: usize,
    pub(super) kind: Kind,
    pub(super) matched: Matched,
    /// The text's part of [`Tile::long`], if its frame does not hold it.
    long: (u32, u32),
}

impl Tile {
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.places.clear();
        self.long.clear();
    }

    /// Adds an expression of the input at this position. An input's expressions come one after the other, its own first.
    #[inline]
    pub(super) fn push(&mut self, input: usize, expression: Expression<'_>) {
        let Expression { kind, text, matched } = expression;
        let mut long = (0, 0);
        if text.len() > token::MAX_PAYLOAD {
            long.0 = self.long.len() as u32;
            self.long.push_str(text);
            long.1 = self.long.len() as u32;
        }
        self.frames.push([0; 64]);
        if let Some(frame) = self.frames.last_mut() {
            token::write_frame(frame, kind, text);
        }
        self.places.push(Place { input, kind, matched, long });
    }

    /// Asks a feed for all frames.
    pub(super) fn look_up(&mut self, feed: &Feed) {
        feed.look_up(&self.frames, &mut self.scratch, &mut self.found);
    }

    /// Asks a blind feed for the frames whose digests its server helped to make.
    pub(super) fn look_up_answered(&mut self, feed: &Feed, answers: &Answers) {
        let answered = |(number, frame): (usize, &Frame)| answers.0.get(frame).map(|digest| (number, *digest.expose()));
        self.answered.clear();
        self.answered.extend(self.frames.iter().enumerate().filter_map(answered));
        feed.look_up_digests(&self.answered, &mut self.found);
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Where a frame comes from, and the text of its expression.
    pub(super) fn expression(&self, number: usize) -> Option<(Place, &str)> {
        let (place, frame) = (*self.places.get(number)?, self.frames.get(number)?);
        let text = match token::match_key(frame) {
            Some(text) => text,
            None => self.long.get(place.long.0 as usize..place.long.1 as usize)?,
        };
        Some((place, text))
    }

    /// The input's own expression, of which a frame's is perhaps a relative.
    pub(super) fn own(&self, number: usize) -> Option<(Place, &str)> {
        let input = self.places.get(number)?.input;
        let before = self.places.get(..number)?.iter().rev().take_while(|place| place.input == input).count();
        self.expression(number - before)
    }
}

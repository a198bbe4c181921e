//! Looking frames up in a verified feed.
//!
//! ```text
//! digests of all frames     the words of the index that they need are asked of memory, a group's while the next is hashed
//! candidates                those that the words admit; where their buckets lie is asked for
//! their buckets             their tokens are asked for
//! found                     those whose token is in its bucket
//! ```
//!
//! Each step is made for all frames before the next begins, so that memory answers many questions at once.

use crate::crypto::mac::{Digest, Frame, LANES};
use crate::error::Result;
use crate::feed::{Feed, Scheme, Set};
use crate::indicator::Claim;
use crate::payload::records;
use crate::payload::tokens::{self, Candidate, TokenIndex};
use crate::token;

/// Space that look-ups use again and again.
#[derive(Default)]
pub(crate) struct Scratch {
    digests: Vec<Digest>,
    candidates: Vec<Candidate>,
}

/// A frame that a feed lists.
pub(crate) struct Found {
    pub(crate) digest: Digest,
    /// The entry's number, in exact sets.
    position: Option<usize>,
}

/// Calls with the numbers of those entries that a filter may hold.
type EachContained<'a> = &'a dyn Fn(&[Digest], &mut dyn FnMut(usize));

impl Feed {
    /// What the feed lists of `frames`: their numbers, rising, and what was found.
    pub(crate) fn look_up(&self, frames: &[Frame], scratch: &mut Scratch, found: &mut Vec<(usize, Found)>) {
        found.clear();
        // Without the server, a blind feed tells nothing of a frame.
        let Scheme::Salted { tokenizer, filter_mac, .. } = &self.scheme else { return };
        let Scratch { digests, candidates } = scratch;
        digests.resize(frames.len(), Digest::default());
        let mut filtered = |each_contained: EachContained<'_>| {
            let Some(mac) = filter_mac else { return };
            mac.digest_many(frames, digests);
            each_contained(digests, &mut |number| {
                let mut digest = [Digest::default()];
                tokenizer.digest_many(frames.get(number..=number).unwrap_or_default(), &mut digest);
                found.push((number, Found { digest: digest[0], position: None }));
            });
        };
        match &self.set {
            Set::Tokens { tokens: section, index, .. } => {
                let tokens = tokens::tokens(section.as_ref());
                for (frames, digests) in frames.chunks(LANES).zip(digests.chunks_mut(LANES)) {
                    tokenizer.digest_many(frames, digests);
                    index.ask(digests);
                }
                index.sift(digests, candidates);
                index.locate(tokens, candidates);
                TokenIndex::settle(tokens, digests, candidates, &mut |number, position| {
                    let digest = digests.get(number).copied().unwrap_or_default();
                    found.push((number, Found { digest, position: Some(position) }));
                });
            }
            Set::Bloom(filter) => filtered(&|entries, each| filter.each_contained(entries, each)),
            Set::Fuse(filter) => filtered(&|entries, each| filter.each_contained(entries, each)),
        }
    }

    /// What the feed lists of digests that its server helped to make, by the numbers of their frames.
    pub(crate) fn look_up_digests(&self, digests: &[(usize, Digest)], found: &mut Vec<(usize, Found)>) {
        found.clear();
        let entry = |digest: &Digest| token::blind_filter_entry(digest, self.manifest.version);
        found.extend(digests.iter().filter_map(|&(number, digest)| {
            let position = match &self.set {
                Set::Tokens { tokens: section, index, .. } => {
                    Some(index.find(tokens::tokens(section.as_ref()), &token::token(&digest))?)
                }
                Set::Bloom(filter) => filter.contains(&entry(&digest)).then_some(None)?,
                Set::Fuse(filter) => filter.contains(&entry(&digest)).then_some(None)?,
            };
            Some((number, Found { digest, position }))
        }));
    }

    /// The record of a found entry: `None` if the feed has no records.
    pub(crate) fn record(&self, found: &Found) -> Option<Result<Claim>> {
        let Set::Tokens { records: Some(section), .. } = &self.set else {
            return None;
        };
        let size = self.manifest.record_size as usize;
        let start = found.position? * size;
        let record = section.as_ref().get(start..start + size).unwrap_or_default();
        Some(records::open(&found.digest, self.ids(), record))
    }

    /// What names this hit to the publisher.
    pub(crate) fn hit_id(&self, found: &Found) -> [u8; 16] {
        token::hit_id(&found.digest, self.ids())
    }
}

//! Making a delta, and sending it out.

use std::io::Write;

use zeroize::Zeroizing;

use super::body::{Body, PARTS, PartEntry, Version, class};
use crate::container::{self, Head, SignedBlock, put_section};
use crate::crypto::age::Recipient;
use crate::crypto::sign::SignedType;
use crate::entropy::Entropy;
use crate::envelope;
use crate::error::{Error, ErrorKind, Result};
use crate::feed::{Feed, places};
use crate::identifier::Kind;
use crate::keyring::SigningFile;
use crate::manifest::{Manifest, SetDescriptor, section};
use crate::payload::tokens;
use crate::time::Timestamp;
use crate::token::Token;

/// A finished delta that has not left yet: it goes out open or sealed, as the feed does.
///
/// Made by [`Publication::delta`](crate::publisher::Publication::delta).
pub struct DeltaFile<'k> {
    signing: &'k SigningFile,
    digest: [u8; 32],
    issued: Timestamp,
    enumerable: Vec<Kind>,
    bytes: Zeroizing<Vec<u8>>,
}

impl DeltaFile<'_> {
    /// The digest of its signed bytes.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The delta for everybody to read, once each enumerable kind of the feed is in `accepted`.
    ///
    /// # Errors
    /// [`ErrorKind::Enumerable`].
    pub fn open(&self, accepted: &[Kind]) -> Result<&[u8]> {
        if self.enumerable.iter().any(|kind| !accepted.contains(kind)) {
            return Err(ErrorKind::Enumerable.into());
        }
        Ok(&self.bytes)
    }

    /// Seals the delta to recipients and to the publisher's own, and writes the file.
    ///
    /// # Errors
    /// As for a feed: [`ErrorKind::BadKey`], [`ErrorKind::TooManyRecipients`], [`ErrorKind::NoRandomness`],
    /// [`ErrorKind::Io`].
    pub fn seal(&self, recipients: &[Recipient], entropy: &mut dyn Entropy, out: &mut dyn Write) -> Result<()> {
        if self.signing.recipients.is_empty() {
            return Err(Error::new(
                ErrorKind::BadKey,
                "the signing file names no recipient: its publisher could not read the delta",
            ));
        }
        let all: Vec<_> = recipients.iter().chain(&self.signing.recipients).cloned().collect();
        envelope::seal(&self.bytes, &self.digest, &self.signing.key, &all, self.issued, entropy, out)
    }
}

impl std::fmt::Debug for DeltaFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaFile").field("length", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// What leads from `base` to the feed with these bytes, which `manifest` describes.
pub(crate) fn make<'k>(
    base: &Feed,
    result: &[u8],
    manifest: &Manifest,
    signing: &'k SigningFile,
    enumerable: Vec<Kind>,
) -> Result<DeltaFile<'k>> {
    let block = SignedBlock::read(result)?;
    let block_length = block.head.block_length();
    check_pair(base, manifest)?;
    let places = places(result, block_length, manifest)?;
    let part = |wanted: u16| {
        let found = manifest.sections.iter().zip(&places).find(|(entry, _)| entry.section_type == wanted);
        found.and_then(|(_, place)| result.get(place.clone())).unwrap_or_default()
    };
    let steps = difference(
        base.exact().ok_or_else(|| Error::from(ErrorKind::SnapshotNeeded))?,
        (tokens::tokens(part(section::TOKENS)), part(section::RECORDS)),
        manifest.record_size as usize,
    );
    let (mut whole_types, mut whole) = (Vec::new(), Vec::new());
    for entry in &manifest.sections {
        if matches!(entry.section_type, section::TOKENS | section::RECORDS | section::PAD) {
            continue;
        }
        let kept = base.section(entry.section_type).is_some_and(|(old, _)| old == entry);
        if !kept {
            whole_types.push(entry.section_type);
            whole.extend_from_slice(part(entry.section_type));
        }
    }
    let parts: [&[u8]; PARTS] = [
        result.get(..block_length).unwrap_or_default(),
        &steps.removed,
        &steps.added,
        &steps.added_records,
        &steps.changed,
        &steps.changed_records,
        &whole,
    ];
    let old = base.manifest();
    let body = Body {
        publisher: manifest.publisher,
        feed: manifest.feed.clone(),
        epoch: manifest.epoch,
        base: Version { version: old.version, digest: *base.digest() },
        result: Version { version: manifest.version, digest: block.digest() },
        length: result.len() as u64,
        record_size: manifest.record_size,
        whole: whole_types,
        parts: parts.iter().enumerate().map(|(index, content)| PartEntry::new(index, content)).collect(),
    };
    let json = body.to_json();
    // What is published is what readers read.
    Body::parse(json.as_bytes())?;
    let total = class(container::block_length(json.len()), &parts, manifest.record_size);
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.reserve_exact(usize::try_from(total).map_err(|_| Error::from(ErrorKind::TooManyEntries))?);
    bytes.append(&mut container::write_block(SignedType::Delta, json.as_bytes(), Some(total), &signing.key));
    for content in parts {
        put_section(&mut bytes, content);
    }
    bytes.resize(total as usize, 0);
    let signed = bytes.get(..Head::read(&bytes)?.signed_length()).unwrap_or_default();
    let digest = container::digest(signed);
    Ok(DeltaFile { signing, digest, issued: manifest.issued, enumerable, bytes })
}

/// Whether there is a delta between the two at all.
fn check_pair(base: &Feed, result: &Manifest) -> Result<()> {
    let old = base.manifest();
    if old.publisher != result.publisher || old.feed != result.feed || old.version >= result.version {
        return Err(Error::new(ErrorKind::BaseMismatch, "the base is not an earlier version of this feed"));
    }
    let none = |message| Err(Error::new(ErrorKind::SnapshotNeeded, message));
    let exact = SetDescriptor::Tokens {};
    if old.set != exact || result.set != exact {
        return none("filters have no deltas");
    }
    if old.epoch != result.epoch || old.tokens != result.tokens {
        return none("a new epoch has new tokens");
    }
    if old.record_size != result.record_size {
        return none("the records have another length");
    }
    let reformed = |kind: &&crate::manifest::KindCount| {
        result.kinds.iter().any(|other| other.kind == kind.kind && other.form != kind.form)
    };
    if old.kinds.iter().any(|kind| reformed(&kind)) {
        return none("a kind has another canonical form");
    }
    Ok(())
}

/// What is different, as the parts hold it.
#[derive(Default)]
struct Steps {
    removed: Vec<u8>,
    added: Vec<u8>,
    added_records: Vec<u8>,
    changed: Vec<u8>,
    changed_records: Vec<u8>,
}

fn difference(base: (&[Token], Option<&[u8]>), result: (&[Token], &[u8]), size: usize) -> Steps {
    let old_record = |at: usize| base.1.and_then(|records| records.get(at * size..(at + 1) * size)).unwrap_or_default();
    let new_record = |at: usize| result.1.get(at * size..(at + 1) * size).unwrap_or_default();
    let mut steps = Steps::default();
    let position = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes();
    let (mut old, mut new) = (0, 0);
    loop {
        match (base.0.get(old), result.0.get(new)) {
            (None, None) => return steps,
            (Some(kept), Some(token)) if kept == token => {
                if old_record(old) != new_record(new) {
                    steps.changed.extend_from_slice(&position(old));
                    steps.changed_records.extend_from_slice(new_record(new));
                }
                (old, new) = (old + 1, new + 1);
            }
            (kept, Some(token)) if kept.is_none_or(|kept| token < kept) => {
                steps.added.extend_from_slice(token);
                steps.added_records.extend_from_slice(new_record(new));
                new += 1;
            }
            _ => {
                steps.removed.extend_from_slice(&position(old));
                old += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(numbers: &[u8]) -> Vec<Token> {
        numbers.iter().map(|number| [*number; 16]).collect()
    }

    /// The three lists of steps as numbers: removed and changed by their position in the base, added by their token.
    fn steps(base: (&[u8], &[u8]), result: (&[u8], &[u8]), size: usize) -> [Vec<u32>; 3] {
        let steps = difference((&tokens(base.0), Some(base.1)), (&tokens(result.0), result.1), size);
        let positions = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|place| u32::from_le_bytes(*place)).collect();
        let added: Vec<u32> = steps.added.chunks(16).map(|token| token[0].into()).collect();
        let record = |token: u32| {
            let at = result.0.iter().position(|number| u32::from(*number) == token).unwrap();
            result.1[at * size..][..size].to_vec()
        };
        let changed: Vec<u32> = positions(&steps.changed);
        assert_eq!(steps.added_records, added.iter().flat_map(|token| record(*token)).collect::<Vec<_>>());
        let of_changed = changed.iter().flat_map(|at| record(base.0[*at as usize].into()));
        assert_eq!(steps.changed_records, of_changed.collect::<Vec<_>>());
        [positions(&steps.removed), added, changed]
    }

    #[test]
    fn steps_lead_from_one_list_to_the_other() {
        for (base, result, removed, added) in [
            (&[][..], &[][..], &[][..], &[][..]),
            (&[1, 2, 3], &[1, 2, 3], &[], &[]),
            (&[], &[1, 2], &[], &[1, 2]),
            (&[1, 2], &[], &[0, 1], &[]),
            (&[1, 2, 4], &[2, 3, 5], &[0, 2], &[3, 5]),
            (&[2, 3, 5], &[1, 2, 4], &[1, 2], &[1, 4]),
            (&[9], &[1, 2, 3], &[0], &[1, 2, 3]),
            (&[1, 2, 3], &[9], &[0, 1, 2], &[9]),
        ] {
            assert_eq!(steps((base, &[]), (result, &[]), 0), [removed.to_vec(), added.to_vec(), vec![]]);
            let records = |list: &[u8]| list.iter().flat_map(|number| [*number, 100, 200]).collect::<Vec<_>>();
            let (old, new) = (records(base), records(result));
            assert_eq!(steps((base, &old), (result, &new), 3), [removed.to_vec(), added.to_vec(), vec![]]);
        }
    }

    #[test]
    fn a_record_that_changed_in_any_byte_is_told() {
        let (base, result) = ([1, 3, 5, 7], [1, 2, 3, 5, 7]);
        let old = [10, 11, 12, 30, 31, 32, 50, 51, 52, 70, 71, 72];
        let new = [10, 11, 12, 20, 21, 22, 30, 31, 32, 50, 51, 52, 70, 71, 72];
        assert_eq!(steps((&base, &old), (&result, &new), 3), [vec![], vec![2], vec![]]);
        for byte in 0..new.len() {
            let mut new = new;
            new[byte] ^= 0x80;
            let changed = match byte / 3 {
                1 => vec![],
                at => vec![[0, 0, 1, 2, 3][at]],
            };
            assert_eq!(steps((&base, &old), (&result, &new), 3), [vec![], vec![2], changed], "{byte}");
        }
    }
}

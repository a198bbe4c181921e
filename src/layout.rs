//! Laying out a feed file: the sections at their places, the pad to a Padmé length, the manifest that states both
//! (`docs/format.md` §5).

use zeroize::Zeroizing;

use crate::codec::padme;
use crate::container::{self, ALIGNMENT};
use crate::crypto::mac;
use crate::crypto::sign::{SignedType, SigningKey};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{Manifest, Section, section};

/// One section of a feed to be.
pub(crate) struct Content {
    pub(crate) section_type: u16,
    pub(crate) required: bool,
    /// Wiped, because one of them is the feed key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

impl Content {
    /// What the manifest says of it.
    pub(crate) fn stated(&self) -> Section {
        Section {
            section_type: self.section_type,
            required: self.required,
            length: self.bytes.len() as u64,
            blake3: mac::hash([self.bytes.as_slice()]),
        }
    }
}

/// Lays the sections out, signs the manifest that states them, and writes the file.
pub(crate) fn assemble(manifest: &mut Manifest, contents: &[Content], key: &SigningKey) -> Result<Zeroizing<Vec<u8>>> {
    manifest.sections = contents.iter().map(Content::stated).collect();
    let (mut block, total) = sign(manifest, key)?;
    let mut file = Zeroizing::new(Vec::new());
    file.reserve_exact(usize::try_from(total).map_err(|_| Error::from(ErrorKind::TooManyEntries))?);
    file.append(&mut block);
    for content in contents {
        container::put_section(&mut file, &content.bytes);
    }
    container::put_section(&mut file, &[]);
    file.resize(total as usize, 0);
    Ok(file)
}

/// Finds the pad's length, which the manifest states and depends on, and signs; returns the signed block and the file's length.
/// The manifest's sections are those before the pad.
pub(crate) fn sign(manifest: &mut Manifest, key: &SigningKey) -> Result<(Vec<u8>, u64)> {
    let lengths: Vec<u64> = manifest.sections.iter().map(|section| section.length).collect();
    manifest.sections.push(pad(0));
    let pad_start = |manifest: &Manifest| {
        let block = container::block_length(manifest.to_json().len()) as u64;
        let after = lengths.iter().fold(block, |end, length| end.next_multiple_of(ALIGNMENT as u64) + length);
        after.next_multiple_of(ALIGNMENT as u64)
    };
    // The number of the pad's digits can move its beginning by one alignment: try each file length both ways.
    let mut start = pad_start(manifest);
    let mut total = padme::padded(start);
    loop {
        for _ in 0..2 {
            if let (Some(length), Some(last)) = (total.checked_sub(start), manifest.sections.last_mut()) {
                last.length = length;
            }
            start = pad_start(manifest);
            if manifest.sections.last().is_some_and(|last| start + last.length == total) {
                return Ok((block(manifest, total, key)?, total));
            }
        }
        total = padme::padded(total + 1);
    }
}

fn block(manifest: &mut Manifest, total: u64, key: &SigningKey) -> Result<Vec<u8>> {
    if let Some(last) = manifest.sections.last_mut() {
        *last = pad(last.length);
    }
    let json = manifest.to_json();
    // What is published is what readers read.
    Manifest::parse(json.as_bytes())?;
    Ok(container::write_block(SignedType::Manifest, json.as_bytes(), Some(total), key))
}

fn pad(length: u64) -> Section {
    let zeros = [0; 4096];
    let pieces = (0..length).step_by(zeros.len()).map(|start| {
        let piece = (length - start).min(zeros.len() as u64);
        zeros.get(..piece as usize).unwrap_or_default()
    });
    Section { section_type: section::PAD, required: true, length, blake3: mac::hash(pieces) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::SignedBlock;
    use crate::entropy::FixedEntropy;
    use crate::feed::places;
    use crate::manifest::tests::sample;

    /// The pad's digits count in the length that the pad fills up: some lengths are found at the second or third try.
    #[test]
    fn a_manifest_of_any_length_gets_a_file_of_a_padded_length() {
        let key = SigningKey::generate(&mut FixedEntropy::new(1)).unwrap();
        for (purpose, tokens) in (0..600).flat_map(|purpose| [(purpose, 0), (purpose, 4096)]) {
            let mut manifest = Manifest { purpose: "x".repeat(purpose), ..sample() };
            let contents = [(section::FEED_KEY, 32), (section::TOKENS, tokens)].map(|(section_type, length)| Content {
                section_type,
                required: true,
                bytes: Zeroizing::new(vec![7; length]),
            });
            let file = assemble(&mut manifest, &contents, &key).unwrap();
            assert_eq!(padme::padded(file.len() as u64), file.len() as u64, "{purpose}, {tokens}");
            let block = SignedBlock::read(&file).unwrap();
            assert_eq!(block.head.total_length, file.len() as u64);
            let read = Manifest::parse(block.body).unwrap();
            let places = places(&file, block.head.block_length(), &read).unwrap();
            assert_eq!(places.last().unwrap().end, file.len());
            assert!(file[places.last().unwrap().clone()].iter().all(|&byte| byte == 0));
        }
    }
}

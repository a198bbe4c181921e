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

/// Finds the pad's length, which the manifest states and depends on, and writes the file.
pub(crate) fn assemble(manifest: &mut Manifest, contents: &[Content], key: &SigningKey) -> Result<Zeroizing<Vec<u8>>> {
    manifest.sections = contents
        .iter()
        .map(|content| Section {
            section_type: content.section_type,
            required: content.required,
            length: content.bytes.len() as u64,
            blake3: mac::hash([content.bytes.as_slice()]),
        })
        .collect();
    manifest.sections.push(pad(0));
    let pad_start = |manifest: &Manifest| {
        let block = container::block_length(manifest.to_json().len()) as u64;
        let after = contents
            .iter()
            .fold(block, |end, content| end.next_multiple_of(ALIGNMENT as u64) + content.bytes.len() as u64);
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
                return write(manifest, contents, total, key);
            }
        }
        total = padme::padded(total + 1);
    }
}

fn write(manifest: &mut Manifest, contents: &[Content], total: u64, key: &SigningKey) -> Result<Zeroizing<Vec<u8>>> {
    if let Some(last) = manifest.sections.last_mut() {
        *last = pad(last.length);
    }
    let json = manifest.to_json();
    // What is published is what readers read.
    Manifest::parse(json.as_bytes())?;
    let mut file = Zeroizing::new(Vec::new());
    file.reserve_exact(usize::try_from(total).map_err(|_| Error::from(ErrorKind::TooManyEntries))?);
    file.append(&mut container::write_block(SignedType::Manifest, json.as_bytes(), Some(total), key));
    for content in contents {
        container::put_section(&mut file, &content.bytes);
    }
    container::put_section(&mut file, &[]);
    file.resize(total as usize, 0);
    Ok(file)
}

fn pad(length: u64) -> Section {
    let zeros = [0; 4096];
    let pieces = (0..length).step_by(zeros.len()).map(|start| {
        let piece = (length - start).min(zeros.len() as u64);
        zeros.get(..piece as usize).unwrap_or_default()
    });
    Section { section_type: section::PAD, required: true, length, blake3: mac::hash(pieces) }
}

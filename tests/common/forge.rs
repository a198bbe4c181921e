//! A second writer of the format, which signs whatever it is told: for files that an honest publisher never makes.

use bech32::primitives::decode::CheckedHrpstring;
use bisik::SigningFile;
use ed25519_dalek::Signer;
use serde_json::Value;

pub const MANIFEST: u8 = 1;
pub const DELTA: u8 = 2;
pub const SEAL_STATEMENT: u8 = 3;

/// The bytes of a Bech32 text.
pub fn bech32_bytes(text: &str) -> [u8; 32] {
    let checked = CheckedHrpstring::new::<bech32::Bech32>(text).unwrap();
    checked.byte_iter().collect::<Vec<u8>>().try_into().unwrap()
}

/// Somebody with a signing key.
pub struct Forger(ed25519_dalek::SigningKey);

impl Forger {
    pub fn new(file: &SigningFile) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&bech32_bytes(&file.key.to_text())))
    }

    pub fn key_id(&self) -> [u8; 32] {
        let mut material = vec![1];
        material.extend_from_slice(self.0.verifying_key().as_bytes());
        blake3::derive_key("bisik 2026 v1 key id", &material)
    }

    /// A signed block that names itself `block_type`, with a signature made for `signed_type`.
    pub fn block(&self, block_type: u8, signed_type: u8, body: &[u8], total: Option<u64>) -> Vec<u8> {
        let mut block = b"bisik\r\n\0".to_vec();
        block.extend_from_slice(&1_u16.to_le_bytes());
        block.extend_from_slice(&[block_type, 1]);
        block.extend_from_slice(&self.key_id());
        block.extend_from_slice(&(body.len() as u32).to_le_bytes());
        block.extend_from_slice(&99_u32.to_le_bytes());
        let length = block_length(body.len()) as u64;
        block.extend_from_slice(&total.unwrap_or(length).to_le_bytes());
        block.extend_from_slice(body);
        let mut message = b"bisik-signature/1\0".to_vec();
        message.push(signed_type);
        message.extend_from_slice(&(block.len() as u64).to_le_bytes());
        message.extend_from_slice(&block);
        let signature = self.0.sign(&message).to_bytes();
        block.extend_from_slice(&self.key_id());
        block.push(1);
        block.extend_from_slice(&64_u16.to_le_bytes());
        block.extend_from_slice(&signature);
        block
    }

    /// A seal statement of a feed for the recipients with these texts, without fillers.
    pub fn statement(&self, feed: &[u8], time: u64, recipients: &[&str]) -> Vec<u8> {
        let salt = [9; 32];
        let mut tags: Vec<[u8; 16]> = recipients
            .iter()
            .map(|text| {
                let mut material = salt.to_vec();
                material.extend_from_slice(&(text.len() as u32).to_le_bytes());
                material.extend_from_slice(text.as_bytes());
                let tag = blake3::derive_key("bisik 2026 v1 recipient", &material);
                tag[..16].try_into().unwrap()
            })
            .collect();
        tags.sort_unstable();
        let mut body = digest(feed).to_vec();
        body.extend_from_slice(&time.to_le_bytes());
        body.extend_from_slice(&salt);
        body.extend_from_slice(&(tags.len() as u32).to_le_bytes());
        body.extend_from_slice(tags.as_flattened());
        self.block(SEAL_STATEMENT, SEAL_STATEMENT, &body, None)
    }

    /// The file of a manifest and contents: lengths and hashes of the sections are put right, the last one is the pad.
    pub fn feed(&self, parts: &Parts) -> Vec<u8> {
        let mut manifest = parts.manifest.clone();
        for (section, content) in manifest["sections"].as_array_mut().unwrap().iter_mut().zip(&parts.contents) {
            section["length"] = content.len().into();
            section["blake3"] = blake3::hash(content).to_hex().as_str().into();
        }
        let mut total = 0;
        loop {
            total = padded(total + 1);
            for _ in 0..3 {
                let start = pad_start(&manifest, &parts.contents);
                let Some(length) = total.checked_sub(start) else { break };
                let pad = manifest["sections"].as_array_mut().unwrap().last_mut().unwrap();
                pad["length"] = length.into();
                pad["blake3"] = blake3::hash(&vec![0; length as usize]).to_hex().as_str().into();
                if pad_start(&manifest, &parts.contents) == start {
                    return self.file(manifest.to_string().as_bytes(), &parts.contents, total);
                }
            }
        }
    }

    /// The file of a body and contents, with zeros to the end, exactly as told.
    pub fn file(&self, body: &[u8], contents: &[Vec<u8>], total: u64) -> Vec<u8> {
        let mut file = self.block(MANIFEST, MANIFEST, body, Some(total));
        for content in contents {
            file.resize(file.len().next_multiple_of(64), 0);
            file.extend_from_slice(content);
        }
        file.resize(total as usize, 0);
        file
    }
}

fn block_length(body: usize) -> usize {
    28 + 32 + body + 99
}

fn pad_start(manifest: &Value, contents: &[Vec<u8>]) -> u64 {
    let block = block_length(manifest.to_string().len());
    let end = contents.iter().fold(block, |end, content| end.next_multiple_of(64) + content.len());
    end.next_multiple_of(64) as u64
}

/// Padmé.
pub fn padded(length: u64) -> u64 {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let zeros = exponent - (exponent.ilog2() + 1);
    length.next_multiple_of(1 << zeros)
}

/// A feed taken apart: its manifest, and its sections without the pad.
#[derive(Clone)]
pub struct Parts {
    pub manifest: Value,
    pub contents: Vec<Vec<u8>>,
}

impl Parts {
    pub fn of(feed: &[u8]) -> Self {
        let body = u32::from_le_bytes(feed[44..48].try_into().unwrap()) as usize;
        let manifest: Value = serde_json::from_slice(&feed[60..60 + body]).unwrap();
        let mut end = block_length(body);
        let sections = manifest["sections"].as_array().unwrap();
        let contents = sections[..sections.len() - 1]
            .iter()
            .map(|section| {
                let start = end.next_multiple_of(64);
                end = start + section["length"].as_u64().unwrap() as usize;
                feed[start..end].to_vec()
            })
            .collect();
        Self { manifest, contents }
    }

    /// The content of the section of a type.
    pub fn section(&mut self, section_type: u64) -> &mut Vec<u8> {
        let sections = self.manifest["sections"].as_array().unwrap();
        let place = sections.iter().position(|section| section["type"] == section_type).unwrap();
        &mut self.contents[place]
    }
}

/// A delta taken apart, to be put together otherwise and signed.
pub struct LooseDelta {
    pub body: Value,
    pub parts: Vec<Vec<u8>>,
}

impl LooseDelta {
    pub fn of(delta: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(&delta[60..signed_length(delta)]).unwrap();
        let mut end = signed_length(delta) + 99;
        let parts = body["parts"].as_array().unwrap().iter().map(|part| {
            let start = end.next_multiple_of(64);
            end = start + part["length"].as_u64().unwrap() as usize;
            delta[start..end].to_vec()
        });
        let parts = parts.collect();
        Self { body, parts }
    }

    pub fn signed(&self, forger: &Forger) -> Vec<u8> {
        let mut body = self.body.clone();
        for (entry, content) in body["parts"].as_array_mut().unwrap().iter_mut().zip(&self.parts) {
            entry["length"] = content.len().into();
            entry["blake3"] = blake3::hash(content).to_hex().as_str().into();
        }
        self.signed_as_it_is(&body, forger)
    }

    pub fn signed_as_it_is(&self, body: &Value, forger: &Forger) -> Vec<u8> {
        let total = padded(1 << 16);
        let mut file = forger.block(DELTA, DELTA, body.to_string().as_bytes(), Some(total));
        for content in &self.parts {
            file.resize(file.len().next_multiple_of(64), 0);
            file.extend_from_slice(content);
        }
        file.resize(total as usize, 0);
        file
    }
}

/// The length of head and body of a block with one key.
pub fn signed_length(block: &[u8]) -> usize {
    60 + u32::from_le_bytes(block[44..48].try_into().unwrap()) as usize
}

/// The feed digest.
pub fn digest(feed: &[u8]) -> [u8; 32] {
    blake3::derive_key("bisik 2026 v1 feed digest", &feed[..signed_length(feed)])
}

/// Splits what an envelope holds into seal statement and feed.
pub fn split(inner: &[u8]) -> (&[u8], &[u8]) {
    inner.split_at(signed_length(inner) + 99)
}

/// Where the local seal of a prepared feed lies.
pub fn prepared_seal(file: &[u8]) -> Option<std::ops::Range<usize>> {
    let count = u32::from_le_bytes(file.get(12..16)?.try_into().unwrap()) as usize;
    let private = u64::from_le_bytes(file.get(40..48)?.try_into().unwrap());
    let start = count.checked_mul(48)?.checked_add(80)?.checked_add(usize::try_from(private).ok()?)?;
    let end = start.checked_add(32).filter(|&end| end <= file.len())?;
    Some(start..end)
}

/// Seals a prepared feed anew after it was changed, if its head says where the seal is.
pub fn reseal(file: &mut [u8], key: &bisik::LocalKey) {
    let key = bech32_bytes(&key.to_text());
    let Some(place) = prepared_seal(file) else { return };
    let sealing = blake3::derive_key("bisik 2026 v1 local seal", &key);
    let seal = *blake3::keyed_hash(&sealing, &file[..place.start]).as_bytes();
    file[place].copy_from_slice(&seal);
}

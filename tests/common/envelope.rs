//! A second implementation of age's binary format with X25519, for members who seal again what they received.

use base64ct::{Base64Unpadded, Encoding};
use bisik::{Recipient, RecipientSecret};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

use super::forge::bech32_bytes;

pub const CHUNK: usize = 65_536;
pub const SEALED_CHUNK: usize = CHUNK + 16;
const INFO: &[u8] = b"age-encryption.org/v1/X25519";

fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut key).unwrap();
    key
}

fn seal_with(key: &[u8; 32], nonce: [u8; 12], text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let tag =
        ChaCha20Poly1305::new(key.into()).encrypt_inout_detached(&Nonce::from(nonce), b"", out.as_mut_slice().into());
    out.extend_from_slice(&tag.unwrap());
    out
}

fn open_with(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(16)?)?;
    let mut out = text.to_vec();
    let tag = Tag::from(<[u8; 16]>::try_from(tag).ok()?);
    ChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(&Nonce::from(nonce), b"", out.as_mut_slice().into(), &tag)
        .ok()?;
    Some(out)
}

fn chunk_nonce(counter: usize, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(counter as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

/// Seals to recipients, with keys that anybody can know.
pub fn seal(plaintext: &[u8], recipients: &[&Recipient]) -> Vec<u8> {
    let (file_key, nonce) = ([5_u8; 16], [6_u8; 16]);
    let mut file = b"age-encryption.org/v1\n".to_vec();
    for (number, recipient) in (1_u8..).zip(recipients) {
        let ephemeral = StaticSecret::from([number; 32]);
        let share = PublicKey::from(&ephemeral).to_bytes();
        let to = bech32_bytes(&recipient.to_string());
        let shared = ephemeral.diffie_hellman(&PublicKey::from(to));
        let key = derive(shared.as_bytes(), &[share, to].concat(), INFO);
        let body = seal_with(&key, [0; 12], &file_key);
        let (share, body) = (Base64Unpadded::encode_string(&share), Base64Unpadded::encode_string(&body));
        file.extend_from_slice(format!("-> X25519 {share}\n{body}\n").as_bytes());
    }
    file.extend_from_slice(b"---");
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&derive(&file_key, b"", b"header")).unwrap();
    mac.update(&file);
    let mac = Base64Unpadded::encode_string(&mac.finalize().into_bytes());
    file.extend_from_slice(format!(" {mac}\n").as_bytes());
    file.extend_from_slice(&nonce);
    let key = derive(&file_key, &nonce, b"payload");
    let count = plaintext.len().div_ceil(CHUNK).max(1);
    for (counter, chunk) in plaintext.chunks(CHUNK).enumerate() {
        file.extend_from_slice(&seal_with(&key, chunk_nonce(counter, counter + 1 == count), chunk));
    }
    file
}

/// Where the chunks begin: after the header and the nonce.
pub fn payload_start(file: &[u8]) -> usize {
    let mark = file.windows(5).position(|window| window == b"\n--- ").unwrap() + 1;
    let line = file[mark..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
    mark + line + 16
}

/// What a member gets out of a file.
pub fn open(file: &[u8], secret: &RecipientSecret) -> Vec<u8> {
    let start = payload_start(file);
    let header = std::str::from_utf8(&file[..start - 16]).unwrap();
    let own = bech32_bytes(&secret.recipient().to_string());
    let scalar = StaticSecret::from(bech32_bytes(&secret.to_text()));
    let lines: Vec<&str> = header.lines().collect();
    let file_key = lines.windows(2).find_map(|pair| {
        let share: [u8; 32] =
            Base64Unpadded::decode_vec(pair[0].strip_prefix("-> X25519 ")?).unwrap().try_into().unwrap();
        let shared = scalar.diffie_hellman(&PublicKey::from(share));
        let key = derive(shared.as_bytes(), &[share, own].concat(), INFO);
        open_with(&key, [0; 12], &Base64Unpadded::decode_vec(pair[1]).unwrap())
    });
    let key = derive(&file_key.unwrap(), &file[start - 16..start], b"payload");
    let chunks: Vec<&[u8]> = file[start..].chunks(SEALED_CHUNK).collect();
    let pieces = chunks.iter().enumerate().flat_map(|(counter, chunk)| {
        open_with(&key, chunk_nonce(counter, counter + 1 == chunks.len()), chunk).unwrap()
    });
    pieces.collect()
}

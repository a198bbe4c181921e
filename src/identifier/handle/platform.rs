//! The platforms, and what an account's name can be at each.

use crate::error::{Error, ErrorKind, Result};

/// A platform whose accounts have names or ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Facebook,
    Instagram,
    Line,
    Telegram,
    TikTok,
    WeChat,
}

impl Platform {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Line => "line",
            Self::Telegram => "telegram",
            Self::TikTok => "tiktok",
            Self::WeChat => "wechat",
        }
    }

    /// The platform of a lower-case name or its usual short form.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "facebook" | "fb" | "messenger" => Self::Facebook,
            "instagram" | "ig" => Self::Instagram,
            "line" => Self::Line,
            "telegram" | "tg" => Self::Telegram,
            "tiktok" => Self::TikTok,
            "wechat" | "weixin" => Self::WeChat,
            _ => return None,
        })
    }

    /// The one text of an account: an id in digits, or a name behind its sign.
    pub(super) fn account(self, text: &str) -> Result<String> {
        if text.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        let (at, bare) = match text.strip_prefix('@') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Facebook if is_number => id(bare),
            Self::Instagram | Self::Telegram | Self::TikTok if is_number && !at => id(bare),
            // dots make no difference in names, which are not of digits alone
            Self::Facebook if bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
                Err(Error::new(ErrorKind::InvalidSyntax, "digits and dots are neither an id nor a name"))
            }
            Self::Facebook => name(&bare.replace('.', ""), 5..=50, ""),
            Self::Instagram => dotted(bare, 1..=30),
            Self::TikTok => dotted(bare, 2..=24),
            Self::Line if at => name(bare, 3..=20, "._-"),
            Self::Line => {
                let name = name(bare.strip_prefix('~').unwrap_or(bare), 3..=20, "._-")?;
                Ok(name.replace('@', "~"))
            }
            Self::Telegram => telegram(bare),
            Self::WeChat => begins_with_letter(bare).and_then(|name_| name(name_, 6..=20, "_-")),
        }
    }
}

/// A user or chat by number, an invitation after `+`, or a name.
fn telegram(text: &str) -> Result<String> {
    if let Some(digits) = text.strip_prefix('-')
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok(format!("-{}", id(digits)?));
    }
    if let Some(invitation) = text.strip_prefix('+') {
        let fits = (10..=64).contains(&invitation.len())
            && invitation.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && !invitation.bytes().all(|byte| byte.is_ascii_digit());
        return if fits {
            Ok(text.to_owned())
        } else {
            Err(Error::new(ErrorKind::InvalidSyntax, "neither an invitation nor a name"))
        };
    }
    begins_with_letter(text).and_then(|text| name(text, 4..=32, "_"))
}

fn id(digits: &str) -> Result<String> {
    let digits = digits.trim_start_matches('0');
    if (1..=20).contains(&digits.len()) {
        Ok(digits.to_owned())
    } else {
        Err(Error::new(ErrorKind::WrongLength, "an id has 1 to 20 digits"))
    }
}

fn begins_with_letter(text: &str) -> Result<&str> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Ok(text)
    } else {
        Err(Error::new(ErrorKind::InvalidSyntax, "a name of this platform begins with a letter"))
    }
}

/// `@` and the name in lower case, of letters, digits and the signs.
fn name(text: &str, lengths: std::ops::RangeInclusive<usize>, signs: &str) -> Result<String> {
    if let Some((position, _)) = text.char_indices().find(|&(_, c)| !c.is_ascii_alphanumeric() && !signs.contains(c)) {
        return Err(Error::new(ErrorKind::InvalidCharacter, "not in names of this platform").at(position as u64));
    }
    if lengths.contains(&text.len()) {
        Ok(format!("@{}", text.to_ascii_lowercase()))
    } else {
        Err(Error::new(ErrorKind::WrongLength, "names of this platform have another length"))
    }
}

/// A name in which dots stand alone and inside.
fn dotted(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<String> {
    if text.ends_with('.') || text.contains("..") {
        return Err(Error::new(ErrorKind::InvalidSyntax, "a dot at the end, or two together"));
    }
    name(text, lengths, "._")
}

//! Accounts at messaging and social platforms: `platform:@name` or `platform:id` (`docs/canonical.md`, handle).
//!
//! Names are given away again by the platforms; an id stays. Which one is meant shows in the canonical text.

// floor 0
mod platform;
// floor 1
mod link;

use crate::error::{Error, ErrorKind, Result};
use crate::identifier::trace::Trace;
use crate::identifier::{ParseOptions, ascii, text};
use link::Target;
use platform::Platform;

/// The longest link that is looked at.
const MAX_TEXT: usize = 2_048;

/// Reads a link to a profile, or a name or id after the platform and a colon.
///
/// # Errors
/// `InvalidSyntax` (no platform, a link to something else, or a telephone number), `UnsupportedScheme` (another
/// platform), `InvalidCharacter`, `WrongLength`, `TooLong`.
pub(super) fn canonical(raw: &str, _options: &ParseOptions, trace: &mut Trace) -> Result<String> {
    if raw.len() > MAX_TEXT {
        return Err(Error::from(ErrorKind::TooLong).at(MAX_TEXT as u64));
    }
    let text = text::refang(raw);
    trace.note("undo defanging", || text.clone().into_owned());
    let (platform, name) = match target(&text)? {
        Target::Account(platform, name) => (platform, name),
        Target::Phone(_) => {
            return Err(Error::new(
                ErrorKind::InvalidSyntax,
                "the account is its telephone number: use the kind phone",
            ));
        }
    };
    trace.note("platform and name", || format!("{}:{name}", platform.name()));
    let name = ascii::fold(&name, trace)?;
    Ok(format!("{}:{}", platform.name(), platform.account(&name)?))
}

/// Whether the text is its own canonical form. It is no link: a colon stands in its first segment.
pub(super) fn is_canonical(text: &str) -> bool {
    let Some((name, account)) = text.split_once(':') else { return false };
    Platform::from_name(name).is_some_and(|platform| {
        platform.name() == name && platform.account(account).is_ok_and(|found| found == account)
    })
}

/// The account that a link leads to, as its canonical text; `None` for bare forms.
pub(super) fn linked(raw: &str) -> Option<String> {
    link::read(&text::refang(raw))?.ok()?;
    canonical(raw, &ParseOptions::default(), &mut Trace::off()).ok()
}

/// Whether a canonical URL may lead to an account or telephone number: `false` is sure, for most URLs, at a glance.
pub(super) fn may_lead(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return true };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    // What the reader of links takes for the host.
    let host = authority.split(':').next().unwrap_or(authority).trim_end_matches('.');
    host.is_empty() || host.bytes().any(|byte| byte.is_ascii_uppercase()) || link::is_platform(host)
}

/// The telephone number that a link or bare form stands for, with a plus, where the platform's accounts are numbers.
pub(super) fn phone(raw: &str) -> Option<String> {
    match target(&text::refang(raw.get(..MAX_TEXT).unwrap_or(raw))) {
        Ok(Target::Phone(digits)) => Some(format!("+{digits}")),
        _ => None,
    }
}

fn target(text: &str) -> Result<Target> {
    if let Some(found) = link::read(text) {
        return found;
    }
    let Some((platform, name)) = text.split_once(':') else {
        return Err(Error::new(ErrorKind::InvalidSyntax, "write the platform before the name: telegram:@name"));
    };
    let platform = platform.trim().to_ascii_lowercase();
    if matches!(platform.as_str(), "whatsapp" | "wa" | "viber") {
        return match link::phone(name.trim()) {
            Some(phone) => Ok(phone),
            None => Err(Error::new(ErrorKind::InvalidSyntax, "a telephone number with country code is expected")),
        };
    }
    match Platform::from_name(&platform) {
        Some(platform) => Ok(Target::Account(platform, name.trim().to_owned())),
        None => Err(Error::new(ErrorKind::UnsupportedScheme, "no platform of this name is read here")),
    }
}

#[cfg(test)]
mod tests;

//! Links to accounts: which platform, and what of the path or query is the account.

use super::platform::Platform;
use crate::error::{Error, ErrorKind, Result};

/// What a link leads to.
pub(super) enum Target {
    /// An account by name or id.
    Account(Platform, String),
    /// An account that is a telephone number: its digits, with country code.
    Phone(String),
}

/// The domains of all links that [`web`] reads.
pub(super) const DOMAINS: [&str; 13] = [
    "wa.me",
    "whatsapp.com",
    "m.me",
    "ig.me",
    "t.me",
    "telegram.me",
    "telegram.dog",
    "line.me",
    "facebook.com",
    "fb.com",
    "messenger.com",
    "instagram.com",
    "tiktok.com",
];

/// Whether a host ends like one of a platform: no link at any other leads anywhere.
pub(super) fn is_platform(host: &str) -> bool {
    DOMAINS.iter().any(|domain| host.ends_with(domain))
}

/// First path segments that are no account.
const NO_ACCOUNT: [(Platform, &[&str]); 4] = [
    (
        Platform::Telegram,
        &[
            "share",
            "addstickers",
            "addemoji",
            "addlist",
            "addtheme",
            "proxy",
            "socks",
            "login",
            "setlanguage",
            "bg",
            "iv",
            "confirmphone",
            "boost",
            "giftcode",
            "contact",
            "invoice",
            "nft",
            "m",
            "k",
            "a",
        ],
    ),
    (
        Platform::Facebook,
        &[
            "groups",
            "events",
            "watch",
            "marketplace",
            "sharer",
            "sharer.php",
            "share",
            "share.php",
            "story.php",
            "photo.php",
            "photo",
            "permalink.php",
            "reel",
            "reels",
            "hashtag",
            "login",
            "login.php",
            "help",
            "dialog",
            "plugins",
            "gaming",
            "ads",
            "business",
            "policies",
            "l.php",
            "media",
            "search",
            "home.php",
            "videos",
            "stories",
        ],
    ),
    (
        Platform::Instagram,
        &["p", "reel", "reels", "explore", "accounts", "tv", "direct", "about", "legal", "developer", "share"],
    ),
    (Platform::TikTok, &[]),
];

/// The target, if the text is a link; `None` if it is a bare form.
pub(super) fn read(text: &str) -> Option<Result<Target>> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (String::new(), text.trim_start_matches("//")),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let rest = rest.split('#').next().unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next().unwrap_or_default().to_ascii_lowercase();
    let path: Vec<&str> = segments.collect();
    let found = match scheme.as_str() {
        "tg" => app_telegram(&first, query),
        "weixin" | "wechat" if first == "dl" && path.first() == Some(&"chat") => Some(account(Platform::WeChat, query)),
        "whatsapp" => parameter(query, "phone").and_then(|text| phone(&text)),
        "viber" => parameter(query, "number").and_then(|text| phone(&text)),
        "" if !first.contains('.') || first.contains(':') => return None,
        "" => web(&first, &path, query),
        "http" | "https" | "hxxp" | "hxxps" => {
            // What stands before an @ is a user's name, whatever it looks like.
            let host = first.rsplit('@').next().unwrap_or_default();
            web(host.split(':').next().unwrap_or_default(), &path, query)
        }
        _ => None,
    };
    Some(found.ok_or(Error::new(ErrorKind::InvalidSyntax, "the link does not lead to an account that is read here")))
}

/// The digits of a telephone number with country code, if the text is one.
pub(super) fn phone(text: &str) -> Option<Target> {
    let digits: String = text.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')' | '.')).collect();
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && !digits.starts_with('0')).then_some(Target::Phone(digits))
}

fn account(platform: Platform, name: &str) -> Target {
    Target::Account(platform, decoded(name))
}

fn app_telegram(first: &str, query: &str) -> Option<Target> {
    match first {
        "resolve" => match parameter(query, "phone") {
            Some(text) => phone(&text),
            None => Some(Target::Account(Platform::Telegram, parameter(query, "domain")?)),
        },
        "user" => Some(Target::Account(Platform::Telegram, parameter(query, "id")?)),
        "join" => Some(Target::Account(Platform::Telegram, format!("+{}", parameter(query, "invite")?))),
        _ => None,
    }
}

fn web(host: &str, path: &[&str], query: &str) -> Option<Target> {
    let host = host.trim_end_matches('.');
    let under = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    if !is_platform(host) {
        return None;
    }
    let first = path.first().copied().unwrap_or_default();
    let second = path.get(1).copied();
    match host {
        "wa.me" | "www.wa.me" => phone(&decoded(first)),
        "api.whatsapp.com" | "web.whatsapp.com" | "www.whatsapp.com" | "whatsapp.com" if first == "send" => {
            phone(&parameter(query, "phone")?)
        }
        "m.me" | "www.m.me" => named(Platform::Facebook, first),
        "ig.me" if first == "m" => Some(account(Platform::Instagram, &format!("@{}", second?))),
        "t.me" | "telegram.me" | "telegram.dog" | "www.t.me" | "www.telegram.me" => telegram(first, second),
        "line.me" | "www.line.me" => line(path),
        _ if under("facebook.com") || under("fb.com") => facebook(path, query),
        _ if under("messenger.com") && first == "t" => named(Platform::Facebook, second?),
        _ if matches!(host, "instagram.com" | "www.instagram.com" | "m.instagram.com") => match first {
            "stories" => Some(account(Platform::Instagram, &format!("@{}", second?))),
            _ => named(Platform::Instagram, first),
        },
        _ if matches!(host, "tiktok.com" | "www.tiktok.com" | "m.tiktok.com") => {
            decoded(first).starts_with('@').then(|| account(Platform::TikTok, first))
        }
        // `name.t.me`
        _ => match host.strip_suffix(".t.me") {
            Some(name) if !name.contains('.') => named(Platform::Telegram, name),
            _ => None,
        },
    }
}

fn telegram(first: &str, second: Option<&str>) -> Option<Target> {
    match first {
        "s" => named(Platform::Telegram, second?),
        "joinchat" => Some(account(Platform::Telegram, &format!("+{}", second?))),
        "c" => Some(account(Platform::Telegram, &format!("-100{}", second?))),
        _ => {
            let first = decoded(first);
            match first.strip_prefix('+') {
                Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => phone(digits),
                _ => named(Platform::Telegram, &first),
            }
        }
    }
}

/// `ti/p/~id`, `ti/p/@id` with or without `R` before; without a sign it is a token that names nobody.
fn line(path: &[&str]) -> Option<Target> {
    let path = match path {
        ["R" | "r", rest @ ..] => rest,
        path => path,
    };
    let ["ti", "p", name, ..] = path else { return None };
    let name = decoded(name);
    name.starts_with(['@', '~']).then_some(Target::Account(Platform::Line, name))
}

fn facebook(path: &[&str], query: &str) -> Option<Target> {
    let is_id = |text: &str| text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    match *path {
        ["profile.php", ..] => parameter(query, "id").map(|id| Target::Account(Platform::Facebook, id)),
        ["people" | "pages", _, id, ..] if is_id(id) => Some(account(Platform::Facebook, id)),
        ["p", slug, ..] => {
            let id = slug.rsplit('-').next().filter(|id| is_id(id))?;
            Some(account(Platform::Facebook, id))
        }
        ["people" | "pages" | "p", ..] | [] => None,
        [name, ..] => named(Platform::Facebook, name),
    }
}

/// An account by the first path segment, unless the platform uses that for something else.
fn named(platform: Platform, segment: &str) -> Option<Target> {
    let name = decoded(segment);
    let reserved = NO_ACCOUNT
        .iter()
        .any(|(known, words)| *known == platform && words.iter().any(|word| name.eq_ignore_ascii_case(word)));
    if name.is_empty() || reserved {
        return None;
    }
    // in a link to Instagram, digits alone are a name
    let sign = if platform == Platform::Instagram && !name.starts_with('@') { "@" } else { "" };
    Some(Target::Account(platform, format!("{sign}{name}")))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(decoded(value)).filter(|value| !value.is_empty())
}

/// The signs that stand percent-encoded in links to accounts.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    [("%40", "@"), ("%2B", "+"), ("%2b", "+"), ("%7E", "~"), ("%7e", "~"), ("%20", " "), ("%2E", "."), ("%2e", ".")]
        .iter()
        .fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

//! When a hit may be acted upon (`docs/life.md` §5).

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;

use bisik::{Action, Error, ErrorKind, Policy, Reason, Verdict};

use crate::abi::boundary::{self, enter, needed, put, release};
use crate::abi::error::{bisik_error, bisik_status};
use crate::abi::memory::text;
use crate::abi::report::bisik_report;
use crate::tables::c_text;

/// What has to come together before a hit may be acted upon. Immutable: any number of threads may use it.
pub struct bisik_policy(Policy);

/// What is to be done with an input that has hits: one of `BISIK_ACTION_…`.
pub type bisik_action = u32;

/// A person looks at it.
pub const BISIK_ACTION_REVIEW: bisik_action = 0;
/// The policy's conditions are met.
pub const BISIK_ACTION_ACT: bisik_action = 1;

/// An action, and why. Immutable.
pub struct bisik_verdict {
    action: bisik_action,
    /// Name and explanation of each reason.
    reasons: Vec<(CString, CString)>,
}

impl bisik_verdict {
    fn new(verdict: &Verdict) -> Self {
        let action = if verdict.action == Action::Act { BISIK_ACTION_ACT } else { BISIK_ACTION_REVIEW };
        let texts = |reason: &Reason| (c_text(reason.name()), c_text(&reason.to_string()));
        Self { action, reasons: verdict.reasons.iter().map(texts).collect() }
    }
}

/// Reads a policy: lines `name = value`, first for all kinds, then under `[kind]` for one. The empty text asks for two publishers.
///
/// `BISIK_BAD_POLICY`; the position is the line, from 1.
///
/// # Safety
/// `content` points to `content_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bisik_policy_parse(
    content: *const c_char,
    content_len: usize,
    out: Option<&mut MaybeUninit<*mut bisik_policy>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let out = needed(out)?;
        // SAFETY: the caller's promise.
        put(out, bisik_policy(Policy::parse(unsafe { text(content, content_len) }?)?));
        Ok(())
    })
}

/// Frees a policy. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_policy_free(policy: Option<Box<bisik_policy>>) {
    release(policy);
}

/// Decides about one input of a report, by all of its hits in all feeds. `index` is the input's position in the batch, as in
/// `bisik_hit.index`; 0 in the report of a single check.
///
/// `BISIK_INVALID_ARGUMENT` if the report has no hit of this input: then there is nothing to decide.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_report_decide(
    report: Option<&bisik_report>,
    index: u64,
    policy: Option<&bisik_policy>,
    now: u64,
    out: Option<&mut MaybeUninit<*mut bisik_verdict>>,
    error: Option<&mut MaybeUninit<*mut bisik_error>>,
) -> bisik_status {
    enter(error, || {
        let (report, policy, out) = (needed(report)?, needed(policy)?, needed(out)?);
        let found = report.hits_of(index);
        let (kind, hits) = found.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the input has no hit"))?;
        put(out, bisik_verdict::new(&policy.0.decide(kind, hits, report.feeds(), boundary::time(now)?)));
        Ok(())
    })
}

/// What is to be done; `BISIK_ACTION_REVIEW` for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_verdict_action(verdict: Option<&bisik_verdict>) -> bisik_action {
    verdict.map_or(BISIK_ACTION_REVIEW, |verdict| verdict.action)
}

/// How many reasons there are: what was counted, then what is missing; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_verdict_reasons(verdict: Option<&bisik_verdict>) -> usize {
    verdict.map_or(0, |verdict| verdict.reasons.len())
}

/// The stable name of a reason, for instance `too-few-publishers`. Lives as long as the verdict; NULL beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_verdict_reason(verdict: Option<&bisik_verdict>, position: usize) -> *const c_char {
    let reason = verdict.and_then(|verdict| verdict.reasons.get(position));
    reason.map_or(std::ptr::null(), |(name, _)| name.as_ptr())
}

/// The same in words, for instance `1 of 2 publishers`. Lives as long as the verdict; NULL beyond the last one.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_verdict_because(verdict: Option<&bisik_verdict>, position: usize) -> *const c_char {
    let reason = verdict.and_then(|verdict| verdict.reasons.get(position));
    reason.map_or(std::ptr::null(), |(_, words)| words.as_ptr())
}

/// Frees a verdict. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn bisik_verdict_free(verdict: Option<Box<bisik_verdict>>) {
    release(verdict);
}

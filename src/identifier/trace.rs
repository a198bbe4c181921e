//! The steps from a raw value to its canonical form, recorded only when somebody asks.

/// One step: the rule that was applied and the text after it.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done, with the clause of `docs/canonical.md` or the data version where it matters.
    pub rule: &'static str,
    /// The text after the step.
    pub after: String,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({:?}, ..)", self.rule)
    }
}

pub(crate) struct Trace(Option<Vec<Step>>);

impl Trace {
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    pub(crate) const fn on() -> Self {
        Self(Some(Vec::new()))
    }

    /// Records a step if the text differs from the last one; `after` is not called when nobody listens.
    pub(crate) fn note(&mut self, rule: &'static str, after: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.0 {
            let after = after();
            if steps.last().is_none_or(|last| last.after != after) {
                steps.push(Step { rule, after });
            }
        }
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.0.unwrap_or_default()
    }
}

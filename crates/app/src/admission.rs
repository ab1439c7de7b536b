//! Who may call the API at all, before any command (ENR-040, ROL-018).
//!
//! Decided on what the token says and on the account of its tenant, which the caller has read anyway: nothing is read
//! for it. The operator's policy is not either, so no policy opens this door.

use tierline_domain::time::Timestamp;
use tierline_rules::facts::{ApiCall, Caller, Facts};
use tierline_rules::{Checkpoint, Decision, decide};

/// Decides on a call.
///
/// # Errors
/// The decision, where the call is refused.
pub fn admit(now: Timestamp, caller: Caller, call: ApiCall) -> Result<(), Box<Decision>> {
    let mut facts = Facts::bare(Checkpoint::CallApi, now, caller);
    facts.form.api_call = Some(call);
    let verdict = decide(&facts, &[]);
    if verdict.allowed() {
        Ok(())
    } else {
        Err(Box::new(verdict.explain(&facts)))
    }
}

//! Continuation tokens: the place where a page ended, as text that clients only hand back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::problem::Problem;

/// The header that carries it.
const HEADER: &str = "MS-ContinuationToken";

/// The token of a place.
pub(crate) fn token<P: Serialize>(place: &P) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// The place that a call goes on from; none where it begins.
///
/// # Errors
/// A 400 where the token is none of this list.
pub(crate) fn place<P: DeserializeOwned>(call: &Call) -> Result<Option<P>, Problem> {
    let given = call.headers.get(HEADER);
    let given = given.and_then(|value| value.to_str().ok());
    let Some(given) = given.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    read(given)
        .map(Some)
        .ok_or_else(|| Problem::malformed(HEADER, "is not a token of this list"))
}

/// The place that a token stands for.
pub(crate) fn read<P: DeserializeOwned>(token: &str) -> Option<P> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    serde_json::from_slice(&bytes).ok()
}

//! Instants as venues write them: `2026-04-07T14:30:02.789012Z`.

use domain::time::Timestamp;

/// Text that is no instant.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no instant in the form of RFC 3339")]
pub(in crate::feeds) struct BadTime {
    text: String,
    #[source]
    source: jiff::Error,
}

/// Reads an instant; what is finer than a microsecond is cut off.
///
/// # Errors
///
/// [`BadTime`] when it is none.
pub(in crate::feeds) fn instant(text: &str) -> Result<Timestamp, BadTime> {
    let read: Result<jiff::Timestamp, _> = text.parse();
    let at = read.map_err(|source| BadTime {
        text: text.to_owned(),
        source,
    })?;
    Ok(Timestamp::from_micros(at.as_microsecond()))
}

//! What messages may say as bytes: text is UTF-8, and a goodbye has a code that RFC 6455 knows.

use crate::http::stream::closing::Closing;

/// Text that comes in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The beginning of a character whose end is still to come.
    begun: Vec<u8>,
}

impl Text {
    /// Takes the next bytes; refuses them as soon as nothing that follows could make them text.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Closing> {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(Closing::NoText),
        };
        self.begun.drain(..whole);
        Ok(())
    }

    /// Refuses text that ends within a character.
    pub(super) fn end(&self) -> Result<(), Closing> {
        if self.begun.is_empty() {
            Ok(())
        } else {
            Err(Closing::NoText)
        }
    }
}

/// Refuses a goodbye that RFC 6455 (7.4) does not know. None at all may be said.
pub(super) fn goodbye(said: &[u8]) -> Result<(), Closing> {
    let (code, why) = match said {
        [] => return Ok(()),
        [first, second, why @ ..] => (u16::from_be_bytes([*first, *second]), why),
        [_] => return Err(Closing::Protocol("a close code has two bytes")),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Closing::Protocol("no close code that may be sent"));
    }
    let mut text = Text::default();
    text.take(why)?;
    text.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_refused_at_the_first_byte_that_spoils_it() {
        // A surrogate, an overlong form, beyond Unicode: each known by its second byte.
        for spoilt in [b"\xed\xa0", b"\xe0\x80", b"\xf4\x90"] {
            let mut text = Text::default();
            assert_eq!(text.take("κόσ".as_bytes()), Ok(()));
            assert_eq!(text.take(&spoilt[..1]), Ok(()));
            assert_eq!(text.take(&spoilt[1..]), Err(Closing::NoText));
        }
        assert_eq!(Text::default().take(b"\xff"), Err(Closing::NoText));
    }

    #[test]
    fn characters_may_come_in_pieces_but_must_be_whole_at_the_end() {
        let mut text = Text::default();
        for byte in "κ🙂".as_bytes() {
            assert_eq!(text.take(&[*byte]), Ok(()));
        }
        assert_eq!(text.end(), Ok(()));
        assert_eq!(text.take(b"\xf0\x9f"), Ok(()));
        assert_eq!(text.end(), Err(Closing::NoText));
    }
}

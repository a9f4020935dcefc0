//! Messages that come in pieces. How large they may become was asked before ([`super::inbound`]).

use actix_http::ws::Item;
use actix_web::web::Bytes;
use actix_web_actors::ws::Message;

use super::closing::Closing;

/// The pieces of a message that is not complete.
#[derive(Debug, Default)]
pub struct Pieces {
    text: bool,
    bytes: Vec<u8>,
}

impl Pieces {
    /// Takes the next piece, and gives the whole message after its last one.
    ///
    /// # Errors
    ///
    /// When the whole is to be text and is none.
    pub fn join(&mut self, piece: Item) -> Result<Option<Message>, Closing> {
        match piece {
            Item::FirstText(bytes) => self.begin(true, &bytes),
            Item::FirstBinary(bytes) => self.begin(false, &bytes),
            Item::Continue(bytes) => self.bytes.extend(bytes),
            Item::Last(bytes) => {
                self.bytes.extend(bytes);
                return self.whole().map(Some);
            }
        }
        Ok(None)
    }

    fn begin(&mut self, text: bool, bytes: &Bytes) {
        self.text = text;
        self.bytes = bytes.to_vec();
    }

    fn whole(&mut self) -> Result<Message, Closing> {
        let bytes = std::mem::take(&mut self.bytes);
        if !self.text {
            return Ok(Message::Binary(bytes.into()));
        }
        let text = String::from_utf8(bytes).map_err(|_| Closing::NoText)?;
        Ok(Message::Text(text.into()))
    }
}

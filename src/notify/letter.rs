//! A letter: a mail as it goes out.

use std::time::{Duration, UNIX_EPOCH};

use domain::ports::mail::Mail;
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use sha2::{Digest as _, Sha256};

use super::templates::Words;

/// Why no letter can be made.
#[derive(Debug, thiserror::Error)]
#[error("no letter can be made: {0}")]
pub struct Unmade(String);

/// Says to programs that answer mails that nobody reads their answers (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What a mail is known by outside: the same each time it is tried, so that one that arrives twice
/// after all is seen to be one.
#[must_use]
pub fn name(mail: &Mail) -> String {
    let digest = Sha256::digest(mail.key.as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Makes a letter.
///
/// # Errors
///
/// [`Unmade`] when the address is none that mail can be sent to.
pub fn make(mail: &Mail, words: Words, from: &Mailbox) -> Result<Message, Unmade> {
    // Neither error repeats the address.
    let to = mail.recipient.as_str().parse::<lettre::Address>();
    let to = to.map_err(|error| Unmade(error.to_string()))?;
    let written = u64::try_from(mail.created.as_millis()).unwrap_or_default();
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(words.subject)
        .date(UNIX_EPOCH + Duration::from_millis(written))
        .message_id(Some(format!("<{}@{}>", name(mail), from.email.domain())))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(words.text, words.html))
        .map_err(|error| Unmade(error.to_string()))
}

#[cfg(test)]
mod tests {
    use domain::account::{Email, Sealed};
    use domain::time::Timestamp;

    use super::*;

    fn mail(key: &str) -> Mail {
        Mail {
            key: key.to_owned(),
            account: None,
            recipient: Email::parse("anna@example.org").unwrap(),
            template: "verify".into(),
            language: "ru".into(),
            params: Sealed(Vec::new()),
            created: Timestamp::from_millis(1_700_000_000_000),
        }
    }

    #[test]
    fn a_letter_is_the_same_mail_however_often_it_is_made() {
        let from: Mailbox = "Touchstone <touchstone@example.org>".parse().unwrap();
        let words = || Words {
            subject: "Подтвердите адрес".to_owned(),
            text: "слова".to_owned(),
            html: "<p>слова</p>".to_owned(),
        };
        let letter = |key| make(&mail(key), words(), &from).unwrap().formatted();
        let text = String::from_utf8(letter("verify:1")).unwrap();
        let id = |text: &str| {
            text.lines()
                .find(|it| it.starts_with("Message-ID: "))
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            id(&text),
            format!("Message-ID: <{}@example.org>", name(&mail("verify:1")))
        );
        assert_ne!(name(&mail("verify:1")), name(&mail("verify:2")));
        for line in [
            "To: anna@example.org",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(
            text.contains("multipart/alternative")
                && text.contains("text/plain")
                && text.contains("text/html")
        );
    }
}

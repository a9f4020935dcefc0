//! Addresses of mail, as accounts are known by.

use std::fmt;

/// The longest address that mail can be sent to (RFC 5321, section 4.5.3.1.3, less the brackets).
const LONGEST: usize = 254;

/// An address that mail can be sent to. Two that differ in their letters' case are one account's,
/// so the lower case is what is compared.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no address of mail; write it as name@example.org, at most 254 characters")]
pub struct BadEmail;

impl Email {
    /// Reads an address, and writes it in lower case.
    ///
    /// # Errors
    ///
    /// [`BadEmail`] when it has no name, no domain with a dot, or a character that no address has.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim().to_lowercase();
        let (name, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let plain =
            |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let fits = text.len() <= LONGEST
            && (1..=64).contains(&name.len())
            && name.chars().all(plain)
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..")
            && domain.contains('.')
            && domain.split('.').all(label);
        if fits { Ok(Self(text)) } else { Err(BadEmail) }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person's address stands in no log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_its_case_is_not_a_difference() {
        assert_eq!(
            Email::parse(" Anna.Lee+x@Example.ORG ").unwrap().as_str(),
            "anna.lee+x@example.org"
        );
        assert!(Email::parse("иван@почта.рф").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "anna",
            "@example.org",
            "anna@",
            "anna@localhost",
            "a b@example.org",
            "a@b@example.org",
            "anna@-example.org",
            "anna@example..org",
            ".anna@example.org",
            "<anna@example.org>",
            "anna@example.org\r\nBcc: b@example.org",
            &long,
        ] {
            assert_eq!(Email::parse(bad), Err(BadEmail), "{bad}");
        }
    }

    #[test]
    fn an_address_does_not_print() {
        assert!(!format!("{:?}", Email::parse("anna@example.org").unwrap()).contains("anna"));
    }
}

//! Stripe's test cards, by their numbers and by their tokens, and how each behaves.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// How a card takes a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Temper {
    Pays,
    /// It may be attached, and pays while its owner is there; without him it does not.
    Tires,
    /// It pays, and its owner disputes it at once.
    Disputes,
    Declines(Decline),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decline {
    Generic,
    Funds,
    Expired,
    /// No test card at all.
    NotATest,
}

impl Decline {
    /// The code and decline code of the error, and what it says.
    pub(crate) const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Generic => (
                "card_declined",
                "generic_decline",
                "Your card was declined.",
            ),
            Self::Funds => (
                "card_declined",
                "insufficient_funds",
                "Your card has insufficient funds.",
            ),
            Self::Expired => ("expired_card", "expired_card", "Your card has expired."),
            Self::NotATest => (
                "card_declined",
                "test_mode_live_card",
                "Your card was declined. Your request was in test mode, but used a non test card. \
                 For a list of valid test cards, visit: https://stripe.com/docs/testing.",
            ),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) brand: String,
    pub(crate) last4: String,
    pub(crate) month: i64,
    pub(crate) year: i64,
    pub(crate) temper: Temper,
}

/// Number, brand, the word of its tokens (`pm_card_WORD`, `tok_WORD`) and behaviour.
const CARDS: [(&str, &str, &str, Temper); 12] = [
    ("4242424242424242", "visa", "visa", Temper::Pays),
    ("4000056655665556", "visa", "visa_debit", Temper::Pays),
    ("5555555555554444", "mastercard", "mastercard", Temper::Pays),
    ("378282246310005", "amex", "amex", Temper::Pays),
    ("4000000000000077", "visa", "bypassPending", Temper::Pays),
    (
        "4000000000000341",
        "visa",
        "chargeCustomerFail",
        Temper::Tires,
    ),
    (
        "4000000000001976",
        "visa",
        "createDisputeInquiry",
        Temper::Disputes,
    ),
    (
        "4000000000000259",
        "visa",
        "createDispute",
        Temper::Disputes,
    ),
    (
        "4000000000000002",
        "visa",
        "chargeDeclined",
        Temper::Declines(Decline::Generic),
    ),
    (
        "4000000000000002",
        "visa",
        "visa_chargeDeclined",
        Temper::Declines(Decline::Generic),
    ),
    (
        "4000000000009995",
        "visa",
        "chargeDeclinedInsufficientFunds",
        Temper::Declines(Decline::Funds),
    ),
    (
        "4000000000000069",
        "visa",
        "chargeDeclinedExpiredCard",
        Temper::Declines(Decline::Expired),
    ),
];

impl Card {
    /// The card of a number as it is typed, with spaces or without.
    pub(crate) fn of_number(number: &str, month: i64, year: i64) -> Result<Self, Refusal> {
        let digits: String = number
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        if !is_a_number(&digits) {
            let mut refusal = Refusal::invalid("Your card number is incorrect.")
                .on("number")
                .coded("incorrect_number")
                .status(402);
            refusal.kind = super::refusal::Kind::Card;
            return Err(refusal);
        }
        let known = CARDS.iter().find(|(known, ..)| *known == digits);
        let (brand, temper) = known.map_or(
            ("visa", Temper::Declines(Decline::NotATest)),
            |(_, brand, _, temper)| (*brand, *temper),
        );
        Ok(Self {
            brand: brand.to_owned(),
            last4: digits[digits.len() - 4..].to_owned(),
            month,
            year,
            temper,
        })
    }

    /// The card that stands behind `pm_card_…` or `tok_…`.
    pub(crate) fn of_token(token: &str, year: i64) -> Option<Self> {
        let word = token
            .strip_prefix("pm_card_")
            .or_else(|| token.strip_prefix("tok_"))?;
        let (number, ..) = CARDS.iter().find(|(_, _, known, _)| *known == word)?;
        Self::of_number(number, 12, year).ok()
    }
}

/// Whether digits are a card's number, by their length and the sum of Luhn.
fn is_a_number(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    (12..=19).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_card_is_a_card() {
        for (number, ..) in CARDS {
            assert!(is_a_number(number), "{number}");
        }
    }

    #[test]
    fn a_slip_in_a_number_is_seen_and_a_real_card_is_turned_away() {
        assert!(Card::of_number("4242 4242 4242 4241", 1, 2030).is_err());
        let real = Card::of_number("4111 1111 1111 1111", 1, 2030).unwrap();
        assert_eq!(real.temper, Temper::Declines(Decline::NotATest));
    }
}

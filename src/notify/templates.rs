//! What mails say, in each language. The words lie under `web/mail` and are part of the program.
//!
//! A template has five blocks (`subject`, `opening`, `action`, `link`, `closing`), which one layout
//! makes text of and another one HTML.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;

/// The templates, and what each wants to be told besides where the platform is found.
pub const TEMPLATES: [(&str, &[&str]); 11] = [
    ("verify", &["token", "hours"]),
    ("already", &[]),
    ("reset", &["token", "hours"]),
    ("password_changed", &[]),
    ("second_factor_added", &[]),
    ("second_factor_removed", &[]),
    ("second_factor_reset", &[]),
    ("recovery_codes", &[]),
    ("plan_changed", &["plan", "until", "ends"]),
    ("payment_failed", &["plan", "until"]),
    ("subscription_ended", &["plan"]),
];

/// The languages that mails are written in; the first where another is asked for.
pub const LANGUAGES: [&str; 2] = ["en", "ru"];

/// The words of a mail.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// What it is about.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As a page.
    pub html: String,
}

/// There is no such template, or it was not told what it wants.
#[derive(Debug, thiserror::Error)]
#[error("the mail `{template}` could not be written: {why}")]
pub struct Unwritten {
    template: String,
    why: String,
}

macro_rules! words {
    ($($language:literal: $($name:literal)+;)+) => {
        &[$($((
            concat!($language, "/", $name),
            include_str!(concat!("../../web/mail/", $language, "/", $name, ".jinja")),
        ),)+)+]
    };
}

const WORDS: &[(&str, &str)] = words! {
    "en": "verify" "already" "reset" "password_changed" "second_factor_added" "second_factor_removed"
        "second_factor_reset" "recovery_codes" "plan_changed" "payment_failed" "subscription_ended";
    "ru": "verify" "already" "reset" "password_changed" "second_factor_added" "second_factor_removed"
        "second_factor_reset" "recovery_codes" "plan_changed" "payment_failed" "subscription_ended";
};

const TEXT: &str = include_str!("../../web/mail/letter.txt");
const HTML: &str = include_str!("../../web/mail/letter.html");

/// Two of them, because what is escaped depends on the layout and not on the words.
static AS_TEXT: LazyLock<Environment<'static>> = LazyLock::new(|| made(TEXT, AutoEscape::None));
static AS_HTML: LazyLock<Environment<'static>> = LazyLock::new(|| made(HTML, AutoEscape::Html));

fn made(layout: &'static str, escape: AutoEscape) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(move |_| escape.clone());
    for (name, source) in WORDS.iter().chain(&[("layout", layout)]) {
        let added = environment.add_template(name, source);
        added.expect("the templates in the program are read by its tests");
    }
    environment
}

/// Writes a mail. `params` are the members that [`TEMPLATES`] says, and `public_url`.
///
/// # Errors
///
/// [`Unwritten`].
pub fn write(template: &str, language: &str, params: &Value) -> Result<Words, Unwritten> {
    let known = LANGUAGES.into_iter().find(|it| *it == language);
    let language = known.unwrap_or(LANGUAGES[0]);
    let mut params = params.clone();
    params["layout"] = Value::from("layout");
    params["language"] = Value::from(language);
    let name = format!("{language}/{template}");
    let written = || {
        let text = AS_TEXT.get_template(&name)?;
        let mut text = text.render_captured(minijinja::value::Serde(&params))?;
        Ok::<_, minijinja::Error>(Words {
            subject: text.with_state_mut(|state| state.render_block("subject"))?,
            text: text.into_output(),
            html: AS_HTML
                .get_template(&name)?
                .render(minijinja::value::Serde(&params))?,
        })
    };
    written().map_err(|error| Unwritten {
        template: template.to_owned(),
        // What it was told stays out of it: that may be a link which opens an account.
        why: error.kind().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(wants: &[&str]) -> Value {
        let mut params = json!({ "public_url": "https://touchstone.example" });
        for name in wants {
            params[*name] = Value::from(format!("<{name}> & more"));
        }
        if wants.contains(&"ends") {
            params["ends"] = Value::from(false);
        }
        params
    }

    #[test]
    fn every_mail_is_written_in_every_language_and_says_all_that_it_was_told() {
        for (template, wants) in TEMPLATES {
            let mut subjects = Vec::new();
            for language in LANGUAGES {
                let words = write(template, language, &told(wants)).unwrap();
                for name in wants.iter().filter(|name| **name != "ends") {
                    assert!(
                        words.text.contains(&format!("<{name}> & more")),
                        "{template} {language}"
                    );
                    assert!(
                        words.html.contains(&format!("&lt;{name}&gt; &amp; more")),
                        "{template} {language}"
                    );
                    assert!(
                        !words.html.contains(&format!("<{name}>")),
                        "{template} {language}"
                    );
                }
                assert!(words.text.contains("https://touchstone.example/"));
                assert!(words.html.contains(&format!("lang=\"{language}\"")));
                assert!(!words.subject.is_empty() && !words.subject.contains('\n'));
                subjects.push(words.subject);
            }
            assert_ne!(
                subjects[0], subjects[1],
                "{template} is the same in two languages"
            );
        }
    }

    #[test]
    fn a_mail_that_is_not_told_all_that_it_wants_is_not_written_and_says_nothing_of_the_rest() {
        for (template, wants) in TEMPLATES {
            for (nth, name) in wants.iter().enumerate() {
                let mut rest = wants.to_vec();
                rest.remove(nth);
                let error = write(template, "en", &told(&rest)).unwrap_err().to_string();
                assert!(
                    error.contains(template) && !error.contains("more"),
                    "{name}: {error}"
                );
            }
        }
        assert!(write("nothing", "en", &told(&[])).is_err());
    }

    #[test]
    fn a_day_that_nobody_knows_is_left_out_and_an_end_is_told_as_one() {
        for language in LANGUAGES {
            for (template, ends) in [
                ("plan_changed", false),
                ("plan_changed", true),
                ("payment_failed", false),
            ] {
                let of = |until: Value| {
                    let params = json!({ "public_url": "https://a.example", "plan": "Pro", "until": until, "ends": ends });
                    write(template, language, &params).unwrap()
                };
                let (known, unknown) = (of(json!("2026-12-01")), of(Value::Null));
                assert!(
                    known.text.contains("2026-12-01") && !unknown.text.contains("none"),
                    "{}",
                    unknown.text
                );
                assert_eq!(
                    known.subject.contains("2026-12-01"),
                    ends,
                    "{}",
                    known.subject
                );
            }
        }
    }

    #[test]
    fn the_link_of_a_mail_can_be_pressed_as_it_is() {
        let params =
            json!({ "public_url": "https://a.example", "token": "ts_link_0a", "hours": 24 });
        let words = write("verify", "ru", &params).unwrap();
        assert!(
            words
                .text
                .contains("\nhttps://a.example/verify?token=ts_link_0a\n")
        );
        let slashes = words.html.replace("&#x2f;", "/");
        assert!(slashes.contains("href=\"https://a.example/verify?token=ts_link_0a\""));
        let other = write("verify", "fi", &params).unwrap();
        assert_eq!(other.subject, "Confirm your address");
    }
}

//! From a feed's bytes to text: its encoding, and what is refused before anything reads it.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far into a document its declaration may reach.
const DECLARATION: usize = 1_024;

/// Why a feed is not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadText {
    /// Nobody knows the encoding that it names, and it is not UTF-8 either.
    #[error("it says that its encoding is `{0}`, which nobody knows, and it is not UTF-8")]
    Encoding(String),
    /// It declares entities of its own.
    #[error(
        "it declares entities of its own (<!ENTITY …>), which feeds do not need and attacks do"
    )]
    Entities,
}

/// The document as text, without its XML declaration: what that says of the encoding is true no
/// more. The encoding is taken from the byte order mark, else from the XML declaration, else from
/// the HTTP header, else it is UTF-8. Bytes that are none in it become `U+FFFD`.
///
/// # Errors
///
/// [`BadText`] for an encoding that nobody knows and for entity declarations.
pub(super) fn text(body: &[u8], content_type: Option<&str>) -> Result<String, BadText> {
    let (encoding, mark) = match Encoding::for_bom(body) {
        Some((encoding, mark)) => (encoding, mark),
        None => (named(body, content_type)?, 0),
    };
    let bytes = body.get(mark..).unwrap_or_default();
    let (decoded, _) = encoding.decode_without_bom_handling(bytes);
    let document = without_declaration(&decoded);
    if declares_entities(document) {
        return Err(BadText::Entities);
    }
    Ok(match decoded {
        Cow::Owned(text) if document.len() == text.len() => text,
        Cow::Owned(_) | Cow::Borrowed(_) => document.to_owned(),
    })
}

fn named(body: &[u8], content_type: Option<&str>) -> Result<&'static Encoding, BadText> {
    if body.starts_with(b"<\0?\0") {
        return Ok(UTF_16LE);
    }
    if body.starts_with(b"\0<\0?") {
        return Ok(UTF_16BE);
    }
    let head = String::from_utf8_lossy(body.get(..DECLARATION).unwrap_or(body));
    let declared = declared(&head).or_else(|| content_type.and_then(charset));
    let Some(label) = declared else {
        return Ok(UTF_8);
    };
    match Encoding::for_label(label.as_bytes()) {
        // Whoever can read the label has read it as bytes, so it is wrong.
        Some(wide) if wide == UTF_16LE || wide == UTF_16BE => Ok(UTF_8),
        Some(encoding) => Ok(encoding),
        None if std::str::from_utf8(body).is_ok() => Ok(UTF_8),
        None => Err(BadText::Encoding(label.to_owned())),
    }
}

/// The encoding that an XML declaration names.
fn declared(head: &str) -> Option<&str> {
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| "\"'".contains(*quote))?;
    value.get(1..)?.split(quote).next().map(str::trim)
}

/// The charset of a `Content-Type`.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches(['"', '\'']))
    })
}

fn without_declaration(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix("<?xml") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest
            .split_once("?>")
            .map_or(text, |(_, rest)| rest.trim_start()),
        Some(_) | None => text,
    }
}

/// Is there an entity declaration before the root element? The parser expands none, but whoever
/// writes one has no feed in mind.
fn declares_entities(document: &str) -> bool {
    let mut rest = document;
    loop {
        rest = rest.trim_start();
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") {
            "?>"
        } else {
            break;
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    let Some(doctype) = rest.strip_prefix("<!DOCTYPE") else {
        return false;
    };
    let plain = doctype.find('>').unwrap_or(doctype.len());
    let subset = doctype.find('[').filter(|begins| *begins < plain);
    subset.is_some_and(|begins| {
        let inside = doctype.get(begins..).unwrap_or_default();
        let entity = inside.find("<!ENTITY");
        entity.is_some_and(|at| inside.find("]>").is_none_or(|ends| at < ends))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_taken_from_the_mark_then_the_declaration_then_the_header() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        assert_eq!(
            text(latin, Some("text/xml; charset=utf-8")).unwrap(),
            "<a>\u{e9}</a>"
        );
        assert_eq!(
            text(
                b"<a>\xcf\xf0</a>",
                Some("text/xml; Charset=\"windows-1251\"")
            )
            .unwrap(),
            "<a>Пр</a>"
        );
        let marked =
            b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"windows-1251\"?><a>\xc3\xa9</a>";
        assert_eq!(text(marked, None).unwrap(), "<a>\u{e9}</a>");
        let wide: Vec<u8> = "<?xml version='1.0'?><a>é</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(&wide, None).unwrap(), "<a>\u{e9}</a>");
    }

    #[test]
    fn a_wrong_label_is_not_believed_and_an_unknown_one_only_matters_where_it_must() {
        let lies = "<?xml version='1.0' encoding='UTF-16'?><a>é</a>";
        assert_eq!(text(lies.as_bytes(), None).unwrap(), "<a>é</a>");
        let unknown = "<?xml version='1.0' encoding='klingon'?><a>é</a>";
        assert_eq!(text(unknown.as_bytes(), None).unwrap(), "<a>é</a>");
        let refused = b"<?xml version='1.0' encoding='klingon'?><a>\xe9</a>";
        assert_eq!(
            text(refused, None),
            Err(BadText::Encoding("klingon".into()))
        );
    }

    #[test]
    fn entity_declarations_are_refused_and_an_old_doctype_is_not() {
        let bomb = "<?xml version=\"1.0\"?>\n<!-- x --><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><rss/>";
        assert_eq!(text(bomb.as_bytes(), None), Err(BadText::Entities));
        let file = "<!DOCTYPE r [ <!ENTITY x SYSTEM \"file:///etc/passwd\"> ]><rss/>";
        assert_eq!(text(file.as_bytes(), None), Err(BadText::Entities));
        let old = "<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" \"http://my.netscape.com/rss-0.91.dtd\"><rss><d><![CDATA[ [<!ENTITY ]]></d></rss>";
        assert!(text(old.as_bytes(), None).is_ok());
    }
}

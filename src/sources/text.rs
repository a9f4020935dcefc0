//! The plain text of a post's markup.

use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node};

/// A step of the walk through the markup.
enum Step<'a> {
    Enter(NodeRef<'a, Node>),
    /// A block ended: what follows begins on a line of its own.
    EndLine,
}

/// The text as a reader sees it: `<br>` and blocks end lines, an emoji is its character, a link
/// is its text.
pub(super) fn plain(element: ElementRef<'_>) -> String {
    // A stack of its own instead of recursion: how deep a page nests is not ours to decide.
    let mut text = String::new();
    let mut steps: Vec<Step<'_>> = vec![Step::Enter(*element)];
    while let Some(step) = steps.pop() {
        match step {
            Step::EndLine => end_line(&mut text),
            Step::Enter(node) => {
                if let Some(piece) = node.value().as_text() {
                    text.push_str(piece);
                    continue;
                }
                match node.value().as_element().map(scraper::node::Element::name) {
                    Some("br") => text.push('\n'),
                    Some("script" | "style" | "svg") => continue,
                    Some("div" | "p" | "blockquote" | "pre") => {
                        end_line(&mut text);
                        steps.push(Step::EndLine);
                    }
                    Some(_) | None => {}
                }
                steps.extend(node.children().rev().map(Step::Enter));
            }
        }
    }
    text.trim().to_owned()
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// The text of markup as feeds carry it. Where the markup itself makes the lines (`<br>`, `<p>`,
/// `<li>` and their like), the line breaks of its source are spaces, as in a browser; where it makes
/// none they are all there is, and are kept.
pub(super) fn flowing(markup: &str) -> String {
    let html = Html::parse_fragment(markup);
    let mut lines = Lines {
        flows: html
            .tree
            .nodes()
            .any(|node| element(node).is_some_and(|name| name == "br" || ends_line(name))),
        ..Lines::default()
    };
    let mut steps: Vec<Step<'_>> = vec![Step::Enter(*html.root_element())];
    while let Some(step) = steps.pop() {
        let node = match step {
            Step::EndLine => {
                lines.end();
                continue;
            }
            Step::Enter(node) => node,
        };
        if let Some(piece) = node.value().as_text() {
            lines.write(piece);
            continue;
        }
        match element(node) {
            Some("br") => lines.text.push('\n'),
            Some("script" | "style" | "svg") => continue,
            Some("td" | "th") => lines.write(" "),
            Some(name) if ends_line(name) => {
                lines.end();
                steps.push(Step::EndLine);
            }
            Some(_) | None => {}
        }
        steps.extend(node.children().rev().map(Step::Enter));
    }
    tidy(&lines.text)
}

fn element(node: NodeRef<'_, Node>) -> Option<&str> {
    node.value().as_element().map(scraper::node::Element::name)
}

fn ends_line(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "blockquote"
            | "div"
            | "dd"
            | "dt"
            | "figcaption"
            | "figure"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "li"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tr"
            | "ul"
    )
}

/// Text that grows line by line.
#[derive(Default)]
struct Lines {
    text: String,
    /// The source's own line breaks are spaces.
    flows: bool,
}

impl Lines {
    fn write(&mut self, piece: &str) {
        if !self.flows {
            self.text.push_str(piece);
            return;
        }
        for letter in piece.chars() {
            if !letter.is_ascii_whitespace() {
                self.text.push(letter);
            } else if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        }
    }

    fn end(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        end_line(&mut self.text);
    }
}

/// Lines without blanks at their ends, at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if !(line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n"))) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_of(markup: &str) -> String {
        plain(Html::parse_fragment(markup).root_element())
    }

    #[test]
    fn breaks_end_lines_and_marks_leave_only_their_text() {
        assert_eq!(
            plain_of("<b>&#036;ENA</b><b> update</b><br/><br/>Entry <a href='x'>0.50</a><br>done"),
            "$ENA update\n\nEntry 0.50\ndone"
        );
    }

    #[test]
    fn an_emoji_is_its_character() {
        assert_eq!(
            plain_of(
                r#"Go <tg-emoji><i class="emoji" style="background-image:url('//x')"><b>🚀</b></i></tg-emoji> BTC"#
            ),
            "Go 🚀 BTC"
        );
    }

    #[test]
    fn a_quoted_block_stands_on_lines_of_its_own() {
        assert_eq!(
            plain_of("before<blockquote>quoted</blockquote>after"),
            "before\nquoted\nafter"
        );
    }

    #[test]
    fn markup_that_makes_lines_makes_all_of_them() {
        assert_eq!(
            flowing(
                "<div class='md'><p>LONG\n   BTC</p> <p>Entry&nbsp;50000<br/>SL 49000</p>\n<ul><li>TP1 51000</li><li>TP2 52000</li></ul></div>"
            ),
            "LONG BTC\nEntry\u{a0}50000\nSL 49000\nTP1 51000\nTP2 52000"
        );
    }

    #[test]
    fn markup_that_makes_no_lines_keeps_those_of_its_source() {
        assert_eq!(
            flowing("LONG <b>BTC</b> &amp; ETH\r\nEntry < 50000\n\n\n\nSL 49000"),
            "LONG BTC & ETH\nEntry < 50000\n\nSL 49000"
        );
    }

    #[test]
    fn markup_nested_a_hundred_thousand_deep_is_read_without_harm() {
        let deep = format!(
            "{}LONG{}",
            "<span>".repeat(100_000),
            "</span>".repeat(100_000)
        );
        assert_eq!(plain_of(&deep), "LONG");
    }
}

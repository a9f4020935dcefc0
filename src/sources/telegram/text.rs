//! The plain text of a post's markup.

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};

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

#[cfg(test)]
mod tests {
    use scraper::Html;

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
    fn markup_nested_a_hundred_thousand_deep_is_read_without_harm() {
        let deep = format!(
            "{}LONG{}",
            "<span>".repeat(100_000),
            "</span>".repeat(100_000)
        );
        assert_eq!(plain_of(&deep), "LONG");
    }
}

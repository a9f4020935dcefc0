//! Pages of lists: the newest first, a page after an object or before it.

use serde_json::{Value, json};

use super::form::Form;
use super::objects::Time;
use super::refusal::Refusal;

/// Objects of a page, at most and by default.
const MOST: usize = 100;
const USUAL: usize = 10;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(crate) struct Listing {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
    created: Span,
}

/// Bounds of time.
#[derive(Debug, Default)]
struct Span {
    from: Option<Time>,
    until: Option<Time>,
}

impl Listing {
    pub(crate) fn take(form: &mut Form) -> Result<Self, Refusal> {
        let limit = form.value("limit")?.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let why = format!("Invalid limit: from 1 to {MOST}");
            return Err(Refusal::invalid(why).on("limit"));
        }
        let mut created = Span::default();
        if let Some(mut span) = form.within("created")? {
            let gte = span.value("gte")?;
            let gt = span.value::<Time>("gt")?.map(|time| time + 1);
            created.from = gte.or(gt);
            let lte = span.value("lte")?;
            let lt = span.value::<Time>("lt")?.map(|time| time - 1);
            created.until = lte.or(lt);
            span.finish()?;
        }
        Ok(Self {
            limit,
            after: form.text("starting_after")?.filter(|id| !id.is_empty()),
            before: form.text("ending_before")?.filter(|id| !id.is_empty()),
            created,
        })
    }

    /// The page, of objects that come in the order in which they were made.
    pub(crate) fn page<'a, T: 'a>(
        &self,
        url: &str,
        objects: impl DoubleEndedIterator<Item = &'a T>,
        id: impl Fn(&T) -> &str,
        created: impl Fn(&T) -> Time,
        show: impl Fn(&T) -> Value,
    ) -> Result<Value, Refusal> {
        let within = |time: Time| {
            self.created.from.is_none_or(|from| time >= from)
                && self.created.until.is_none_or(|until| time <= until)
        };
        let all: Vec<&T> = objects
            .rev()
            .filter(|object| within(created(object)))
            .collect();
        let place = |of: &Option<String>, param: &str| match of {
            None => Ok(None),
            Some(of) => {
                let found = all.iter().position(|object| id(object) == of);
                found
                    .map(Some)
                    .ok_or_else(|| Refusal::nobody("object", of, param))
            }
        };
        let (after, before) = (
            place(&self.after, "starting_after")?,
            place(&self.before, "ending_before")?,
        );
        let (page, more) = match (after, before) {
            (_, Some(before)) => {
                let from = before.saturating_sub(self.limit);
                (&all[from..before], from > 0)
            }
            (after, None) => {
                let from = after.map_or(0, |after| after + 1);
                let until = (from + self.limit).min(all.len());
                (&all[from..until], until < all.len())
            }
        };
        let data: Vec<_> = page.iter().map(|object| show(object)).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": more, "url": url }))
    }
}

//! Hashes: every record is what it was when it was hashed, none was added and none is gone.

use domain::chain::Hash;
use domain::ports::store::StoreError;

use super::{Part, Verified};
use crate::store::chain::records::{At, Hashed, Leaf, RECORDS, Record, Span};
use crate::store::chain::{leaves, places, tree};
use crate::store::database::Database;
use crate::wire::chain::written;

/// How many records and hashes are held in memory at once.
const PAGE: usize = 1_000;

pub(super) async fn verify<D: Database>(
    database: &D,
    part: &Part,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    for record in &RECORDS {
        compare(database, record, part, verified).await?;
    }
    for seal in &part.seals {
        let sealed = &seal.seal.sealed;
        let tree = tree(database, sealed.after, sealed.through).await?;
        let day = written(sealed.day);
        if verified.is_broken("seals", &day) {
            continue;
        }
        if tree.leaves() != sealed.records {
            let why = format!(
                "{} hashes are there, and {} were sealed",
                tree.leaves(),
                sealed.records
            );
            verified.find("leaves", day, why);
        } else if tree.root() != sealed.root {
            let why = format!(
                "their root is {}, and {} was sealed",
                tree.root(),
                sealed.root
            );
            verified.find("leaves", day, why);
        }
    }
    for (table, waiting) in places::waiting(database).await? {
        verified.note(format!(
            "{waiting} {table} have no place in the chain yet, so they are not covered: whoever writes the \
             record gives them one, and the seal of that day is the first to hold them"
        ));
    }
    if verified.forgotten > 0 {
        let note = format!(
            "{} events before {} are no longer kept: what they told cannot be shown, but their hashes \
             are in the seals",
            verified.forgotten, part.first
        );
        verified.note(note);
    }
    Ok(())
}

/// Goes through the records of a kind and their hashes side by side.
async fn compare<D: Database>(
    database: &D,
    record: &Record,
    part: &Part,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let span = Span::between(part.after, part.through);
    let (mut records, mut hashes) = (Pages::new(span.clone()), Pages::new(span));
    loop {
        if records.wants_more() {
            let mut session = database.read().await?;
            let page = record.page(&mut session, &records.span, PAGE).await?;
            records.more(page);
        }
        if hashes.wants_more() {
            let mut session = database.read().await?;
            let page = leaves::page(&mut session, record, &hashes.span, PAGE).await?;
            let page = page.into_iter().map(|Leaf { at, hash }| (at, hash));
            hashes.more(page.collect());
        }
        match (records.peek(), hashes.peek()) {
            (None, None) => return Ok(()),
            (Some(here), Some(then)) if here == then => {
                let (Some((at, now)), Some((_, sealed))) = (records.next(), hashes.next()) else {
                    return Ok(());
                };
                verified.records += 1;
                same(record, &at, now, sealed, verified);
            }
            (Some(here), then) if then.is_none_or(|then| here < then) => {
                if here.place <= part.sealed {
                    let why = "it was not there when its day was sealed";
                    verified.find(record.table, here.key.clone(), why);
                }
                records.next();
            }
            (_, Some(gone)) => {
                if record.table == "events" && gone.place < part.first {
                    verified.forgotten += 1;
                } else {
                    let why = "it is gone; it was there when it was hashed";
                    verified.find(record.table, gone.key.clone(), why);
                    if record.table == "events" {
                        verified.gone = verified.gone.max(gone.place);
                    }
                }
                hashes.next();
            }
            (Some(_), None) => {
                records.next();
            }
        }
    }
}

fn same(
    record: &Record,
    at: &At,
    now: Result<Hashed, StoreError>,
    sealed: Hash,
    verified: &mut Verified,
) {
    match now {
        Ok(now) if now.is(sealed) => {}
        Ok(now) => {
            let why = format!(
                "it was changed: expected the hash {sealed}, found {}",
                now.whole
            );
            verified.find(record.table, at.key.clone(), why);
        }
        Err(error) => {
            let why = format!("it was changed: {error}");
            verified.find(record.table, at.key.clone(), why);
        }
    }
}

/// A list that is read page by page.
struct Pages<T> {
    span: Span,
    page: std::vec::IntoIter<(At, T)>,
    peeked: Option<(At, T)>,
    done: bool,
}

impl<T> Pages<T> {
    fn new(span: Span) -> Self {
        Self {
            span,
            page: Vec::new().into_iter(),
            peeked: None,
            done: false,
        }
    }

    const fn wants_more(&self) -> bool {
        self.peeked.is_none() && !self.done
    }

    fn more(&mut self, page: Vec<(At, T)>) {
        self.done = page.len() < PAGE;
        if let Some((last, _)) = page.last() {
            self.span.after = last.clone();
        }
        self.page = page.into_iter();
        self.peeked = self.page.next();
    }

    fn peek(&self) -> Option<&At> {
        self.peeked.as_ref().map(|(at, _)| at)
    }

    fn next(&mut self) -> Option<(At, T)> {
        let next = self.peeked.take();
        self.peeked = self.page.next();
        next
    }
}

//! What a request says: form fields with nested brackets, taken one by one, so that what nobody
//! took is known to be unknown.

use std::str::FromStr;

use indexmap::IndexMap;

use super::refusal::Refusal;

/// Fields of one request, and how deep they may nest.
const FIELDS: usize = 500;
const DEPTH: usize = 6;

/// What may be attached to an object.
pub(crate) type Metadata = IndexMap<String, String>;
const METADATA: usize = 50;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Text(String),
    Tree(IndexMap<String, Field>),
}

/// The fields of a request, or those within one of its brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: IndexMap<String, Field>,
    /// Where this form lies in the whole: `line_items[0]`.
    place: String,
}

impl Form {
    /// Reads `a=1&b[c][0]=2&d[]=3`.
    pub(crate) fn read(text: &[u8]) -> Result<Self, Refusal> {
        let mut form = Self::default();
        for (count, (name, value)) in url::form_urlencoded::parse(text).enumerate() {
            if count >= FIELDS {
                return Err(Refusal::invalid(format!(
                    "A request has at most {FIELDS} parameters"
                )));
            }
            form.put(&name, value.into_owned())?;
        }
        Ok(form)
    }

    /// The other's fields beside one's own.
    pub(crate) fn join(&mut self, other: Self) {
        self.fields.extend(other.fields);
    }

    fn put(&mut self, name: &str, value: String) -> Result<(), Refusal> {
        let odd = || Refusal::invalid(format!("Invalid parameter name: {name}")).on(name);
        let (first, rest) = name.split_once('[').unwrap_or((name, ""));
        let mut path = vec![first];
        if !rest.is_empty() {
            path.extend(rest.strip_suffix(']').ok_or_else(odd)?.split("]["));
        }
        if first.is_empty() || path.len() > DEPTH {
            return Err(odd());
        }
        let mut at = &mut self.fields;
        let last = path.pop().ok_or_else(odd)?;
        for step in path {
            let step = nth(step, at.len());
            let next = at
                .entry(step)
                .or_insert_with(|| Field::Tree(IndexMap::new()));
            let Field::Tree(tree) = next else {
                return Err(odd());
            };
            at = tree;
        }
        at.insert(nth(last, at.len()), Field::Text(value));
        Ok(())
    }

    fn name(&self, field: &str) -> String {
        if self.place.is_empty() {
            field.to_owned()
        } else {
            format!("{}[{field}]", self.place)
        }
    }

    /// A field as it was sent; empty where it is to be unset.
    pub(crate) fn text(&mut self, field: &str) -> Result<Option<String>, Refusal> {
        match self.fields.shift_remove(field) {
            None => Ok(None),
            Some(Field::Text(text)) if text.len() <= 5000 => Ok(Some(text)),
            Some(Field::Text(_)) => {
                let why = format!("Invalid string: {field} is longer than 5000 characters");
                Err(Refusal::invalid(why).on(self.name(field)))
            }
            Some(Field::Tree(_)) => Err(Refusal::invalid("Invalid string").on(self.name(field))),
        }
    }

    pub(crate) fn required(&mut self, field: &str) -> Result<String, Refusal> {
        let found = self.text(field)?.filter(|text| !text.is_empty());
        found.ok_or_else(|| Refusal::missing(&self.name(field)))
    }

    /// A number or a flag.
    pub(crate) fn value<T: FromStr>(&mut self, field: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(field)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let odd = |_| {
            let kind = std::any::type_name::<T>();
            let kind = if kind == "bool" { "boolean" } else { "integer" };
            Refusal::invalid(format!("Invalid {kind}: {text}"))
                .on(self.name(field))
                .coded("parameter_invalid_integer")
        };
        text.parse().map(Some).map_err(odd)
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        field: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(field)? else {
            return Ok(None);
        };
        let found = words.iter().find(|(word, _)| *word == text);
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let why = format!("Invalid {field}: must be one of {}", known.join(", or "));
            Refusal::invalid(why).on(self.name(field))
        })
    }

    /// The fields within brackets; an empty text stands for none.
    pub(crate) fn within(&mut self, field: &str) -> Result<Option<Self>, Refusal> {
        let place = self.name(field);
        match self.fields.shift_remove(field) {
            None => Ok(None),
            Some(Field::Text(text)) if text.is_empty() => Ok(None),
            Some(Field::Text(_)) => Err(Refusal::invalid("Invalid object").on(place)),
            Some(Field::Tree(fields)) => Ok(Some(Self { fields, place })),
        }
    }

    /// The forms of a list: `items[0][…]`, `items[1][…]`.
    pub(crate) fn each(&mut self, field: &str) -> Result<Vec<Self>, Refusal> {
        let Some(mut list) = self.within(field)? else {
            return Ok(Vec::new());
        };
        let places: Vec<_> = list.fields.keys().cloned().collect();
        let mut forms = Vec::new();
        for place in places {
            let odd = Refusal::invalid("Invalid object").on(list.name(&place));
            forms.push(list.within(&place)?.ok_or(odd)?);
        }
        Ok(forms)
    }

    /// The texts of a list: `expand[]=…`.
    pub(crate) fn texts(&mut self, field: &str) -> Result<Vec<String>, Refusal> {
        let Some(mut list) = self.within(field)? else {
            return Ok(Vec::new());
        };
        let places: Vec<_> = list.fields.keys().cloned().collect();
        places.iter().map(|place| list.required(place)).collect()
    }

    /// Takes `metadata` into what is there: an empty value removes its key.
    pub(crate) fn metadata(&mut self, kept: &mut Metadata) -> Result<(), Refusal> {
        if self.fields.get("metadata") == Some(&Field::Text(String::new())) {
            kept.clear();
        }
        let Some(mut sent) = self.within("metadata")? else {
            return Ok(());
        };
        let keys: Vec<_> = sent.fields.keys().cloned().collect();
        for key in keys {
            let value = sent.text(&key)?.unwrap_or_default();
            if key.len() > 40 || value.len() > 500 {
                let why = "Metadata keys can have up to 40 characters, and values up to 500";
                return Err(Refusal::invalid(why).on(sent.name(&key)));
            }
            if value.is_empty() {
                kept.shift_remove(&key);
            } else {
                kept.insert(key, value);
            }
        }
        if kept.len() > METADATA {
            let why = format!("You can specify up to {METADATA} keys of metadata");
            return Err(Refusal::invalid(why).on("metadata"));
        }
        Ok(())
    }

    /// Takes what may be there and says nothing here.
    pub(crate) fn ignore(&mut self, fields: &[&str]) {
        for field in fields {
            self.fields.shift_remove(*field);
        }
    }

    /// Whatever nobody took is unknown to this room.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(left) => Err(Refusal::unknown(&self.name(left))),
        }
    }
}

/// `a[]` stands for the next place of a list.
fn nth(step: &str, len: usize) -> String {
    if step.is_empty() {
        len.to_string()
    } else {
        step.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest_and_empty_ones_count() {
        let mut form = Form::read(b"line_items[0][price]=price_1&line_items%5B1%5D%5Bprice%5D=price_2&expand[]=a&expand[]=b.c").unwrap();
        let mut items = form.each("line_items").unwrap();
        assert_eq!(items[1].text("price").unwrap().as_deref(), Some("price_2"));
        assert_eq!(form.texts("expand").unwrap(), ["a", "b.c"]);
        assert_eq!(form.finish(), Ok(()));
    }

    #[test]
    fn what_nobody_took_is_refused_by_its_whole_name() {
        let mut form = Form::read(b"recurring[interval]=month&recurring[tide]=low").unwrap();
        let mut recurring = form.within("recurring").unwrap().unwrap();
        recurring.text("interval").unwrap();
        let refusal = recurring.finish().unwrap_err();
        assert_eq!(
            refusal.message,
            "Received unknown parameter: recurring[tide]"
        );
    }

    #[test]
    fn an_empty_value_removes_a_key_of_the_metadata() {
        let mut kept = Metadata::from_iter([("a".to_owned(), "1".to_owned())]);
        Form::read(b"metadata[a]=&metadata[b]=2")
            .unwrap()
            .metadata(&mut kept)
            .unwrap();
        assert_eq!(
            kept,
            Metadata::from_iter([("b".to_owned(), "2".to_owned())])
        );
    }

    #[test]
    fn a_name_that_is_text_and_tree_at_once_is_refused() {
        assert!(Form::read(b"a=1&a[b]=2").is_err());
        assert!(Form::read(b"a[b=2").is_err());
        assert!(Form::read(b"a[b][c][d][e][f][g][h]=2").is_err());
    }
}

//! What is sold: products and their prices.

use super::{Ledger, find, room_in};
use crate::payments::form::{Form, Metadata};
use crate::payments::objects::{Id, Interval, Price, Product, Recurring};
use crate::payments::refusal::Refusal;

impl Ledger {
    pub(crate) fn create_product(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let wanted = form.text("id")?.filter(|id| !id.is_empty());
        let name = form.required("name")?;
        let mut product = Product {
            id: String::new(),
            created: self.now,
            updated: self.now,
            name,
            description: None,
            active: true,
            default_price: None,
            metadata: Metadata::new(),
        };
        self.describe_product(&mut product, &mut form)?;
        let price = form.within("default_price_data")?;
        form.finish()?;
        if let Some(taken) = wanted.as_ref().filter(|id| self.products.contains_key(*id)) {
            let why = format!("Product already exists: {taken}");
            return Err(Refusal::invalid(why)
                .on("id")
                .coded("resource_already_exists"));
        }
        room_in(&self.products, "products")?;
        let id = wanted.unwrap_or_else(|| self.draw("prod_"));
        product.id.clone_from(&id);
        let price = match price {
            Some(form) => Some(self.draft_price(form, id.clone())?),
            None => None,
        };
        product.default_price = price.as_ref().map(|price| price.id.clone());
        self.products.insert(id.clone(), product);
        self.told_of(&id, "product.created");
        if let Some(price) = price {
            self.add_price(price);
        }
        Ok(id)
    }

    pub(crate) fn update_product(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut product = find(&self.products, "product", id, "id")?.clone();
        if let Some(name) = form.text("name")? {
            product.name = name;
        }
        self.describe_product(&mut product, &mut form)?;
        if let Some(price) = form.text("default_price")? {
            find(&self.prices, "price", &price, "default_price")?;
            product.default_price = Some(price);
        }
        form.finish()?;
        product.updated = self.now;
        self.watched(id, "product.updated", |ledger| {
            ledger.products.insert(id.to_owned(), product);
            Ok(())
        })
    }

    fn describe_product(&self, product: &mut Product, form: &mut Form) -> Result<(), Refusal> {
        if let Some(text) = form.text("description")? {
            product.description = Some(text).filter(|text| !text.is_empty());
        }
        if let Some(active) = form.value("active")? {
            product.active = active;
        }
        form.word("type", &[("service", ())])?;
        form.metadata(&mut product.metadata)
    }

    pub(crate) fn delete_product(&mut self, id: &str) -> Result<(), Refusal> {
        find(&self.products, "product", id, "id")?;
        if self.prices.values().any(|price| price.product == id) {
            let why =
                "This product cannot be deleted because it has one or more user-created prices.";
            return Err(Refusal::invalid(why));
        }
        self.told_of(id, "product.deleted");
        self.products.shift_remove(id);
        Ok(())
    }

    pub(crate) fn create_price(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let product = match form.within("product_data")? {
            Some(data) => self.create_product(data)?,
            None => form.required("product")?,
        };
        find(&self.products, "product", &product, "product")?;
        let transfer = form.value("transfer_lookup_key")?.unwrap_or(false);
        let key = form.text("lookup_key")?.filter(|key| !key.is_empty());
        let mut price = self.draft_price(form, product)?;
        if let Some(key) = &key {
            self.give_key(key, transfer)?;
        }
        price.lookup_key = key;
        let id = price.id.clone();
        self.add_price(price);
        Ok(id)
    }

    fn add_price(&mut self, price: Price) {
        let id = price.id.clone();
        self.prices.insert(id.clone(), price);
        self.told_of(&id, "price.created");
    }

    fn draft_price(&mut self, mut form: Form, product: Id) -> Result<Price, Refusal> {
        room_in(&self.prices, "prices")?;
        let currency = form.required("currency")?.to_lowercase();
        if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
            return Err(Refusal::invalid(format!("Invalid currency: {currency}")).on("currency"));
        }
        let amount = match form.value::<i64>("unit_amount")? {
            Some(amount) => Some(amount),
            None => form.value::<i64>("unit_amount_decimal")?,
        };
        let amount = amount.ok_or_else(|| Refusal::missing("unit_amount"))?;
        if !(0..=99_999_999).contains(&amount) {
            let why = "Invalid non-negative integer or too large";
            return Err(Refusal::invalid(why).on("unit_amount"));
        }
        let recurring = form.within("recurring")?.map(recurring).transpose()?;
        let active = form.value("active")?.unwrap_or(true);
        let nickname = form.text("nickname")?.filter(|text| !text.is_empty());
        let mut metadata = Metadata::new();
        form.metadata(&mut metadata)?;
        form.word("billing_scheme", &[("per_unit", ())])?;
        form.word("tax_behavior", &[("unspecified", ())])?;
        form.finish()?;
        Ok(Price {
            id: self.draw("price_"),
            created: self.now,
            product,
            active,
            currency,
            amount,
            recurring,
            lookup_key: None,
            nickname,
            metadata,
        })
    }

    pub(crate) fn update_price(&mut self, id: &str, mut form: Form) -> Result<(), Refusal> {
        let mut price = find(&self.prices, "price", id, "id")?.clone();
        if let Some(active) = form.value("active")? {
            price.active = active;
        }
        if let Some(nickname) = form.text("nickname")? {
            price.nickname = Some(nickname).filter(|text| !text.is_empty());
        }
        form.metadata(&mut price.metadata)?;
        let transfer = form.value("transfer_lookup_key")?.unwrap_or(false);
        let key = form.text("lookup_key")?;
        form.finish()?;
        if let Some(key) = key {
            if !key.is_empty() && price.lookup_key.as_ref() != Some(&key) {
                self.give_key(&key, transfer)?;
            }
            price.lookup_key = Some(key).filter(|key| !key.is_empty());
        }
        self.watched(id, "price.updated", |ledger| {
            ledger.prices.insert(id.to_owned(), price);
            Ok(())
        })
    }

    /// Frees a lookup key for another price; without `transfer` it stays where it is.
    fn give_key(&mut self, key: &str, transfer: bool) -> Result<(), Refusal> {
        let has = |price: &&Price| price.lookup_key.as_deref() == Some(key);
        let Some(holder) = self.prices.values().find(has).map(|price| price.id.clone()) else {
            return Ok(());
        };
        if !transfer {
            let why = format!(
                "A price (`{holder}`) already uses that lookup key. Use `transfer_lookup_key` to transfer it."
            );
            return Err(Refusal::invalid(why)
                .on("lookup_key")
                .coded("resource_already_exists"));
        }
        self.noticed(&holder, "price.updated", |ledger| {
            if let Some(price) = ledger.prices.get_mut(&holder) {
                price.lookup_key = None;
            }
        });
        Ok(())
    }
}

fn recurring(mut form: Form) -> Result<Recurring, Refusal> {
    let interval = form.word("interval", &Interval::WORDS)?;
    let interval = interval.ok_or_else(|| Refusal::missing("recurring[interval]"))?;
    let count = form.value("interval_count")?.unwrap_or(1);
    form.word("usage_type", &[("licensed", ())])?;
    form.finish()?;
    if !(1..=36).contains(&count) {
        let why = "Invalid interval_count: at most three years";
        return Err(Refusal::invalid(why).on("recurring[interval_count]"));
    }
    Ok(Recurring { interval, count })
}

//! The customer portal: whoever has its link may change his card and his subscriptions.

use super::{Ledger, room_in};
use crate::payments::form::Form;
use crate::payments::objects::{Id, Price};
use crate::payments::papers::Portal;
use crate::payments::refusal::Refusal;

/// How long a portal's link is good, in seconds.
const LINK: i64 = 3600;

/// The one configuration that the room's portal has.
pub(crate) const CONFIGURATION: &str = "bpc_simulator";

impl Ledger {
    pub(crate) fn create_portal(&mut self, mut form: Form) -> Result<Id, Refusal> {
        let customer = form.required("customer")?;
        self.customer(&customer, "customer")?;
        let return_url = form.text("return_url")?.filter(|url| !url.is_empty());
        if let Some(other) = form.text("configuration")?.filter(|id| id != CONFIGURATION) {
            return Err(Refusal::nobody("configuration", &other, "configuration"));
        }
        form.ignore(&["locale"]);
        form.finish()?;
        room_in(&self.portals, "portal sessions")?;
        let id = self.draw("bps_");
        let portal = Portal {
            id: id.clone(),
            created: self.now,
            customer,
            return_url,
            slug: self.draw("test_"),
        };
        self.portals.insert(id.clone(), portal);
        self.told_of(&id, "billing_portal.session.created");
        Ok(id)
    }

    /// The portal behind a link, while the link is good.
    pub(crate) fn portal(&self, slug: &str) -> Option<&Portal> {
        let mut portals = self.portals.values();
        let portal = portals.rfind(|portal| portal.slug == slug)?;
        (self.now - portal.created < LINK).then_some(portal)
    }

    /// The prices that a subscriber may change to.
    pub(crate) fn offers(&self) -> impl Iterator<Item = &Price> {
        self.prices.values().filter(|price| {
            let sold = self.products.get(&price.product);
            price.active && price.recurring.is_some() && sold.is_some_and(|sold| sold.active)
        })
    }

    /// Makes a card the one that all of a customer's subscriptions are paid with.
    pub(crate) fn change_card(&mut self, customer: &str, card: &str) -> Result<(), Refusal> {
        let card = self.attach(card, customer, "payment_method")?;
        self.noticed(customer, "customer.updated", |ledger| {
            if let Some(customer) = ledger.customers.get_mut(customer) {
                customer.default_method = Some(card.clone());
            }
        });
        for id in self.living(customer) {
            self.noticed(&id, "customer.subscription.updated", |ledger| {
                if let Some(kept) = ledger.subscriptions.get_mut(&id) {
                    kept.default_method = Some(card.clone());
                }
            });
        }
        Ok(())
    }
}

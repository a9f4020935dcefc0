//! Changing plans, and clocks of their own.

use super::*;

#[test]
fn a_cheaper_plan_leaves_a_credit_that_the_next_invoice_uses_up() {
    let mut desk = Desk::new();
    let (pro, premium) = (desk.price(4900, "month"), desk.price(1900, "month"));
    let customer = desk.customer("pm_card_visa");
    let kept = desk.subscribe(&customer, &pro, "");
    let item = kept["items"]["data"][0]["id"].as_str().unwrap();
    let form =
        format!("items[0][id]={item}&items[0][price]={premium}&proration_behavior=always_invoice");
    desk.post(&format!("subscriptions/{}", id(&kept)), &form);
    // Changed in the first second, so the whole difference is owed back.
    assert_eq!(
        desk.get(&format!("customers/{customer}"), "")["balance"],
        -3000
    );
    desk.pass(32 * DAY);
    let bill = &desk.get("invoices", "limit=1")["data"][0];
    assert_eq!(
        (&bill["total"], &bill["amount_due"], &bill["ending_balance"]),
        (&1900.into(), &0.into(), &(-1100).into())
    );
}

#[test]
fn a_yearly_plan_begins_today_and_takes_the_rest_of_the_month_off() {
    let mut desk = Desk::new();
    let (monthly, yearly) = (desk.price(3000, "month"), desk.price(19_000, "year"));
    let customer = desk.customer("pm_card_visa");
    let kept = desk.subscribe(&customer, &monthly, "");
    let item = &kept["items"]["data"][0];
    let (from, until) = (
        item["current_period_start"].as_i64().unwrap(),
        item["current_period_end"].as_i64().unwrap(),
    );
    desk.pass((until - from) / 3);
    let form = format!(
        "items[0][id]={}&items[0][price]={yearly}",
        item["id"].as_str().unwrap()
    );
    let changed = desk.post(&format!("subscriptions/{}", id(&kept)), &form);
    assert_eq!(
        changed["items"]["data"][0]["current_period_start"],
        desk.0.now
    );
    let bill = &desk.get("invoices", "limit=1")["data"][0];
    assert_eq!(
        (&bill["amount_paid"], &bill["billing_reason"]),
        (&17_000.into(), &"subscription_update".into())
    );
}

#[test]
fn a_test_clock_moves_its_own_customers_and_nobody_else() {
    let mut desk = Desk::new();
    let price = desk.price(1900, "month");
    let clock = id(&desk.post("test_helpers/test_clocks", &format!("frozen_time={START}")));
    let mut kept = Vec::new();
    for more in [format!("&test_clock={clock}"), String::new()] {
        let card =
            "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa";
        let customer = id(&desk.post("customers", &format!("{card}{more}")));
        kept.push(id(&desk.subscribe(&customer, &price, "")));
    }
    let later = START + 45 * DAY;
    desk.post(
        &format!("test_helpers/test_clocks/{clock}/advance"),
        &format!("frozen_time={later}"),
    );
    let bills = |desk: &mut Desk, id: &str| {
        desk.get("invoices", &format!("subscription={id}"))["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        (bills(&mut desk, &kept[0]), bills(&mut desk, &kept[1])),
        (2, 1)
    );
}

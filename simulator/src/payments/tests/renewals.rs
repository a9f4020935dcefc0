//! What time brings: renewals, trials, and what is not paid.

use super::*;

#[test]
fn a_year_of_months_is_twelve_renewals_on_the_same_day() {
    let mut desk = Desk::new();
    let (price, customer) = (desk.price(1900, "month"), desk.customer("pm_card_visa"));
    let kept = id(&desk.subscribe(&customer, &price, ""));
    desk.pass(366 * DAY);
    let bills = desk.get("invoices", &format!("subscription={kept}&limit=100"));
    let bills = bills["data"].as_array().unwrap();
    assert_eq!(bills.len(), 13);
    assert!(bills.iter().all(|bill| bill["amount_paid"] == 1900));
    let numbers: Vec<_> = bills
        .iter()
        .map(|bill| bill["number"].as_str().unwrap())
        .collect();
    assert!(
        numbers[0].ends_with("-0013") && numbers[12].ends_with("-0001"),
        "{numbers:?}"
    );
}

#[test]
fn a_draft_becomes_final_an_hour_after_the_period_began() {
    let mut desk = Desk::new();
    let (price, customer) = (desk.price(1900, "day"), desk.customer("pm_card_visa"));
    let kept = id(&desk.subscribe(&customer, &price, ""));
    desk.pass(DAY + HOUR - 1);
    let expanded = "expand[]=latest_invoice";
    let before = desk.get(&format!("subscriptions/{kept}"), expanded);
    assert_eq!(before["latest_invoice"]["status"], "draft");
    desk.pass(1);
    let after = desk.get(&format!("subscriptions/{kept}"), expanded);
    assert_eq!(after["latest_invoice"]["status"], "paid");
}

#[test]
fn a_first_payment_that_fails_leaves_it_incomplete_and_a_day_later_expired() {
    let mut desk = Desk::new();
    let (price, customer) = (
        desk.price(1900, "month"),
        desk.customer("pm_card_chargeCustomerFail"),
    );
    let kept = id(&desk.subscribe(&customer, &price, ""));
    assert_eq!(desk.status(&kept), "incomplete");
    desk.pass(DAY);
    assert_eq!(desk.status(&kept), "incomplete_expired");
    assert!(desk.told().contains(&"invoice.voided"));
}

#[test]
fn what_is_refused_if_incomplete_leaves_nothing_behind() {
    let mut desk = Desk::new();
    let (price, customer) = (
        desk.price(1900, "month"),
        desk.customer("pm_card_chargeCustomerFail"),
    );
    let told = desk.told().len();
    let form =
        format!("customer={customer}&items[0][price]={price}&payment_behavior=error_if_incomplete");
    let refusal = desk.try_post("subscriptions", &form).unwrap_err();
    assert_eq!((refusal.status, refusal.code), (402, Some("card_declined")));
    assert_eq!((desk.0.subscriptions.len(), desk.told().len()), (0, told));
}

#[test]
fn an_unpaid_renewal_is_tried_four_times_and_then_ends_as_it_was_set() {
    for (afterwards, end) in [
        (Afterwards::Cancel, "canceled"),
        (Afterwards::MarkUnpaid, "unpaid"),
        (Afterwards::LeavePastDue, "past_due"),
    ] {
        let mut desk = Desk::new();
        desk.0.afterwards = afterwards;
        let (price, customer) = (
            desk.price(1900, "month"),
            desk.customer("pm_card_chargeCustomerFail"),
        );
        let kept = id(&desk.subscribe(&customer, &price, "&trial_period_days=7"));
        desk.pass(7 * DAY + 2 * HOUR);
        assert_eq!(desk.status(&kept), "past_due");
        desk.pass(16 * DAY);
        assert_eq!(desk.status(&kept), end);
        let failed = desk
            .told()
            .iter()
            .filter(|kind| **kind == "invoice.payment_failed")
            .count();
        assert_eq!(failed, 4);
    }
}

#[test]
fn a_trial_warns_three_days_before_its_end_and_without_a_card_does_as_it_was_set() {
    for (choice, end) in [
        ("cancel", "canceled"),
        ("pause", "paused"),
        ("create_invoice", "past_due"),
    ] {
        let mut desk = Desk::new();
        let (price, customer) = (desk.price(1900, "month"), id(&desk.post("customers", "")));
        let more = format!(
            "&trial_period_days=14&trial_settings[end_behavior][missing_payment_method]={choice}"
        );
        let kept = id(&desk.subscribe(&customer, &price, &more));
        desk.pass(11 * DAY - 1);
        assert!(
            !desk
                .told()
                .contains(&"customer.subscription.trial_will_end")
        );
        desk.pass(1);
        assert!(
            desk.told()
                .contains(&"customer.subscription.trial_will_end")
        );
        desk.pass(3 * DAY + 2 * HOUR);
        assert_eq!(desk.status(&kept), end);
    }
}

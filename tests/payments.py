#!/usr/bin/env python3
"""The payments room, judged by what Stripe itself wrote: its Python SDK reads the objects, drives a
subscription through its life and verifies the webhooks' signatures; its CLI plays its `trigger`
sequences.

    tests/payments.py ROOM [STRIPE_CLI]

ROOM is the program `payments` of the simulator's examples.
"""

import http.server
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import stripe

DAY = 86400
# Sequences of the CLI that need nothing but cards, and what each must bring about.
TRIGGERS = {
    "checkout.session.completed": "checkout.session.completed",
    "checkout.session.expired": "checkout.session.expired",
    "customer.created": "customer.created",
    "customer.updated": "customer.updated",
    "customer.deleted": "customer.deleted",
    "customer.subscription.created": "customer.subscription.created",
    "customer.subscription.updated": "customer.subscription.updated",
    "customer.subscription.deleted": "customer.subscription.deleted",
    "customer.subscription.trial_will_end": "customer.subscription.trial_will_end",
    "customer.subscription.paused": "customer.subscription.paused",
    "invoice.created": "invoice.created",
    "invoice.finalized": "invoice.finalized",
    "invoice.updated": "invoice.updated",
    "invoice.paid": "invoice.paid",
    "invoice.payment_succeeded": "invoice.payment_succeeded",
    "invoice.payment_failed": "invoice.payment_failed",
    "invoice.voided": "invoice.voided",
    "charge.succeeded": "charge.succeeded",
    "charge.failed": "charge.failed",
    "charge.refunded": "charge.refunded",
    "charge.dispute.created": "charge.dispute.created",
    "payment_method.attached": "payment_method.attached",
    "product.created": "product.created",
    "product.updated": "product.updated",
    "price.created": "price.created",
    "price.updated": "price.updated",
}


class Inbox(http.server.BaseHTTPRequestHandler):
    """Takes webhooks; turns the first one away, so that it must come again."""

    taken = queue.Queue()
    turned_away = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not Inbox.turned_away:
            Inbox.turned_away.append(body)
            self.send_response(503)
        else:
            Inbox.taken.put((body, self.headers["Stripe-Signature"]))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def fill_in(url, **fields):
    """Sends a page's form; gives the status and where it leads."""
    data = urllib.parse.urlencode(fields).encode()
    try:
        answer = urllib.request.build_opener(Stay).open(url, data)
        return answer.status, None
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("Location")


def must(what, holds):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"  {what}")


def refused(what, kind, act):
    try:
        act()
    except kind as error:
        must(f"{what}: {error.user_message or error}", True)
        return error
    sys.exit(f"FAILED: {what}: it was granted")


def objects(client, price, secret):
    """What the SDK reads and writes."""
    v1 = client.v1
    customer = v1.customers.create({"email": "buyer@example.com", "metadata": {"user": "u_1"}})
    must("a customer comes back as he was made", v1.customers.retrieve(customer.id).metadata["user"] == "u_1")
    once = {"idempotency_key": "one"}
    first = v1.customers.create({"name": "A"}, once)
    must("the same key with the same request makes nobody new", v1.customers.create({"name": "A"}, once).id == first.id)
    refused("a key with another request", stripe.IdempotencyError, lambda: v1.customers.create({"name": "B"}, once))
    refused("a wrong key", stripe.AuthenticationError, lambda: stripe.StripeClient("sk_test_wrong", base_addresses=client_addresses(client)).v1.customers.list())
    refused("an unknown parameter", stripe.InvalidRequestError, lambda: v1.customers.create({"nmae": "A"}))
    refused("a missing customer", stripe.InvalidRequestError, lambda: v1.customers.retrieve("cus_none"))
    for n in range(13):
        v1.customers.create({"email": "many@example.com", "name": str(n)})
    names = [kept.name for kept in v1.customers.list({"email": "many@example.com", "limit": 5}).auto_paging_iter()]
    must("pages follow each other, the newest first", names == [str(n) for n in range(12, -1, -1)])
    found = v1.prices.list({"lookup_keys": ["premium_monthly"], "expand": ["data.product"]})
    must("a price is found by its key, with its product", found.data[0].product.name == "Premium")
    moved = v1.prices.create({"product": found.data[0].product.id, "currency": "usd", "unit_amount": 2100, "recurring": {"interval": "month"}, "lookup_key": "premium_monthly", "transfer_lookup_key": True})
    must("a lookup key moves", v1.prices.retrieve(price.id).lookup_key is None and moved.lookup_key == "premium_monthly")
    return customer


def client_addresses(client):
    return {"api": BASE}


def life(client, price, pro, orders):
    """A subscription from its checkout to its end."""
    v1 = client.v1
    session = v1.checkout.sessions.create({
        "mode": "subscription",
        "line_items": [{"price": price.id, "quantity": 1}],
        "client_reference_id": "user-7",
        "success_url": "https://example.com/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://example.com/back",
    })
    must("leaving the page leads back", fill_in(session.url, action="cancel") == (303, "https://example.com/back"))
    status, _ = fill_in(session.url, action="pay", email="seven@example.com", number="4000 0000 0000 0002")
    must("a declined card leaves the checkout open", status == 422 and v1.checkout.sessions.retrieve(session.id).status == "open")
    status, to = fill_in(session.url, action="pay", email="seven@example.com", number="4000 0000 0000 0341")
    must("a good card leads on", (status, to) == (303, f"https://example.com/done?session={session.id}"))
    session = v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription.latest_invoice.payments", "line_items"]})
    kept, invoice = session.subscription, session.subscription.latest_invoice
    must("the checkout is paid", (session.status, session.payment_status, session.client_reference_id) == ("complete", "paid", "user-7"))
    must("the subscription is active", kept.status == "active")
    must("the invoice is paid and says what it was for", (invoice.status, invoice.amount_paid, invoice.parent.subscription_details.subscription) == ("paid", price.unit_amount, kept.id))
    must("its payment is an intent", invoice.payments.data[0].payment.payment_intent.startswith("pi_"))
    item = kept["items"].data[0]
    half = (item.current_period_end - item.current_period_start) // 2
    orders(f"pass {half}")
    v1.subscriptions.update(kept.id, {"items": [{"id": item.id, "price": pro.id}], "proration_behavior": "create_prorations"})
    sums = [aside.amount for aside in v1.invoice_items.list({"customer": kept.customer}).data]
    must(f"half a period costs half of each plan: {sums}", all(abs(amount - ideal) <= 1 for amount, ideal in zip(sums, (pro.unit_amount // 2, -price.unit_amount // 2))))
    orders(f"pass {half + 2 * 3600}")
    kept = v1.subscriptions.retrieve(kept.id, {"expand": ["latest_invoice"]})
    must("a card that tires leaves the next period unpaid", (kept.status, kept.latest_invoice.status, kept.latest_invoice.attempt_count) == ("past_due", "open", 1))
    must("the next bill has the new plan and both parts", len(kept.latest_invoice.lines.data) == 3)
    status, _ = fill_in(kept.latest_invoice.hosted_invoice_url, number="4242424242424242")
    must("the invoice's page takes another card", status == 303 and v1.subscriptions.retrieve(kept.id).status == "active")
    portal = v1.billing_portal.sessions.create({"customer": kept.customer, "return_url": "https://example.com/account"})
    fill_in(portal.url, action="card", number="4242424242424242")
    fill_in(portal.url, action="cancel", subscription=kept.id)
    must("the portal ends a plan with its period", v1.subscriptions.retrieve(kept.id).cancel_at_period_end)
    fill_in(portal.url, action="resume", subscription=kept.id)
    must("and takes that back", not v1.subscriptions.retrieve(kept.id).cancel_at_period_end)
    charge = v1.charges.list({"customer": kept.customer, "limit": 1}).data[0]
    v1.refunds.create({"charge": charge.id, "amount": 100})
    must("a part of a charge is refunded", v1.charges.retrieve(charge.id).amount_refunded == 100)
    orders(f"pass {32 * DAY}")
    must("the new card pays the next period", v1.invoices.list({"subscription": kept.id, "limit": 1}).data[0].status == "paid")
    v1.subscriptions.cancel(kept.id)
    must("a canceled plan is over", v1.subscriptions.retrieve(kept.id).status == "canceled")


def clocks(client, price):
    """Stripe's test clocks: a year of one customer, while the room stands still."""
    v1 = client.v1
    clock = v1.test_helpers.test_clocks.create({"frozen_time": int(time.time())})
    customer = v1.customers.create({"test_clock": clock.id, "payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}})
    kept = v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 14})
    must("a trial is a trial", kept.status == "trialing")
    v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 379 * DAY})
    paid = [bill for bill in v1.invoices.list({"subscription": kept.id, "limit": 100}).data if bill.status == "paid"]
    must(f"a trial and twelve months are {len(paid)} paid invoices", len(paid) == 13)


def signatures(client, secret):
    """Every event arrives, each with a signature that the SDK takes and a change does not survive."""
    told = {event.id for event in client.v1.events.list({"limit": 100}).auto_paging_iter()}
    seen, types = set(), set()
    while not told <= seen:
        body, signature = Inbox.taken.get(timeout=30)
        event = client.construct_event(body, signature, secret)
        seen.add(event.id)
        types.add(event.type)
    must(f"{len(seen)} events of {len(types)} types arrived, each signed", bool(seen))
    again = stripe.Event.construct_from(json.loads(Inbox.turned_away[0]), None)
    must("the one that was turned away came again", again.id in seen)
    forged = body.replace(b'"livemode": false', b'"livemode": true')
    refused("a changed body", stripe.SignatureVerificationError, lambda: client.construct_event(forged, signature, secret))
    must("what a subscription's life tells", {
        "checkout.session.completed", "customer.created", "customer.subscription.created", "customer.subscription.updated",
        "customer.subscription.deleted", "customer.subscription.trial_will_end", "invoice.created", "invoice.finalized",
        "invoice.paid", "invoice.payment_failed", "invoice.updated", "charge.succeeded", "charge.failed", "charge.refunded",
        "product.created", "price.created", "price.updated", "payment_method.attached", "customer.updated",
    } <= types)


def triggers(client, cli, key):
    """The official CLI's own sequences."""
    with tempfile.TemporaryDirectory() as home:
        for name, event in TRIGGERS.items():
            before = client.v1.events.list({"type": event, "limit": 1}).data
            run = subprocess.run(
                [cli, "trigger", name, "--api-base", BASE, "--api-key", key],
                capture_output=True, text=True, timeout=60,
                env={"HOME": home, "XDG_CONFIG_HOME": home, "PATH": os.environ["PATH"], "STRIPE_CLI_TELEMETRY_OPTOUT": "1"},
            )
            if run.returncode:
                sys.exit(f"FAILED: stripe trigger {name}: {run.stdout}{run.stderr}")
            after = client.v1.events.list({"type": event, "limit": 1}).data
            must(f"stripe trigger {name}", bool(after) and after[0].id not in [kept.id for kept in before])


def main():
    global BASE
    room = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        base, key, secret = room.stdout.readline().split()
        BASE = base.rstrip("/")

        def orders(line):
            room.stdin.write(line + "\n")
            room.stdin.flush()
            must(f"order: {line}", room.stdout.readline().strip() == "ok")

        inbox = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
        threading.Thread(target=inbox.serve_forever, daemon=True).start()
        orders(f"webhooks http://127.0.0.1:{inbox.server_port}/stripe")
        client = stripe.StripeClient(key, base_addresses={"api": BASE}, max_network_retries=0)
        premium = client.v1.products.create({"name": "Premium", "id": "touchstone_premium"})
        price = client.v1.prices.create({"product": premium.id, "currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}, "lookup_key": "premium_monthly"})
        product = client.v1.products.create({"name": "Pro"})
        pro = client.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 4900, "recurring": {"interval": "month"}})
        objects(client, price, secret)
        life(client, price, pro, orders)
        clocks(client, price)
        signatures(client, secret)
        if len(sys.argv) > 2:
            triggers(client, sys.argv[2], key)
        print("the SDK and the CLI take the room for Stripe")
    finally:
        room.terminate()


if __name__ == "__main__":
    main()

"""An imitation of Stripe on loopback: `python -m lumyx.standins.stripe --port 8003`.

It keeps everything in memory and logs nothing. It serves what a shop needs of Stripe's API: the
account, customers, cards, prices, Checkout with a page to pay on, payment and setup intents,
charges, refunds, disputes, invoices, balance transactions, the customer portal, and events, which
it signs and sends to STANDIN_STRIPE_WEBHOOK_URL with STANDIN_STRIPE_WEBHOOK_SECRET. Each object
has exactly the fields that the pinned `stripe` library publishes. STANDIN_STRIPE_KEY is the one
key it takes.

For tests, below /_control/ with JSON bodies:
  webhooks      {"url", "secret", "mode": "send" | "drop" | "hold", "copies", "delay"}
  flush         {"order": "as-is" | "reverse" | "shuffle", "seed", "copies"}: send what was held
  redeliver     {"event"}
  pay           {"session", "outcome": "succeed" | "decline" | "authenticate", "card"}
  expire        {"session"}
  disputes      {"payment_intent", "amount", "status"}; disputes/<id> {"status"}
  refunds/<id>/fail
  movements     {"amount", "type"}: a balance transaction out of nowhere
  faults        {"path", "fault": "500" | "503" | "429" | "reset" | "hang" | "garbage", "times",
                 "after": do the work first}
  livemode      {"on"}
  reset
GET /_calls?since=N lists the last 500 calls.
"""

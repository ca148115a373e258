#pragma once

#include <leanmcp/elicitation/sign_in.hpp>
#include <leanmcp/payments/billing.hpp>
#include <leanmcp/transport/serve.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0 {

/// Adds the pages of payments to a sign-in, before it is mounted:
///
/// - `/billing/go/<flow_id>` leads to Stripe's page of that checkout, and
/// - `/billing/manage/<link_id>` to Stripe's customer portal, whose session is made when the browser arrives,
///
/// each for the person only whom it was made for. A checkout that is over leads back to `success_url`. Set
/// `BillingOptions::go_url` to `sign_in.link("/billing/go/", "")` without its last slash, and `return_url` is where the
/// portal leads back to.
void add_billing_pages(BrowserSignIn& sign_in, std::shared_ptr<Billing> billing, std::string return_url);

/// Adds what Stripe sends browsers back to: GET /success and GET /cancelled. They only show; what is paid is known from
/// Stripe.
void add_payment_results(HttpOptions& options);
/// The same, with GET /success saying what has become of the checkout whose `session_id` is in its query (use
/// `success_url` with `?session_id={CHECKOUT_SESSION_ID}`): what was bought and whether the money is there, not by
/// whom.
void add_payment_results(HttpOptions& options, Server& server, std::shared_ptr<Billing> billing);

}  // namespace leanmcp::inline v0

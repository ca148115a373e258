#pragma once

#include <leanmcp/sandbox/message.hpp>
#include <leanmcp/sandbox/stripe_double.hpp>

#include <optional>

namespace leanmcp::inline v0::sandbox {

/// The double's pages for people: `/checkout/<session>` (pay, pay later, be declined, go back) and
/// `/p/session/<portal>` (change or end a subscription, pay what is due). nullopt for another path.
std::optional<Answer> stripe_page(StripeDouble& stripe, const Request& request);

/// The same for scripts, all POST and answered with JSON:
/// `/sandbox/pay/<session>[?delayed=true]`, `/sandbox/settle/<session>?paid=true|false`, `/sandbox/expire/<session>`,
/// `/sandbox/status/<subscription>?status=past_due`, `/sandbox/cancel/<subscription>[?at_period_end=true]`,
/// `/sandbox/plan/<subscription>?price=<price>`, `/sandbox/card/<customer>?declines=true|false`,
/// `/sandbox/pay_due/<subscription>`, `/sandbox/refund/<payment>[?amount=<minor units>]`,
/// `/sandbox/dispute/<payment>?status=needs_response|won|lost`, `/sandbox/clock?advance=<seconds>`,
/// `/sandbox/fail?path=/v1/…&status=500[&times=1][&should_retry=true]` (the next such requests fail); and `GET
/// /sandbox/object/<kind>/<id>`. nullopt for another path.
std::optional<Answer> stripe_control(StripeDouble& stripe, const Request& request);

}  // namespace leanmcp::inline v0::sandbox

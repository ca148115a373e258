#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/transport/serve.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0 {

/// Mounts Stripe's webhook at POST `path`. The signature is checked over the raw bytes; 200 is answered once the event
/// is stored durably, 400 when it is not Stripe's, 503 when it cannot be stored (Stripe then sends it again). The
/// blocking work runs on the server's workers. What cannot be applied at once is applied by `Billing::sweep`: keep a
/// `BillingSweeper`; the log says so when an event comes and nothing has swept.
void mount_webhook(HttpOptions& options, Server& server, std::shared_ptr<Billing> billing, std::string path);

}  // namespace leanmcp::inline v0

#include <leanmcp/payments/billing_pages.hpp>

#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/elicitation/page.hpp>
#include <leanmcp/server/engine.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {
namespace {

class GoPage final : public SignInTarget {
 public:
  explicit GoPage(std::shared_ptr<Billing> billing) : billing_(std::move(billing)) {}

  Result<std::optional<std::string>> owner(const std::string& id, TimePoint) override {
    const auto flow = billing_->flow(id);
    if (!flow) return flow.error();
    if (!*flow) return std::optional<std::string>();
    return std::optional<std::string>((*flow)->principal_key);
  }

  Result<std::optional<Opened>> open(const std::string& id, const Principal& visitor, TimePoint) override {
    // What was open when the link was made may be paid or over by now.
    const auto flow = billing_->refresh_flow(id);
    if (!flow) return flow.error();
    if (!*flow || (*flow)->principal_key != visitor.key()) return std::optional<Opened>();
    Opened opened;
    switch ((*flow)->state) {
      case CheckoutFlow::State::open: {
        // Perhaps it was bought elsewhere since: nobody is sent to pay for what they have.
        const auto entitled = sells_credits(**flow) ? Result<Entitlement>(Entitlement())
                                                    : billing_->check((*flow)->principal_key, (*flow)->product);
        if (!entitled) return entitled.error();
        opened.url = entitled->allowed ? result_url((*flow)->session_id) : (*flow)->session_url;
        break;
      }
      case CheckoutFlow::State::pending:
      case CheckoutFlow::State::completed:
        opened.url = result_url((*flow)->session_id);
        break;
      case CheckoutFlow::State::expired:
      case CheckoutFlow::State::failed:
        break;
    }
    if (opened.url.empty()) return std::optional<Opened>();
    return std::optional<Opened>(std::move(opened));
  }

 private:
  bool sells_credits(const CheckoutFlow& flow) const {
    for (const BillingProduct& product : billing_->options().products)
      for (const BillingPlan& plan : product.plans)
        if (product.key == flow.product && plan.key == flow.plan) return plan.kind == PlanKind::credits;
    return false;
  }
  /// Where Stripe would have sent the browser.
  std::string result_url(const std::string& session_id) const {
    constexpr std::string_view slot = "{CHECKOUT_SESSION_ID}";
    std::string url = billing_->options().success_url;
    if (const auto at = url.find(slot); at != std::string::npos) url.replace(at, slot.size(), session_id);
    return url;
  }

  const std::shared_ptr<Billing> billing_;
};

class ManagePage final : public SignInTarget {
 public:
  ManagePage(std::shared_ptr<Billing> billing, std::string return_url)
      : billing_(std::move(billing)), return_url_(std::move(return_url)) {}

  Result<std::optional<std::string>> owner(const std::string& id, TimePoint) override {
    return billing_->manage_link_owner(id);
  }

  Result<std::optional<Opened>> open(const std::string& id, const Principal& visitor, TimePoint) override {
    const auto owner = billing_->manage_link_owner(id);
    if (!owner) return owner.error();
    if (!*owner || **owner != visitor.key()) return std::optional<Opened>();
    const PortalPage page = Billing::manage_link_page(id);
    auto url = billing_->portal_url(visitor.key(), return_url_, page);
    // There may be nothing to cancel any more; the rest of the portal is there all the same.
    if (!url && page != PortalPage::home) url = billing_->portal_url(visitor.key(), return_url_);
    if (!url) return url.error();
    Opened opened;
    opened.url = std::move(*url);
    return std::optional<Opened>(std::move(opened));
  }

 private:
  const std::shared_ptr<Billing> billing_;
  const std::string return_url_;
};

Page plain(std::string title, std::string text) {
  Page shown;
  shown.title = std::move(title);
  shown.text = std::move(text);
  return shown;
}

HttpHandler page(std::string title, std::string text) {
  return [title = std::move(title), text = std::move(text)](HttpExchange exchange) {
    respond_page(exchange, plain(title, text));
  };
}

constexpr std::string_view thanks = "Thank you";
constexpr std::string_view sent =
    "Your payment was sent. You can close this page and go back to your agent; it goes on by itself once the payment "
    "has "
    "arrived.";

/// What there is to say about a checkout; nothing of whose it is.
Page result_page(const CheckoutFlow& flow) {
  switch (flow.state) {
    case CheckoutFlow::State::completed:
      return plain(std::string(thanks), "Your payment has arrived: " + flow.product +
                                            " is yours.\nYou can close this page and go back to your agent; it goes on "
                                            "by itself.");
    case CheckoutFlow::State::pending:
      return plain(
          "Your payment is on its way",
          "It can take some days until your bank has sent the money. There is nothing more to do; you can close "
          "this page.\nYour agent can use " +
              flow.product + " as soon as the money is there.");
    case CheckoutFlow::State::failed:
    case CheckoutFlow::State::expired:
      return plain("Nothing was paid", "The payment did not succeed. Go back to your agent to try again.");
    case CheckoutFlow::State::open:
      break;
  }
  return plain(std::string(thanks), std::string(sent));
}

/// The value of `session_id` in a query, if it looks like one of Stripe's ids.
std::string session_in(std::string_view query) {
  constexpr std::string_view name = "session_id=";
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (!pair.starts_with(name)) continue;
    const std::string_view id = pair.substr(name.size());
    const bool fits = id.size() <= 255 && std::all_of(id.begin(), id.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                      });
    return fits ? std::string(id) : std::string();
  }
  return {};
}

}  // namespace

void add_billing_pages(BrowserSignIn& sign_in, std::shared_ptr<Billing> billing, std::string return_url) {
  sign_in.page("/billing/go/", std::make_shared<GoPage>(billing));
  sign_in.page("/billing/manage/", std::make_shared<ManagePage>(std::move(billing), std::move(return_url)));
}

void add_payment_results(HttpOptions& options) {
  options.route(HttpMethod::get, "/success", page(std::string(thanks), std::string(sent)));
  options.route(HttpMethod::get, "/cancelled",
                page("Nothing was paid", "You can close this page and go back to your agent."));
}

void add_payment_results(HttpOptions& options, Server& server, std::shared_ptr<Billing> billing) {
  const std::shared_ptr<Engine> engine = server.engine();
  options.route(HttpMethod::get, "/success", [engine, billing = std::move(billing)](HttpExchange exchange) {
    const std::string session = session_in(exchange.request().query());
    const bool taken = !session.empty() && engine->workers().submit([billing, session, exchange] {
      // Stripe's redirect is often faster than its webhook.
      const auto flow = billing->refresh_session(session);
      Page shown = flow && *flow ? result_page(**flow) : plain(std::string(thanks), std::string(sent));
      exchange.executor().post([exchange, shown = std::move(shown)]() mutable { respond_page(exchange, shown); });
    });
    if (!taken) respond_page(exchange, plain(std::string(thanks), std::string(sent)));
  });
  options.route(HttpMethod::get, "/cancelled",
                page("Nothing was paid", "You can close this page and go back to your agent."));
}

}  // namespace leanmcp::inline v0

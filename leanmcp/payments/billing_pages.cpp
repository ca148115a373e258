#include <leanmcp/payments/billing_pages.hpp>

#include <leanmcp/elicitation/page.hpp>

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
    auto url = billing_->portal_url(visitor.key(), return_url_);
    if (!url) return url.error();
    Opened opened;
    opened.url = std::move(*url);
    return std::optional<Opened>(std::move(opened));
  }

 private:
  const std::shared_ptr<Billing> billing_;
  const std::string return_url_;
};

HttpHandler page(std::string title, std::string text) {
  return [title = std::move(title), text = std::move(text)](HttpExchange exchange) {
    Page shown;
    shown.title = title;
    shown.text = text;
    respond_page(exchange, shown);
  };
}

}  // namespace

void add_billing_pages(BrowserSignIn& sign_in, std::shared_ptr<Billing> billing, std::string return_url) {
  sign_in.page("/billing/go/", std::make_shared<GoPage>(billing));
  sign_in.page("/billing/manage/", std::make_shared<ManagePage>(std::move(billing), std::move(return_url)));
}

void add_payment_results(HttpOptions& options) {
  options.route(HttpMethod::get, "/success",
                page("Thank you",
                     "Your payment was sent. You can close this page and go back to your agent; it goes on by itself "
                     "once the payment has arrived."));
  options.route(HttpMethod::get, "/cancelled",
                page("Nothing was paid", "You can close this page and go back to your agent."));
}

}  // namespace leanmcp::inline v0

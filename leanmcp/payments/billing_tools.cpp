#include <leanmcp/payments/billing_tools.hpp>

#include <leanmcp/elicitation/elicitation.hpp>
#include <leanmcp/payments/payment_desk.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

namespace leanmcp::inline v0 {
namespace {

struct CurrentSubscription {
  std::string plan, status;
  std::optional<TimePoint> expiresAt;
  bool canUpgrade = true;
  bool cancelsAtPeriodEnd = false;
};
BOOST_DESCRIBE_STRUCT(CurrentSubscription, (), (plan, status, expiresAt, canUpgrade, cancelsAtPeriodEnd))

struct ChosenPlan {
  std::string plan;
  std::optional<bool> confirm;
};
BOOST_DESCRIBE_STRUCT(ChosenPlan, (), (plan, confirm))

struct Purchase {
  std::string status, message, paymentUrl, sessionId;
  std::optional<std::string> url;
  std::optional<TimePoint> expiresAt;
  std::optional<std::string> retryTool;
  void nothing_to_open() {
    paymentUrl.clear();
    url.reset();
    expiresAt.reset();
    retryTool.reset();
  }
};
BOOST_DESCRIBE_STRUCT(Purchase, (), (status, message, paymentUrl, sessionId, url, expiresAt, retryTool))

/// A begun checkout as it is kept over the rounds of a call.
struct Begun {
  std::string fault, state, message, url, session, flow;
  std::optional<TimePoint> expires;
};
BOOST_DESCRIBE_STRUCT(Begun, (), (fault, state, message, url, session, flow, expires))

struct Consent {
  std::optional<bool> confirm;
};
BOOST_DESCRIBE_STRUCT(Consent, (), (confirm))

struct ManageLink {
  std::string message, url;
};
BOOST_DESCRIBE_STRUCT(ManageLink, (), (message, url))

class BillingTools {
 public:
  BillingTools(std::shared_ptr<Billing> billing, BillingToolsOptions options)
      : billing_(std::move(billing)), options_(std::move(options)) {
    if (options_.product_key.empty()) options_.product_key = billing_->options().products.front().key;
  }

  /// `again`: makes the form anew.
  Form upgrade_form(const std::shared_ptr<const std::function<void()>>& again) const {
    Form form = Form("Upgrade to " + options_.product_key).select("plan", "Plan");
    const auto prices = billing_->prices(options_.product_key);
    if (!prices && again) billing_->when_priced(again);
    for (const BillingProduct& product : billing_->options().products) {
      if (product.key != options_.product_key) continue;
      for (const BillingPlan& plan : product.plans) {
        std::string label = plan.label.empty() ? plan.key : plan.label;
        if (prices)
          for (const PriceTag& price : *prices)
            if (price.plan == plan.key) label = plan.key + " - " + price.text();
        form.option(plan.key, label);
      }
    }
    form.required().boolean("confirm", "I agree to the terms of service").required();
    // Nobody buys without having agreed: here, or on Stripe's page if that asks.
    return billing_->options().terms_on_stripe ? std::move(form.or_on_page()) : std::move(form.ask_user());
  }

  Result<CurrentSubscription> check(const Principal& principal) const {
    const auto found = billing_->subscription_status(principal.key(), options_.product_key);
    if (!found) return found.error();
    return view(*found);
  }

  Result<CurrentSubscription> cancel(const Consent& consent, const Principal& principal) const {
    if (!consent.confirm) return to_end_it_themselves(principal);
    if (!*consent.confirm) return ToolError("Nothing was ended");
    const auto ended = billing_->cancel_at_period_end(principal.key(), options_.product_key);
    if (!ended) return ended.error();
    return view(*ended);
  }

  Result<ManageLink> manage(const Principal& principal) const {
    const auto known = billing_->has_account(principal.key());
    if (!known) return known.error();
    if (!*known) return ToolError("There is no subscription to manage.", R"({"upgradeTool":"upgrade"})");
    const auto link = billing_->manage_link(principal.key());
    if (!link) return link.error();
    return ManageLink{"Open the page to change your plan or your card.", *link};
  }

  Task<Result<Purchase>> upgrade(const ChosenPlan& input, const AuthUser& user, Context& ctx) const {
    // Where nobody could be asked here, consent is taken on the payment page.
    if (input.confirm && !*input.confirm) {
      const ToolError refused("Please agree to terms");
      co_return Result<Purchase>(refused);
    }
    CheckoutRequest request;
    request.user_id = user.user_id;
    if (!user.email.empty()) request.email = user.email;
    request.product = options_.product_key;
    request.plan = input.plan;
    std::function<Task<Begun>()> begin = [this, &ctx, &request, &user]() -> Task<Begun> {
      const auto begun = std::make_shared<Begun>();
      std::function<void()> work = [this, request, principal = user.principal, begun] {
        *begun = begin_checkout(principal, request);
      };
      Task<void> working = ctx.on_worker(std::move(work));
      co_await std::move(working);
      co_return std::move(*begun);
    };
    Task<Begun> beginning = ctx.once("checkout", begin);
    const Begun begun = co_await std::move(beginning);
    if (!begun.fault.empty()) {
      const ToolError fault(begun.fault);
      co_return Result<Purchase>(fault);
    }
    Purchase out;
    out.status = begun.state;
    out.message = begun.message;
    out.paymentUrl = begun.url;
    out.sessionId = begun.session;
    if (!begun.url.empty()) {
      out.url = begun.url;
      out.expiresAt = begun.expires;
      out.retryTool = "checkSubscription";
    }
    // Without a page that checks who opens it, a link must not be given out for opening.
    const bool due = begun.state == "payment_due";
    const bool to_pay = begun.state == "payment_required" && !billing_->options().go_url.empty();
    if (begun.url.empty() || (!to_pay && !due)) co_return Result<Purchase>(std::move(out));
    std::string words = due ? begun.message : "Open the payment page to buy " + options_.product_key + ".";
    Task<Action> asking = ctx.elicit_url("pay", begun.url, std::move(words));
    const Action action = co_await std::move(asking);
    if (action != Action::accept) co_return Result<Purchase>(std::move(out));
    const auto end = std::make_shared<End>(End::open);
    std::function<Task<bool>()> look = [this, &ctx, end, flow = begun.flow,
                                        key = user.principal.key()]() -> Task<bool> {
      std::function<void()> work = [this, end, flow, key] { *end = end_of(flow, key); };
      Task<void> working = ctx.on_worker(std::move(work));
      co_await std::move(working);
      const bool over = *end != End::open;
      co_return over;
    };
    std::function<Task<bool>()> once_more = look;
    Task<Waited> waiting = ctx.wait_until("paid", std::move(look), options_.waiting);
    const Waited waited = co_await std::move(waiting);
    if (waited == Waited::done && *end == End::open) {
      // An earlier round of this call has seen it.
      Task<bool> looking = once_more();
      co_await std::move(looking);
    }
    if (*end == End::unpaid) {
      ctx.url_completion("pay")();
      out.status = "failed";
      out.message = "Nothing was paid. Call upgrade again to try once more.";
      out.nothing_to_open();
    } else if (*end == End::paid) {
      ctx.url_completion("pay")();
      out.status = "active";
      out.message = "Thank you. You have " + options_.product_key + " now.";
      out.nothing_to_open();
    } else {
      out.status = "pending";
      out.message = "The payment has not arrived yet. Call checkSubscription later.";
    }
    co_return Result<Purchase>(std::move(out));
  }

 private:
  enum class End { open, paid, unpaid };

  /// Where nobody could be asked here: the person does it on Stripe's page, behind a sign-in.
  Result<CurrentSubscription> to_end_it_themselves(const Principal& principal) const {
    const auto current = billing_->subscription_status(principal.key(), options_.product_key);
    if (!current) return current.error();
    if (current->status == "none") return ToolError("There is no subscription to end.");
    // The portal's page for that begins with one subscription; with several products it might be another one's.
    const bool one = billing_->options().products.size() == 1;
    const auto link = billing_->manage_link(principal.key(), one ? PortalPage::cancel : PortalPage::home);
    if (!link) return link.error();
    const json::object detail{{"error", "Nothing was ended: only you can do that"},
                              {"message", "Open the page to end your subscription."},
                              {"manageUrl", *link}};
    return ToolError("Nothing was ended: only you can do that.", json::serialize(detail));
  }

  /// How the checkout ended. What the person may use says nothing about it: credits are bought beside those that are
  /// left.
  End end_of(const std::string& flow_id, const std::string& principal_key) const {
    const auto entitled = [&] {
      const auto entitlement = billing_->check(principal_key, options_.product_key);
      return entitlement && entitlement->allowed;
    };
    // A payment that is due has no checkout of ours.
    if (flow_id.empty()) return entitled() ? End::paid : End::open;
    const auto flow = billing_->refresh_flow(flow_id);
    if (!flow) return End::open;
    if (!*flow) return End::unpaid;
    switch ((*flow)->state) {
      case CheckoutFlow::State::completed:
        return End::paid;
      case CheckoutFlow::State::expired:
      case CheckoutFlow::State::failed:
        // Perhaps because the same was bought elsewhere.
        return !sells_credits(**flow) && entitled() ? End::paid : End::unpaid;
      case CheckoutFlow::State::open:
      case CheckoutFlow::State::pending:
        break;
    }
    return End::open;
  }

  bool sells_credits(const CheckoutFlow& flow) const {
    for (const BillingProduct& product : billing_->options().products)
      for (const BillingPlan& plan : product.plans)
        if (product.key == flow.product && plan.key == flow.plan) return plan.kind == PlanKind::credits;
    return false;
  }

  static CurrentSubscription view(const SubscriptionStatus& status) {
    CurrentSubscription out;
    out.plan = status.plan;
    out.status = status.status;
    out.expiresAt = status.expires_at;
    out.canUpgrade = status.can_upgrade;
    out.cancelsAtPeriodEnd = status.cancels_at_period_end;
    return out;
  }

  Begun begin_checkout(const Principal& principal, const CheckoutRequest& request) const {
    Begun out;
    const auto checkout = detail::begin_checkout_for(*billing_, principal, request);
    if (!checkout) {
      out.fault = checkout.error().message();
      return out;
    }
    out.state = to_string(checkout->state);
    out.message = checkout->message;
    out.url = checkout->url;
    out.session = checkout->session_id;
    out.flow = checkout->flow_id;
    out.expires = checkout->expires_at;
    return out;
  }

  const std::shared_ptr<Billing> billing_;
  BillingToolsOptions options_;
};

}  // namespace

void add_billing_tools(Server& server, Decorator protection, std::shared_ptr<Billing> billing) {
  add_billing_tools(server, std::move(protection), std::move(billing), BillingToolsOptions());
}

void add_billing_tools(Server& server, Decorator protection, std::shared_ptr<Billing> billing,
                       BillingToolsOptions options) {
  const auto tools = std::make_shared<BillingTools>(std::move(billing), std::move(options));
  const Form sure =
      Form("End the subscription when the paid period is over?").boolean("confirm", "End it").required().or_on_page();
  server.service(tools, std::move(protection))
      .tool("checkSubscription", &BillingTools::check, description("Check subscription status"), read_only())
      .tool("upgrade", &BillingTools::upgrade, description("Upgrade the subscription"),
            Decorator([tools](EntryDraft& draft) { elicitation(tools->upgrade_form(draft.rebuild)).apply(draft); }))
      .tool("manageSubscription", &BillingTools::manage, description("Where to change the plan or the card"),
            read_only())
      .tool("cancelSubscription", &BillingTools::cancel,
            description("End the subscription when the paid period is over"), elicitation(sure));
}

}  // namespace leanmcp::inline v0

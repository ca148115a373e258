#include <leanmcp/payments/payment_desk.hpp>

#include <leanmcp/json/date_time.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/context.hpp>

namespace leanmcp::inline v0::detail {
namespace {

struct Found {
  std::optional<Result<bool>> paid;
  std::optional<Result<PaymentOffer>> offer;
};

const BillingProduct* find_product(const Billing& billing, std::string_view product) {
  for (const BillingProduct& candidate : billing.options().products)
    if (candidate.key == product) return &candidate;
  return nullptr;
}

/// How well a plan suits a gate; 0 when it lets nobody through.
int fitness(const BillingPlan& plan, Pass pass) {
  switch (pass) {
    case Pass::plan:
      return plan.kind == PlanKind::credits ? 1 : 2;
    case Pass::credits:
      return plan.kind == PlanKind::credits ? 1 : 0;
    case Pass::use:
      break;
  }
  if (plan.kind != PlanKind::subscription) return 0;
  return plan.usage_price_id.empty() ? 1 : 2;
}

}  // namespace

const BillingPlan* offered_plan(const Billing& billing, std::string_view product, std::string_view plan, Pass pass) {
  const BillingProduct* const sold = find_product(billing, product);
  const BillingPlan* best = nullptr;
  if (!sold) return best;
  for (const BillingPlan& one : sold->plans) {
    if (!plan.empty() && one.key != plan) continue;
    if (fitness(one, pass) > (best ? fitness(*best, pass) : 0)) best = &one;
  }
  return best;
}

Result<Checkout> begin_checkout_for(Billing& billing, const Principal& principal, CheckoutRequest request) {
  request.principal_key = principal.key();
  if (billing.options().on_checkout) {
    CheckoutRequest told = request;
    billing.options().on_checkout(told, principal);
    request.user_id = std::move(told.user_id);
    request.email = std::move(told.email);
    request.metadata = std::move(told.metadata);
  }
  return billing.begin_checkout(request);
}

std::string PaymentDesk::default_error(std::string_view product, std::string_view what) {
  std::string text = std::string(product) + " " + std::string(what);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::function<Result<PaymentOffer>(const Principal&)> PaymentDesk::offer_of(std::shared_ptr<Billing> billing,
                                                                            std::string product, std::string plan,
                                                                            Pass pass) {
  return [billing = std::move(billing), product = std::move(product), plan = std::move(plan),
          pass](const Principal& principal) -> Result<PaymentOffer> {
    const BillingPlan* const offered = offered_plan(*billing, product, plan, pass);
    if (!offered) return Error("There is no such plan.");
    CheckoutRequest request;
    request.user_id = principal.id();
    request.product = product;
    request.plan = offered->key;
    const auto checkout = begin_checkout_for(*billing, principal, std::move(request));
    if (!checkout) return checkout.error();
    PaymentOffer offer;
    offer.url = checkout->url;
    offer.session_id = checkout->session_id;
    offer.expires_at = checkout->expires_at;
    offer.pending = checkout->state == Checkout::State::pending;
    offer.due = checkout->state == Checkout::State::payment_due;
    offer.already = checkout->state == Checkout::State::already_subscribed;
    if (offer.due) offer.message = checkout->message;
    return offer;
  };
}

Verdict PaymentDesk::nobody() {
  Denial denial;
  denial.rpc_code = code::unauthenticated;
  denial.http_status = 401;
  denial.word = "MISSING_TOKEN";
  denial.message = "Sign in first: this has to be paid for.";
  denial.action = "authenticate";
  denial.reason = "a paid tool was called by nobody";
  return Verdict::deny(std::move(denial));
}

Verdict PaymentDesk::unknown(Call& call, const std::string& product, const Error& error) {
  call.logger().warning("entitlement unknown", {{"product", product}, {"reason", error.message()}});
  Error sent("It cannot be checked right now whether you have paid; try again.");
  return Verdict::answer(failure_result(
      sent.with_data(R"({"error":"Payment status unavailable","code":"VERIFICATION_FAILED","action":"retry"})")));
}

Verdict PaymentDesk::refuse(Call& call, const PaymentOffer* offer, bool pending) const {
  std::string detail = "{\"error\":";
  append_json_string(detail, options_.error_text);
  detail += ",\"upgradeAvailable\":true";
  if (pending) {
    detail += R"(,"status":"pending","message":"The payment has not arrived yet; call again.")";
  } else if (offer) {
    detail += offer->due ? R"(,"status":"payment_due")" : R"(,"status":"payment_required")";
  }
  if (!pending && offer && !offer->message.empty()) {
    detail += ",\"message\":";
    append_json_string(detail, offer->message);
  }
  if (offer && !offer->url.empty()) {
    detail += ",\"paymentUrl\":";
    append_json_string(detail, offer->url);
    if (offer->expires_at) {
      const std::chrono::nanoseconds since = offer->expires_at->time_since_epoch();
      detail += ",\"expiresAt\":\"" + format_date_time(since.count()) + "\"";
    }
  }
  if (offer) {
    detail += ",\"retryTool\":";
    append_json_string(detail, call.entry().name);
  }
  if (!options_.tool_name.empty()) {
    detail += ",\"upgradeTool\":";
    append_json_string(detail, options_.tool_name);
  }
  detail += '}';
  Error error(options_.error_text);
  return Verdict::answer(failure_result(error.with_data(std::move(detail))));
}

Task<Verdict> PaymentDesk::decide(Call& call, Questions questions) const {
  const auto found = std::make_shared<Found>();
  const Principal principal = *call.principal();
  std::function<void()> work = [this, found, principal, questions] {
    found->paid = questions.paid();
    if (!*found->paid || **found->paid || !options_.make_offer) return;
    found->offer = options_.make_offer(principal);
    if (*found->offer && (*found->offer)->already) {
      found->paid = questions.paid();
    } else if (questions.paid_meanwhile) {
      found->paid = questions.paid_meanwhile();
    }
  };
  Task<void> working = call.on_worker(std::move(work));
  co_await std::move(working);
  if (!*found->paid) co_return unknown(call, product_, found->paid->error());
  if (**found->paid) co_return Verdict::proceed();
  if (found->offer && !*found->offer)
    call.logger().warning("no payment link", {{"product", product_}, {"reason", found->offer->error().message()}});
  if (!found->offer || !*found->offer || (*found->offer)->already) co_return refuse(call, nullptr, false);
  const PaymentOffer offer = **found->offer;
  if (offer.pending) co_return refuse(call, &offer, true);
  if (offer.url.empty() || !options_.mid_call || !call.can_ask_url()) co_return refuse(call, &offer, false);

  std::string words = offer.message.empty() ? options_.error_text + ". Open the payment page to go on."
                                            : options_.error_text + ". " + offer.message;
  Task<Action> asking = call.context().elicit_url("payment-" + product_, offer.url, std::move(words));
  const Action action = co_await std::move(asking);
  // Declined is answered once, as if nobody could be asked; it is not asked again.
  if (action != Action::accept) co_return refuse(call, &offer, false);
  std::function<Task<bool>()> look = [&call, found, questions]() -> Task<bool> {
    std::function<void()> again = [found, questions] { found->paid = questions.paid(); };
    Task<void> looking = call.on_worker(std::move(again));
    co_await std::move(looking);
    const bool paid = *found->paid && **found->paid;
    co_return paid;
  };
  Task<Waited> waiting = call.context().wait_until("paid-" + product_, std::move(look), options_.waiting);
  const Waited waited = co_await std::move(waiting);
  // An earlier round may have seen it paid; what counts is what is so now.
  const bool paid = *found->paid && **found->paid;
  if (waited == Waited::done && !paid) co_return refuse(call, &offer, false);
  if (waited == Waited::done) {
    call.context().url_completion("payment-" + product_)();
    co_return Verdict::proceed();
  }
  co_return refuse(call, &offer, true);
}

bool gate_fits(EntryDraft& draft, std::string_view decorator) {
  const bool tool = draft.entry.kind == EntryKind::tool;
  if (!tool) draft.fail(std::string(decorator) + " is for tools");
  return tool;
}

bool offer_fits(EntryDraft& draft, std::string_view decorator, const Billing& billing, std::string_view product,
                std::string_view plan, Pass pass) {
  const std::string of = std::string(decorator) + ": ";
  const std::string name = " of product '" + std::string(product) + "'";
  if (!find_product(billing, product)) {
    draft.fail(of + "there is no product '" + std::string(product) + "' in BillingOptions::products");
  } else if (!offered_plan(billing, product, {}, pass)) {
    draft.fail(of + "no plan" + name + (pass == Pass::credits ? " sells credits" : " is a subscription"));
  } else if (!offered_plan(billing, product, plan, pass)) {
    draft.fail(of + "plan '" + std::string(plan) + "'" + name + " does not exist, or is of a kind that lets nobody in");
  }
  return draft.failure.empty();
}

}  // namespace leanmcp::inline v0::detail

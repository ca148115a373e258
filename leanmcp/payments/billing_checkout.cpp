#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/payments/billing_impl.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

using detail::AccountRow;
using detail::FlowRow;

namespace {

/// Stripe refuses sessions that expire sooner.
constexpr std::int64_t least_lifetime = 1800;

Error cannot_start(std::string detail) { return Error("The checkout could not be started.", std::move(detail)); }

Error moving() {
  return Error("Another checkout for this account is being changed at the moment. Please try again.")
      .with_data(R"({"code":"billing_unavailable","retryable":true})");
}

}  // namespace

Checkout Billing::Impl::link(const FlowRow& flow) const {
  Checkout out;
  out.session_id = flow.session_id;
  out.flow_id = flow.flow_id;
  out.expires_at = detail::time_point(flow.expires_at);
  if (flow.status == "pending") {
    out.state = Checkout::State::pending;
    out.message = "Your payment is being processed. There is nothing more to do; try again later.";
    return out;
  }
  out.message = "Complete the payment to upgrade.";
  out.url = options.go_url.empty() ? flow.session_url : options.go_url + "/" + flow.flow_id;
  return out;
}

Checkout Billing::Impl::manage_instead(Checkout::State state, std::string message, std::string_view principal_key) {
  Checkout out;
  out.state = state;
  out.message = std::move(message);
  // Without it there is nothing to open; that is no reason to fail.
  if (auto manage = options.manage_url.empty() ? Result<std::string>(std::string())
                                               : manage_link(principal_key, PortalPage::home);
      manage)
    out.url = std::move(*manage);
  return out;
}

Checkout Billing::Impl::already(const Entitlement& entitlement, std::string_view principal_key) {
  Checkout out = manage_instead(
      Checkout::State::already_subscribed,
      entitlement.status == "purchased" ? "You have this already." : "You are subscribed already.", principal_key);
  out.expires_at = entitlement.expires_at;
  return out;
}

/// A subscription that Stripe may charge again by itself, or that its owner may pay up: a second one beside it would be
/// paid twice in the end.
Result<bool> Billing::Impl::payment_is_due(std::string_view principal_key, std::string_view product) const {
  auto rows = store.subscriptions(principal_key, product);
  if (!rows) return unavailable(rows.error());
  return std::any_of(rows->begin(), rows->end(), [](const detail::SubscriptionRow& row) {
    return row.status == "past_due" || row.status == "unpaid";
  });
}

Result<Checkout> Billing::Impl::begin_checkout(const CheckoutRequest& request) {
  const BillingPlan* const declared = detail::find_plan(options, request.product, request.plan);
  if (!declared) return Error("There is no such plan.");
  if (std::string fault = detail::checkout_request_fault(request); !fault.empty()) return cannot_start(fault);

  bool discovered = false;
  for (int round = 0; round < max_rounds; ++round) {
    auto entitled = check(request.principal_key, request.product);
    if (!entitled) return entitled.error();
    // Credits can always be bought; everything else once.
    if (entitled->allowed && declared->kind != PlanKind::credits) return already(*entitled, request.principal_key);
    if (declared->kind == PlanKind::subscription) {
      auto due = payment_is_due(request.principal_key, request.product);
      if (!due) return due.error();
      if (*due)
        return manage_instead(Checkout::State::payment_due,
                              "The last payment of your subscription failed. Change your card and it goes on.",
                              request.principal_key);
    }
    auto account = ensure_customer(request);
    if (!account) return account.error();
    auto live = store.live_flow(request.principal_key, request.product);
    if (!live) return unavailable(live.error());
    if (!*live && !discovered) {
      // Before anything new is sold: what Stripe knows of this customer that we do not.
      discovered = true;
      auto found = discover_subscriptions(*account, request.product);
      if (!found) return found.error();
      continue;
    }
    // Only now is it known what the person has had.
    const BillingPlan plan = plan_for(*declared, request.principal_key, request.product);
    auto flow = *live ? Result<FlowRow>(std::move(**live)) : claim_flow(request, plan, *account);
    if (!flow) return flow.error();
    auto step = advance(std::move(*flow), request, plan, *account);
    if (!step) return step.error();
    if (*step) return std::move(**step);
  }
  return moving();
}

/// A trial is for those who never had the product.
BillingPlan Billing::Impl::plan_for(const BillingPlan& plan, std::string_view principal_key, std::string_view product) {
  BillingPlan out = plan;
  if (out.trial_days == 0) return out;
  auto had = store.subscriptions(principal_key, product);
  if (!had || !had->empty()) out.trial_days = 0;
  return out;
}

Result<AccountRow> Billing::Impl::ensure_customer(const CheckoutRequest& request) {
  bool with_email = request.email.has_value();
  for (int round = 0; round < 4; ++round) {
    auto account = store.account(request.principal_key);
    if (!account) return unavailable(account.error());
    if (*account && !(*account)->customer_id.empty()) return std::move(**account);
    const std::int64_t generation = *account ? (*account)->generation : 0;

    boost::json::object form{{"metadata", boost::json::object{{"userId", request.user_id}}}};
    if (with_email) form["email"] = *request.email;
    const std::string body = stripe_form(form);
    // The parameters are part of the key, so that a changed e-mail address is no conflict with an earlier attempt.
    const std::string identity = request.principal_key + '\n' + std::to_string(generation) + '\n' + body;
    auto customer = stripe->create_customer(body, "cust-" + hex_encode(sha256(identity)));
    if (!customer && customer.error().remembered()) {
      // The same key would give the same failure for a day. A customer that may exist all the same costs nothing.
      auto moved = store.next_generation(request.principal_key, generation);
      if (!moved) return unavailable(moved.error());
    }
    const bool refused = !customer && customer.error().cause == StripeCause::invalid_request;
    if (refused && with_email && customer.error().param == "email") {
      // It only prefills Stripe's page, where the person gives another one.
      options.log.warning("billing: Stripe refused the e-mail address of a customer");
      with_email = false;
      continue;
    }
    if (refused) return cannot_start(customer.error().describe());
    if (!customer) return unavailable(customer.error());
    if (customer->livemode != stripe->livemode()) return cannot_start("the customer is of the other mode");
    auto adopted = store.adopt_customer(request.principal_key, customer->id, generation);
    if (!adopted) return unavailable(adopted.error());
    if (!adopted->customer_id.empty()) return std::move(*adopted);
  }
  return moving();
}

Result<bool> Billing::Impl::adopt_customer(std::string_view principal_key, std::string_view customer_id) {
  const auto refuse = [](std::string why) { return Error("The customer could not be taken over.", std::move(why)); };
  if (principal_key.empty() || principal_key.size() > 1000) return refuse("principal_key is empty or too long");
  // Also whether there is such a customer, in this mode.
  auto listed = stripe->subscriptions_of(std::string(customer_id), {});
  if (!listed && !listed.error().retryable()) return refuse(listed.error().describe());
  if (!listed) return unavailable(listed.error());
  auto account = store.account(principal_key);
  if (!account) return unavailable(account.error());
  auto adopted = store.adopt_customer(principal_key, customer_id, *account ? (*account)->generation : 0);
  if (!adopted && adopted.error().cause == StorageCause::unique_violation)
    return refuse("the customer is another person's");
  if (!adopted) return unavailable(adopted.error());
  if (adopted->customer_id != customer_id) return false;
  auto found = discover_subscriptions(*adopted, {});
  if (!found) return found.error();
  return true;
}

Result<void> Billing::Impl::discover_subscriptions(const AccountRow& account, std::string_view product) {
  auto known = store.subscriptions(account.principal_key, product);
  if (!known) return unavailable(known.error());
  std::string after;
  constexpr int max_pages = 10;
  for (int page = 0; page < max_pages; ++page) {
    auto listed = stripe->subscriptions_of(account.customer_id, after);
    // A customer deleted at Stripe is found out when the session is made.
    if (!listed && listed.error().missing()) return {};
    if (!listed) return unavailable(listed.error());
    for (const StripeSubscription& subscription : listed->data) {
      bool current = false;
      for (const detail::SubscriptionRow& row : *known)
        current = current || (row.subscription_id == subscription.id && row.status == subscription.status);
      if (current) continue;
      auto settled = settle_subscription(subscription.id, Occasion());
      if (!settled) return settled;
    }
    if (!listed->has_more || listed->data.empty()) return {};
    after = listed->data.back().id;
  }
  return {};
}

Result<FlowRow> Billing::Impl::claim_flow(const CheckoutRequest& request, const BillingPlan& plan,
                                          const AccountRow& account) {
  FlowRow flow;
  flow.flow_id = random_id();
  flow.principal_key = request.principal_key;
  flow.product = request.product;
  flow.plan = plan.key;
  flow.terms_version = options.terms_version;
  flow.status = "open";
  flow.expires_at = now() + options.checkout_lifetime.count();
  flow.frozen_params =
      detail::checkout_params(request, plan, account.customer_id, flow.flow_id, flow.expires_at, options);
  auto inserted = store.insert_flow(flow, now());
  if (!inserted) return unavailable(inserted.error());
  if (*inserted) return flow;
  auto other = store.live_flow(request.principal_key, request.product);
  if (!other) return unavailable(other.error());
  if (!*other) return moving();
  return std::move(**other);
}

Result<Billing::Impl::Step> Billing::Impl::advance(FlowRow flow, const CheckoutRequest& request,
                                                   const BillingPlan& plan, const AccountRow& account) {
  if (flow.status == "pending") return Step(link(flow));
  const bool wanted = flow.plan == plan.key && flow.terms_version == options.terms_version;
  if (!wanted || now() >= flow.expires_at) return replace_session(std::move(flow), request, plan, account);
  if (flow.session_id.empty()) return open_session(std::move(flow), request, plan, account);
  return Step(link(flow));
}

StripeResult<StripeCheckoutSession> Billing::Impl::create_session(const FlowRow& flow) {
  const std::string key = "co-" + flow.flow_id + "-" + std::to_string(flow.attempt);
  auto session = stripe->create_checkout_session(flow.frozen_params, key);
  if (!session) return session;
  const auto claim = session->metadata.find("flow_id");
  const bool ours = claim != session->metadata.end() && claim->second == flow.flow_id &&
                    session->customer == detail::frozen_customer(flow.frozen_params) &&
                    session->livemode == stripe->livemode();
  if (ours) return session;
  StripeError out;
  out.cause = StripeCause::bad_answer;
  out.message = "the session is not the one that was asked for";
  return out;
}

Result<Billing::Impl::Step> Billing::Impl::open_session(FlowRow flow, const CheckoutRequest& request,
                                                        const BillingPlan& plan, const AccountRow& account) {
  auto session = create_session(flow);
  if (session) {
    flow.session_id = session->id;
    flow.session_url = session->url;
    auto saved = store.save_session(flow);
    if (!saved) return unavailable(saved.error());
    return *saved ? Step(link(flow)) : Step();
  }
  const StripeError& fault = session.error();
  if (fault.remembered()) {
    // The same key would give the same failure for a day. A session that may exist all the same was given to nobody
    // and expires.
    auto moved = next_attempt(flow, request, plan, account);
    if (!moved) return moved.error();
  }
  if (fault.retryable()) return unavailable(fault);
  options.log.warning("billing: checkout session refused", {{"detail", fault.describe()}});
  if (fault.missing() && fault.param == "customer") {
    // The one that was asked for: the person may have another one since.
    auto forgotten = store.forget_customer(detail::frozen_customer(flow.frozen_params), now());
    if (!forgotten) return unavailable(forgotten.error());
    auto fresh = ensure_customer(request);
    if (!fresh) return fresh.error();
    return next_attempt(flow, request, plan, *fresh);
  }
  // The frozen request may have grown too old to be made, or the key may be used up; both heal under a new key.
  const bool stale = fault.cause == StripeCause::invalid_request && flow.expires_at - now() < least_lifetime;
  if (stale || fault.cause == StripeCause::idempotency) return next_attempt(flow, request, plan, account);
  if (fault.cause == StripeCause::invalid_request) {
    detail::BillingEffects close;
    close.flow_id = flow.flow_id;
    close.flow_status = "failed";
    close.now = now();
    auto closed = store.apply(close);
    if (!closed) return unavailable(closed.error());
  }
  return cannot_start(fault.describe());
}

Result<Billing::Impl::Step> Billing::Impl::replace_session(FlowRow flow, const CheckoutRequest& request,
                                                           const BillingPlan& plan, const AccountRow& account) {
  if (flow.session_id.empty()) {
    // It may exist all the same: the answer to its creation was lost, or is on its way to someone else. The same key
    // gives the same session; a refusal means there is none.
    auto session = create_session(flow);
    const bool none =
        !session && (session.error().cause == StripeCause::invalid_request || session.error().remembered());
    if (!session && !none) return unavailable(session.error());
    if (!session) return next_attempt(flow, request, plan, account);
    flow.session_id = session->id;
    flow.session_url = session->url;
    auto saved = store.save_session(flow);
    if (!saved) return unavailable(saved.error());
    if (!*saved) return Step();
  }
  // Fails when the session is not open any more; reading it again tells how it ended.
  static_cast<void>(stripe->expire_checkout_session(flow.session_id));
  auto session = stripe->checkout_session(flow.session_id);
  // What Stripe does not know, nobody can pay.
  if (!session && session.error().missing()) return next_attempt(flow, request, plan, account);
  if (!session) return unavailable(session.error());
  if (session->status == "open") return moving();
  auto settled = settle_session(flow.session_id, Occasion());
  if (!settled) return settled.error();
  if (session->status != "expired") return Step();
  return next_attempt(flow, request, plan, account);
}

Result<Billing::Impl::Step> Billing::Impl::next_attempt(const FlowRow& flow, const CheckoutRequest& request,
                                                        const BillingPlan& plan, const AccountRow& account) {
  FlowRow next = flow;
  next.plan = plan.key;
  next.terms_version = options.terms_version;
  next.attempt = flow.attempt + 1;
  next.expires_at = now() + options.checkout_lifetime.count();
  next.frozen_params =
      detail::checkout_params(request, plan, account.customer_id, flow.flow_id, next.expires_at, options);
  auto moved = store.next_attempt(next, flow.attempt);
  if (!moved) return unavailable(moved.error());
  return Step();
}

}  // namespace leanmcp::inline v0

#include <leanmcp/payments/billing.hpp>

#include <leanmcp/payments/billing_impl.hpp>
namespace leanmcp::inline v0 {
namespace {

constexpr std::string_view try_again = "The billing service cannot be reached right now. Please try again.";
constexpr std::string_view retryable = R"({"code":"billing_unavailable","retryable":true})";

CheckoutFlow flow_view(const detail::FlowRow& row) {
  CheckoutFlow out;
  out.flow_id = row.flow_id;
  out.principal_key = row.principal_key;
  out.product = row.product;
  out.plan = row.plan;
  out.session_id = row.session_id;
  out.session_url = row.session_url;
  out.expires_at = detail::time_point(row.expires_at);
  if (row.status == "pending") out.state = CheckoutFlow::State::pending;
  if (row.status == "completed") out.state = CheckoutFlow::State::completed;
  if (row.status == "expired") out.state = CheckoutFlow::State::expired;
  if (row.status == "failed") out.state = CheckoutFlow::State::failed;
  return out;
}

std::string stripe_name(const std::string& mode, const std::string& account) {
  return "Stripe's " + mode + " mode" + (account.empty() ? "" : " for account " + account);
}

}  // namespace

std::string_view to_string(Checkout::State state) noexcept {
  switch (state) {
    case Checkout::State::open:
      return "payment_required";
    case Checkout::State::pending:
      return "pending";
    case Checkout::State::already_subscribed:
      return "active";
    case Checkout::State::payment_due:
      break;
  }
  return "payment_due";
}

Error Billing::Impl::unavailable(const StorageError& fault) const {
  const std::string detail = "storage " + std::string(to_string(fault.cause)) + ": " + fault.detail;
  options.log.error("billing: storage failed", {{"detail", detail}});
  return Error(std::string(try_again), detail).with_data(std::string(retryable));
}

Error Billing::Impl::unavailable(const StripeError& fault) const {
  const std::string detail = fault.describe();
  options.log.error("billing: Stripe refused or was not reached", {{"detail", detail}});
  return Error(std::string(try_again), detail).with_data(std::string(retryable));
}

void Billing::Impl::report(BillingAnomaly::Kind kind, std::string_view object_id,
                           std::string_view principal_key) const {
  options.log.warning("billing: needs a look", {{"kind", std::to_string(static_cast<int>(kind))}, {"id", object_id}});
  if (!options.on_anomaly) return;
  // The app's own code: whatever is wrong with it, what is under way here concerns somebody's money.
  try {
    options.on_anomaly(BillingAnomaly{kind, std::string(object_id), std::string(principal_key)});
  } catch (const std::exception& fault) {
    options.log.error("billing: on_anomaly threw", {{"id", object_id}, {"what", fault.what()}});
  } catch (...) {
    options.log.error("billing: on_anomaly threw", {{"id", object_id}});
  }
}

Result<void> Billing::Impl::note(const Occasion& occasion) {
  detail::BillingEffects effects;
  effects.event_id = occasion.event_id;
  effects.now = now();
  auto done = store.apply(effects);
  if (!done) return unavailable(done.error());
  return {};
}

Result<std::optional<CheckoutFlow>> Billing::Impl::refresh_row(
    const detail::Stored<std::optional<detail::FlowRow>>& row) {
  constexpr std::int64_t at_most_every_seconds = 3;
  if (!row) return unavailable(row.error());
  if (!*row) return std::optional<CheckoutFlow>();
  auto asked = refresh(**row, at_most_every_seconds);
  if (!asked) return asked.error();
  const auto now_row = store.flow((*row)->flow_id);
  if (!now_row) return unavailable(now_row.error());
  if (!*now_row) return std::optional<CheckoutFlow>();
  return std::optional<CheckoutFlow>(flow_view(**now_row));
}

Billing::Billing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Billing::~Billing() = default;

Result<std::shared_ptr<Billing>> Billing::create(Database database, std::shared_ptr<StripeApi> stripe,
                                                 std::shared_ptr<const Clock> clock, BillingOptions options) {
  if (!stripe || !clock) return Error("Billing: needs a Stripe client and a clock");
  if (std::string fault = detail::billing_options_fault(options); !fault.empty()) return Error("Billing: " + fault);
  if (stripe->account() != options.account) {
    return Error("Billing: BillingOptions::account is '" + options.account + "', but the Stripe client acts for '" +
                 std::string(stripe->account()) + "'; empty is one's own");
  }
  auto impl = std::make_unique<Impl>(std::move(database), std::move(stripe), std::move(clock), std::move(options));
  auto migrated = impl->store.migrate();
  if (!migrated) {
    return Error("Billing: the database cannot be used",
                 std::string(to_string(migrated.error().cause)) + ": " + migrated.error().detail);
  }
  const std::string mode(impl->stripe->mode());
  auto bound = impl->store.bind_stripe(mode, impl->options.account);
  if (!bound) {
    return Error("Billing: the database cannot be used",
                 std::string(to_string(bound.error().cause)) + ": " + bound.error().detail);
  }
  if (bound->mode != mode || bound->account != impl->options.account) {
    return Error("Billing: the database holds purchases of " + stripe_name(bound->mode, bound->account) + "; this is " +
                 stripe_name(mode, impl->options.account) +
                 ". What was bought there does not count here: use another database");
  }
  return std::shared_ptr<Billing>(new Billing(std::move(impl)));
}

Result<Checkout> Billing::begin_checkout(const CheckoutRequest& request) { return impl_->begin_checkout(request); }

Result<WebhookReceipt, WebhookRefusal> Billing::receive_webhook(std::string_view body,
                                                                std::string_view signature_header) {
  return impl_->receive(body, signature_header);
}

Result<WebhookReceipt, WebhookRefusal> Billing::handle_webhook(std::string_view body,
                                                               std::string_view signature_header) {
  auto receipt = impl_->receive(body, signature_header);
  if (!receipt || receipt->outcome == WebhookReceipt::Outcome::ignored) return receipt;
  // It is stored: from here on a failure is ours to repeat, not Stripe's.
  auto event = impl_->store.event(receipt->event_id);
  if (!event || !*event || (*event)->applied) return receipt;
  if (impl_->try_event(**event) == Impl::Tried::applied) receipt->outcome = WebhookReceipt::Outcome::applied;
  return receipt;
}

bool Billing::apply_webhook(std::string_view event_id) {
  const auto event = impl_->store.event(event_id);
  return event && *event && ((*event)->applied || impl_->try_event(**event) == Impl::Tried::applied);
}

Result<SubscriptionStatus> Billing::subscription_status(std::string_view principal_key, std::string_view product) {
  return impl_->status(principal_key, product);
}

Result<Entitlement> Billing::check(std::string_view principal_key, std::string_view product) {
  return impl_->check(principal_key, product);
}

Result<std::optional<CheckoutFlow>> Billing::flow(std::string_view flow_id) {
  auto row = impl_->store.flow(flow_id);
  if (!row) return impl_->unavailable(row.error());
  if (!*row) return std::optional<CheckoutFlow>();
  return std::optional<CheckoutFlow>(flow_view(**row));
}

Result<std::optional<CheckoutFlow>> Billing::refresh_flow(std::string_view flow_id) {
  return impl_->refresh_row(impl_->store.flow(flow_id));
}

Result<bool> Billing::refresh_checkout(std::string_view principal_key, std::string_view product) {
  return impl_->refresh_live(principal_key, product);
}

Result<std::optional<CheckoutFlow>> Billing::refresh_session(std::string_view session_id) {
  return impl_->refresh_row(impl_->store.flow_of_session(session_id));
}

Result<std::string> Billing::portal_url(std::string_view principal_key, std::string_view return_url, PortalPage page) {
  return impl_->portal_url(principal_key, return_url, page);
}

Result<std::string> Billing::manage_link(std::string_view principal_key, PortalPage page) {
  return impl_->manage_link(principal_key, page);
}

PortalPage Billing::manage_link_page(std::string_view link_id) { return detail::read_manage_link(link_id).page; }

Result<std::optional<std::string>> Billing::manage_link_owner(std::string_view link_id) {
  auto owner = impl_->store.link_owner(detail::read_manage_link(link_id).id, impl_->now());
  if (!owner) return impl_->unavailable(owner.error());
  return std::move(*owner);
}

Result<SubscriptionStatus> Billing::change_plan(std::string_view principal_key, std::string_view product,
                                                std::string_view plan) {
  return impl_->change_plan(principal_key, product, plan);
}

Result<SubscriptionStatus> Billing::cancel_at_period_end(std::string_view principal_key, std::string_view product,
                                                         bool cancel) {
  return impl_->cancel_at_period_end(principal_key, product, cancel);
}

Result<CreditReservation> Billing::reserve_credits(std::string_view principal_key, std::string_view product,
                                                   std::int64_t amount, std::string_view operation_key) {
  return impl_->reserve(principal_key, product, amount, operation_key);
}

Result<bool> Billing::commit_credits(std::string_view reservation_id) { return impl_->commit_credits(reservation_id); }

Result<void> Billing::release_credits(std::string_view reservation_id) {
  return impl_->release_credits(reservation_id);
}

void Billing::release_credits_later(std::string reservation_id) {
  impl_->release_later(Impl::Held::credits, std::move(reservation_id));
}

void Billing::release_use_later(std::string reservation_id) {
  impl_->release_later(Impl::Held::use, std::move(reservation_id));
}

Result<std::int64_t> Billing::credit_balance(std::string_view principal_key, std::string_view product) {
  impl_->release_overdue();
  auto balance = impl_->store.credit_balance(principal_key, product, impl_->now());
  if (!balance) return impl_->unavailable(balance.error());
  return *balance;
}

Result<bool> Billing::grant_credits(std::string_view principal_key, std::string_view product, std::int64_t amount,
                                    std::string_view key) {
  if (amount <= 0 || key.empty() || key.size() > 500 || principal_key.empty())
    return Error("The credits could not be granted.", "grant_credits: amount, key or principal_key is out of bounds");
  detail::PurchaseRow row;
  row.purchase_id = "grant:" + detail::scoped_key(principal_key, product, key);
  row.principal_key = principal_key;
  row.product = product;
  row.credits = amount;
  row.created = impl_->now();
  auto inserted = impl_->store.insert_purchase(row);
  if (!inserted) return impl_->unavailable(inserted.error());
  return *inserted;
}

Result<bool> Billing::adopt_customer(std::string_view principal_key, std::string_view customer_id) {
  return impl_->adopt_customer(principal_key, customer_id);
}

Result<bool> Billing::has_account(std::string_view principal_key) {
  auto account = impl_->store.account(principal_key);
  if (!account) return impl_->unavailable(account.error());
  return *account && !(*account)->customer_id.empty();
}

Result<void> Billing::meter(std::string_view principal_key, std::string_view meter, std::int64_t value,
                            std::string_view identifier) {
  return impl_->meter(principal_key, meter, value, identifier);
}

Result<bool> Billing::bills_use(std::string_view principal_key, std::string_view meter) {
  return impl_->bills_use(principal_key, meter);
}

Result<UseReservation> Billing::reserve_use(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                            std::string_view identifier) {
  return impl_->reserve_use(principal_key, meter, value, identifier);
}

Result<void> Billing::commit_use(std::string_view reservation_id) { return impl_->commit_use(reservation_id); }

Result<void> Billing::release_use(std::string_view reservation_id) { return impl_->release_use(reservation_id); }

Result<std::vector<PriceTag>> Billing::prices(std::string_view product) { return impl_->prices(product); }

void Billing::when_priced(std::shared_ptr<const std::function<void()>> told) { impl_->when_priced(std::move(told)); }

Result<SweepReport> Billing::sweep() { return impl_->sweep(); }

bool Billing::swept() const noexcept { return impl_->swept; }

const BillingOptions& Billing::options() const noexcept { return impl_->options; }

}  // namespace leanmcp::inline v0

// Credits, and use that Stripe counts.

#include <leanmcp/base/random.hpp>
#include <leanmcp/payments/billing_impl.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

using detail::MeterRow;

namespace {

/// Stripe takes use that is up to 35 days old.
constexpr std::int64_t meter_lifetime_seconds = 34 * 86'400;

CreditReservation::State state_of(detail::ReserveOutcome::State state) {
  switch (state) {
    case detail::ReserveOutcome::State::reserved:
      return CreditReservation::State::reserved;
    case detail::ReserveOutcome::State::in_progress:
      return CreditReservation::State::in_progress;
    case detail::ReserveOutcome::State::finished:
      return CreditReservation::State::finished;
    case detail::ReserveOutcome::State::insufficient:
      break;
  }
  return CreditReservation::State::insufficient;
}

}  // namespace

Result<CreditReservation> Billing::Impl::reserve(std::string_view principal_key, std::string_view product,
                                                 std::int64_t amount, std::string_view operation_key) {
  if (amount <= 0 || operation_key.empty() || operation_key.size() > 500 || principal_key.empty())
    return Error("The credits could not be reserved.", "reserve_credits: amount or a key is out of bounds");
  CreditReservation out;
  out.id = random_id();
  auto outcome = store.reserve_credits(out.id, principal_key, product, amount, operation_key, now(),
                                       now() + options.credit_hold.count());
  if (!outcome) return unavailable(outcome.error());
  out.state = state_of(outcome->state);
  out.balance = outcome->balance;
  return out;
}

Result<bool> Billing::Impl::commit_credits(std::string_view reservation_id) {
  auto settled = store.settle_credits(reservation_id, true);
  if (!settled) return unavailable(settled.error());
  if (!*settled) report(BillingAnomaly::Kind::unpaid_work, reservation_id, {});
  return *settled;
}

Result<void> Billing::Impl::release_credits(std::string_view reservation_id) {
  auto settled = store.settle_credits(reservation_id, false);
  if (!settled) return unavailable(settled.error());
  return {};
}

Result<void> Billing::Impl::meter(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                  std::string_view identifier) {
  const BillingMeter* const declared = detail::find_meter(options, meter);
  if (!declared || value <= 0 || identifier.empty() || identifier.size() > 100)
    return Error("The use could not be counted.", "meter: the meter, the value or the identifier is out of bounds");
  MeterRow row;
  row.identifier = identifier;
  row.principal_key = principal_key;
  row.event_name = declared->event_name;
  row.value = value;
  row.occurred_at = now();
  auto inserted = store.insert_meter(row);
  if (!inserted) return unavailable(inserted.error());
  // From here on it is on record: what fails now is repeated by the sweep.
  auto waiting = store.meter(identifier);
  if (waiting && *waiting) static_cast<void>(send_meter(**waiting));
  return {};
}

bool Billing::Impl::send_meter(const MeterRow& row) {
  auto account = store.account(row.principal_key);
  const bool customer = account && *account && !(*account)->customer_id.empty();
  std::string why = "no customer";
  if (customer) {
    const boost::json::object form{
        {"event_name", row.event_name},
        {"payload",
         boost::json::object{{"stripe_customer_id", (*account)->customer_id}, {"value", std::to_string(row.value)}}},
        {"identifier", row.identifier},
        {"timestamp", row.occurred_at},
    };
    const auto made = stripe->create_meter_event(stripe_form(form), "meter-" + row.identifier);
    if (made) {
      static_cast<void>(store.finish_meter(row.identifier, now()));
      return true;
    }
    why = made.error().describe();
  }
  options.log.warning("billing: use not counted yet", {{"identifier", row.identifier}, {"why", why}});
  if (now() - row.occurred_at > meter_lifetime_seconds) {
    static_cast<void>(store.finish_meter(row.identifier, now()));
    report(BillingAnomaly::Kind::stuck_meter, row.identifier, row.principal_key);
    return false;
  }
  static_cast<void>(store.postpone_meter(row.identifier, now() + detail::event_backoff(row.attempts + 1)));
  return false;
}

}  // namespace leanmcp::inline v0

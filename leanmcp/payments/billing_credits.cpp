// Credits, and use that Stripe counts.

#include <leanmcp/base/random.hpp>
#include <leanmcp/payments/billing_impl.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

using detail::MeterRow;

namespace {

/// Stripe takes use that is up to 35 days old.
constexpr std::int64_t meter_lifetime_seconds = 34 * 86'400;
/// Stripe knows an identifier again for a day at least. Use that it may have taken is not told again after that: rather
/// unpaid than paid twice.
constexpr std::int64_t identifier_lifetime_seconds = 23 * 3600;

/// One hold of a piece of work. When it ends tells it from a later one, which begins after that only.
struct UseHold {
  std::string identifier;
  std::int64_t until = 0;
};

std::string hold_id(const std::string& identifier, std::int64_t until) {
  return identifier + "." + std::to_string(until);
}

UseHold read_hold(std::string_view id) {
  UseHold out;
  const auto dot = std::min(id.find('.'), id.size());
  out.identifier = id.substr(0, dot);
  if (dot < id.size()) std::from_chars(id.data() + dot + 1, id.data() + id.size(), out.until);
  return out;
}

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
  release_overdue();
  CreditReservation out;
  out.id = random_id();
  const std::string key = detail::scoped_key(principal_key, product, operation_key);
  auto outcome =
      store.reserve_credits(out.id, principal_key, product, amount, key, now(), now() + options.credit_hold.count());
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

void Billing::Impl::release_later(Held what, std::string reservation_id) {
  const std::lock_guard lock(overdue_mutex_);
  // A reservation that is not given back lapses by itself.
  if (overdue_.size() < 10'000) overdue_.emplace_back(what, std::move(reservation_id));
}

void Billing::Impl::release_overdue() {
  std::vector<std::pair<Held, std::string>> overdue;
  {
    const std::lock_guard lock(overdue_mutex_);
    overdue.swap(overdue_);
  }
  for (const auto& [what, id] : overdue)
    static_cast<void>(what == Held::credits ? release_credits(id) : release_use(id));
}

Result<bool> Billing::Impl::bills_use(std::string_view principal_key, std::string_view meter) {
  const BillingMeter* const declared = detail::find_meter(options, meter);
  if (!declared) return Error("The use could not be counted.", "there is no such meter");
  for (const BillingProduct& product : options.products) {
    if (!declared->product.empty() && product.key != declared->product) continue;
    if (!sells(product.key, PlanKind::subscription)) continue;
    auto entitlement = check(principal_key, product.key);
    if (!entitlement) return entitlement.error();
    // What was bought once, or credits, bill nothing at the end of a period.
    const bool subscribed = entitlement->status != "purchased" && entitlement->status != "credits";
    if (entitlement->allowed && subscribed) return true;
  }
  return false;
}

Result<MeterRow> Billing::Impl::meter_row(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                          std::string_view identifier) const {
  const BillingMeter* const declared = detail::find_meter(options, meter);
  if (!declared || value <= 0 || identifier.empty() || identifier.size() > 500)
    return Error("The use could not be counted.", "meter: the meter, the value or the identifier is out of bounds");
  MeterRow row;
  row.identifier = detail::scoped_key(principal_key, meter, identifier);
  row.principal_key = principal_key;
  row.event_name = declared->event_name;
  row.value = value;
  row.occurred_at = now();
  return row;
}

Result<void> Billing::Impl::meter(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                  std::string_view identifier) {
  auto row = meter_row(principal_key, meter, value, identifier);
  if (!row) return row.error();
  auto inserted = store.insert_meter(*row);
  if (!inserted) return unavailable(inserted.error());
  return send_counted(row->identifier);
}

/// It is on record: what fails now is repeated by the sweep.
Result<void> Billing::Impl::send_counted(std::string_view identifier) {
  auto waiting = store.meter(identifier);
  if (waiting && *waiting) static_cast<void>(send_meter(**waiting));
  return {};
}

Result<UseReservation> Billing::Impl::reserve_use(std::string_view principal_key, std::string_view meter,
                                                  std::int64_t value, std::string_view identifier) {
  auto row = meter_row(principal_key, meter, value, identifier);
  if (!row) return row.error();
  release_overdue();
  const std::int64_t held_until = now() + options.credit_hold.count();
  auto held = store.hold_meter(*row, now(), held_until);
  if (!held) return unavailable(held.error());
  UseReservation out;
  if (*held == detail::ReserveOutcome::State::reserved) {
    out.state = UseReservation::State::held;
    out.id = hold_id(row->identifier, held_until);
  }
  if (*held == detail::ReserveOutcome::State::finished) out.state = UseReservation::State::finished;
  return out;
}

Result<void> Billing::Impl::commit_use(std::string_view reservation_id) {
  // Whoever holds it by now: the work was done, and counts once.
  const std::string identifier = read_hold(reservation_id).identifier;
  auto counted = store.count_meter(identifier, now());
  if (!counted) return unavailable(counted.error());
  if (*counted) return send_counted(identifier);
  // The hold ran out. Perhaps someone else has counted the same work since.
  const auto known = store.has_meter(identifier);
  if (known && !*known) report(BillingAnomaly::Kind::unpaid_work, identifier, {});
  return {};
}

Result<void> Billing::Impl::release_use(std::string_view reservation_id) {
  const UseHold hold = read_hold(reservation_id);
  auto released = store.release_meter(hold.identifier, hold.until);
  if (!released) return unavailable(released.error());
  return {};
}

bool Billing::Impl::send_meter(const MeterRow& row) {
  const std::int64_t since = row.doubtful_since;
  const bool forgotten = since != 0 && now() - since > identifier_lifetime_seconds;
  if (forgotten || now() - row.occurred_at > meter_lifetime_seconds) {
    static_cast<void>(store.finish_meter(row.identifier, now()));
    report(BillingAnomaly::Kind::stuck_meter, row.identifier, row.principal_key);
    return false;
  }
  auto account = store.account(row.principal_key);
  const bool customer = account && *account && !(*account)->customer_id.empty();
  std::string why = "no customer";
  bool doubtful = false;
  if (customer) {
    const boost::json::object form{
        {"event_name", row.event_name},
        {"payload",
         boost::json::object{{"stripe_customer_id", (*account)->customer_id}, {"value", std::to_string(row.value)}}},
        {"identifier", row.identifier},
        {"timestamp", row.occurred_at},
    };
    // Noted before it is sent, in case this process dies with the answer under way.
    const auto noted = store.doubt_meter(row.identifier, now());
    if (!noted) return false;
    // Under the key of an attempt that failed Stripe may give that failure for a day; the identifier is what keeps it
    // from being counted twice.
    const std::string key = "meter-" + row.identifier + (row.attempts == 0 ? "" : "-" + std::to_string(row.attempts));
    const auto made = stripe->create_meter_event(stripe_form(form), key);
    if (made) {
      static_cast<void>(store.finish_meter(row.identifier, now()));
      return true;
    }
    const StripeError& fault = made.error();
    why = fault.describe();
    const bool unclear = fault.cause == StripeCause::connection || fault.cause == StripeCause::timeout ||
                         fault.cause == StripeCause::bad_answer || fault.status >= 500;
    doubtful = unclear && !fault.never_sent;
  }
  options.log.warning("billing: use not counted yet", {{"identifier", row.identifier}, {"why", why}});
  // A plain refusal settles the doubt of this attempt, not that of those before it.
  static_cast<void>(
      store.postpone_meter(row.identifier, now() + detail::event_backoff(row.attempts + 1), doubtful || since != 0));
  return false;
}

}  // namespace leanmcp::inline v0

// Gates that charge for each call: by credits, and by meters.

#include <leanmcp/payments/gate.hpp>

#include <leanmcp/payments/payment_desk.hpp>

#include <map>
#include <mutex>

namespace leanmcp::inline v0 {

namespace {

using State = CreditReservation::State;

/// What one call holds.
struct Held {
  std::mutex mutex;
  std::string id;
  bool abandoned = false;
};

class CreditGate final : public Hook {
 public:
  CreditGate(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount, GateOptions options)
      : billing_(std::move(billing)),
        product_(std::move(product)),
        amount_(amount),
        desk_(product_, std::move(options)) {}

  Stage stage() const override { return Stage::entitle; }
  Verdict before(Call& call) override { return Verdict::later(decide(call)); }

  Task<void> after(Call& call, bool succeeded) override {
    std::string id;
    {
      const std::lock_guard lock(mutex_);
      const auto found = held_.find(&call);
      if (found == held_.end()) return Task<void>();
      id = std::move(found->second);
      held_.erase(found);
    }
    return call.on_worker([billing = billing_, id = std::move(id), succeeded] {
      if (succeeded) {
        // A reservation that lapsed is reported by billing; the work is done and its result is given.
        static_cast<void>(billing->commit_credits(id));
      } else {
        static_cast<void>(billing->release_credits(id));
      }
    });
  }

 private:
  /// Gives the credits back when the run ends before the call went on.
  class Guard {
   public:
    explicit Guard(std::shared_ptr<Held> held) : held_(std::move(held)) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      const std::lock_guard lock(held_->mutex);
      held_->abandoned = true;
    }

   private:
    const std::shared_ptr<Held> held_;
  };

  /// Runs on a worker: reserves, and gives back at once when nobody waits for it any more.
  static Result<State> reserve(Billing& billing, const std::string& key, const std::string& product,
                               std::int64_t amount, const std::string& operation, Held& held) {
    const auto reserved = billing.reserve_credits(key, product, amount, operation);
    if (!reserved) return reserved.error();
    if (reserved->state != State::reserved) return reserved->state;
    const std::lock_guard lock(held.mutex);
    if (held.abandoned) {
      static_cast<void>(billing.release_credits(reserved->id));
    } else {
      held.id = reserved->id;
    }
    return State::reserved;
  }

  Task<Verdict> decide(Call& call) {
    const auto held = std::make_shared<Held>();
    const Guard guard(held);
    const auto state = std::make_shared<State>(State::insufficient);
    const std::string operation = call.idempotency_key() + "/" + call.entry().name + "/" + product_;
    const auto billing = billing_;
    const std::string key = call.principal()->key();
    detail::PaymentDesk::Questions questions;
    questions.paid = [billing, key, product = product_, amount = amount_, operation, held, state]() -> Result<bool> {
      const auto reserved = reserve(*billing, key, product, amount, operation, *held);
      if (!reserved) return reserved.error();
      *state = *reserved;
      return *reserved != State::insufficient;
    };
    // The round before may be giving its reservation back at this moment.
    constexpr int looks = 20;
    for (int look = 0; look < looks; ++look) {
      Task<Verdict> asking = desk_.decide(call, questions);
      Verdict verdict = co_await std::move(asking);
      if (!verdict.is_proceed() || *state == State::finished) {
        if (!verdict.is_proceed()) co_return std::move(verdict);
        break;
      }
      if (*state == State::reserved) {
        const std::lock_guard lock(held->mutex);
        const std::lock_guard all(mutex_);
        held_[&call] = held->id;
        co_return Verdict::proceed();
      }
      OneShot<bool> pause;
      std::function<void()> wake = [pause] { pause.set(true); };
      call.executor().start_timer(std::chrono::milliseconds(100), std::move(wake));
      co_await pause;
    }
    const bool finished = *state == State::finished;
    Error error(finished ? "This call was completed and paid for before. Make a new one."
                         : "This very call is being worked on. Try again.");
    error.with_data(finished ? R"({"error":"Already completed","code":"ALREADY_COMPLETED"})"
                             : R"({"error":"In progress","code":"IN_PROGRESS","action":"retry"})");
    co_return Verdict::answer(failure_result(error));
  }

  const std::shared_ptr<Billing> billing_;
  const std::string product_;
  const std::int64_t amount_;
  const detail::PaymentDesk desk_;
  std::mutex mutex_;
  std::map<const Call*, std::string> held_;
};

class MeterGate final : public Hook {
 public:
  MeterGate(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value)
      : billing_(std::move(billing)), meter_(std::move(meter)), value_(value) {}
  Stage stage() const override { return Stage::entitle; }
  Verdict before(Call& call) override { return Verdict::later(decide(call)); }

  Task<void> after(Call& call, bool succeeded) override {
    if (!succeeded || !call.principal()) return Task<void>();
    return call.on_worker([billing = billing_, meter = meter_, value = value_, key = call.principal()->key(),
                           identifier = call.idempotency_key() + "-" + meter_, log = call.logger()] {
      const auto counted = billing->meter(key, meter, value, identifier);
      if (!counted) log.error("use was not counted", {{"meter", meter}, {"reason", counted.error().detail()}});
    });
  }

 private:
  Task<Verdict> decide(Call& call) const {
    const auto known = std::make_shared<std::optional<Result<bool>>>();
    std::function<void()> work = [billing = billing_, key = call.principal()->key(), known] {
      *known = billing->has_account(key);
    };
    Task<void> working = call.on_worker(std::move(work));
    co_await std::move(working);
    const Result<bool>& account = **known;
    if (!account) co_return detail::PaymentDesk::unknown(call, meter_, account.error());
    if (*account) co_return Verdict::proceed();
    Error error("There is no account to bill this to.");
    co_return Verdict::answer(
        failure_result(error.with_data(R"({"error":"There is no account to bill this to","upgradeAvailable":true})")));
  }

  const std::shared_ptr<Billing> billing_;
  const std::string meter_;
  const std::int64_t value_;
};

}  // namespace

Decorator requires_credit(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount) {
  return requires_credit(std::move(billing), std::move(product), amount, GateOptions());
}

Decorator requires_credit(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount,
                          GateOptions options) {
  if (options.error_text.empty()) options.error_text = detail::PaymentDesk::default_error(product, "credits required");
  if (billing && billing->options().go_url.empty()) options.mid_call = false;
  if (billing && !options.make_offer)
    options.make_offer = detail::PaymentDesk::offer_of(billing, product, options.plan_key);
  return Decorator(
      [billing, product, amount, options = std::move(options), price = priced(billing, product)](EntryDraft& draft) {
        if (!billing || product.empty() || amount <= 0)
          return draft.fail("requires_credit() needs billing, a product and an amount above 0");
        bool sold = false;
        for (const BillingProduct& candidate : billing->options().products)
          if (candidate.key == product)
            for (const BillingPlan& plan : candidate.plans) sold = sold || plan.kind == PlanKind::credits;
        if (!sold) return draft.fail("requires_credit(): no plan of product '" + product + "' sells credits");
        if (!detail::gate_fits(draft, "requires_credit()")) return;
        draft.entry.hooks.push_back(std::make_shared<CreditGate>(billing, product, amount, options));
        price.apply(draft);
      });
}

Decorator metered(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value) {
  return Decorator([billing = std::move(billing), meter = std::move(meter), value](EntryDraft& draft) {
    if (!billing || value <= 0) return draft.fail("metered() needs billing and a value above 0");
    bool declared = false;
    for (const BillingMeter& one : billing->options().meters) declared = declared || one.key == meter;
    if (!declared) return draft.fail("metered(): there is no meter '" + meter + "' in BillingOptions::meters");
    if (!detail::gate_fits(draft, "metered()")) return;
    draft.entry.hooks.push_back(std::make_shared<MeterGate>(billing, meter, value));
  });
}

}  // namespace leanmcp::inline v0

// Gates that charge for each call: by credits, and by meters.

#include <leanmcp/payments/gate.hpp>

#include <leanmcp/payments/payment_desk.hpp>

#include <map>
#include <mutex>
#include <thread>

namespace leanmcp::inline v0 {

namespace {

/// What one call costs and how it is paid. One object serves all calls; its functions block, except `abandon`.
class Charge {
 public:
  enum class State { held, insufficient, in_progress, finished };
  virtual ~Charge() = default;
  /// Takes the price of one piece of work; `held` is what the other functions are told. Who has too little and may have
  /// paid without our knowing is looked up at Stripe with `ask_stripe` only.
  virtual Result<State> hold(const std::string& person, const std::string& operation, bool ask_stripe,
                             std::string& held) = 0;
  virtual Result<void> commit(const std::string& held) = 0;
  virtual Result<void> release(const std::string& held) = 0;
  /// The work never began, and there is no worker to say so on.
  virtual void abandon(const std::string& held) = 0;
  virtual const std::string& name() const = 0;
};

class CreditCharge final : public Charge {
 public:
  CreditCharge(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount)
      : billing_(std::move(billing)), product_(std::move(product)), amount_(amount) {}

  Result<State> hold(const std::string& person, const std::string& operation, bool ask_stripe,
                     std::string& held) override {
    auto reserved = billing_->reserve_credits(person, product_, amount_, operation);
    if (ask_stripe && reserved && reserved->state == CreditReservation::State::insufficient) {
      // Perhaps they are paid for and no webhook has come yet.
      const auto asked = billing_->refresh_checkout(person, product_);
      if (!asked) return asked.error();
      if (*asked) reserved = billing_->reserve_credits(person, product_, amount_, operation);
    }
    if (!reserved) return reserved.error();
    held = std::move(reserved->id);
    switch (reserved->state) {
      case CreditReservation::State::reserved:
        return State::held;
      case CreditReservation::State::in_progress:
        return State::in_progress;
      case CreditReservation::State::finished:
        return State::finished;
      case CreditReservation::State::insufficient:
        break;
    }
    return State::insufficient;
  }
  Result<void> commit(const std::string& held) override {
    // False for a reservation that lapsed: billing reports it; the work is done and its result is given.
    const auto committed = billing_->commit_credits(held);
    if (!committed) return committed.error();
    return {};
  }
  Result<void> release(const std::string& held) override { return billing_->release_credits(held); }
  void abandon(const std::string& held) override { billing_->release_credits_later(held); }
  const std::string& name() const override { return product_; }

 private:
  const std::shared_ptr<Billing> billing_;
  const std::string product_;
  const std::int64_t amount_;
};

class UseCharge final : public Charge {
 public:
  UseCharge(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value)
      : billing_(std::move(billing)), meter_(std::move(meter)), value_(value) {}

  Result<State> hold(const std::string& person, const std::string& operation, bool ask_stripe,
                     std::string& held) override {
    // Making the link has looked for a subscription just now.
    if (!ask_stripe) return State::insufficient;
    const auto billed = billing_->bills_use(person, meter_);
    if (!billed) return billed.error();
    if (!*billed) return State::insufficient;
    auto reserved = billing_->reserve_use(person, meter_, value_, operation);
    if (!reserved) return reserved.error();
    held = std::move(reserved->id);
    switch (reserved->state) {
      case UseReservation::State::held:
        return State::held;
      case UseReservation::State::finished:
        return State::finished;
      case UseReservation::State::in_progress:
        break;
    }
    return State::in_progress;
  }
  Result<void> commit(const std::string& held) override { return billing_->commit_use(held); }
  Result<void> release(const std::string& held) override { return billing_->release_use(held); }
  void abandon(const std::string& held) override { billing_->release_use_later(held); }
  const std::string& name() const override { return meter_; }

 private:
  const std::shared_ptr<Billing> billing_;
  const std::string meter_;
  const std::int64_t value_;
};

/// What one call holds, as its worker and its coroutine share it.
struct Held {
  std::mutex mutex;
  std::string id;
  bool abandoned = false;
};

class ChargeGate final : public Hook {
 public:
  ChargeGate(std::shared_ptr<Charge> charge, GateOptions options)
      : charge_(std::move(charge)), desk_(charge_->name(), std::move(options)) {}

  Stage stage() const override { return Stage::entitle; }
  bool needs_principal() const override { return true; }
  Verdict before(Call& call) override {
    return call.principal() ? Verdict::later(decide(call)) : detail::PaymentDesk::nobody();
  }

  Task<void> after(Call& call, bool succeeded) override {
    std::string id;
    {
      const std::lock_guard lock(mutex_);
      const auto found = held_.find(&call);
      if (found == held_.end()) return Task<void>();
      id = std::move(found->second);
      held_.erase(found);
    }
    std::function<void()> work = [charge = charge_, id = std::move(id), succeeded, log = call.logger()] {
      const auto settled = succeeded ? paid(*charge, id) : charge->release(id);
      if (!settled && succeeded)
        log.error("a call was not paid", {{"of", charge->name()}, {"held", id}, {"reason", settled.error().detail()}});
    };
    return settle(call, std::move(work));
  }

 private:
  /// Gives the price back when the run ends before the call went on.
  class Guard {
   public:
    Guard(std::shared_ptr<Held> held, std::shared_ptr<Charge> charge)
        : held_(std::move(held)), charge_(std::move(charge)) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      const std::lock_guard lock(held_->mutex);
      held_->abandoned = true;
      if (!held_->id.empty()) charge_->abandon(held_->id);
    }

   private:
    const std::shared_ptr<Held> held_;
    const std::shared_ptr<Charge> charge_;
  };

  /// A server whose workers are busy must not forget what is owed: whoever keeps it busy would call for free.
  static Task<void> settle(Call& call, std::function<void()> work) {
    constexpr int attempts = 50;
    for (int attempt = 0; attempt < attempts; ++attempt) {
      bool taken = true;
      try {
        Task<void> working = call.on_worker(work);
        co_await std::move(working);
      } catch (const std::exception&) {
        taken = false;
      }
      if (taken) co_return;
      Task<void> pausing = sleep_for(std::chrono::milliseconds(100));
      co_await std::move(pausing);
    }
    work();
  }

  /// The work is done: a moment's failure of the database must not make a present of it.
  static Result<void> paid(Charge& charge, const std::string& held) {
    constexpr int attempts = 3;
    for (int attempt = 1;; ++attempt) {
      auto done = charge.commit(held);
      if (done || attempt == attempts) return done;
      std::this_thread::sleep_for(std::chrono::milliseconds(50 * attempt));
    }
  }

  /// Runs on a worker: takes the price, and gives it back at once when nobody waits for it any more.
  static Result<Charge::State> hold(Charge& charge, const std::string& person, const std::string& operation,
                                    bool ask_stripe, Held& held) {
    std::string id;
    const auto state = charge.hold(person, operation, ask_stripe, id);
    if (!state || *state != Charge::State::held) return state;
    const std::lock_guard lock(held.mutex);
    if (held.abandoned) {
      static_cast<void>(charge.release(id));
    } else {
      held.id = std::move(id);
    }
    return state;
  }

  Task<Verdict> decide(Call& call) {
    const auto held = std::make_shared<Held>();
    const Guard guard(held, charge_);
    const auto state = std::make_shared<Charge::State>(Charge::State::insufficient);
    const std::string operation = call.idempotency_key() + "-" + charge_->name();
    const std::string person = call.principal()->key();
    const auto look = [charge = charge_, person, operation, held, state](bool ask_stripe) -> Result<bool> {
      const auto taken = hold(*charge, person, operation, ask_stripe, *held);
      if (!taken) return taken.error();
      *state = *taken;
      return *taken != Charge::State::insufficient;
    };
    detail::PaymentDesk::Questions questions;
    questions.paid = [look] { return look(true); };
    questions.paid_meanwhile = [look] { return look(false); };
    // The round before may be giving its hold back at this moment.
    constexpr int looks = 20;
    for (int look = 0; look < looks; ++look) {
      Task<Verdict> asking = desk_.decide(call, questions);
      Verdict verdict = co_await std::move(asking);
      if (!verdict.is_proceed()) co_return std::move(verdict);
      if (*state == Charge::State::finished) break;
      if (*state == Charge::State::held) {
        const std::lock_guard lock(held->mutex);
        const std::lock_guard all(mutex_);
        held_[&call] = std::exchange(held->id, {});
        co_return Verdict::proceed();
      }
      OneShot<bool> pause;
      std::function<void()> wake = [pause] { pause.set(true); };
      call.executor().start_timer(std::chrono::milliseconds(100), std::move(wake));
      co_await pause;
    }
    const bool finished = *state == Charge::State::finished;
    Error error(finished ? "This call was completed and paid for before. Make a new one."
                         : "This very call is being worked on. Try again.");
    error.with_data(finished ? R"({"error":"Already completed","code":"ALREADY_COMPLETED"})"
                             : R"({"error":"In progress","code":"IN_PROGRESS","action":"retry"})");
    co_return Verdict::answer(failure_result(error));
  }

  const std::shared_ptr<Charge> charge_;
  const detail::PaymentDesk desk_;
  std::mutex mutex_;
  std::map<const Call*, std::string> held_;
};

}  // namespace

Decorator requires_credit(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount) {
  return requires_credit(std::move(billing), std::move(product), amount, GateOptions());
}

Decorator requires_credit(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount,
                          GateOptions options) {
  if (options.error_text.empty()) options.error_text = detail::PaymentDesk::default_error(product, "credits required");
  if (billing && billing->options().go_url.empty()) options.mid_call = false;
  // An offer of the app's own names its plans itself.
  const std::string plan = options.make_offer ? "" : options.plan_key;
  if (billing && !options.make_offer)
    options.make_offer = detail::PaymentDesk::offer_of(billing, product, plan, detail::Pass::credits);
  return Decorator([billing, product, amount, plan, options = std::move(options),
                    price = priced(billing, product)](EntryDraft& draft) {
    if (!billing || product.empty() || amount <= 0)
      return draft.fail("requires_credit() needs billing, a product and an amount above 0");
    if (!detail::offer_fits(draft, "requires_credit()", *billing, product, plan, detail::Pass::credits)) return;
    if (!detail::gate_fits(draft, "requires_credit()")) return;
    auto charge = std::make_shared<CreditCharge>(billing, product, amount);
    draft.entry.hooks.push_back(std::make_shared<ChargeGate>(std::move(charge), options));
    price.apply(draft);
  });
}

Decorator metered(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value) {
  return metered(std::move(billing), std::move(meter), value, GateOptions());
}

Decorator metered(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value, GateOptions options) {
  const BillingMeter* declared = nullptr;
  if (billing)
    for (const BillingMeter& one : billing->options().meters)
      if (one.key == meter) declared = &one;
  const std::string product = declared ? declared->product : "";
  if (options.error_text.empty())
    options.error_text = product.empty() ? "There is no subscription to bill this to"
                                         : detail::PaymentDesk::default_error(product, "subscription required");
  if (product.empty() || billing->options().go_url.empty()) options.mid_call = false;
  const std::string plan = options.make_offer ? "" : options.plan_key;
  if (!product.empty() && !options.make_offer)
    options.make_offer = detail::PaymentDesk::offer_of(billing, product, plan, detail::Pass::use);
  const bool known = declared != nullptr;
  return Decorator([billing, meter = std::move(meter), value, known, product, plan,
                    options = std::move(options)](EntryDraft& draft) {
    if (!billing || value <= 0) return draft.fail("metered() needs billing and a value above 0");
    if (!known) return draft.fail("metered(): there is no meter '" + meter + "' in BillingOptions::meters");
    if (!product.empty() && !detail::offer_fits(draft, "metered()", *billing, product, plan, detail::Pass::use)) return;
    if (!detail::gate_fits(draft, "metered()")) return;
    auto charge = std::make_shared<UseCharge>(billing, meter, value);
    draft.entry.hooks.push_back(std::make_shared<ChargeGate>(std::move(charge), options));
    if (!product.empty()) priced(billing, product).apply(draft);
  });
}

}  // namespace leanmcp::inline v0

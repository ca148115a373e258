#include <leanmcp/payments/gate.hpp>

#include <leanmcp/payments/payment_desk.hpp>

namespace leanmcp::inline v0 {

namespace {

class PlanGate final : public Hook {
 public:
  PlanGate(std::shared_ptr<Entitlements> entitlements, std::string product, GateOptions options)
      : entitlements_(std::move(entitlements)), product_(std::move(product)), desk_(product_, std::move(options)) {}
  Stage stage() const override { return Stage::entitle; }
  bool needs_principal() const override { return true; }
  Verdict before(Call& call) override {
    if (!call.principal()) return detail::PaymentDesk::nobody();
    detail::PaymentDesk::Questions questions;
    questions.paid = [this, key = call.principal()->key()]() -> Result<bool> {
      const auto entitlement = entitlements_->check(key, product_);
      if (!entitlement) return entitlement.error();
      return entitlement->allowed;
    };
    return Verdict::later(desk_.decide(call, std::move(questions)));
  }

 private:
  const std::shared_ptr<Entitlements> entitlements_;
  const std::string product_;
  const detail::PaymentDesk desk_;
};

}  // namespace

Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product) {
  return requires_plan(std::move(entitlements), std::move(product), GateOptions());
}

Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product, GateOptions options) {
  if (options.error_text.empty())
    options.error_text = detail::PaymentDesk::default_error(product, "subscription required");
  return Decorator([entitlements = std::move(entitlements), product = std::move(product),
                    options = std::move(options)](EntryDraft& draft) {
    if (!entitlements || product.empty()) return draft.fail("requires_plan() needs entitlements and a product");
    if (!detail::gate_fits(draft, "requires_plan()")) return;
    draft.entry.hooks.push_back(std::make_shared<PlanGate>(entitlements, product, options));
  });
}

Decorator requires_plan(std::shared_ptr<Billing> billing, std::string product) {
  return requires_plan(std::move(billing), std::move(product), GateOptions());
}

Decorator requires_plan(std::shared_ptr<Billing> billing, std::string product, GateOptions options) {
  // Without a page that checks who opens it, a link must not be given out for opening.
  if (billing && billing->options().go_url.empty()) options.mid_call = false;
  // An offer of the app's own names its plans itself.
  const std::string plan = options.make_offer ? "" : options.plan_key;
  if (billing && !options.make_offer)
    options.make_offer = detail::PaymentDesk::offer_of(billing, product, plan, detail::Pass::plan);
  Decorator gate = requires_plan(std::shared_ptr<Entitlements>(billing), product, std::move(options));
  return Decorator(
      [gate = std::move(gate), price = priced(billing, product), billing, product, plan](EntryDraft& draft) {
        if (billing && !product.empty() &&
            !detail::offer_fits(draft, "requires_plan()", *billing, product, plan, detail::Pass::plan))
          return;
        gate.apply(draft);
        if (draft.failure.empty()) price.apply(draft);
      });
}

}  // namespace leanmcp::inline v0

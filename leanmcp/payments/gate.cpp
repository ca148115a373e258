#include <leanmcp/payments/gate.hpp>

#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/message.hpp>

#include <optional>

namespace leanmcp::inline v0 {

namespace {

class PlanGate final : public Hook {
 public:
  PlanGate(std::shared_ptr<Entitlements> entitlements, std::string product, GateOptions options)
      : entitlements_(std::move(entitlements)), product_(std::move(product)), options_(std::move(options)) {
    if (options_.error_text.empty()) {
      options_.error_text = product_ + " subscription required";
      options_.error_text[0] = static_cast<char>(
          options_.error_text[0] >= 'a' && options_.error_text[0] <= 'z' ? options_.error_text[0] - 32
                                                                         : options_.error_text[0]);
    }
  }
  Stage stage() const override { return Stage::entitle; }
  Verdict before(Call& call) override { return Verdict::later(decide(call)); }

 private:
  struct Found {
    std::optional<Result<Entitlement>> entitlement;
    std::optional<Result<PaymentOffer>> offer;
  };

  Task<Verdict> decide(Call& call) const {
    const auto found = std::make_shared<Found>();
    const Principal principal = *call.principal();
    std::function<void()> work = [this, found, principal] {
      found->entitlement = entitlements_->check(principal.key(), product_);
      if (*found->entitlement && !(*found->entitlement)->allowed && options_.make_offer)
        found->offer = options_.make_offer(principal);
    };
    Task<void> working = call.on_worker(std::move(work));
    co_await std::move(working);
    Verdict verdict = judge(call, *found);
    co_return std::move(verdict);
  }

  Verdict judge(Call& call, const Found& found) const {
    if (!*found.entitlement) {
      const Error& error = found.entitlement->error();
      call.logger().warning("entitlement unknown", {{"product", product_}, {"reason", error.message()}});
      Error sent("It cannot be checked right now whether you have paid; try again.");
      return Verdict::answer(failure_result(
          sent.with_data(R"({"error":"Payment status unavailable","code":"VERIFICATION_FAILED","action":"retry"})")));
    }
    if ((*found.entitlement)->allowed) return Verdict::proceed();
    std::string detail = "{\"error\":";
    append_json_string(detail, options_.error_text);
    detail += ",\"upgradeAvailable\":true";
    if (found.offer && *found.offer) {
      detail += ",\"paymentUrl\":";
      append_json_string(detail, (*found.offer)->url);
    } else if (found.offer) {
      call.logger().warning("no payment link", {{"product", product_}, {"reason", found.offer->error().message()}});
    }
    detail += '}';
    Error error(options_.error_text);
    return Verdict::answer(failure_result(error.with_data(std::move(detail))));
  }

  const std::shared_ptr<Entitlements> entitlements_;
  const std::string product_;
  GateOptions options_;
};

}  // namespace

Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product) {
  return requires_plan(std::move(entitlements), std::move(product), GateOptions());
}

Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product, GateOptions options) {
  return Decorator([entitlements = std::move(entitlements), product = std::move(product),
                    options = std::move(options)](EntryDraft& draft) {
    if (!entitlements || product.empty()) return draft.fail("requires_plan() needs entitlements and a product");
    if (draft.entry.kind != EntryKind::tool) return draft.fail("requires_plan() is for tools");
    bool authenticated = false;
    for (const auto& hook : draft.entry.hooks) authenticated = authenticated || hook->stage() == Stage::authenticate;
    if (!authenticated) return draft.fail("requires_plan() needs authenticated(provider): nobody else can have paid");
    draft.entry.hooks.push_back(std::make_shared<PlanGate>(entitlements, product, options));
  });
}

}  // namespace leanmcp::inline v0

#include <leanmcp/auth/authorize.hpp>

#include <leanmcp/auth/auth_denial.hpp>
#include <leanmcp/auth/authenticate_hook.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace detail {

AuthorizeRule::Decision rule_decision(bool allowed) {
  AuthorizeRule::Decision decision;
  decision.allowed = allowed;
  return decision;
}

AuthorizeRule::Decision rule_decision(const Result<void>& allowed) {
  AuthorizeRule::Decision decision = rule_decision(allowed.has_value());
  if (!allowed) decision.message = allowed.error().message();
  return decision;
}

}  // namespace detail

namespace {

class RuleHook final : public Hook {
 public:
  RuleHook(std::shared_ptr<const AuthorizeRule> rule, Stage stage) : rule_(std::move(rule)), stage_(stage) {}
  Stage stage() const override { return stage_; }

  Verdict before(Call& call) override {
    if (stage_ == Stage::authorize && rule_->looks_at_arguments() && more_may_come(call)) return Verdict::proceed();
    if (rule_->takes_user || rule_->coroutine) return Verdict::later(decide_later(call));
    try {
      return verdict(call, rule_->plain(call));
    } catch (const std::exception& e) {
      return broken(call, e.what());
    }
  }

 private:
  /// Arguments that are missing now may be asked for: what a rule would see would not be what the function gets.
  bool more_may_come(Call& call) const {
    const Entry& entry = call.entry();
    if (std::none_of(entry.hooks.begin(), entry.hooks.end(),
                     [](const auto& hook) { return hook->stage() == Stage::elicit; }))
      return false;
    return !rule_->input || call.arguments().size() < rule_->input->count;
  }

  Task<Verdict> decide_later(Call& call) const {
    if (rule_->takes_user) {
      auto loading = call.load_user();
      auto loaded = co_await std::move(loading);
      if (!loaded) {
        Verdict refused = Verdict::deny(loaded.error());
        co_return std::move(refused);
      }
    }
    std::string fault;
    try {
      AuthorizeRule::Decision decision;
      if (rule_->coroutine) {
        auto running = rule_->coroutine(call);
        decision = co_await std::move(running);
      } else {
        decision = rule_->plain(call);
      }
      Verdict decided = verdict(call, decision);
      co_return std::move(decided);
    } catch (const std::exception& e) {
      fault = e.what();
    }
    Verdict refused = broken(call, fault);
    co_return std::move(refused);
  }

  Verdict verdict(Call& call, const AuthorizeRule::Decision& decision) const {
    // What does not fit the input does not fit the function's either: it answers with all that is wrong.
    if (!decision.bound || decision.allowed) return Verdict::proceed();
    const std::string& said = decision.message;
    return Verdict::deny(
        forbidden(said.empty() ? "You may not do this." : said, "refused by a rule", tells_softly(call)));
  }

  Verdict broken(Call& call, std::string_view what) const {
    call.logger().error("authorize() rule threw", {{"name", call.entry().name}, {"what", what}});
    return Verdict::deny(forbidden("You may not do this.", "a rule threw", tells_softly(call)));
  }

  const std::shared_ptr<const AuthorizeRule> rule_;
  const Stage stage_;
};

}  // namespace

Decorator authorize_by(std::shared_ptr<const AuthorizeRule> rule) {
  return Decorator([rule = std::move(rule)](EntryDraft& draft) {
    draft.entry.hooks.push_back(std::make_shared<RuleHook>(rule, Stage::authorize));
    if (rule->looks_at_arguments())
      draft.entry.hooks.push_back(std::make_shared<RuleHook>(rule, Stage::authorize_arguments));
    draft.finally.push_back([rule](EntryDraft& done) {
      if (!authenticate_hook_of(done.entry)) return done.fail("authorize() needs authenticated(provider)");
      if (rule->input && rule->input != done.entry.handler.input)
        done.fail("authorize() looks at another input than the function takes");
    });
  });
}

}  // namespace leanmcp::inline v0

#include <leanmcp/payments/gate.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {
namespace {

std::string sentence(const std::string& product, const std::vector<PriceTag>& prices) {
  std::string out = "Needs " + product + ": ";
  for (std::size_t i = 0; i < prices.size(); ++i) {
    if (i > 0) out += i + 1 == prices.size() ? " or " : ", ";
    out += prices[i].text();
  }
  return out + ".";
}

std::string as_json(const std::vector<PriceTag>& prices) {
  boost::json::array list;
  for (const PriceTag& price : prices) {
    boost::json::object item{{"product", price.product}, {"plan", price.plan}};
    if (!price.money.currency.empty()) {
      item["amount"] = price.money.minor;
      item["currency"] = price.money.currency;
    }
    if (price.per_use)
      item["perUse"] = boost::json::object{{"amount", price.per_use->minor}, {"currency", price.per_use->currency}};
    item["text"] = price.text();
    if (!price.interval.empty()) item["interval"] = price.interval;
    if (price.interval_count > 1) item["intervalCount"] = price.interval_count;
    if (price.credits > 0) item["credits"] = price.credits;
    if (price.trial_days > 0) item["trialDays"] = price.trial_days;
    list.push_back(std::move(item));
  }
  return boost::json::serialize(list);
}

}  // namespace

Decorator priced(std::shared_ptr<Billing> billing, std::string product) {
  return Decorator([billing = std::move(billing), product = std::move(product)](EntryDraft& draft) {
    if (!billing) return draft.fail("priced() needs billing");
    if (draft.entry.kind != EntryKind::tool) return draft.fail("priced() is for tools");
    const auto prices = billing->prices(product);
    if (!prices && draft.rebuild) billing->when_priced(draft.rebuild);
    if (!prices || prices->empty()) return;
    meta("com.leanmcp/price", as_json(*prices)).apply(draft);
    const auto add = [entry = &draft.entry, text = sentence(product, *prices)] {
      entry->description += (entry->description.empty() ? "" : ". ") + text;
    };
    if (draft.entry.handler.takes_raw) return add();
    // After all decorators, so that it does not matter where the description stands among them.
    draft.schema_edits.push_back([add](json::object&) -> Result<void> {
      add();
      return {};
    });
  });
}

}  // namespace leanmcp::inline v0

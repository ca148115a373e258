#include <leanmcp/sandbox/stripe_pages.hpp>

#include <leanmcp/sandbox/form_text.hpp>
#include <leanmcp/sandbox/html.hpp>
#include <leanmcp/sandbox/stripe_objects.hpp>

#include <boost/json.hpp>

#include <ctime>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

std::string money(std::int64_t cents) {
  const std::string fraction = std::to_string(cents % 100);
  return "$" + std::to_string(cents / 100) + "." + (fraction.size() < 2 ? "0" : "") + fraction;
}

std::string date(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts));
}

std::string row(std::string_view name, std::string_view value) {
  return "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd>\n";
}

std::string button(std::string_view action, std::string_view label, bool first = false) {
  return std::string("<button name=\"action\" value=\"") + std::string(action) + "\"" +
         (first ? " class=\"first\"" : "") + ">" + escape_html(label) + "</button>\n";
}

std::string alert(std::string_view text) { return "<p class=\"alert\" role=\"alert\">" + escape_html(text) + "</p>\n"; }

Answer not_found() {
  return html_page(404, "Not found",
                   "<p>There is no such page in this sandbox. It forgets everything when it ends.</p>\n");
}

/// What the person agrees to, when the session asks for it.
std::string consent_field(const json::object& session) {
  const json::value* const wanted = session.if_contains("consent_collection");
  if (!wanted || !wanted->is_object() || text_of(wanted->get_object(), "terms_of_service") != "required") return {};
  return "<p><label><input type=\"checkbox\" name=\"terms\" value=\"yes\"> I agree to the terms of "
         "service</label></p>\n";
}

/// `$9.99 a month`, `$5.00`, `$0.02 a use`.
std::string price_text(const json::object& price) {
  const std::string amount = money(integer_of(price, "unit_amount"));
  switch (price_kind(price)) {
    case PriceKind::one_time:
      return amount;
    case PriceKind::metered:
      return amount + " a use";
    case PriceKind::recurring:
      break;
  }
  return amount + " a " + text_of(price.at("recurring").get_object(), "interval");
}

Answer checkout_page(const json::object& session, std::string_view problem) {
  const std::string status = text_of(session, "status");
  if (status != "open") {
    const bool paid = status == "complete";
    return html_page(paid ? 200 : 410, paid ? "Already paid" : "This checkout has expired",
                     paid ? "<p>There is nothing more to pay here. You can close this page.</p>\n"
                          : "<p>Nothing was charged. Go back to where you came from and start again.</p>\n");
  }
  std::string body = problem.empty() ? "" : alert(problem);
  body += "<dl>\n";
  for (const json::value& entry : session.at("line_items").get_object().at("data").get_array()) {
    const json::object& line = entry.get_object();
    const json::object& price = line.at("price").get_object();
    body += row(text_of(price, "nickname"), price_text(price));
  }
  body += row("Total due", money(integer_of(session, "amount_total")));
  body += row("Open until", date(integer_of(session, "expires_at")));
  body += "</dl>\n<form method=\"post\">\n" + consent_field(session);
  body += button("pay", "Pay " + money(integer_of(session, "amount_total")), true);
  body += button("delayed", "Pay by bank debit (the money arrives later)");
  body += button("decline", "Pay with a card that is declined");
  const std::string cancel_url = text_of(session, "cancel_url");
  if (!cancel_url.empty()) body += button("cancel", "Go back without paying");
  body += "</form>\n";
  return html_page(problem.empty() ? 200 : 402, "Checkout", body, {text_of(session, "success_url"), cancel_url});
}

std::string filled_in(std::string url, std::string_view session_id) {
  constexpr std::string_view slot = "{CHECKOUT_SESSION_ID}";
  for (auto at = url.find(slot); at != std::string::npos; at = url.find(slot, at + session_id.size()))
    url.replace(at, slot.size(), session_id);
  return url;
}

Answer checkout(StripeDouble& stripe, const Request& request, const std::string& id) {
  const auto text = stripe.object("sessions", id);
  if (!text) return not_found();
  const json::object session = json::parse(*text).as_object();
  if (request.method != "POST") return checkout_page(session, {});
  const FormPairs form = parse_form(request.body).value_or(FormPairs());
  const std::string action = form_value(form, "action");
  const std::string cancel_url = text_of(session, "cancel_url");
  if (action == "cancel" && !cancel_url.empty()) return see_other(cancel_url);
  if (!consent_field(session).empty() && form_value(form, "terms") != "yes")
    return checkout_page(session, "Please agree to the terms of service first.");
  if (action == "decline") return checkout_page(session, "Your card was declined. Nothing was charged.");
  if (action != "pay" && action != "delayed") return checkout_page(session, "Please choose how to pay.");
  const bool paid = stripe.pay(id, action == "delayed" ? Payment::delayed : Payment::at_once);
  if (!paid) return checkout_page(json::parse(stripe.object("sessions", id).value_or("{}")).as_object(), {});
  return see_other(filled_in(text_of(session, "success_url"), id));
}

/// What the customer can do about one subscription.
std::string portal_actions(const json::object& subscription, const json::array& prices) {
  const std::string status = text_of(subscription, "status");
  if (status == "canceled" || status == "incomplete_expired") return {};
  const json::object& item = subscription.at("items").get_object().at("data").get_array().at(0).get_object();
  const std::string present = text_of(item.at("price").get_object(), "id");
  std::string body = "<form method=\"post\">\n<input type=\"hidden\" name=\"subscription\" value=\"" +
                     escape_html(text_of(subscription, "id")) + "\">\n";
  const bool due = status == "past_due" || status == "unpaid";
  if (due) {
    body += alert("The last payment failed.");
    body += button("pay_due", "Pay " + price_text(item.at("price").get_object()) + " with another card", true);
  }
  if (status == "active" || status == "trialing") {
    for (const json::value& entry : prices) {
      const json::object& price = entry.get_object();
      if (text_of(price, "id") == present) continue;
      body +=
          button("plan:" + text_of(price, "id"), "Change to " + text_of(price, "nickname") + ", " + price_text(price));
    }
  }
  if (subscription.at("cancel_at_period_end").get_bool()) {
    body += button("resume", "Do not end it");
  } else {
    body += button("cancel", "End it with the paid period");
  }
  return body + button("cancel_now", "End it now") + "</form>\n";
}

Answer portal_page(const json::object& portal, std::string_view problem) {
  std::string body = problem.empty() ? "" : alert(problem);
  const json::array& subscriptions = portal.at("subscriptions").get_array();
  for (const json::value& entry : subscriptions) {
    const json::object& subscription = entry.get_object();
    const json::object& item = subscription.at("items").get_object().at("data").get_array().at(0).get_object();
    const json::object& price = item.at("price").get_object();
    const std::string status = text_of(subscription, "status");
    const bool ends = subscription.at("cancel_at_period_end").get_bool();
    body += "<section>\n<dl>\n" + row("Subscription", text_of(price, "nickname") + ", " + price_text(price));
    body += row("Status", status);
    if (status != "canceled") body += row(ends ? "Ends" : "Next payment", date(integer_of(item, "current_period_end")));
    body += "</dl>\n" + portal_actions(subscription, portal.at("prices").get_array()) + "</section>\n";
  }
  if (subscriptions.empty()) body += "<p>There is no subscription.</p>\n";
  const std::string return_url = text_of(portal, "return_url");
  if (!return_url.empty()) body += "<p><a class=\"button\" href=\"" + escape_html(return_url) + "\">Go back</a></p>\n";
  return html_page(problem.empty() ? 200 : 402, "Your subscriptions", body);
}

bool portal_action(StripeDouble& stripe, const std::string& subscription, std::string_view action) {
  if (action == "cancel" || action == "cancel_now") return stripe.cancel(subscription, action == "cancel");
  if (action == "resume") return stripe.resume(subscription);
  if (action == "pay_due") return stripe.pay_due(subscription);
  constexpr std::string_view plan = "plan:";
  return action.starts_with(plan) && stripe.change_plan(subscription, action.substr(plan.size()));
}

Answer portal(StripeDouble& stripe, const Request& request, const std::string& id) {
  const auto text = stripe.portal(id);
  if (!text) return not_found();
  const json::object found = json::parse(*text).as_object();
  if (request.method != "POST") return portal_page(found, {});
  const FormPairs form = parse_form(request.body).value_or(FormPairs());
  const std::string wanted = form_value(form, "subscription");
  for (const json::value& entry : found.at("subscriptions").get_array()) {
    if (text_of(entry.get_object(), "id") != wanted) continue;
    if (!portal_action(stripe, wanted, form_value(form, "action")))
      return portal_page(found, "This could not be done. The card may have been declined.");
  }
  return see_other("/p/session/" + id);
}

Answer told(bool done, const json::object& more = {}) {
  json::object body{{"done", done}};
  for (const auto& [key, value] : more) body[key] = value;
  return Answer{done ? 200 : 409, "application/json", json::serialize(body), {}};
}

/// What follows the prefix, when the path begins with it and nothing else does.
std::optional<std::string> tail(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = path.substr(prefix.size());
  if (rest.empty() || rest.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(rest);
}

std::optional<Answer> act(StripeDouble& stripe, const std::string& path, const FormPairs& query) {
  if (const auto id = tail(path, "/sandbox/pay/")) {
    const bool delayed = form_value(query, "delayed") == "true";
    const bool paid = stripe.pay(*id, delayed ? Payment::delayed : Payment::at_once);
    const auto session = stripe.object("sessions", *id);
    return told(paid, session ? json::object{{"session", json::parse(*session)}} : json::object());
  }
  if (const auto id = tail(path, "/sandbox/settle/"))
    return told(stripe.settle(*id, form_value(query, "paid") != "false"));
  if (const auto id = tail(path, "/sandbox/expire/")) return told(stripe.expire(*id));
  if (const auto id = tail(path, "/sandbox/status/")) return told(stripe.set_status(*id, form_value(query, "status")));
  if (const auto id = tail(path, "/sandbox/cancel/"))
    return told(stripe.cancel(*id, form_value(query, "at_period_end") == "true"));
  if (const auto id = tail(path, "/sandbox/refund/")) {
    const std::string amount = form_value(query, "amount");
    return told(stripe.refund(*id, parse_integer(amount.empty() ? "0" : amount).value_or(-1)));
  }
  if (const auto id = tail(path, "/sandbox/dispute/")) return told(stripe.dispute(*id, form_value(query, "status")));
  if (const auto id = tail(path, "/sandbox/card/"))
    return told(stripe.card(*id, form_value(query, "declines") != "false"));
  if (const auto id = tail(path, "/sandbox/pay_due/")) return told(stripe.pay_due(*id));
  if (const auto id = tail(path, "/sandbox/plan/")) return told(stripe.change_plan(*id, form_value(query, "price")));
  if (path == "/sandbox/fail") {
    const auto status = parse_integer(form_value(query, "status"));
    const std::string times = form_value(query, "times");
    const auto count = parse_integer(times.empty() ? "1" : times);
    const bool in_range = status && count && *status >= 0 && *status < 1'000 && *count >= 0 && *count < 10'000;
    return told(in_range && stripe.fail_next(form_value(query, "path"), static_cast<int>(*status),
                                             static_cast<int>(*count), form_value(query, "should_retry")));
  }
  if (path == "/sandbox/clock") {
    const auto by = parse_integer(form_value(query, "advance"));
    constexpr std::int64_t ten_years = 315'360'000;
    if (!by || *by < 0 || *by > ten_years) return told(false);
    stripe.advance(std::chrono::seconds(*by));
    return told(true, {{"now", unix_seconds(stripe.now())}});
  }
  return std::nullopt;
}

}  // namespace

std::optional<Answer> stripe_page(StripeDouble& stripe, const Request& request) {
  const bool known_method = request.method == "GET" || request.method == "HEAD" || request.method == "POST";
  if (!known_method) return std::nullopt;
  if (request.path == style_path) return style_sheet();
  if (const auto id = tail(request.path, "/checkout/")) return checkout(stripe, request, *id);
  if (const auto id = tail(request.path, "/p/session/")) return portal(stripe, request, *id);
  return std::nullopt;
}

std::optional<Answer> stripe_control(StripeDouble& stripe, const Request& request) {
  const auto query = parse_form(request.query);
  if (!query) return std::nullopt;
  if (request.method == "POST") return act(stripe, request.path, *query);
  constexpr std::string_view objects = "/sandbox/object/";
  if (request.method != "GET" || !request.path.starts_with(objects)) return std::nullopt;
  const std::string rest = request.path.substr(objects.size());
  const auto slash = rest.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto object = stripe.object(rest.substr(0, slash), rest.substr(slash + 1));
  if (!object) return Answer{404, "application/json", R"({"error":"no such object"})", {}};
  return Answer{200, "application/json", *object, {}};
}

}  // namespace leanmcp::inline v0::sandbox

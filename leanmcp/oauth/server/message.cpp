#include <leanmcp/oauth/server/message.hpp>

#include <leanmcp/json/write.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

std::string_view Request::header(std::string_view lower_case_name) const noexcept {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == lower_case_name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::size_t Request::header_count(std::string_view lower_case_name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == lower_case_name; }));
}

Answer json_answer(int status, std::string json_text) {
  Answer out(status, "application/json", std::move(json_text));
  out.with("Cache-Control", "no-store").with("Pragma", "no-cache");
  return out;
}

Answer oauth_error(int status, std::string_view error, std::string_view description) {
  std::string body = "{\"error\":";
  append_json_string(body, error);
  if (!description.empty()) {
    body += ",\"error_description\":";
    append_json_string(body, description);
  }
  return json_answer(status, body + "}");
}

Answer to_answer(const OAuthError& error) {
  Answer out = oauth_error(error.status, error.error, error.description);
  if (!error.challenge.empty()) out.with("WWW-Authenticate", error.challenge);
  if (!error.dpop_nonce.empty()) out.with("DPoP-Nonce", error.dpop_nonce);
  if (error.retry_after.count() > 0) out.with("Retry-After", std::to_string(error.retry_after.count()));
  return out;
}

}  // namespace leanmcp::inline v0::as

#include <leanmcp/elicitation/code_flow.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace json = boost::json;

namespace {

constexpr std::size_t most_query = 8 * 1024;
constexpr std::size_t most_pairs = 50;
constexpr long long longest_lifetime = 10LL * 365 * 86'400;

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto byte = i + 2 < text.size() ? hex_decode(text.substr(i + 1, 2)) : std::nullopt;
      if (!byte || byte->size() != 1) return std::nullopt;
      out += *byte;
      i += 2;
    }
  }
  return out;
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

}  // namespace

std::string form_encode(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    append_escaped(out, name);
    out += '=';
    append_escaped(out, value);
  }
  return out;
}

std::optional<Parameters> form_decode(std::string_view text) {
  if (text.size() > most_query) return std::nullopt;
  Parameters out;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    if (out.size() == most_pairs) return std::nullopt;
    const auto equals = pair.find('=');
    auto name = unescaped(pair.substr(0, equals));
    auto value = unescaped(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string pkce_challenge(std::string_view verifier) { return base64url_encode(sha256(verifier)); }

std::string authorization_url(std::string_view endpoint, const Parameters& parameters) {
  std::string url(endpoint.substr(0, endpoint.find('#')));
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url + form_encode(parameters);
}

std::optional<Callback> read_callback(std::string_view query) {
  const auto pairs = form_decode(query);
  if (!pairs) return std::nullopt;
  Callback out;
  const auto once = [&](std::string_view name) -> const std::string* {
    const auto found = std::find_if(pairs->begin(), pairs->end(), [&](const auto& pair) { return pair.first == name; });
    return found == pairs->end() ? nullptr : &found->second;
  };
  for (const std::string_view name : {"state", "code", "iss", "error"})
    if (std::count_if(pairs->begin(), pairs->end(), [&](const auto& pair) { return pair.first == name; }) > 1)
      return std::nullopt;
  if (const std::string* const value = once("state")) out.state = *value;
  if (const std::string* const value = once("code")) out.code = *value;
  if (const std::string* const value = once("iss")) out.issuer = *value;
  if (const std::string* const value = once("error")) out.error = *value;
  return out;
}

bool issuer_fits(const Callback& callback, std::string_view expected, bool announced) {
  if (!callback.issuer) return !announced;
  return expected.empty() || *callback.issuer == expected;
}

ClientRequest token_request(const std::string& endpoint, ClientProof proof, const std::string& client_id,
                            const Secret& client_secret, Parameters parameters) {
  ClientRequest request("POST", endpoint);
  if (proof == ClientProof::basic && !client_secret.empty()) {
    std::string pair;
    append_escaped(pair, client_id);
    pair += ':';
    append_escaped(pair, client_secret.reveal());
    request.headers.emplace_back("Authorization", "Basic " + base64_encode(pair));
  } else {
    parameters.emplace_back("client_id", client_id);
    if (!client_secret.empty()) parameters.emplace_back("client_secret", std::string(client_secret.reveal()));
  }
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.headers.emplace_back("Accept", "application/json");
  request.body = form_encode(parameters);
  request.total_timeout = std::chrono::seconds(10);
  request.max_body_bytes = 256 * 1024;
  return request;
}

Result<TokenReply, TokenReplyFault> read_token_reply(const HttpClient::Outcome& outcome) {
  if (!outcome || outcome->status >= 500 || outcome->status == 429) return TokenReplyFault::unreachable;
  boost::system::error_code failed;
  const json::value parsed = json::parse(outcome->body, failed);
  const json::object* const body = failed ? nullptr : parsed.if_object();
  if (!body) return outcome->status == 200 ? TokenReplyFault::malformed : TokenReplyFault::refused;
  if (outcome->status != 200 || body->contains("error")) return TokenReplyFault::refused;
  TokenReply reply;
  std::string token = text(*body, "access_token");
  if (token.empty()) return TokenReplyFault::malformed;
  reply.access_token = Secret(std::move(token));
  reply.refresh_token = Secret(text(*body, "refresh_token"));
  reply.id_token = text(*body, "id_token");
  reply.scope = text(*body, "scope");
  if (const json::value* const seconds = body->if_contains("expires_in"); seconds && seconds->is_int64())
    reply.expires_in = std::clamp(seconds->get_int64(), std::int64_t{0}, std::int64_t{longest_lifetime});
  return reply;
}

}  // namespace leanmcp::inline v0::detail

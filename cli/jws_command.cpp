#include "jws_command.hpp"

#include "lines.hpp"

#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>
#include <memory>
#include <variant>

namespace json = boost::json;
using leanmcp::Error;
using leanmcp::JwsAlgorithm;
using leanmcp::PublicKey;
using leanmcp::Result;
using leanmcp::SigningKey;
using leanmcp::SymmetricKey;

namespace {

struct JwsArguments {
  std::string jwk;
  std::string text = "-";
  std::string header;
  std::vector<std::string> algorithms;
  bool lines = false;
};

bool is_symmetric_jwk(const json::object& jwk) {
  const json::value* const kind = jwk.if_contains("kty");
  return kind && *kind == "oct";
}

Error key_error(leanmcp::JwkFault fault) { return Error("the key cannot be used: " + std::string(to_string(fault))); }

/// Empty: whatever fits the key.
Result<std::vector<JwsAlgorithm>> algorithms_of(const std::vector<std::string>& names, bool symmetric) {
  std::vector<JwsAlgorithm> out;
  for (const std::string& name : names) {
    const auto known = leanmcp::jws_algorithm(name);
    if (!known) return Error("unknown algorithm " + name);
    out.push_back(*known);
  }
  if (!out.empty()) return out;
  if (symmetric) return std::vector{JwsAlgorithm::hs256, JwsAlgorithm::hs384, JwsAlgorithm::hs512};
  const auto list = leanmcp::public_key_algorithms();
  return std::vector<JwsAlgorithm>(list.begin(), list.end());
}

/// Why the signature does not hold; empty when it does.
Result<std::string> fault_of(const json::object& jwk, std::string_view jws, const std::vector<std::string>& names) {
  const bool symmetric = is_symmetric_jwk(jwk);
  const auto allowed = algorithms_of(names, symmetric);
  if (!allowed) return allowed.error();
  const auto said = [](const auto& verified) {
    return verified ? std::string() : std::string(to_string(verified.error()));
  };
  leanmcp::JwsLimits limits;
  limits.bytes = 1024 * 1024;
  if (symmetric) {
    const auto key = SymmetricKey::parse(leanmcp::json_text(jwk));
    if (!key) return key_error(key.error());
    return said(leanmcp::verify_jws(jws, *key, *allowed, limits));
  }
  const auto key = PublicKey::parse(leanmcp::json_text(jwk));
  if (!key) return key_error(key.error());
  return said(leanmcp::verify_jws(jws, *key, *allowed, limits));
}

Result<const json::object*> object_member(const json::object& line, std::string_view name) {
  const json::value* const value = line.if_contains(name);
  if (!value || !value->is_object()) return Error("\"" + std::string(name) + "\" must be an object");
  return &value->get_object();
}

Result<json::object> verify_signature_line(const json::object& line) {
  const auto jwk = object_member(line, "jwk");
  if (!jwk) return jwk.error();
  const auto jws = text_member(line, "jws");
  if (!jws) return jws.error();
  std::vector<std::string> names;
  if (line.contains("algorithms")) {
    auto given = texts_member(line, "algorithms");
    if (!given) return given.error();
    names = std::move(*given);
  }
  const auto fault = fault_of(**jwk, *jws, names);
  if (!fault) return fault.error();
  return json::object{{"valid", fault->empty()}, {"error", *fault}};
}

/// The header as given, `alg` first where it is missing.
Result<std::string> sign_with(const json::object& jwk, const json::object& header, std::string_view payload) {
  std::optional<JwsAlgorithm> algorithm;
  if (const json::value* const name = header.if_contains("alg")) {
    algorithm = name->is_string() ? leanmcp::jws_algorithm(name->get_string()) : std::nullopt;
    if (!algorithm) return Error("unknown algorithm in the header");
  }
  const auto whole = [&](JwsAlgorithm used) {
    json::object out{{"alg", to_string(used)}};
    for (const auto& member : header) out[member.key()] = member.value();
    return leanmcp::json_text(out);
  };
  if (is_symmetric_jwk(jwk)) {
    const auto key = SymmetricKey::parse(leanmcp::json_text(jwk), "sign");
    if (!key) return key_error(key.error());
    const JwsAlgorithm used = algorithm.value_or(key->algorithm().value_or(JwsAlgorithm::hs256));
    if (!key->fits(used)) return Error("the key is not for this algorithm");
    return leanmcp::sign_jws(whole(used), payload, *key, used);
  }
  const auto key = SigningKey::from_jwk(leanmcp::json_text(jwk), algorithm);
  if (!key) return key_error(key.error());
  return leanmcp::sign_jws(whole(key->algorithm()), payload, *key);
}

Result<json::object> sign_text_line(const json::object& line) {
  const auto jwk = object_member(line, "jwk");
  if (!jwk) return jwk.error();
  const json::object none;
  const json::object* header = &none;
  if (line.contains("header")) {
    const auto given = object_member(line, "header");
    if (!given) return given.error();
    header = *given;
  }
  const auto payload = text_member(line, "payload");
  if (!payload) return payload.error();
  const auto jws = sign_with(**jwk, *header, *payload);
  if (!jws) return jws.error();
  return json::object{{"jws", *jws}};
}

Result<json::object> read_object(const std::string& text, std::string_view what) {
  auto parsed = leanmcp::parse_json(text, {});
  if (!parsed || !parsed->is_object()) return Error(std::string(what) + " is not a JSON object");
  return std::move(parsed->get_object());
}

Result<json::object> read_jwk(const std::string& path) {
  if (path.empty()) return Error("Name the key's file by --jwk, or use --jsonl");
  const auto text = read_whole(path);
  if (!text) return text.error();
  return read_object(*text, path);
}

int verify_signature(const JwsArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, verify_signature_line);
  const auto jwk = read_jwk(arguments.jwk);
  if (!jwk) return usage_error(jwk.error().message());
  const auto jws = read_argument(arguments.text);
  if (!jws) return usage_error(jws.error().message());
  const auto fault = fault_of(*jwk, *jws, arguments.algorithms);
  if (!fault) return usage_error(fault.error().message());
  std::cout << (fault->empty() ? "valid" : *fault) << '\n';
  return fault->empty() ? 0 : 1;
}

int sign_text(const JwsArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, sign_text_line);
  const auto jwk = read_jwk(arguments.jwk);
  if (!jwk) return usage_error(jwk.error().message());
  const auto header = read_object(arguments.header.empty() ? "{}" : arguments.header, "the header");
  if (!header) return usage_error(header.error().message());
  const auto payload = read_whole(arguments.text);
  if (!payload) return usage_error(payload.error().message());
  const auto jws = sign_with(*jwk, *header, *payload);
  if (!jws) return usage_error(jws.error().message());
  std::cout << *jws << '\n';
  return 0;
}

}  // namespace

void add_jws_command(CLI::App& app, int& status) {
  CLI::App* const group = app.add_subcommand("jws", "Signatures in the compact form of JOSE (RFC 7515)");
  group->require_subcommand(1);

  const auto to_verify = std::make_shared<JwsArguments>();
  CLI::App* const verifying = group->add_subcommand("verify", "Checks a signature against one key");
  verifying->add_option("JWS", to_verify->text, "What to check, - for standard input")->capture_default_str();
  verifying->add_option("--jwk", to_verify->jwk, "File with the key as a JWK: a public one, or a secret (oct)");
  verifying->add_option("--algorithm", to_verify->algorithms, "Take this algorithm only; may be repeated")
      ->allow_extra_args(false);
  verifying->add_flag("--jsonl", to_verify->lines,
                      R"(Read lines {"jwk":…,"jws":"…"} ("algorithms":[…] too), write {"valid","error"})");
  verifying->footer(
      "Exit code: 0 valid, 1 not valid (the reason is printed), 2 wrong usage.\n"
      "Examples:\n"
      "  leanmcp jws verify --jwk key.json < token.txt\n"
      "  leanmcp jws verify --jsonl < cases.jsonl");
  verifying->callback([to_verify, &status] { status = verify_signature(*to_verify); });

  const auto to_sign = std::make_shared<JwsArguments>();
  CLI::App* const signing = group->add_subcommand("sign", "Signs a text with a private key or a secret");
  signing->add_option("PAYLOAD", to_sign->text, "File with the text, - for standard input")->capture_default_str();
  signing->add_option("--jwk", to_sign->jwk, "File with the private key, or secret, as a JWK");
  signing->add_option("--header", to_sign->header, "Members of the header as a JSON object; alg is added");
  signing->add_flag("--jsonl", to_sign->lines,
                    R"(Read lines {"jwk":…,"header":{…},"payload":"…"}, write {"jws"} or {"valid":false,"error"})");
  signing->footer(
      "Examples:\n"
      "  leanmcp jws sign claims.json --jwk private.json --header '{\"alg\":\"PS256\",\"typ\":\"JWT\"}'\n"
      "  leanmcp jws sign --jsonl < cases.jsonl");
  signing->callback([to_sign, &status] { status = sign_text(*to_sign); });
}

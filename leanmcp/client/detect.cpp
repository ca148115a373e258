#include <leanmcp/client/detect.hpp>

#include <leanmcp/protocol/codes.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

constexpr int most_probes = 3;

int error_code(const json::object& error) {
  const json::value* const number = error.if_contains("code");
  return number && number->is_int64() ? static_cast<int>(number->get_int64()) : 0;
}

bool is_modern_error(int code) {
  return code == code::header_mismatch || code == code::missing_client_capability || code == code::unsupported_version;
}

/// The texts in a list of versions; empty when there is no such list.
std::vector<std::string_view> texts(const json::object& object, std::string_view member) {
  std::vector<std::string_view> out;
  const json::value* const list = object.if_contains(member);
  if (!list || !list->is_array()) return out;
  for (const json::value& item : list->get_array())
    if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

std::optional<Version> best_of(const std::vector<Version>& wanted, const std::vector<std::string_view>& offered) {
  for (const Version version : wanted)
    if (std::find(offered.begin(), offered.end(), to_string(version)) != offered.end()) return version;
  return std::nullopt;
}

ProbeVerdict fall_back(const std::vector<Version>& wanted, bool perhaps_modern) {
  ProbeVerdict verdict;
  verdict.perhaps_modern = perhaps_modern && modern_version(wanted);
  if (const auto legacy = legacy_version(wanted)) {
    verdict.step = ProbeStep::initialize;
    verdict.version = *legacy;
  } else if (verdict.perhaps_modern) {
    verdict.step = ProbeStep::modern;
    verdict.version = *modern_version(wanted);
  }
  return verdict;
}

}  // namespace

std::optional<Version> legacy_version(const std::vector<Version>& wanted) {
  const auto found = std::find_if(wanted.begin(), wanted.end(), [](Version v) { return !is_modern(v); });
  return found == wanted.end() ? std::nullopt : std::optional(*found);
}

std::optional<Version> modern_version(const std::vector<Version>& wanted) {
  const auto found = std::find_if(wanted.begin(), wanted.end(), [](Version v) { return is_modern(v); });
  return found == wanted.end() ? std::nullopt : std::optional(*found);
}

ProbeVerdict judge_probe(const ProbeReply& reply, const std::vector<Version>& wanted, Version tried, int attempt) {
  std::vector<std::string_view> offered;
  if (reply.result) {
    offered = texts(*reply.result, "supportedVersions");
    if (offered.empty()) return fall_back(wanted, false);  // some legacy servers answer anything with a result
  } else if (reply.error) {
    const int code = error_code(*reply.error);
    if (!is_modern_error(code)) return fall_back(wanted, code == code::method_not_found);
    if (code != code::unsupported_version) return ProbeVerdict{ProbeStep::refused, tried, false};
    const json::value* const data = reply.error->if_contains("data");
    if (data && data->is_object()) offered = texts(data->get_object(), "supported");
  } else {
    return fall_back(wanted, false);
  }

  const auto chosen = best_of(wanted, offered);
  if (!chosen) return ProbeVerdict{ProbeStep::unsupported, tried, false};
  if (!is_modern(*chosen)) return ProbeVerdict{ProbeStep::initialize, *chosen, false};
  if (reply.result) return ProbeVerdict{ProbeStep::modern, *chosen, false};
  if (attempt >= most_probes) return ProbeVerdict{ProbeStep::unsupported, tried, false};
  return ProbeVerdict{ProbeStep::probe_again, *chosen, false};
}

bool suggests_http_sse(int status, const json::object* error) {
  if (status != 400 && status != 404 && status != 405) return false;
  return !error || (!is_modern_error(error_code(*error)) && error_code(*error) != code::method_not_found);
}

std::optional<Version> negotiated(std::string_view text, const std::vector<Version>& wanted) {
  if (text == "2024-11-05") text = to_string(Version::v2025_03_26);
  const auto version = parse_version(text);
  if (!version || is_modern(*version)) return std::nullopt;
  if (std::find(wanted.begin(), wanted.end(), *version) == wanted.end()) return std::nullopt;
  return version;
}

}  // namespace leanmcp::inline v0::detail

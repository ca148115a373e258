#include <leanmcp/protocol/capabilities.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

bool has_object(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value && value->is_object();
}

std::string short_text(const json::object& object, std::string_view key) {
  constexpr std::size_t most = 200;
  const json::value* const value = object.if_contains(key);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string().subview(0, most));
}

}  // namespace

ClientCapabilities parse_capabilities(const json::object& object) {
  ClientCapabilities caps;
  if (const json::value* const elicitation = object.if_contains("elicitation"); elicitation && elicitation->is_object()) {
    const json::object& modes = elicitation->get_object();
    caps.elicitation_url = has_object(modes, "url");
    caps.elicitation_form = has_object(modes, "form") || !caps.elicitation_url;
  }
  if (const json::value* const sampling = object.if_contains("sampling"); sampling && sampling->is_object()) {
    caps.sampling = true;
    caps.sampling_tools = has_object(sampling->get_object(), "tools");
  }
  caps.roots = has_object(object, "roots");
  return caps;
}

ClientInfo parse_client_info(const json::object& object) {
  return ClientInfo{short_text(object, "name"), short_text(object, "version")};
}

}  // namespace leanmcp::inline v0

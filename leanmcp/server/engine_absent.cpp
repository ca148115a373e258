// What is said of a name that stands for nothing, or for nothing that the caller may know of: both the same.

#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/server/call_state.hpp>
#include <leanmcp/server/engine.hpp>
#include <leanmcp/server/engine_reply.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

using detail::respond;
using detail::text_of;

namespace {

/// Where entries of this kind are looked for, some may be hidden.
bool hides_some(const Registry& registry, EntryKind kind) {
  if (kind == EntryKind::tool || kind == EntryKind::prompt) return registry.hides(kind);
  return registry.hides(EntryKind::resource) || registry.hides(EntryKind::resource_template);
}

RpcError absence(const RequestMessage& message, const RequestInfo& info) {
  RpcError error{code::invalid_params, {}, {}, 200};
  if (message.method == "completion/complete") {
    error.message = "Invalid params: ref names nothing here";
    return error;
  }
  if (message.method == "resources/subscribe") {
    error.code = code::resource_not_found;
    error.message = "Resource not found";
    return error;
  }
  const bool by_uri = message.method == "resources/read";
  const std::string_view name = text_of(message.params, by_uri ? "uri" : "name");
  if (name.empty()) {
    error.message = "Invalid params: the name or uri is missing";
  } else if (by_uri) {
    if (!info.modern()) error.code = code::resource_not_found;
    error.message = "Resource not found";
    error.data = "{\"uri\":";
    append_json_string(error.data, name.substr(0, 1000));
    error.data += '}';
  } else {
    error.message = std::string(message.method == "tools/call" ? "Unknown tool: " : "Unknown prompt: ") +
                    std::string(name.substr(0, 100));
  }
  return error;
}

}  // namespace

void Engine::absent(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo info,
                    EntryKind kind) {
  const auto registry = this->registry();
  if (!hides_some(*registry, kind) || registry->gates().empty())
    return respond(*sink, message.id, absence(message, info));
  // Something hidden asks an unknown caller to sign in first. So does every other name, or the difference would tell.
  info.headers = nullptr;
  if (!info.verified) info.verified = std::make_shared<VerifiedCaller>();
  std::vector<Candidate> candidates;
  for (const auto& gate : registry->gates()) candidates.push_back(Candidate{gate, {}, false});
  admit_all(sink, message, info, std::move(candidates), false,
            [self = shared_from_this(), registry, sink, message, info, kind](
                const Denial*, const std::vector<bool>& allowed, long long) {
              if (std::find(allowed.begin(), allowed.end(), true) != allowed.end())
                return respond(*sink, message.id, absence(message, info));
              auto stranger = std::make_shared<Entry>(*registry->gates().front());
              stranger->kind = kind;
              const auto call =
                  std::make_shared<CallState>(self, registry, *stranger, sink, RequestInfo(info), message,
                                              std::string(text_of(message.params, "name")), UriVariables());
              call->keep(stranger);
              call->start();
            });
}

}  // namespace leanmcp::inline v0

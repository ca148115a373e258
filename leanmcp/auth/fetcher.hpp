#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/http/client.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// How a provider is spoken to. Starts a request and calls back once, from any thread, also from inside the call. Tests
/// pass one of their own.
using Fetcher = std::function<void(ClientRequest, HttpClient::Callback)>;

/// Requests by this client, which the fetcher keeps alive.
Fetcher fetcher_of(std::shared_ptr<HttpClient> http);

/// `https://…`, or `http://` to a loopback host: nothing else may carry keys or tokens (RFC 8252, section 8.3, has the
/// same exception). No query, no fragment, no credentials.
bool is_provider_url(std::string_view url);

}  // namespace leanmcp::inline v0

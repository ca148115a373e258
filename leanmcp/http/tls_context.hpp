#pragma once

#include <leanmcp/base/result.hpp>

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace leanmcp::inline v0::detail {

/// TLS 1.2 and 1.3 with OpenSSL's own choice of ciphers, HTTP/1.1 by ALPN (RFC 7301), no renegotiation.
Result<boost::asio::ssl::context> make_tls_context(const std::string& chain_file, const std::string& key_file);

}  // namespace leanmcp::inline v0::detail

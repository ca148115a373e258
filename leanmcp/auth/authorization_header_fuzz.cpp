#include <leanmcp/auth/presented_token.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

/// A token that is taken has no white space and stands whole at the end of the header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& value : {text, "Bearer " + text, "DPoP " + text}) {
    const leanmcp::Authorization read = leanmcp::parse_authorization(value);
    const bool taken = read.form == leanmcp::AuthorizationForm::bearer || read.form == leanmcp::AuthorizationForm::dpop;
    if (taken == read.token.empty()) std::abort();
    if (!taken) continue;
    if (!value.ends_with(read.token) || read.token.find_first_of(" \t\r\n,\"") != std::string_view::npos) std::abort();
  }
  return 0;
}

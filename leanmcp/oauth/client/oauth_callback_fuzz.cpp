#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/form.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// The query that a browser comes back with. The first byte says whether the issuer was announced; the state is one that
/// the fuzzer can find.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  PendingAuthorization pending;
  pending.issuer = "https://as";
  pending.issuer_is_named = (data[0] & 1) != 0;
  pending.state = Secret("st");
  const std::string_view query(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto form = decode_form(query);
  if (form) require(decode_form(encode_form(*form)) == form || encode_form(*form).size() > 16 * 1024);
  const auto code = read_callback(pending, query);
  if (!code) {
    require(!to_string(code.error()).empty());
    return 0;
  }
  // A code is believed only with the state and a fitting issuer, each there once.
  require(is_answer_to(pending, query) && !code->empty() && form);
  std::size_t states = 0;
  std::size_t issuers = 0;
  for (const auto& [name, value] : *form) {
    if (name == "state") require(++states == 1 && value == "st");
    if (name == "iss") require(++issuers == 1 && value == "https://as");
    require(name != "error");
  }
  require(states == 1 && (issuers == 1 || !pending.issuer_is_named));
  return 0;
}

// Answers are hostile: any JSON against a form with every type of field. What is taken is taken again unchanged.
#include <leanmcp/protocol/form.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

leanmcp::Form every_type() {
  return leanmcp::Form("x")
      .text("a")
      .pattern("^[a-z]+( [a-z]+)*$")
      .textarea("b")
      .min_length(2)
      .number("c")
      .min(-1.5)
      .integer("d")
      .max(9e15)
      .boolean("e")
      .select("f")
      .option("x")
      .option("y")
      .multiselect("g")
      .option("x")
      .option("y")
      .required()
      .date("h")
      .datetime("i")
      .email("j")
      .url("k");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const leanmcp::Form form = every_type();
  boost::system::error_code error;
  const boost::json::value content = boost::json::parse({reinterpret_cast<const char*>(data), size}, error);
  if (error || !content.is_object()) return 0;
  const leanmcp::FormAnswer first = form.validate(content.get_object());
  const leanmcp::FormAnswer second = form.validate(first.content());
  if (first.ok() != first.explain().empty()) std::abort();
  for (const leanmcp::FormFault& fault : second.faults())
    if (fault.cause != leanmcp::FormFaultCause::missing) std::abort();
  if (first.content() != second.content()) std::abort();
  return 0;
}

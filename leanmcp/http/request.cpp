#include <leanmcp/http/request.hpp>

#include <leanmcp/http/header_name.hpp>

namespace leanmcp::inline v0 {

std::string_view HttpRequest::header(std::string_view name) const noexcept {
  for (const Field& field : fields_)
    if (detail::same_in_any_case(at(field.name), name)) return at(field.value);
  return {};
}

std::size_t HttpRequest::header_count(std::string_view name) const noexcept {
  std::size_t count = 0;
  for (const Field& field : fields_)
    if (detail::same_in_any_case(at(field.name), name)) ++count;
  return count;
}

std::size_t HttpRequest::header_count(KnownHeader name) const noexcept {
  if (name == KnownHeader::other || first_[static_cast<std::size_t>(name)] == 0) return 0;
  std::size_t count = 0;
  for (const Field& field : fields_)
    if (field.known == name) ++count;
  return count;
}

}  // namespace leanmcp::inline v0

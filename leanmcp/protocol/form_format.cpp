#include <leanmcp/protocol/form_format.hpp>

#include <leanmcp/base/ascii.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <cstdint>

namespace leanmcp::inline v0::detail {
namespace {

bool is_alnum(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) noexcept {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take_char(std::string_view& text, char expected) noexcept {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text) noexcept {
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, '-')) return false;
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) return false;
  const auto day = take_digits(text, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1) return false;
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
  return *day <= days[*month - 1] + (*month == 2 && leap ? 1 : 0);
}

bool is_host_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_host_name(std::string_view host) noexcept {
  std::size_t labels = 0;
  for (;;) {
    const std::size_t dot = host.find('.');
    if (!is_host_label(host.substr(0, dot))) return false;
    ++labels;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return labels >= 2;
}

bool is_local_part(std::string_view local) noexcept {
  if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  constexpr std::string_view marks = "!#$%&'*+-/=?^_`{|}~.";
  return std::ranges::all_of(local, [&](char c) { return is_alnum(c) || marks.find(c) != std::string_view::npos; });
}

}  // namespace

std::optional<std::size_t> count_code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const std::uint8_t first = byte(i);
    std::size_t length = 0;
    std::uint32_t least = 0;
    std::uint32_t point = 0;
    if (first < 0x80) {
      ++i;
      continue;
    } else if ((first & 0xE0U) == 0xC0) {
      length = 2, least = 0x80, point = first & 0x1FU;
    } else if ((first & 0xF0U) == 0xE0) {
      length = 3, least = 0x800, point = first & 0x0FU;
    } else if ((first & 0xF8U) == 0xF0) {
      length = 4, least = 0x10000, point = first & 0x07U;
    } else {
      return std::nullopt;
    }
    if (text.size() - i < length) return std::nullopt;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0U) != 0x80) return std::nullopt;
      point = (point << 6U) | (byte(i + k) & 0x3FU);
    }
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
    i += length;
  }
  return count;
}

bool has_control_characters(std::string_view text, bool lines) noexcept {
  return std::ranges::any_of(text, [lines](char c) {
    if (c == '\t' || (lines && (c == '\n' || c == '\r'))) return false;
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

bool is_date(std::string_view text) noexcept { return take_date(text) && text.empty(); }

bool is_datetime(std::string_view text) noexcept {
  if (!take_date(text)) return false;
  if (!take_char(text, 'T') && !take_char(text, 't')) return false;
  const auto hour = take_digits(text, 2);
  if (!hour || !take_char(text, ':')) return false;
  const auto minute = take_digits(text, 2);
  if (!minute || !take_char(text, ':')) return false;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return false;
  if (take_char(text, '.')) {
    const std::size_t digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    if (digits == 0) return false;
    text.remove_prefix(digits);
  }
  int offset = 0;
  if (!take_char(text, 'Z') && !take_char(text, 'z')) {
    const bool west = take_char(text, '-');
    if (!west && !take_char(text, '+')) return false;
    const auto hours = take_digits(text, 2);
    if (!hours || !take_char(text, ':')) return false;
    const auto minutes = take_digits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return false;
    offset = (*hours * 60 + *minutes) * (west ? -1 : 1);
  }
  if (!text.empty()) return false;
  if (*second < 60) return true;
  constexpr int day = 24 * 60;
  return (*hour * 60 + *minute - offset + day) % day == day - 1;
}

bool is_email(std::string_view text) noexcept {
  if (text.size() > 254) return false;
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return false;
  return is_local_part(text.substr(0, at)) && is_host_name(text.substr(at + 1));
}

bool is_http_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return false;
  const boost::urls::url_view& url = *parsed;
  if (url.scheme_id() != boost::urls::scheme::http && url.scheme_id() != boost::urls::scheme::https) return false;
  if (!url.has_authority() || url.has_userinfo()) return false;
  // Boost.URL 1.81 takes "https://host:x/", with "x/" as the path.
  const auto path = url.encoded_path();
  if (!path.empty() && path.front() != '/') return false;
  // A percent-encoded name may decode to anything: names are only what DNS has.
  const auto host = url.encoded_host();
  switch (url.host_type()) {
    case boost::urls::host_type::ipv4:
    case boost::urls::host_type::ipv6:
      break;
    case boost::urls::host_type::name:
      if (!std::ranges::all_of(host, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; }))
        return false;
      if (host.empty() || host.front() == '.') return false;
      break;
    default:
      return false;
  }
  return !url.has_port() || url.port().empty() || url.port_number() != 0;
}

}  // namespace leanmcp::inline v0::detail

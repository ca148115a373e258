#include <leanmcp/json/date_time.hpp>

#include <chrono>
#include <cstdio>

namespace leanmcp::inline v0 {

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// Takes `count` digits from the front; -1 when they are not there.
int digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<std::string> format_date_time(UnixTime unix_time) {
  if (unix_time.seconds < first_date_time || unix_time.seconds > last_date_time) return std::nullopt;
  const std::chrono::sys_seconds t{std::chrono::seconds(unix_time.seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::seconds> time(t - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string out = text;
  const auto rest = static_cast<long long>(unix_time.nanoseconds);
  if (rest != 0) {
    const int width = rest % 1'000'000 == 0 ? 3 : rest % 1'000 == 0 ? 6 : 9;
    const long long shown = width == 3 ? rest / 1'000'000 : width == 6 ? rest / 1'000 : rest;
    std::snprintf(text, sizeof text, ".%0*lld", width, shown);
    out += text;
  }
  return out + "Z";
}

std::string format_date_time(std::int64_t nanoseconds) {
  const std::int64_t rest = nanoseconds % second;
  const UnixTime time{nanoseconds / second - (rest < 0 ? 1 : 0),
                      static_cast<std::int32_t>(rest < 0 ? rest + second : rest)};
  return *format_date_time(time);
}

std::optional<UnixTime> parse_date_time(std::string_view text) {
  const int year = digits(text, 4);
  if (year < 0 || !take(text, '-')) return std::nullopt;
  const int month = digits(text, 2);
  if (month < 1 || !take(text, '-')) return std::nullopt;
  const int day = digits(text, 2);
  if (day < 1 || (!take(text, 'T') && !take(text, 't'))) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const int hour = digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return std::nullopt;
  const int minute = digits(text, 2);
  if (minute < 0 || minute > 59 || !take(text, ':')) return std::nullopt;
  const int seconds = digits(text, 2);
  if (seconds < 0 || seconds > 59) return std::nullopt;
  std::int64_t fraction = 0;
  if (take(text, '.')) {
    std::int64_t unit = second / 10;
    std::size_t count = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += (text.front() - '0') * unit;
      unit /= 10;
      ++count;
      text.remove_prefix(1);
    }
    if (count == 0 || count > 18) return std::nullopt;
  }
  int offset = 0;
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool minus = !text.empty() && text.front() == '-';
    if (!take(text, '+') && !take(text, '-')) return std::nullopt;
    const int offset_hours = digits(text, 2);
    if (offset_hours < 0 || offset_hours > 23 || !take(text, ':')) return std::nullopt;
    const int offset_minutes = digits(text, 2);
    if (offset_minutes < 0 || offset_minutes > 59) return std::nullopt;
    offset = (offset_hours * 60 + offset_minutes) * (minus ? -60 : 60);
  }
  if (!text.empty()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t total = days * 86'400 + hour * 3'600 + minute * 60 + seconds - offset;
  if (total < first_date_time || total > last_date_time) return std::nullopt;
  return UnixTime{total, static_cast<std::int32_t>(fraction)};
}

}  // namespace leanmcp::inline v0

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0::sandbox {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What the doubles see of an HTTP request; they are functions over values, without a socket.
struct Request {
  std::string method;
  /// Without the query.
  std::string path;
  std::string query;
  std::string body;
  /// Names in lower case.
  Fields headers;

  std::string_view header(std::string_view lower_case_name) const {
    const auto found =
        std::find_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == lower_case_name; });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  Fields headers;
};

inline Answer see_other(std::string location) {
  return Answer{303, "text/plain; charset=utf-8", "", {{"Location", std::move(location)}}};
}

}  // namespace leanmcp::inline v0::sandbox

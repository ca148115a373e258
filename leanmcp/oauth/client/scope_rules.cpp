#include <leanmcp/oauth/client/scope_rules.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_words = 100;
constexpr std::size_t longest_word = 256;
/// It goes into a URL.
constexpr std::size_t longest_scope = 4'096;
constexpr std::string_view offline_access = "offline_access";

bool is_scope_token(std::string_view word) {
  return !word.empty() && word.size() <= longest_word && std::all_of(word.begin(), word.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
}

void add(std::vector<std::string>& into, std::string_view word) {
  if (into.size() < most_words && is_scope_token(word) && std::find(into.begin(), into.end(), word) == into.end())
    into.emplace_back(word);
}

void add_all(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& word : more) add(into, word);
}

}  // namespace

std::vector<std::string> scope_words(std::string_view scope) {
  std::vector<std::string> out;
  while (!scope.empty()) {
    const std::size_t end = scope.find(' ');
    add(out, scope.substr(0, end));
    if (end == std::string_view::npos) break;
    scope.remove_prefix(end + 1);
  }
  return out;
}

std::string scope_text(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string wanted_scope(const ScopeSources& sources) {
  std::vector<std::string> out = scope_words(sources.challenge);
  if (out.empty()) add_all(out, sources.resource);
  if (out.empty()) out = scope_words(sources.wish);
  if (sources.step_up) {
    add_all(out, scope_words(sources.requested));
    add_all(out, scope_words(sources.granted));
  }
  std::erase(out, offline_access);
  while (scope_text(out).size() > longest_scope) out.pop_back();
  if (sources.offline) {
    if (out.size() == most_words) out.pop_back();
    add(out, offline_access);
  }
  return scope_text(out);
}

bool adds_scope(std::string_view wanted, std::string_view granted) {
  const auto have = scope_words(granted);
  const auto want = scope_words(wanted);
  return std::any_of(want.begin(), want.end(), [&have](const std::string& word) {
    return word != offline_access && std::find(have.begin(), have.end(), word) == have.end();
  });
}

}  // namespace leanmcp::inline v0

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// The words of a scope (RFC 6749, section 3.3), each once, in order. What is no scope token is left out, and so is
/// what goes over 100 words of 256 characters.
std::vector<std::string> scope_words(std::string_view scope);
std::string scope_text(const std::vector<std::string>& words);

/// All that is known when a scope is to be asked for.
class ScopeSources {
 public:
  /// Of the challenge; space-separated.
  std::string challenge;
  /// `scopes_supported` of the protected resource metadata.
  std::vector<std::string> resource;
  /// The program's own wish.
  std::string wish;
  /// What was asked for and what was granted so far.
  std::string requested;
  std::string granted;
  /// More is wanted than was granted.
  bool step_up = false;
  /// A refresh token is wanted, and the authorization server lists `offline_access`.
  bool offline = false;
};

/// The scope of the challenge, else all of the resource's, else the program's wish, else none (MCP 2025-11-25, Scope
/// Selection Strategy). On step-up what was asked for and granted stays in it, or the next operation would step down
/// again. `offline_access` is in it where it is wanted and the server knows it, and nowhere else. About 4 KiB
/// at most.
std::string wanted_scope(const ScopeSources& sources);

/// Whether `wanted` has a word that `granted` has not. `offline_access` does not count: servers give refresh tokens
/// without naming it.
bool adds_scope(std::string_view wanted, std::string_view granted);

}  // namespace leanmcp::inline v0

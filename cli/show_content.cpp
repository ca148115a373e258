#include "show_content.hpp"

#include "terminal.hpp"

#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

void show_text(std::string_view text) {
  std::cout << shown(text, true);
  if (!text.ends_with('\n')) std::cout << '\n';
}

void show_block(const ContentBlock& block) {
  if (!block.text.empty() || block.type == "text") {
    if (!block.uri.empty()) std::cout << shown(block.uri) << ":\n";
    return show_text(block.text);
  }
  std::cout << '[' << shown(block.type);
  if (!block.mime_type.empty()) std::cout << ' ' << shown(block.mime_type);
  if (!block.uri.empty()) std::cout << ' ' << shown(block.uri);
  if (!block.bytes.empty()) std::cout << ", " << block.bytes.size() << " bytes";
  std::cout << "]\n";
}

Result<json::object> arguments_of(const std::string& text, const std::vector<std::string>& pairs) {
  json::object out;
  if (!text.empty()) {
    auto parsed = parse_json(text, ParseLimits());
    if (!parsed || !parsed->is_object()) return Error("the arguments are no JSON object");
    out = std::move(parsed->get_object());
  }
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) return Error("an argument is NAME=VALUE, not " + pair);
    const std::string value = pair.substr(equals + 1);
    const bool only_json = pair[equals - 1] == ':';
    const std::string name = pair.substr(0, only_json ? equals - 1 : equals);
    auto parsed = parse_json(value, ParseLimits());
    if (only_json && !parsed) return Error("the value of " + name + " is no JSON");
    // A text in quotes stays what was written: who wants the JSON text writes `:=`.
    if (parsed && (only_json || !parsed->is_string())) {
      out[name] = std::move(*parsed);
    } else {
      out[name] = value;
    }
  }
  return out;
}

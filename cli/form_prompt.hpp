#pragma once

#include "terminal.hpp"

#include <boost/json/fwd.hpp>

#include <functional>
#include <string>
#include <string_view>

/// What a person made of a question: `action` is accept, decline or cancel; `content` is the JSON object's text, there
/// when accepted.
struct PersonsAnswer {
  std::string action;
  std::string content;
};

/// Puts a form (elicitation/create, mode form) to the person at the terminal, field by field. `requested_schema` is the
/// flat object schema of the question (2025-06-18 and later, Client Features, Elicitation). What does not fit is asked
/// again with the reason; in the end the answers are sent only after a yes. Nobody there, or the input's end:
/// cancel.
PersonsAnswer prompt_form(Terminal& terminal, std::string_view from, std::string_view message,
                          const boost::json::object& requested_schema);

/// Shows a URL whole, its host highlighted, and opens it by `open` only after consent (mode url). Only http and https;
/// anything else is shown and declined.
PersonsAnswer prompt_url(Terminal& terminal, std::string_view from, std::string_view message, std::string_view url,
                         const std::function<bool(const std::string& url)>& open);

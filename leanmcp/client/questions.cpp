#include <leanmcp/client/questions.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema_validator.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::detail {

ClientResult<json::object> complete_answers(const json::object& schema, std::string_view content_json) {
  auto parsed = parse_json(content_json, ParseLimits());
  if (!parsed || !parsed->is_object())
    return ClientError(ClientCause::unanswered, "the handler's answers are no JSON object");
  json::object content = std::move(parsed->get_object());
  const json::value* const properties = schema.if_contains("properties");
  if (properties && properties->is_object()) {
    for (const auto& [name, field] : properties->get_object()) {
      const json::value* const fallback = field.is_object() ? field.get_object().if_contains("default") : nullptr;
      if (fallback && !content.contains(name)) content[name] = *fallback;
    }
  }
  const auto validator = SchemaValidator::compile(json::value(schema));
  if (!validator) {
    return ClientError(ClientCause::unanswered, "the question's schema cannot be used: " + validator.error().message);
  }
  const auto faults = validator->validate(json::value(content));
  if (!faults.empty()) {
    return ClientError(ClientCause::unanswered, "the answers do not fit the question: " + faults.front().instance_path +
                                                    ": " + faults.front().message);
  }
  return content;
}

}  // namespace leanmcp::inline v0::detail

// One JSON object a line in, {"schema", "instance"}; one verdict a line out, {"valid", "errors"} or {"unusable"}.

#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

int main() {
  namespace json = boost::json;
  std::string line;
  while (std::getline(std::cin, line)) {
    const json::value input = json::parse(line);
    json::object out;
    const auto compiled = leanmcp::SchemaValidator::compile(input.at("schema"));
    if (!compiled) {
      out["unusable"] = compiled.error().pointer + " " + compiled.error().message;
    } else {
      json::array errors;
      for (const auto& fault : compiled->validate(input.at("instance")))
        errors.push_back({{"path", fault.instance_path}, {"message", fault.message}});
      out["valid"] = errors.empty();
      out["errors"] = std::move(errors);
    }
    std::cout << leanmcp::json_text(out) << '\n';
  }
}

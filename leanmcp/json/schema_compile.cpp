#include <leanmcp/json/pointer.hpp>
#include <leanmcp/json/schema_node.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/url.hpp>

#include <array>
#include <functional>
#include <string_view>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view dialect = "https://json-schema.org/draft/2020-12/schema";
/// What a schema without `$id` is known by; no reference can spell it.
constexpr std::string_view nameless = "about:schema";

/// Keywords whose value is a schema, a list of schemas, or schemas by name. Elsewhere nothing is a schema, however
/// much it looks like one.
constexpr std::array one_schema = {"not", "if", "then", "else", "items", "contains", "additionalProperties",
                                   "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"};
constexpr std::array list_of_schemas = {"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::array named_schemas = {"$defs", "definitions", "properties", "patternProperties", "dependentSchemas"};

/// `uri` against `base` (RFC 3986, section 5), split into what is before `#` and the decoded fragment.
std::optional<std::pair<std::string, std::string>> resolve(std::string_view base, std::string_view uri) {
  if (uri.starts_with('#')) {
    boost::urls::pct_string_view fragment;
    const auto decoded = boost::urls::make_pct_string_view(uri.substr(1));
    if (!decoded) return std::nullopt;
    fragment = *decoded;
    return std::pair(std::string(base), fragment.decode());
  }
  const auto reference = boost::urls::parse_uri_reference(uri);
  if (!reference) return std::nullopt;
  boost::urls::url resolved;
  const auto base_url = boost::urls::parse_uri(base);
  if (reference->has_scheme()) {
    resolved = *reference;
  } else {
    if (!base_url || !boost::urls::resolve(*base_url, *reference, resolved)) return std::nullopt;
  }
  const std::string fragment = resolved.encoded_fragment().decode();
  resolved.remove_fragment();
  return std::pair(std::string(resolved.buffer()), fragment);
}

class Compiler {
 public:
  explicit Compiler(SchemaValidator::Compiled& out) : out_(out) {}

  std::optional<SchemaError> run() {
    SchemaResource& root = out_.resources[std::string(nameless)];
    root.uri = nameless;
    root.root = &out_.schema;
    collect(out_.schema, root, "", 0);
    if (!error_) out_.root = node(out_.schema, root_resource(), "");
    // One after the other instead of one inside the other: a chain of references may be as long as the schema.
    while (!error_ && !unread_.empty()) {
      const Unread next = unread_.back();
      unread_.pop_back();
      Reader(*this, *next.node, *next.object, next.node->path).read();
    }
    return error_;
  }

 private:
  const SchemaResource& root_resource() const {
    const auto found = resource_at_.find(&out_.schema);
    return found == resource_at_.end() ? out_.resources.at(std::string(nameless)) : *found->second;
  }

  void fail(const std::string& pointer, std::string message) {
    if (!error_) error_ = SchemaError{pointer, std::move(message)};
  }

  /// Finds the resources and anchors before any reference is followed.
  void collect(const json::value& schema, SchemaResource& parent, const std::string& path, std::size_t depth) {
    if (error_) return;
    if (depth > out_.limits.depth) return fail(path, "nested too deeply");
    if (++seen_ > out_.limits.subschemas) return fail(path, "too many subschemas");
    const json::object* const object = schema.if_object();
    if (!object) return;
    SchemaResource* resource = &parent;
    if (const json::value* const id = object->if_contains("$id")) {
      const auto uri = id->is_string() ? resolve(parent.uri, std::string_view(id->get_string())) : std::nullopt;
      if (!uri || !uri->second.empty()) return fail(path + "/$id", "is no URI without a fragment");
      resource = &out_.resources[uri->first];
      if (resource->root) return fail(path + "/$id", "names two schemas");
      resource->uri = uri->first;
      resource->root = &schema;
    }
    resource_at_[&schema] = resource;
    if (const json::value* const named = object->if_contains("$schema")) {
      std::string_view text = named->is_string() ? std::string_view(named->get_string()) : std::string_view();
      if (text.ends_with('#')) text.remove_suffix(1);
      if (text != dialect) return fail(path + "/$schema", "the dialect is not supported; this reads JSON Schema 2020-12");
    }
    anchor(*object, "$anchor", resource->anchors, schema, path);
    anchor(*object, "$dynamicAnchor", resource->anchors, schema, path);
    anchor(*object, "$dynamicAnchor", resource->dynamic_anchors, schema, path);
    each_subschema(*object, path, [&](const json::value& child, const std::string& where) {
      collect(child, *resource, where, depth + 1);
    });
  }

  void anchor(const json::object& object, const char* keyword, std::map<std::string, const json::value*>& into,
              const json::value& schema, const std::string& path) {
    const json::value* const name = object.if_contains(keyword);
    if (!name) return;
    if (!name->is_string() || name->get_string().empty()) return fail(path + "/" + keyword, "must be a name");
    into.emplace(std::string(name->get_string()), &schema);
  }

  static void each_subschema(const json::object& object, const std::string& path,
                             const std::function<void(const json::value&, const std::string&)>& visit) {
    for (const char* keyword : one_schema)
      if (const json::value* const child = object.if_contains(keyword)) visit(*child, path + "/" + keyword);
    for (const char* keyword : list_of_schemas) {
      const json::value* const list = object.if_contains(keyword);
      if (!list || !list->is_array()) continue;
      for (std::size_t i = 0; i < list->get_array().size(); ++i)
        visit(list->get_array()[i], path + "/" + keyword + "/" + std::to_string(i));
    }
    for (const char* keyword : named_schemas) {
      const json::value* const named = object.if_contains(keyword);
      if (!named || !named->is_object()) continue;
      for (const auto& [key, child] : named->get_object()) visit(child, path + "/" + keyword + "/" + pointer_token(key));
    }
  }

  const SchemaNode* node(const json::value& schema, const SchemaResource& parent, const std::string& path) {
    if (const auto known = out_.nodes.find(&schema); known != out_.nodes.end()) return known->second.get();
    auto made = std::make_unique<SchemaNode>();
    SchemaNode& out = *made;
    // Known before its content is compiled, so that it may refer to itself.
    out_.nodes.emplace(&schema, std::move(made));
    if (out_.nodes.size() > out_.limits.subschemas) {
      fail(path, "too many subschemas");
      return &out;
    }
    const auto own = resource_at_.find(&schema);
    out.resource = own == resource_at_.end() ? &parent : own->second;
    out.path = path;
    if (schema.is_bool()) {
      out.constant = schema.get_bool();
    } else if (const json::object* const object = schema.if_object()) {
      unread_.push_back(Unread{&out, object});
    } else {
      fail(path, "a schema is an object or a boolean");
    }
    return &out;
  }

  /// The same expression is compiled once.
  std::shared_ptr<const detail::Pattern> pattern(const std::string& path, std::string_view text) {
    if (error_) return nullptr;
    const auto known = patterns_.find(text);
    if (known != patterns_.end()) return known->second;
    if (patterns_.size() >= out_.limits.patterns) {
      fail(path, "too many patterns");
      return nullptr;
    }
    auto compiled = detail::compile_pattern(text);
    if (!compiled) {
      fail(path, "the pattern cannot be used: " + compiled.error().message());
      return nullptr;
    }
    pattern_nodes_ += (*compiled)->nodes();
    if (pattern_nodes_ > out_.limits.pattern_nodes) {
      fail(path, "the patterns are too large");
      return nullptr;
    }
    return patterns_.emplace(std::string(text), std::move(*compiled)).first->second;
  }

  /// Follows a reference inside the schema.
  const SchemaNode* follow(const SchemaResource& from, std::string_view uri, const std::string& path,
                           std::string* dynamic_name) {
    const auto target = resolve(from.uri, uri);
    const auto resource = target ? out_.resources.find(target->first) : out_.resources.end();
    if (resource == out_.resources.end()) {
      fail(path, "refers to '" + std::string(uri) + "', which is not in this schema; nothing is fetched");
      return nullptr;
    }
    const std::string& fragment = target->second;
    const json::value* found = nullptr;
    if (fragment.empty()) {
      found = resource->second.root;
    } else if (fragment.front() == '/') {
      boost::system::error_code failed;
      found = resource->second.root->find_pointer(fragment, failed);
    } else {
      const auto anchored = resource->second.anchors.find(fragment);
      if (anchored != resource->second.anchors.end()) found = anchored->second;
      if (dynamic_name && resource->second.dynamic_anchors.contains(fragment)) *dynamic_name = fragment;
    }
    if (!found) {
      fail(path, "refers to '" + std::string(uri) + "', which is not there");
      return nullptr;
    }
    return node(*found, resource->second, found == resource->second.root ? "" : fragment);
  }

  /// Reads the keywords of one schema object.
  struct Reader {
    Reader(Compiler& c, SchemaNode& n, const json::object& o, const std::string& p)
        : compiler(c), out(n), object(o), path(p) {}
    Compiler& compiler;
    SchemaNode& out;
    const json::object& object;
    const std::string& path;

    void read() {
      references();
      list("allOf", out.all_of);
      list("anyOf", out.any_of);
      list("oneOf", out.one_of);
      list("prefixItems", out.prefix_items);
      one("not", out.negated);
      one("if", out.condition);
      one("then", out.then_schema);
      one("else", out.else_schema);
      one("items", out.items);
      one("contains", out.contains);
      one("additionalProperties", out.additional_properties);
      one("propertyNames", out.property_names);
      one("unevaluatedItems", out.unevaluated_items);
      one("unevaluatedProperties", out.unevaluated_properties);
      if (out.unevaluated_items || out.unevaluated_properties) compiler.out_.tracks = true;
      named();
      types();
      numbers();
      counts();
      names();
      if (const json::value* const value = object.if_contains("const")) {
        out.constant_value = value;
        out.comparing += json_text(*value).size() / 256;
      }
      if (const json::value* const value = object.if_contains("enum")) {
        out.enumeration = value->if_array();
        if (!out.enumeration) return fail("enum", "must be a list");
        out.comparing += out.enumeration->size() / 16 + json_text(*value).size() / 256;
      }
      if (const json::value* const value = object.if_contains("pattern")) {
        if (!value->is_string()) return fail("pattern", "must be a string");
        out.pattern = pattern("pattern", std::string_view(value->get_string()));
      }
      if (const json::value* const value = object.if_contains("uniqueItems")) {
        if (!value->is_bool()) return fail("uniqueItems", "must be a boolean");
        out.unique_items = value->get_bool();
      }
    }

    void fail(const std::string& keyword, std::string message) {
      compiler.fail(path + "/" + keyword, std::move(message));
    }

    std::shared_ptr<const detail::Pattern> pattern(const std::string& keyword, std::string_view text) {
      return compiler.pattern(path + "/" + keyword, text);
    }

    void references() {
      for (const char* keyword : {"$ref", "$dynamicRef"}) {
        const json::value* const uri = object.if_contains(keyword);
        if (!uri) continue;
        if (!uri->is_string()) return fail(keyword, "must be a URI");
        SchemaReference reference;
        const bool dynamic = std::string_view(keyword) == "$dynamicRef";
        reference.target = compiler.follow(*out.resource, std::string_view(uri->get_string()), path + "/" + keyword,
                                           dynamic ? &reference.dynamic_name : nullptr);
        if (reference.target) out.references.push_back(std::move(reference));
      }
    }

    void one(const char* keyword, const SchemaNode*& into) {
      if (const json::value* const child = object.if_contains(keyword))
        into = compiler.node(*child, *out.resource, path + "/" + keyword);
    }

    void list(const char* keyword, std::vector<const SchemaNode*>& into) {
      const json::value* const value = object.if_contains(keyword);
      if (!value) return;
      if (!value->is_array() || value->get_array().empty()) return fail(keyword, "must be a list of schemas");
      for (std::size_t i = 0; i < value->get_array().size(); ++i)
        into.push_back(compiler.node(value->get_array()[i], *out.resource, path + "/" + keyword + "/" + std::to_string(i)));
    }

    template <class F>
    void each_named(const char* keyword, F visit) {
      const json::value* const value = object.if_contains(keyword);
      if (!value) return;
      if (!value->is_object()) return fail(keyword, "must be an object");
      for (const auto& [key, child] : value->get_object()) {
        const std::string where = std::string(keyword) + "/" + pointer_token(key);
        visit(std::string(key), child, where);
      }
    }

    void named() {
      const auto compiled = [&](const json::value& child, const std::string& where) {
        return compiler.node(child, *out.resource, path + "/" + where);
      };
      each_named("properties", [&](std::string key, const json::value& child, const std::string& where) {
        out.properties.emplace(std::move(key), compiled(child, where));
      });
      each_named("patternProperties", [&](const std::string& key, const json::value& child, const std::string& where) {
        out.pattern_properties.push_back(PatternProperty{pattern(where, key), compiled(child, where)});
      });
      each_named("dependentSchemas", [&](std::string key, const json::value& child, const std::string& where) {
        out.dependent_schemas.emplace_back(std::move(key), compiled(child, where));
      });
      // Definitions need no node of their own, but must be schemas.
      each_named("$defs", [&](const std::string&, const json::value& child, const std::string& where) {
        compiled(child, where);
      });
    }

    void types() {
      const json::value* const value = object.if_contains("type");
      if (!value) return;
      const auto add = [&](const json::value& name) {
        static const std::map<std::string_view, unsigned> bits = {
            {"null", bit_null},     {"boolean", bit_boolean}, {"object", bit_object},  {"array", bit_array},
            {"number", bit_number}, {"string", bit_string},   {"integer", bit_integer}};
        const auto known = name.is_string() ? bits.find(std::string_view(name.get_string())) : bits.end();
        if (known == bits.end()) return fail("type", "is no type of JSON Schema");
        out.types |= known->second;
      };
      if (const json::array* const several = value->if_array()) {
        if (several->empty()) return fail("type", "is an empty list");
        for (const json::value& name : *several) add(name);
      } else {
        add(*value);
      }
    }

    void numbers() {
      const auto number = [&](const char* keyword, const json::value*& into) {
        const json::value* const value = object.if_contains(keyword);
        if (!value) return;
        if (!value->is_number()) return fail(keyword, "must be a number");
        into = value;
      };
      number("multipleOf", out.multiple_of);
      number("maximum", out.maximum);
      number("exclusiveMaximum", out.exclusive_maximum);
      number("minimum", out.minimum);
      number("exclusiveMinimum", out.exclusive_minimum);
      if (out.multiple_of && detail::compare_numbers(*out.multiple_of, json::value(0)) <= 0)
        fail("multipleOf", "must be more than 0");
    }

    void counts() {
      const auto count = [&](const char* keyword, std::optional<std::uint64_t>& into) {
        const json::value* const value = object.if_contains(keyword);
        if (!value) return;
        if (!value->is_number() || !detail::is_integer(*value) || detail::compare_numbers(*value, json::value(0)) < 0 ||
            detail::compare_numbers(*value, json::value(9007199254740992)) > 0)
          return fail(keyword, "must be a whole number of at least 0");
        into = value->is_double() ? static_cast<std::uint64_t>(value->get_double()) : value->to_number<std::uint64_t>();
      };
      count("maxLength", out.max_length);
      count("minLength", out.min_length);
      count("maxItems", out.max_items);
      count("minItems", out.min_items);
      count("maxContains", out.max_contains);
      count("minContains", out.min_contains);
      count("maxProperties", out.max_properties);
      count("minProperties", out.min_properties);
    }

    std::vector<std::string> strings(const json::value& value, const std::string& keyword) {
      std::vector<std::string> list;
      if (!value.is_array()) {
        fail(keyword, "must be a list of names");
        return list;
      }
      for (const json::value& name : value.get_array()) {
        if (name.is_string()) {
          list.emplace_back(name.get_string());
        } else {
          fail(keyword, "must be a list of names");
        }
      }
      return list;
    }

    void names() {
      if (const json::value* const value = object.if_contains("required")) out.required = strings(*value, "required");
      each_named("dependentRequired", [&](std::string key, const json::value& child, const std::string& where) {
        out.dependent_required.emplace_back(std::move(key), strings(child, where));
      });
    }
  };

  struct Unread {
    SchemaNode* node;
    const json::object* object;
  };

  SchemaValidator::Compiled& out_;
  std::vector<Unread> unread_;
  std::map<std::string, std::shared_ptr<const detail::Pattern>, std::less<>> patterns_;
  std::size_t pattern_nodes_ = 0;
  std::map<const json::value*, SchemaResource*> resource_at_;
  std::size_t seen_ = 0;
  std::optional<SchemaError> error_;
};

}  // namespace

Result<SchemaValidator, SchemaError> SchemaValidator::compile(const json::value& schema, const SchemaLimits& limits) {
  auto compiled = std::make_shared<Compiled>();
  compiled->schema = schema;
  compiled->limits = limits;
  const auto error = Compiler(*compiled).run();
  if (error) return *error;
  return SchemaValidator(std::move(compiled));
}

}  // namespace leanmcp::inline v0

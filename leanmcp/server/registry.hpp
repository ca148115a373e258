#pragma once

#include <leanmcp/protocol/version.hpp>
#include <leanmcp/server/entry.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Values a URI template took out of a URI, in the template's order.
using UriVariables = std::vector<std::pair<std::string, std::string>>;

/// A URI template of levels 1 and 2 (RFC 6570, sections 3.2.2 and 3.2.3): literals, `{name}` and `{+name}`.
class UriTemplate {
 public:
  static Result<UriTemplate> parse(std::string_view text);
  /// The variables when the URI fits, percent-decoded; nullopt otherwise. Time is linear in the URI for each `{+name}`.
  std::optional<UriVariables> match(std::string_view uri) const;
  std::vector<std::string> names() const;

 private:
  struct Part {
    std::string literal;
    std::string name;
    bool reserved = false;
  };
  bool match_from(std::size_t part, std::string_view rest, UriVariables& out) const;
  std::vector<Part> parts_;
};

/// Everything that can be called, at one moment. Immutable; shared by all requests and held by the calls in flight.
class Registry {
 public:
  /// Items of a list, rendered for one revision: name or URI (the cursor's anchor), JSON text, the entry.
  struct Item {
    std::string key;
    std::string json;
    std::shared_ptr<const Entry> entry;
  };
  struct Template {
    UriTemplate uri_template;
    std::shared_ptr<const Entry> entry;
  };

  void add(std::shared_ptr<const Entry> entry, std::optional<UriTemplate> uri_template);
  /// Renders the lists; to be called once, after all `add`s.
  void render();

  const Entry* tool(std::string_view name) const;
  const Entry* prompt(std::string_view name) const;
  const Entry* resource(std::string_view uri) const;
  /// The template that takes the URI, with its variables.
  const Entry* match(std::string_view uri, UriVariables& variables) const;
  const Entry* resource_template(std::string_view uri_template) const;
  /// The registration whose gate stands before a resource; 0 where none does.
  std::uint64_t gate_before(std::string_view uri) const;

  const std::vector<Item>& list(EntryKind kind, Version version) const;
  bool has(EntryKind kind) const;
  /// Whether what is listed depends on who asks.
  bool hides(EntryKind kind) const noexcept { return hides_[static_cast<std::size_t>(kind)]; }
  /// One pseudo-entry for each authority of the entries, which only authenticates.
  const std::vector<std::shared_ptr<const Entry>>& gates() const noexcept { return gates_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, std::shared_ptr<const Entry>, Hash, std::equal_to<>>;
  static const Entry* find(const Map& map, std::string_view key);

  Map tools_;
  Map prompts_;
  Map resources_;
  std::vector<Template> templates_;
  std::array<bool, 4> hides_{};
  std::vector<std::shared_ptr<const Entry>> gates_;
  std::vector<std::shared_ptr<const Entry>> order_;
  std::array<std::array<std::vector<Item>, 4>, 4> lists_;
};

/// A pseudo-entry that only authenticates, as `entry` does.
std::shared_ptr<const Entry> gate_of(const Entry& entry);

/// One item of a list in the words of one revision: titles since 2025-06-18, icons since 2025-11-25, output schemas
/// since 2025-06-18, those of other things than objects since 2026-07-28.
std::string render_item(const Entry& entry, Version version);

}  // namespace leanmcp::inline v0

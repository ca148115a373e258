#include <leanmcp/storage/error.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(StorageCause cause) noexcept {
  switch (cause) {
    case StorageCause::cannot_open:
      return "cannot_open";
    case StorageCause::connection_lost:
      return "connection_lost";
    case StorageCause::commit_unknown:
      return "commit_unknown";
    case StorageCause::busy:
      return "busy";
    case StorageCause::serialization:
      return "serialization";
    case StorageCause::unique_violation:
      return "unique_violation";
    case StorageCause::constraint:
      return "constraint";
    case StorageCause::bad_value:
      return "bad_value";
    case StorageCause::too_many_rows:
      return "too_many_rows";
    case StorageCause::bad_statement:
      return "bad_statement";
    case StorageCause::schema_mismatch:
      return "schema_mismatch";
    case StorageCause::disk_full:
      return "disk_full";
    case StorageCause::damaged:
      return "damaged";
  }
  return "unknown";
}

}  // namespace leanmcp::inline v0

#pragma once

#include <leanmcp/payments/billing_store.hpp>

// What a statement came to.
namespace leanmcp::inline v0::detail {

inline Stored<void> done(const Stored<Rows>& rows) {
  if (!rows) return rows.error();
  return {};
}

/// Whether it changed a row.
inline Stored<bool> changed(const Stored<Rows>& rows) {
  if (!rows) return rows.error();
  return rows->changed() > 0;
}

}  // namespace leanmcp::inline v0::detail

#pragma once

#include <leanmcp/oauth/server/core.hpp>

#include <cstdint>
#include <functional>

// The provider's tokens: in the vault, one record for each grant; the MCP side never sees them.
namespace leanmcp::inline v0::as {

/// False when storage failed.
bool keep_upstream_tokens(Core& core, const GrantRecord& grant, const UpstreamTokens& tokens, TimePoint now);

enum class UpstreamState {
  good,   ///< nothing to do, or refreshed, or somebody else is at it
  ended,  ///< the provider does not take the refresh token any more: the grant was revoked
  later,  ///< the provider or storage cannot be reached: what is stored stays good
};
/// Before new tokens of the grant are given out: what ran out at the provider is refreshed there, by one of many
/// threads and instances; where the provider has ended the person's sign-in, the grant ends here too.
UpstreamState refresh_upstream(Core& core, const GrantRecord& grant, TimePoint now);

/// When the grant has ended: the tokens are removed here and, where that concerns no others, revoked there. Best
/// effort.
void forget_upstream_tokens(Core& core, const GrantRecord& grant);

/// Does that for every sign-in that is over: its grant ran out or was revoked, nothing can come of it any more (its
/// code was never redeemed, its last refresh token ran out: the grant then ends too), or no grant came of it at all.
/// How many there were. For now and then; blocks, providers are asked one after the other for at most about half a
/// minute (what is left then is for the next time), and no longer than `go_on` says.
Result<std::int64_t, StorageError> forget_ended_sign_ins(Core& core, TimePoint now, const std::function<bool()>& go_on);

/// The provider's access token for what a tool does there in the person's name, refreshed if it ran out. Waits for who
/// is refreshing it already. `no_token`: the grant has none, or it ended.
enum class UpstreamTokenFault { no_token, later };
Result<Secret, UpstreamTokenFault> upstream_access_token(Core& core, const GrantRecord& grant, TimePoint now);

}  // namespace leanmcp::inline v0::as

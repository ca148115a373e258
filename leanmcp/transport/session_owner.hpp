#pragma once

#include <leanmcp/http/exchange.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/engine.hpp>

#include <functional>
#include <memory>

namespace leanmcp::inline v0 {

/// Goes on with `next` where the request may use its session: one that belongs to nobody, or to the principal of the
/// request's token. Anyone else is answered as if there were no such session (404); a bad token of anybody gets the
/// challenge, so that the owner can renew it. `without_token`: the owner's tokens come in `_meta`, which not every
/// message has, so a request without any may go on.
///
/// A session that belongs to nobody yet becomes that of the first principal that comes with a token in its header.
void admit_owner(const std::shared_ptr<Engine>& engine, const HttpExchange& exchange, const RequestMessage& message,
                 const RequestInfo& info, bool without_token, std::function<void()> next);

}  // namespace leanmcp::inline v0

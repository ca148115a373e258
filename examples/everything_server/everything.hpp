#pragma once

#include <leanmcp/server/server.hpp>

/// Tools that show each kind of content, logging, progress, errors and headers; resources, prompts and completions.
void add_content(leanmcp::Server& server);
/// Tools that ask the client in the middle of a call.
void add_questions(leanmcp::Server& server);
